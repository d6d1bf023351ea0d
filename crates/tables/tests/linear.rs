//! Conditional writes and transactions of many clients at once are linearizable: each took effect at one moment between
//! its call and its answer, as an order found by search shows (Wing and Gong, "Testing and verifying concurrent objects",
//! 1993).

mod world;

use kv::Kv;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tables::expression::{Condition, Parameters, Role};
use tables::value::{Item, decode_item};
use tables::{Action, GetItem, Precondition, PutItem, Tables, TablesError, TransactAction, TransactWrite};
use world::{make, shown, table_id};

/// The values of two registers, each an item of a table of its own; 0 before the first write.
type State = [u64; 2];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    /// Of one register: from, to.
    Swap(usize, u64, u64),
    /// Of both.
    SwapBoth(State, State),
    ReadBoth,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Done(bool),
    Found(State),
}

#[derive(Debug, Clone, Copy)]
struct Event {
    call: Call,
    answer: Answer,
    began: u64,
    ended: u64,
}

/// What a call does to a state, if it can be answered so.
fn after(state: State, event: &Event) -> Option<State> {
    match (event.call, event.answer) {
        (Call::ReadBoth, Answer::Found(found)) => (found == state).then_some(state),
        (Call::Swap(register, from, to), Answer::Done(done)) => {
            let mut next = state;
            next[register] = to;
            (done == (state[register] == from)).then_some(if done { next } else { state })
        }
        (Call::SwapBoth(from, to), Answer::Done(done)) => {
            (done == (state == from)).then_some(if done { to } else { state })
        }
        _ => None,
    }
}

/// Searches for an order; remembers where it has been, so that it is bounded by sets of events times states.
fn is_linearizable(events: &[Event]) -> bool {
    assert!(events.len() <= 64);
    let (mut seen, mut open) = (HashSet::new(), vec![(0_u64, [0, 0])]);
    while let Some((done, state)) = open.pop() {
        if done.count_ones() as usize == events.len() {
            return true;
        }
        if !seen.insert((done, state)) {
            continue;
        }
        let left = || events.iter().enumerate().filter(|(at, _)| done & (1 << at) == 0);
        // Nothing comes after what began only when it had ended.
        let first_end = left().map(|(_, event)| event.ended).min().unwrap();
        for (at, event) in left().filter(|(_, event)| event.began <= first_end) {
            open.extend(after(state, event).map(|next| (done | 1 << at, next)));
        }
    }
    false
}

#[test]
fn the_search_finds_what_is_wrong() {
    let event = |call, answer, began, ended| Event { call, answer, began, ended };
    let write = event(Call::Swap(0, 0, 1), Answer::Done(true), 1, 4);
    let read = |found, began, ended| event(Call::ReadBoth, Answer::Found(found), began, ended);
    assert!(is_linearizable(&[write, read([0, 0], 2, 3), read([1, 0], 5, 6)]));
    assert!(!is_linearizable(&[write, read([0, 0], 5, 6)]), "a stale read");
    assert!(!is_linearizable(&[write, read([1, 0], 2, 3), read([0, 0], 4, 5)]), "a read that goes back");
    let both = event(Call::SwapBoth([0, 0], [2, 2]), Answer::Done(true), 1, 4);
    assert!(!is_linearizable(&[both, read([2, 0], 2, 3)]), "a torn transaction");
    let again = event(Call::Swap(0, 0, 3), Answer::Done(true), 1, 4);
    assert!(!is_linearizable(&[write, again]), "a lost update");
}

fn register(register: usize, value: Option<u64>) -> Item {
    let sort = if register == 0 { r#","sk":{"N":"0"}"# } else { "" };
    let value = value.map_or(String::new(), |value| format!(r#","v":{{"N":"{value}"}}"#));
    decode_item(&format!(r#"{{"pk":{{"S":"r"}}{sort}{value}}}"#)).unwrap()
}

fn is(from: u64) -> Precondition {
    let (text, values) = match from {
        0 => ("attribute_not_exists(pk)", None),
        _ => ("v = :v", Some(format!(r#"{{":v":{{"N":"{from}"}}}}"#))),
    };
    let mut parameters = Parameters::from_json(None, values.as_deref()).unwrap();
    let condition = Condition::parse(text, Role::Condition, &mut parameters).unwrap();
    Precondition { condition: Some(condition), tells_item: false }
}

async fn ask(tables: &Tables, call: Call) -> Answer {
    match call {
        Call::Swap(at, from, to) => {
            let request =
                PutItem { table: table_id(at), item: register(at, Some(to)), precondition: is(from) };
            match tables.put_item(request).await {
                Ok(_) => Answer::Done(true),
                Err(TablesError::ConditionFailed { .. }) => Answer::Done(false),
                Err(other) => panic!("{other}"),
            }
        }
        Call::SwapBoth(from, to) => {
            let actions = (0..2).map(|at| TransactAction {
                table: table_id(at),
                action: Action::Put(register(at, Some(to[at]))),
                precondition: is(from[at]),
            });
            match tables.transact_write(TransactWrite { actions: actions.collect(), token: None }).await {
                Ok(_) => Answer::Done(true),
                Err(TablesError::Cancelled(_)) => Answer::Done(false),
                Err(other) => panic!("{other}"),
            }
        }
        Call::ReadBoth => {
            let one = |at| GetItem {
                table: table_id(at),
                key: register(at, None),
                projection: None,
                consistent: true,
            };
            let found = tables.transact_get(vec![one(0), one(1)]).await.unwrap().items;
            let value = |item: &Option<Item>| match item {
                None => 0,
                Some(item) => shown(item)["v"]["N"].as_str().unwrap().parse().unwrap(),
            };
            Answer::Found([value(&found[0]), value(&found[1])])
        }
    }
}

const CLIENTS: u64 = 5;
const CALLS: u64 = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_and_transactions_at_once_are_linearizable() {
    let (mut met, mut won) = (0, 0);
    for round in 0..40 {
        let (tables, clock) = (make(Kv::memory()).await, Arc::new(AtomicU64::new(0)));
        let clients = (0..CLIENTS).map(|client| {
            let (tables, clock) = (tables.clone(), clock.clone());
            tokio::spawn(async move {
                let (mut known, mut events) = ([0, 0], Vec::new());
                for turn in 0..CALLS {
                    let value = 1 + client * CALLS + turn;
                    let call = match (round + client + turn) % 4 {
                        0 => Call::ReadBoth,
                        1 => Call::SwapBoth(known, [value, value]),
                        2 => Call::Swap(0, known[0], value),
                        _ => Call::Swap(1, known[1], value),
                    };
                    let began = clock.fetch_add(1, Ordering::SeqCst);
                    let answer = ask(&tables, call).await;
                    let ended = clock.fetch_add(1, Ordering::SeqCst);
                    let event = Event { call, answer, began, ended };
                    match answer {
                        Answer::Found(found) => known = found,
                        Answer::Done(true) => known = after(known, &event).unwrap(),
                        Answer::Done(false) => {}
                    }
                    events.push(event);
                }
                events
            })
        });
        let mut events = Vec::new();
        for client in clients.collect::<Vec<_>>() {
            events.extend(client.await.unwrap());
        }
        met += events.iter().filter(|event| event.answer == Answer::Done(false)).count();
        won += events.iter().filter(|event| event.answer == Answer::Done(true)).count();
        events.sort_by_key(|event| event.began);
        assert!(is_linearizable(&events), "{events:#?}");
    }
    assert!(met > 0 && won > 0, "clients never met: {met}, {won}");
}
