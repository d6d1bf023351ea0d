//! A simple model of two tables in memory, and random steps that both it and the service take.
#![allow(dead_code, reason = "each test uses a part")]

use clock::Clock;
use kv::Kv;
use names::{AccountId, Region};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use tables::expression::{Condition, Parameters, Role, Update};
use tables::key::KeyKind;
use tables::value::{Item, decode_item, write_item};
use tables::{
    Action, AttributeDefinition, Billing, Bounds, CreateIndex, CreateTable, DeleteItem, IndexKind,
    KeyElement, KeyRole, Precondition, Projected, PutItem, Reason, Scaling, Scan, Selection, TableClass,
    TableId, TableName, TableWrites, Tables, TablesError, TransactAction, TransactWrite, UpdateItem, Written,
};

/// Attributes by name, as on the wire.
pub type Attributes = BTreeMap<String, Json>;
/// Table, partition, sort key; the second table has no sort key.
pub type Key = (usize, String, i64);

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model(pub BTreeMap<Key, Attributes>);

#[derive(Debug, Clone)]
pub enum Step {
    One(Act),
    Transact(Vec<Act>),
    Batch(Vec<Act>),
}

#[derive(Debug, Clone)]
pub struct Act {
    pub key: Key,
    pub what: What,
    pub condition: Option<If>,
}

#[derive(Debug, Clone)]
pub enum What {
    Put(Attributes),
    /// `SET g = …`: a key of an index, of which only text is allowed.
    SetG(Json),
    AddN(i64),
    RemoveL,
    /// `SET n = …` from what is never there.
    SetFromNothing,
    Delete,
    Check,
}

#[derive(Debug, Clone)]
pub enum If {
    Exists,
    NotExists,
    NIs(i64),
}

/// What became of a step, as a client sees it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Done,
    Cancelled(Vec<&'static str>),
    Refused,
}

const DONE: &str = "None";
const FAILED: &str = "ConditionalCheckFailed";
const INVALID: &str = "ValidationError";

impl Model {
    pub fn take(&mut self, step: &Step) -> Outcome {
        let acts = match step {
            Step::One(act) => std::slice::from_ref(act),
            Step::Transact(acts) | Step::Batch(acts) => acts.as_slice(),
        };
        let mut keys: Vec<&Key> = acts.iter().map(|act| &act.key).collect();
        keys.sort();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return Outcome::Refused;
        }
        let mut next = self.clone();
        let codes: Vec<&'static str> = acts.iter().map(|act| next.act(act)).collect();
        if codes.iter().all(|code| *code == DONE) {
            *self = next;
            return Outcome::Done;
        }
        match step {
            Step::Batch(_) => Outcome::Refused,
            Step::One(_) | Step::Transact(_) => Outcome::Cancelled(codes),
        }
    }

    fn act(&mut self, act: &Act) -> &'static str {
        let old = self.0.get(&act.key).cloned();
        let n_of =
            |item: &Attributes| item.get("n").map_or(0, |n| n["N"].as_str().unwrap().parse::<i64>().unwrap());
        let holds = match &act.condition {
            None => true,
            Some(If::Exists) => old.is_some(),
            Some(If::NotExists) => old.is_none(),
            Some(If::NIs(n)) => old.as_ref().is_some_and(|item| item.contains_key("n") && n_of(item) == *n),
        };
        if !holds {
            return FAILED;
        }
        let mut new = old.unwrap_or_else(|| keys_of(&act.key));
        match &act.what {
            What::Put(attributes) => {
                new = keys_of(&act.key);
                new.extend(attributes.clone());
            }
            What::SetG(value) => {
                new.insert("g".to_owned(), value.clone());
            }
            What::AddN(more) => {
                let n = n_of(&new) + more;
                new.insert("n".to_owned(), json!({"N": n.to_string()}));
            }
            What::RemoveL => {
                new.remove("l");
            }
            What::SetFromNothing => return INVALID,
            What::Delete => {
                self.0.remove(&act.key);
                return DONE;
            }
            What::Check => return DONE,
        }
        if act.key.0 == 0 && new.get("g").is_some_and(|g| g.get("S").is_none()) {
            return INVALID;
        }
        self.0.insert(act.key.clone(), new);
        DONE
    }

    fn of_table(&self, table: usize) -> Vec<&Attributes> {
        self.0.iter().filter(|(key, _)| key.0 == table).map(|(_, item)| item).collect()
    }

    /// What an item collection of the first table holds: its items, and the keys that its local index has of them.
    pub fn collection_bytes(&self, partition: &str) -> u64 {
        let items = self.0.iter().filter(|(key, _)| key.0 == 0 && key.1 == partition);
        items.map(|(_, item)| size(item) + by_l(item).map_or(0, |entry| size(&entry))).sum()
    }
}

