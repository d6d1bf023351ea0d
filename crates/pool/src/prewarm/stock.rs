use super::demand::Demand;
use super::kind::InstanceKind;
use super::plan::{Wish, plan};
use clock::{Clock, Moment};
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What was made before anybody asked for it, by kind, within a budget of memory.
///
/// Knows nothing of how a `T` is made: workers ask [`Stock::next`] what to do and do it.
pub(crate) struct Stock<T> {
    clock: Clock,
    budget_mb: u32,
    state: Mutex<State<T>>,
    /// Told when there may be something to do.
    changes: watch::Sender<()>,
}

struct State<T> {
    shelves: HashMap<InstanceKind, Shelf<T>>,
    /// Memory that making takes for good, in MiB: part of the budget too.
    aside_mb: u32,
    closed: bool,
}

struct Shelf<T> {
    /// The oldest first.
    ready: VecDeque<T>,
    making: u32,
    demand: Demand,
    /// Memory that the last one took, in MiB.
    cost_mb: u32,
    failures: u32,
    failed: Moment,
    taken: u64,
    missed: u64,
}

/// What a worker is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<T> {
    /// Make one, then [`Stock::made`] or [`Stock::failed`].
    Make(InstanceKind),
    /// There are more than are wanted.
    End(Vec<T>),
    /// Nothing, until something changes or this much time has passed.
    Wait(Duration),
    /// Nothing any more.
    Closed,
}

/// One kind, as `Pool::status` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrewarmStatus {
    /// `None`: for functions that bring their own bootstrap.
    pub runtime: Option<String>,
    pub tmp_mb: u32,
    /// A process waits inside.
    pub process: bool,
    pub ready: usize,
    pub making: u32,
    /// How many are wanted, as far as the budget allows.
    pub target: u32,
    /// Memory of one, in MiB.
    pub cost_mb: u32,
    /// Cold starts that found one, and that did not.
    pub taken: u64,
    pub missed: u64,
}

/// More kinds than functions usually differ in; beyond, the one not needed for longest is forgotten.
const KINDS_MAX: usize = 64;

/// How often demand is looked at again when nothing happens.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What was not needed for this long makes room for other kinds.
const SETTLED: Duration = Duration::from_secs(60);

const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LAST: Duration = Duration::from_secs(64);

/// Until one was made and measured: an interpreter with what it loaded, or an init alone.
const COST_GUESS_MB: (u32, u32) = (48, 4);

impl<T> Stock<T> {
    /// `budget_mb`: of memory that everything in stock may take together; zero keeps none.
    pub fn new(clock: Clock, budget_mb: u32) -> Self {
        let state = Mutex::new(State { shelves: HashMap::new(), aside_mb: 0, closed: false });
        Stock { clock, budget_mb, state, changes: watch::Sender::new(()) }
    }

    /// Takes one out, and remembers that it was needed.
    pub fn take(&self, kind: &InstanceKind) -> Option<T> {
        let taken = {
            let mut state = self.lock();
            let shelf = state.shelf(kind, &self.clock)?;
            shelf.demand.note(&self.clock);
            let taken = shelf.ready.pop_front();
            let count = if taken.is_some() { &mut shelf.taken } else { &mut shelf.missed };
            *count += 1;
            taken
        };
        self.changes.send_replace(());
        taken
    }

    /// One of this kind may be needed soon.
    pub fn expect(&self, kind: &InstanceKind) {
        if let Some(shelf) = self.lock().shelf(kind, &self.clock) {
            shelf.demand.last = self.clock.moment();
        }
        self.changes.send_replace(());
    }

    pub fn next(&self) -> Next<T> {
        let mut state = self.lock();
        if state.closed {
            return Next::Closed;
        }
        let mut ended: Vec<T> = state.forget_oldest(KINDS_MAX);
        let budget_mb = self.budget_mb.saturating_sub(state.aside_mb);
        let allowed = state.allowed(&self.clock, budget_mb);
        let is_over = state.used_mb() > u64::from(budget_mb);
        for (kind, count) in &allowed {
            let Some(shelf) = state.shelves.get_mut(kind) else { continue };
            // Kinds that are needed by turns do not push each other out again and again.
            if is_over || self.clock.since(shelf.demand.last) >= SETTLED {
                let surplus = (shelf.ready.len() + shelf.making as usize).saturating_sub(*count as usize);
                let surplus = surplus.min(shelf.ready.len());
                ended.extend(shelf.ready.drain(..surplus));
            }
        }
        if !ended.is_empty() {
            return Next::End(ended);
        }
        let mut wait = LOOK_AGAIN;
        let left_mb = u64::from(budget_mb).saturating_sub(state.used_mb());
        for (kind, count) in allowed {
            let Some(shelf) = state.shelves.get_mut(&kind) else { continue };
            let is_full = shelf.ready.len() + shelf.making as usize >= count as usize;
            if is_full || u64::from(shelf.cost_mb) > left_mb {
                continue;
            }
            match shelf.retry_in(&self.clock) {
                Some(left) => wait = wait.min(left),
                None => {
                    shelf.making += 1;
                    return Next::Make(kind);
                }
            }
        }
        Next::Wait(wait)
    }

