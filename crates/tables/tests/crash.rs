//! `kill -9` at random points: a table's stream tells exactly what became of its items, and all that was acknowledged.
//!
//! The test starts itself as a child that writes and says what was acknowledged; a few rounds, or as many as the
//! environment's `ZERUN_CRASH_ROUNDS` says.

use clock::Clock;
use kv::{Kv, SqliteOptions};
use names::{AccountId, Region};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use tables::value::{Item, decode_item};
use tables::{
    AttributeDefinition, Billing, Bounds, CreateTable, Event, KeyElement, KeyRole, Position, Precondition,
    PutItem, SHARDS, Scaling, Scan, Selection, StreamId, StreamView, TableClass, TableId, TableName, Tables,
    UpdateItem,
};

const CLIENTS: u64 = 8;
const CHILD: &str = "ZERUN_TABLES_CRASH_CHILD";

fn table() -> TableId {
    TableId {
        account: AccountId::parse("000000000000").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        name: TableName::parse("table").unwrap(),
    }
}

fn open(directory: &Path) -> (Kv, Tables) {
    let kv = Kv::open(SqliteOptions::new(directory), Clock::real()).unwrap();
    (kv.clone(), Tables::new(kv, Clock::real()))
}

fn item(client: u64, number: u64) -> Item {
    decode_item(&format!(r#"{{"k":{{"S":"{client}"}},"n":{{"N":"{number}"}}}}"#)).unwrap()
}

/// The child: not a test of its own, and nothing when it is run as one.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let (_kv, tables) = open(Path::new(&directory));
        let clients = (0..CLIENTS).map(|client| {
            let tables = tables.clone();
            tokio::spawn(async move {
                let mut number = value(&tables, client).await.unwrap_or(0);
                loop {
                    number += 1;
                    let (item, precondition) = (item(client, number), Precondition::default());
                    tables.put_item(PutItem { table: table(), item, precondition }).await.unwrap();
                    // Changes nothing, so that nothing must be told of it.
                    let key = decode_item(&format!(r#"{{"k":{{"S":"{client}"}}}}"#)).unwrap();
                    let precondition = Precondition::default();
                    tables
                        .update_item(UpdateItem { table: table(), key, update: None, precondition })
                        .await
                        .unwrap();
                    // One write per line: a line is whole or not there. Ends when the parent is gone.
                    let line = format!("acknowledged {client} {number}\n");
                    if std::io::stderr().write_all(line.as_bytes()).is_err() {
                        return;
                    }
                }
            })
        });
        futures_util::future::join_all(clients.collect::<Vec<_>>()).await;
    });
}

async fn value(tables: &Tables, client: u64) -> Option<u64> {
    let page = tables.scan(Scan {
        table: table(),
        bounds: Bounds { consistent: true, ..Bounds::default() },
        selection: Selection::default(),
        segment: None,
    });
    let found = page.await.unwrap().items;
    let of_client = client.to_string();
    found.iter().find(|item| item.view().get("k").unwrap().as_str() == Some(&of_client)).map(number)
}

fn number(item: &Item) -> u64 {
    item.view().get("n").unwrap().as_number().unwrap().to_string().parse().unwrap()
}

/// Starts the child, kills it after `lines` acknowledgements, and answers the last of each client.
fn run_and_kill(directory: &Path, lines: usize) -> BTreeMap<u64, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, directory)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut read = |line: String| {
        let mut words = line.split(' ').skip(1).map(|word| word.parse::<u64>().unwrap());
        acknowledged.insert(words.next().unwrap(), words.next().unwrap());
    };
    let mut output = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = |line: &String| line.starts_with("acknowledged ");
    output.by_ref().map(Result::unwrap).filter(said).take(lines).for_each(&mut read);
    child.kill().unwrap();
    // What it said before it died was acknowledged too.
    output.map_while(Result::ok).filter(said).for_each(&mut read);
    child.wait().unwrap();
    acknowledged
}

#[test]
fn a_stream_tells_what_became_of_its_items_whenever_the_process_is_killed() {
    let rounds = std::env::var("ZERUN_CRASH_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let stream = runtime.block_on(async {
        let (kv, tables) = open(directory.path());
        let request = CreateTable {
            table: table(),
            attributes: vec![AttributeDefinition { name: "k".to_owned(), kind: tables::key::KeyKind::S }],
            key: vec![KeyElement { name: "k".to_owned(), role: KeyRole::Partition }],
            indexes: Vec::new(),
            billing: Billing::PayPerRequest,
            deletion_protection: false,
            tags: BTreeMap::new(),
            class: TableClass::Standard,
            scaling: Scaling::default(),
            stream: Some(StreamView::NewAndOldImages),
            policy: None,
        };
        let made = tables.create_table(request).await.unwrap();
        kv.close().await;
        StreamId { table: table(), label: made.record.stream.unwrap().label }
    });
    for round in 0..rounds {
        let acknowledged = run_and_kill(directory.path(), 150 + round * 37);
        runtime.block_on(async {
            let (kv, tables) = open(directory.path());
            let told = follow(&tables, &stream).await;
            for client in 0..CLIENTS {
                let there = value(&tables, client).await;
                assert_eq!(there, told.get(&client).copied(), "the stream ends where the item is");
                assert!(there.unwrap_or(0) >= acknowledged.get(&client).copied().unwrap_or(0));
            }
            kv.close().await;
        });
    }
}

/// Reads all changes: each client's number goes up by one, from what it was, without gaps or repetitions.
async fn follow(tables: &Tables, stream: &StreamId) -> BTreeMap<u64, u64> {
    let mut state: BTreeMap<u64, u64> = BTreeMap::new();
    for shard in 0..SHARDS {
        let (mut position, mut expected) = (Position::Oldest, 1);
        loop {
            let page = tables.read_stream(stream.clone(), shard, position, 100).await.unwrap();
            for change in &page.changes {
                assert_eq!(change.sequence, expected);
                expected += 1;
                let client = change.keys.view().get("k").unwrap().as_str().unwrap().parse().unwrap();
                let (old, new) = (change.old.as_ref().map(number), change.new.as_ref().map(number).unwrap());
                assert_eq!(change.event, if old.is_none() { Event::Insert } else { Event::Modify });
                assert_eq!(state.insert(client, new), old);
                assert_eq!(new, old.unwrap_or(0) + 1);
            }
            if page.changes.is_empty() {
                break;
            }
            position = page.next.unwrap();
        }
    }
    state
}