fn size(item: &Attributes) -> u64 {
    stored(item).view().size().into()
}

/// What the first table's local index has of an item.
fn by_l(item: &Attributes) -> Option<Attributes> {
    item.contains_key("l").then(|| {
        item.iter()
            .filter(|(name, _)| ["pk", "sk", "l"].contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect()
    })
}

fn by_g(item: &Attributes) -> Option<Attributes> {
    (item.contains_key("g") && item.contains_key("n")).then(|| item.clone())
}

pub fn keys_of((table, partition, sort): &Key) -> Attributes {
    let mut keys = Attributes::from([("pk".to_owned(), json!({"S": partition}))]);
    if *table == 0 {
        keys.insert("sk".to_owned(), json!({"N": sort.to_string()}));
    }
    keys
}

pub fn stored(attributes: &Attributes) -> Item {
    decode_item(&serde_json::to_string(attributes).unwrap()).unwrap()
}

pub fn shown(item: &Item) -> Attributes {
    let mut text = Vec::new();
    write_item(item.view(), &mut text);
    serde_json::from_slice(&text).unwrap()
}

/// Few keys, so that steps meet.
pub fn step() -> impl Strategy<Value = Step> {
    let key =
        (0..2_usize, prop::sample::select(vec!["a", "b"]), 0..3_i64).prop_map(|(table, partition, sort)| {
            (table, partition.to_owned(), if table == 0 { sort } else { 0 })
        });
    let g = prop_oneof![
        8 => prop::sample::select(vec!["x", "y", "z"]).prop_map(|text| json!({"S": text})),
        1 => Just(json!({"N": "1"})),
    ];
    let n = (-2..3_i64).prop_map(|n| json!({"N": n.to_string()}));
    let l = prop::sample::select(vec!["l", "m"]).prop_map(|text| json!({"S": text}));
    let other = (0..40_usize).prop_map(|length| json!({"S": "x".repeat(length)}));
    let attributes =
        (prop::option::of(g.clone()), prop::option::of(n), prop::option::of(l), prop::option::of(other))
            .prop_map(|(g, n, l, other)| {
                let given = [("g", g), ("n", n), ("l", l), ("other", other)];
                given
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                    .collect::<Attributes>()
            });
    let what = prop_oneof![
        6 => attributes.clone().prop_map(What::Put),
        2 => g.prop_map(What::SetG),
        3 => (-2..3_i64).prop_map(What::AddN),
        1 => Just(What::RemoveL),
        1 => Just(What::SetFromNothing),
        3 => Just(What::Delete),
    ];
    let condition = prop_oneof![
        2 => Just(None),
        1 => Just(Some(If::Exists)),
        1 => Just(Some(If::NotExists)),
        1 => (-2..3_i64).prop_map(|n| Some(If::NIs(n))),
    ];
    let act = (key.clone(), what.clone(), condition.clone()).prop_map(|(key, what, condition)| Act {
        key,
        what,
        condition,
    });
    let check = (key.clone(), prop_oneof![Just(If::Exists), Just(If::NotExists)])
        .prop_map(|(key, condition)| Act { key, what: What::Check, condition: Some(condition) });
    let plain = (key, prop_oneof![2 => attributes.prop_map(What::Put), 1 => Just(What::Delete)])
        .prop_map(|(key, what)| Act { key, what, condition: None });
    prop_oneof![
        4 => act.clone().prop_map(Step::One),
        3 => prop::collection::vec(prop_oneof![4 => act, 1 => check], 1..4).prop_map(Step::Transact),
        1 => prop::collection::vec(plain, 1..5).prop_map(Step::Batch),
    ]
}

pub fn table_id(table: usize) -> TableId {
    TableId {
        account: AccountId::parse("000000000000").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        name: TableName::parse(["first", "second"][table]).unwrap(),
    }
}

pub async fn make(kv: Kv) -> Tables {
    let tables = Tables::new(kv, Clock::real());
    let element = |name: &str, role| KeyElement { name: name.to_owned(), role };
    let index = |name: &str, kind, partition: &str, sort: &str, projected| CreateIndex {
        name: name.to_owned(),
        kind,
        key: vec![element(partition, KeyRole::Partition), element(sort, KeyRole::Sort)],
        projected,
        throughput: None,
        scaling: Scaling::default(),
    };
    for table in 0..2 {
        let mut defined = vec![("pk", KeyKind::S)];
        let mut key = vec![element("pk", KeyRole::Partition)];
        let mut indexes = Vec::new();
        if table == 0 {
            defined.extend([("sk", KeyKind::N), ("g", KeyKind::S), ("n", KeyKind::N), ("l", KeyKind::S)]);
            key.push(element("sk", KeyRole::Sort));
            indexes.push(index("by-l", IndexKind::Local, "pk", "l", Projected::KeysOnly));
            indexes.push(index("by-g", IndexKind::Global, "g", "n", Projected::All));
        }
        let attributes = defined
            .into_iter()
            .map(|(name, kind)| AttributeDefinition { name: name.to_owned(), kind })
            .collect();
        let request = CreateTable {
            table: table_id(table),
            attributes,
            key,
            indexes,
            billing: Billing::PayPerRequest,
            deletion_protection: false,
            tags: BTreeMap::new(),
            class: TableClass::default(),
            scaling: Scaling::default(),
            stream: None,
            policy: None,
        };
        tables.create_table(request).await.unwrap();
    }
    tables
}

/// The service's side of [`Model::take`]; of a single write also what it answered.
pub async fn take(tables: &Tables, step: &Step) -> (Outcome, Option<Written>) {
    match step {
        Step::One(act) => {
            let (table, precondition) = (table_id(act.key.0), precondition(act));
            let written = match action(act) {
                Action::Put(item) => tables.put_item(PutItem { table, item, precondition }).await,
                Action::Delete(key) => tables.delete_item(DeleteItem { table, key, precondition }).await,
                Action::Update { key, update } => {
                    tables.update_item(UpdateItem { table, key, update, precondition }).await
                }
                Action::Check(_) => unreachable!("only transactions check"),
            };
            match written {
                Ok(written) => (Outcome::Done, Some(written)),
                Err(TablesError::ConditionFailed { .. }) => (Outcome::Cancelled(vec![FAILED]), None),
                Err(TablesError::Refused(_)) => (Outcome::Cancelled(vec![INVALID]), None),
                Err(other) => panic!("{other}"),
            }
        }
        Step::Transact(acts) => {
            let actions = acts.iter().map(|act| TransactAction {
                table: table_id(act.key.0),
                action: action(act),
                precondition: precondition(act),
            });
            let request = TransactWrite { actions: actions.collect(), token: None };
            (outcome(tables.transact_write(request).await.map(drop)), None)
        }
        Step::Batch(acts) => {
            let of = |table: usize| TableWrites {
                table: table_id(table),
                actions: acts.iter().filter(|act| act.key.0 == table).map(action).collect(),
            };
            let written = tables.batch_write(vec![of(0), of(1)]).await;
            if let Ok(written) = &written {
                assert!(written.iter().all(|one| one.unprocessed.is_empty()));
            }
            (outcome(written.map(drop)), None)
        }
    }
}

fn outcome(result: Result<(), TablesError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(TablesError::Cancelled(reasons)) => {
            Outcome::Cancelled(reasons.iter().map(Reason::code).collect())
        }
        Err(TablesError::Refused(_)) => Outcome::Refused,
        Err(other) => panic!("{other}"),
    }
}

