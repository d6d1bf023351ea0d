use rusqlite::{Connection, OptionalExtension};
use std::path::Path;
use tokio::sync::{mpsc, oneshot};

/// SQLite behind one thread and a channel.
#[derive(Clone)]
pub struct Bare(mpsc::Sender<Request>);

enum Request {
    Write(Vec<u8>, oneshot::Sender<()>),
    Read(Vec<u8>, usize, oneshot::Sender<usize>),
}

const SCAN: &str = "SELECT k, v FROM entries WHERE k >= ?1 ORDER BY k LIMIT ?2";

impl Bare {
    pub fn open(path: &Path) -> Bare {
        let connection = Connection::open(path).expect("a database");
        let prepare = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
            CREATE TABLE entries (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID";
        connection.execute_batch(prepare).expect("a table");
        let (sender, inbox) = mpsc::channel(4096);
        std::thread::spawn(move || serve(&connection, inbox));
        Bare(sender)
    }

    /// Writes 200 bytes that depend on what was there.
    pub async fn write(&self, key: Vec<u8>) {
        let (reply, answer) = oneshot::channel();
        assert!(self.0.send(Request::Write(key, reply)).await.is_ok(), "the thread serves");
        answer.await.expect("an answer");
    }

    pub async fn read(&self, key: Vec<u8>, limit: usize) -> usize {
        let (reply, answer) = oneshot::channel();
        assert!(self.0.send(Request::Read(key, limit, reply)).await.is_ok(), "the thread serves");
        answer.await.expect("an answer")
    }
}

fn serve(connection: &Connection, mut inbox: mpsc::Receiver<Request>) {
    let mut replies = Vec::new();
    while let Some(first) = inbox.blocking_recv() {
        connection.prepare_cached("BEGIN IMMEDIATE").expect("begin").execute([]).expect("begin");
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Request::Write(key, reply) => {
                    write(connection, &key);
                    replies.push(reply);
                }
                Request::Read(key, limit, reply) => {
                    let _ = reply.send(read(connection, &key, limit));
                }
            }
            next = inbox.try_recv().ok();
        }
        connection.prepare_cached("COMMIT").expect("commit").execute([]).expect("commit");
        replies.drain(..).for_each(|reply| reply.send(()).expect("a waiting client"));
    }
}

fn write(connection: &Connection, key: &[u8]) {
    let mut get = connection.prepare_cached("SELECT v FROM entries WHERE k = ?1").expect("a statement");
    let value: Option<Vec<u8>> = get.query_row([key], |row| row.get(0)).optional().expect("a value");
    let sql = "INSERT INTO entries (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = excluded.v";
    let value = super::load::next_value(key, value.as_deref());
    connection.prepare_cached(sql).expect("a statement").execute([key, &value]).expect("a write");
}

fn read(connection: &Connection, key: &[u8], limit: usize) -> usize {
    let mut scan = connection.prepare_cached(SCAN).expect("a statement");
    let mut rows = scan.query((key, i64::try_from(limit).expect("a limit"))).expect("rows");
    let mut entries = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        let (key, value): (Vec<u8>, Vec<u8>) = (row.get(0).expect("k"), row.get(1).expect("v"));
        entries.push((key, value));
    }
    entries.len()
}
