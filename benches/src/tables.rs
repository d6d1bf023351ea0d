//! Tables beside dynalite, a DynamoDB for tests that keeps its items in LevelDB: both on the same disk, both made to sync
//! what they acknowledge, both asked the same signed requests.

use std::{net::TcpListener, path::Path, process::Command, time::Duration};

use serde_json::{Value, json};

use crate::{
    Context, Result,
    client::Connection,
    fixture::{Server, Zerun},
    floor,
    sample::{Throughput, clients},
    sign::{self, Signer},
    table::{ms, per_second, print, ratio},
};

const TABLE: &str = "bench";
const CLIENTS: [usize; 2] = [1, 64];
/// Requests made ahead for each figure; they come again when they are used up.
const SIGNED: usize = 65_536;
/// Items that are read and changed, in partitions of 100.
const ITEMS: usize = 10_000;
const PARTITION: usize = 100;
/// What LevelDB does not do by itself: each write is on the disk before it is acknowledged, as ours is. The options of a
/// write come last, or before a callback.
const DURABLE: &str = "const { ClassicLevel } = require(ROOT + '/node_modules/classic-level');
for (const name of ['_put', '_del', '_batch']) {
  const plain = ClassicLevel.prototype[name];
  ClassicLevel.prototype[name] = function (...args) {
    const place = args.length - (typeof args.at(-1) === 'function' ? 2 : 1);
    args[place] = { ...args[place], sync: true };
    return plain.apply(this, args);
  };
}
";

/// Whom requests are sent to.
struct Target {
    server: Server,
    signer: Signer,
    clock: clock::Clock,
}

/// What a row measures: the operation, and the document of a client's step.
struct Row {
    name: &'static str,
    operation: &'static str,
    document: fn(client: usize, step: usize) -> Value,
}

const ROWS: [Row; 5] = [
    Row { name: "PutItem", operation: "PutItem", document: put },
    Row { name: "GetItem", operation: "GetItem", document: get },
    Row { name: "UpdateItem, conditional", operation: "UpdateItem", document: update },
    Row { name: "Query of 100 items", operation: "Query", document: query },
    Row { name: "TransactWriteItems of 4", operation: "TransactWriteItems", document: transact },
];

/// # Errors
/// A server that does not start, or any request that fails.
pub fn run(context: &Context) -> Result<()> {
    let zerun = Target::zerun(context, "tables")?;
    let dynalite =
        context.dynalite.as_deref().map(|program| Target::dynalite(context, program)).transpose()?;
    for target in [Some(&zerun), dynalite.as_ref()].into_iter().flatten() {
        target.prepare()?;
    }
    let mut rows = Vec::new();
    for row in &ROWS {
        if !zerun.offers(row)? {
            continue;
        }
        let dynalite = match &dynalite {
            Some(target) if target.offers(row)? => Some(target),
            _ => None,
        };
        for count in CLIENTS {
            let ours = zerun.measure(context, row, count)?;
            let theirs = dynalite.map(|target| target.measure(context, row, count)).transpose()?;
            rows.push(shown(row.name, count, &ours, theirs.as_ref()));
        }
    }
    // Beside dynalite as everything else: what no server of one client, or of 64, can go beyond here.
    for count in CLIENTS {
        rows.push(shown("the loopback alone", count, &floor::loopback(context, count)?, None));
    }
    rows.push(shown("the disk alone: a page, synced", 1, &floor::synced_pages(context)?, None));
    print(
        "Tables",
        &["", "clients", "Zerun", "dynalite", "ratio", "p50", "p99", "its p50", "its p99"],
        &rows,
        &[
            "Aim: at least 3x in every row, and GetItem at 1 client at most 100 µs in the server: what the client sees, less the loopback.",
            "Items of 220 bytes; signed requests; every acknowledged write is on the disk, on both sides.",
            "Without --dynalite (its bin, as npm installs it) there is nothing beside ours.",
        ],
    )
}