fn action(act: &Act) -> Action {
    let mut item = keys_of(&act.key);
    let update = |text: &str, values: Json| {
        let values = values.as_object().is_some_and(|values| !values.is_empty()).then(|| values.to_string());
        Update::parse(text, &mut Parameters::from_json(None, values.as_deref()).unwrap()).unwrap()
    };
    let key = || stored(&keys_of(&act.key));
    match &act.what {
        What::Put(attributes) => {
            item.extend(attributes.clone());
            Action::Put(stored(&item))
        }
        What::SetG(value) => {
            Action::Update { key: key(), update: Some(update("SET g = :g", json!({":g": value}))) }
        }
        What::AddN(n) => Action::Update {
            key: key(),
            update: Some(update("ADD n :n", json!({":n": {"N": n.to_string()}}))),
        },
        What::RemoveL => Action::Update { key: key(), update: Some(update("REMOVE l", json!({}))) },
        What::SetFromNothing => {
            Action::Update { key: key(), update: Some(update("SET n = nothing", json!({}))) }
        }
        What::Delete => Action::Delete(key()),
        What::Check => Action::Check(key()),
    }
}

fn precondition(act: &Act) -> Precondition {
    let (text, values) = match &act.condition {
        None => return Precondition::default(),
        Some(If::Exists) => ("attribute_exists(pk)", None),
        Some(If::NotExists) => ("attribute_not_exists(pk)", None),
        Some(If::NIs(n)) => ("n = :n", Some(json!({":n": {"N": n.to_string()}}).to_string())),
    };
    let mut parameters = Parameters::from_json(None, values.as_deref()).unwrap();
    Precondition {
        condition: Some(Condition::parse(text, Role::Condition, &mut parameters).unwrap()),
        tells_item: true,
    }
}