    /// Puts in what was made; given back when it is not wanted any more.
    pub fn made(&self, kind: &InstanceKind, item: T, cost_mb: u32) -> Option<T> {
        let mut state = self.lock();
        let closed = state.closed;
        let Some(shelf) = state.shelves.get_mut(kind).filter(|_| !closed) else { return Some(item) };
        shelf.making = shelf.making.saturating_sub(1);
        shelf.failures = 0;
        shelf.cost_mb = cost_mb.max(1);
        shelf.ready.push_back(item);
        drop(state);
        self.changes.send_replace(());
        None
    }

    /// Something other than what is in stock takes this much of the budget from now on.
    pub fn set_aside(&self, mb: u32) {
        self.lock().aside_mb = mb;
    }

    /// One could not be made; the next try waits longer each time.
    pub fn failed(&self, kind: &InstanceKind) {
        if let Some(shelf) = self.lock().shelves.get_mut(kind) {
            shelf.making = shelf.making.saturating_sub(1);
            shelf.failures = shelf.failures.saturating_add(1);
            shelf.failed = self.clock.moment();
        }
        self.changes.send_replace(());
    }

    /// None of this kind will be needed again; gives what there is of it.
    pub fn forget(&self, kind: &InstanceKind) -> Vec<T> {
        let shelf = self.lock().shelves.remove(kind);
        self.changes.send_replace(());
        shelf.map(|shelf| shelf.ready.into()).unwrap_or_default()
    }

    /// Told when [`Stock::next`] may have something to do.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// From now on nothing is taken or kept; what is there is given out.
    pub fn close(&self) -> Vec<T> {
        let all = {
            let mut state = self.lock();
            state.closed = true;
            state.shelves.drain().flat_map(|(_, shelf)| shelf.ready).collect()
        };
        self.changes.send_replace(());
        all
    }