/// What a PutItem costs in a small table and in a large one.
///
/// # Errors
/// As [`run`].
pub fn filled(context: &Context) -> Result<()> {
    let zerun = Target::zerun(context, "filled")?;
    zerun.prepare()?;
    let row = &ROWS[0];
    let mut rows = Vec::new();
    let mut measure = |items: usize| -> Result<()> {
        for count in CLIENTS {
            let cpu = zerun.cpu()?;
            let found = zerun.measure(context, row, count)?;
            let each = (zerun.cpu()? - cpu) / u32::try_from(found.latencies.len())?;
            rows.push(vec![
                items.to_string(),
                count.to_string(),
                per_second(found.per_second),
                ms(found.latencies.median()),
                ms(found.latencies.p99()),
                ms(each),
                zerun.resident()?,
            ]);
        }
        Ok(())
    };
    measure(ITEMS)?;
    zerun.fill(context.items)?;
    measure(ITEMS + context.items)?;
    print(
        "PutItem by the size of its table",
        &["items", "clients", "rate", "p50", "p99", "server's processor time", "its memory"],
        &rows,
        &["Aim: the same cost at any size. The rate depends on the disk, the processor time does not."],
    )
}

fn shown(name: &str, count: usize, ours: &Throughput, theirs: Option<&Throughput>) -> Vec<String> {
    let or_none = |told: Option<String>| told.unwrap_or_else(|| "-".to_owned());
    vec![
        name.to_owned(),
        count.to_string(),
        per_second(ours.per_second),
        or_none(theirs.map(|theirs| per_second(theirs.per_second))),
        or_none(theirs.map(|theirs| ratio(ours.per_second, theirs.per_second))),
        ms(ours.latencies.median()),
        ms(ours.latencies.p99()),
        or_none(theirs.map(|theirs| ms(theirs.latencies.median()))),
        or_none(theirs.map(|theirs| ms(theirs.latencies.p99()))),
    ]
}

impl Target {
    fn zerun(context: &Context, name: &str) -> Result<Self> {
        let Zerun { server, signer, clock } = Zerun::start(context, &context.disk.join(name))?;
        Ok(Target { server, signer, clock })
    }

    /// `program`: `…/node_modules/.bin/dynalite`, or what that links to.
    fn dynalite(context: &Context, program: &Path) -> Result<Self> {
        let program = program.canonicalize()?;
        let packages = program.ancestors().find(|path| path.ends_with("node_modules"));
        let root = packages.and_then(Path::parent).ok_or("dynalite is in no node_modules")?;
        let durable = context.disk.join("durable.js");
        let root = Value::from(root.to_str().ok_or("a path that is no text")?);
        std::fs::write(&durable, format!("const ROOT = {root};\n{DURABLE}"))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("node");
        command.arg("--require").arg(&durable).arg(&program).arg("--path").arg(context.disk.join("dynalite"));
        command.args(["--host", "127.0.0.1", "--createTableMs", "0", "--port", &port.to_string()]);
        let mut server = Server::start(&mut command)?;
        server.address = format!("127.0.0.1:{port}");
        let signer = Signer { access_key_id: "AKIABENCH".to_owned(), secret_access_key: "secret".to_owned() };
        Ok(Target { server, signer, clock: context.clock.clone() })
    }