/// What the service has, as a model.
pub async fn read(tables: &Tables) -> Model {
    let mut model = Model::default();
    for table in 0..2 {
        for item in scan(tables, table, None).await {
            let sort = item.get("sk").map_or(0, |sort| sort["N"].as_str().unwrap().parse().unwrap());
            model.0.insert((table, item["pk"]["S"].as_str().unwrap().to_owned(), sort), item);
        }
    }
    model
}

async fn scan(tables: &Tables, table: usize, index: Option<&str>) -> Vec<Attributes> {
    let bounds = Bounds { index: index.map(str::to_owned), ..Bounds::default() };
    let request = Scan { table: table_id(table), bounds, selection: Selection::default(), segment: None };
    let page = tables.scan(request).await.unwrap();
    assert!(page.last.is_none());
    page.items.iter().map(shown).collect()
}

/// Tables, indexes and counts say the same as the model.
pub async fn check(tables: &Tables, model: &Model) {
    assert_eq!(read(tables).await, *model);
    for (index, held) in [("by-l", by_l as fn(&Attributes) -> Option<Attributes>), ("by-g", by_g)] {
        let sorted = |mut items: Vec<Attributes>| {
            items.sort_by_key(|item| format!("{item:?}"));
            items
        };
        let expected = model.of_table(0).into_iter().filter_map(held).collect();
        assert_eq!(sorted(scan(tables, 0, Some(index)).await), sorted(expected), "{index}");
    }
    for table in 0..2 {
        let info = tables.describe_table(table_id(table)).await.unwrap();
        let items = model.of_table(table);
        let bytes = items.iter().map(|item| size(item)).sum::<u64>();
        assert_eq!((info.count.items, info.count.bytes), (items.len() as u64, bytes), "table {table}");
    }
}