    pub fn status(&self) -> Vec<PrewarmStatus> {
        let state = self.lock();
        let allowed = state.allowed(&self.clock, self.budget_mb.saturating_sub(state.aside_mb));
        let line = |(kind, target): (InstanceKind, u32)| {
            let shelf = state.shelves.get(&kind)?;
            Some(PrewarmStatus {
                runtime: kind.runtime.map(|runtime| runtime.to_string()),
                tmp_mb: kind.tmp_mb,
                process: kind.process.is_some(),
                ready: shelf.ready.len(),
                making: shelf.making,
                target,
                cost_mb: shelf.cost_mb,
                taken: shelf.taken,
                missed: shelf.missed,
            })
        };
        allowed.into_iter().filter_map(line).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// `None` once closed.
    fn shelf(&mut self, kind: &InstanceKind, clock: &Clock) -> Option<&mut Shelf<T>> {
        if self.closed {
            return None;
        }
        Some(self.shelves.entry(kind.clone()).or_insert_with(|| Shelf {
            ready: VecDeque::new(),
            making: 0,
            demand: Demand::new(clock),
            cost_mb: if kind.process.is_some() { COST_GUESS_MB.0 } else { COST_GUESS_MB.1 },
            failures: 0,
            failed: clock.moment(),
            taken: 0,
            missed: 0,
        }))
    }

    /// Kinds in the order in which they were last needed, the latest first.
    fn by_need(&self) -> Vec<&InstanceKind> {
        let mut kinds: Vec<_> = self.shelves.iter().map(|(kind, shelf)| (shelf.demand.last, kind)).collect();
        kinds.sort_unstable_by_key(|(last, _)| std::cmp::Reverse(*last));
        kinds.into_iter().map(|(_, kind)| kind).collect()
    }

    fn allowed(&self, clock: &Clock, budget_mb: u32) -> Vec<(InstanceKind, u32)> {
        let kinds = self.by_need();
        let wish = |kind: &&InstanceKind| {
            let shelf = self.shelves.get(*kind);
            shelf.map_or(Wish { target: 0, cost_mb: 1 }, |shelf| Wish {
                target: shelf.demand.target(clock),
                cost_mb: shelf.cost_mb,
            })
        };
        let wishes: Vec<Wish> = kinds.iter().map(wish).collect();
        kinds.into_iter().cloned().zip(plan(&wishes, budget_mb)).collect()
    }

    /// By what the last one of each kind took.
    fn used_mb(&self) -> u64 {
        let used = |shelf: &Shelf<T>| {
            (shelf.ready.len() as u64 + u64::from(shelf.making)) * u64::from(shelf.cost_mb)
        };
        self.shelves.values().map(used).sum()
    }

    fn forget_oldest(&mut self, max: usize) -> Vec<T> {
        let forgotten: Vec<InstanceKind> = self.by_need().into_iter().skip(max).cloned().collect();
        let shelves = forgotten.iter().filter_map(|kind| self.shelves.remove(kind));
        shelves.flat_map(|shelf| shelf.ready).collect()
    }
}

impl<T> Shelf<T> {
    /// How long to wait after failures; `None` when there is no reason to.
    fn retry_in(&self, clock: &Clock) -> Option<Duration> {
        let doublings = self.failures.checked_sub(1)?;
        let pause = RETRY_FIRST.saturating_mul(1 << doublings.min(16)).min(RETRY_LAST);
        pause.checked_sub(clock.since(self.failed)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Timestamp;

    fn kind(tmp_mb: u32) -> InstanceKind {
        InstanceKind { runtime: None, image: None, tmp_mb, process: None }
    }

    fn stock(budget_mb: u32) -> (Clock, Stock<u32>) {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        (clock.clone(), Stock::new(clock, budget_mb))
    }

    /// Does what the stock asks for until it asks for nothing; how many were made.
    fn fill(stock: &Stock<u32>, cost_mb: u32) -> u32 {
        for made in 0.. {
            match stock.next() {
                Next::Make(kind) => assert_eq!(stock.made(&kind, made, cost_mb), None),
                Next::End(_) => {}
                Next::Wait(_) | Next::Closed => return made,
            }
        }
        unreachable!()
    }

    #[test]
    fn what_is_expected_or_taken_is_made_again() {
        let (_, stock) = stock(1000);
        assert_eq!(fill(&stock, 4), 0);
        stock.expect(&kind(128));
        assert_eq!(fill(&stock, 4), 1);
        assert_eq!(stock.take(&kind(128)), Some(0));
        assert_eq!(stock.take(&kind(128)), None);
        assert_eq!(fill(&stock, 4), 3, "two at once, and a spare");
        assert_eq!(stock.status()[0].ready, 3);
        assert_eq!(stock.take(&kind(256)), None, "another kind");
    }

    #[test]
    fn the_budget_holds_and_what_was_not_needed_for_long_makes_room() {
        let (clock, stock) = stock(100);
        stock.expect(&kind(1));
        assert_eq!(fill(&stock, 40), 1);
        clock.advance(Duration::from_secs(1));
        stock.expect(&kind(2));
        assert_eq!(fill(&stock, 40), 1);
        for _ in 0..9 {
            clock.advance(Duration::from_millis(1));
            stock.take(&kind(2));
        }
        fill(&stock, 40);
        let ready = |tmp_mb| stock.status().into_iter().find(|line| line.tmp_mb == tmp_mb).unwrap().ready;
        assert_eq!((ready(1), ready(2)), (1, 1), "80 of 100 MiB");
        clock.advance(SETTLED);
        stock.take(&kind(2));
        stock.expect(&kind(3));
        fill(&stock, 40);
        assert_eq!((ready(1), ready(2), ready(3)), (0, 1, 1), "the one needed least recently went");
    }

    #[test]
    fn what_making_takes_for_good_is_part_of_the_budget() {
        let (_, stock) = stock(100);
        stock.set_aside(60);
        for _ in 0..9 {
            stock.take(&kind(1));
        }
        assert_eq!(fill(&stock, 20), 2);
        assert_eq!(stock.status()[0].target, 2);
        stock.set_aside(90);
        let Next::End(ended) = stock.next() else { panic!("what is over the budget is ended") };
        assert_eq!(ended.len(), 2);
    }

    #[test]
    fn a_kind_that_cannot_be_made_is_tried_ever_more_rarely() {
        let (clock, stock) = stock(100);
        stock.expect(&kind(1));
        for wait in [1, 2, 4, 8, 16, 30] {
            assert_eq!(stock.next(), Next::Make(kind(1)));
            stock.failed(&kind(1));
            assert_eq!(stock.next(), Next::Wait(Duration::from_secs(wait)));
            clock.advance(Duration::from_secs(64));
        }
        assert_eq!(fill(&stock, 1), 1);
        stock.take(&kind(1));
        assert_eq!(stock.next(), Next::Make(kind(1)), "success forgets the failures");
    }

    #[test]
    fn what_fades_from_demand_is_ended_and_kinds_are_bounded() {
        let (clock, stock) = stock(10_000);
        for _ in 0..10 {
            stock.take(&kind(1));
        }
        assert_eq!(fill(&stock, 1), 11);
        clock.advance(Duration::from_secs(24 * 3600));
        let Next::End(ended) = stock.next() else { panic!("a surplus is ended") };
        assert_eq!(ended.len(), 10);
        for tmp_mb in 0..200 {
            clock.advance(Duration::from_secs(1));
            stock.expect(&kind(tmp_mb));
        }
        fill(&stock, 1);
        assert_eq!(stock.status().len(), KINDS_MAX);
    }

    #[test]
    fn closed_it_gives_everything_out_and_keeps_nothing() {
        let (_, stock) = stock(100);
        stock.expect(&kind(1));
        assert_eq!(stock.next(), Next::Make(kind(1)));
        stock.expect(&kind(2));
        let Next::Make(second) = stock.next() else { panic!("another is wanted") };
        stock.made(&second, 7, 1);
        assert_eq!(stock.close(), [7]);
        assert_eq!(stock.made(&kind(1), 8, 1), Some(8));
        assert_eq!(stock.take(&kind(2)), None);
        stock.expect(&kind(3));
        assert_eq!(stock.next(), Next::Closed);
    }
}