    fn request(&self, operation: &str, document: &Value) -> Vec<u8> {
        let body = document.to_string();
        let target = format!("DynamoDB_20120810.{operation}");
        let signed = self.signer.json_headers(
            "dynamodb",
            &self.server.address,
            &target,
            &sign::sha256(body.as_bytes()),
            &self.clock.now().to_basic(),
        );
        format!("POST / HTTP/1.1\r\n{signed}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    /// The table, and the items that are read and changed.
    fn prepare(&self) -> Result<()> {
        let table = json!({
            "TableName": TABLE, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        });
        let mut connection = Connection::open(&self.server.address)?;
        connection.send(&self.request("CreateTable", &table), &mut Vec::new())?;
        let mut body = Vec::new();
        // A table of dynalite's is there only a moment after it was made.
        for _ in 0..1_000 {
            connection.send(&self.request("DescribeTable", &json!({"TableName": TABLE})), &mut body)?;
            if String::from_utf8_lossy(&body).contains("\"TableStatus\":\"ACTIVE\"") {
                break;
            }
        }
        self.put_all(ITEMS, |number| item(&format!("read-{}", number / PARTITION), number % PARTITION))
    }

    /// Items that nobody asks for.
    fn fill(&self, count: usize) -> Result<()> {
        self.put_all(count, |number| item(&format!("fill-{number}"), 0))
    }

    fn put_all(&self, count: usize, item: impl Fn(usize) -> Value + Sync) -> Result<()> {
        const FILLERS: usize = 64;
        let results: Vec<std::result::Result<(), String>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..FILLERS)
                .map(|filler| {
                    let item = &item;
                    scope.spawn(move || {
                        let fill = || -> Result<()> {
                            let mut connection = Connection::open(&self.server.address)?;
                            let mut body = Vec::new();
                            for number in (filler..count).step_by(FILLERS) {
                                let document = json!({"TableName": TABLE, "Item": item(number)});
                                connection.send(&self.request("PutItem", &document), &mut body)?;
                            }
                            Ok(())
                        };
                        fill().map_err(|error| error.to_string())
                    })
                })
                .collect();
            threads.into_iter().map(|one| one.join().unwrap_or_else(|_| Err("panicked".into()))).collect()
        });
        Ok(results.into_iter().collect::<std::result::Result<(), String>>()?)
    }

    /// Whether it knows the operation at all.
    fn offers(&self, row: &Row) -> Result<bool> {
        let request = self.request(row.operation, &(row.document)(usize::MAX >> 32, 0));
        match Connection::open(&self.server.address)?.send(&request, &mut Vec::new()) {
            Ok(()) => Ok(true),
            Err(error) if error.to_string().contains("UnknownOperation") => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn measure(&self, context: &Context, row: &Row, count: usize) -> Result<Throughput> {
        clients(context, count, |client| {
            let (mut connection, mut body) = (Connection::open(&self.server.address)?, Vec::new());
            // Signed before the time runs, so that the load costs little beside what it is put on.
            let sign = |step| self.request(row.operation, &(row.document)(client, step));
            let requests: Vec<Vec<u8>> = (0..SIGNED / count).map(sign).collect();
            Ok(move |step: usize| {
                let request = requests.get(step % requests.len()).ok_or("no requests")?;
                connection.send(request, &mut body)
            })
        })
    }

    /// Processor time of the server so far.
    fn cpu(&self) -> Result<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.server.pid()))?;
        let (_, rest) = text.rsplit_once(") ").ok_or("no stat")?;
        let ticks = |place| rest.split(' ').nth(place).and_then(|text| text.parse::<u64>().ok());
        let (user, system) = (ticks(11).ok_or("no utime")?, ticks(12).ok_or("no stime")?);
        // 100 a second on every Linux there is.
        Ok(Duration::from_millis((user + system) * 10))
    }

    fn resident(&self) -> Result<String> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.server.pid()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(crate::table::mib(kib * 1024))
    }
}

fn item(pk: &str, sk: usize) -> Value {
    json!({
        "pk": {"S": pk}, "sk": {"N": sk.to_string()}, "n": {"N": "0"},
        "name": {"S": "An item of a middling size"}, "text": {"S": "z".repeat(120)},
        "tags": {"L": [{"S": "one"}, {"S": "two"}]}, "is": {"BOOL": true},
    })
}

/// Some item that is there, another one at each step.
fn known(client: usize, step: usize) -> Value {
    let number = (client * 7_919 + step * 104_729) % ITEMS;
    json!({"pk": {"S": format!("read-{}", number / PARTITION)}, "sk": {"N": (number % PARTITION).to_string()}})
}

fn put(client: usize, step: usize) -> Value {
    json!({"TableName": TABLE, "Item": item(&format!("put-{client}-{}", step / PARTITION), step % PARTITION)})
}

fn get(client: usize, step: usize) -> Value {
    json!({"TableName": TABLE, "Key": known(client, step)})
}

fn update(client: usize, step: usize) -> Value {
    json!({
        "TableName": TABLE, "Key": known(client, step),
        "UpdateExpression": "SET n = n + :one", "ConditionExpression": "attribute_exists(pk) AND n >= :zero",
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":zero": {"N": "0"}},
    })
}

fn query(client: usize, step: usize) -> Value {
    let partition = (client * 7 + step) % (ITEMS / PARTITION);
    json!({
        "TableName": TABLE, "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": format!("read-{partition}")}},
    })
}

fn transact(client: usize, step: usize) -> Value {
    let put = |place: usize| {
        let item = item(&format!("transact-{client}-{}", step / PARTITION), step % PARTITION * 4 + place);
        json!({"Put": {"TableName": TABLE, "Item": item}})
    };
    json!({"TransactItems": (0..4).map(put).collect::<Vec<_>>()})
}
