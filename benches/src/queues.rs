//! Messages sent, received and deleted, every one of them on the disk before it is acknowledged; what a deep queue costs
//! beside an empty one, and what waiting costs.

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    Context, Result,
    client::Connection,
    fixture::{Server, Zerun},
    sample::{Throughput, clients},
    sign::{self, Signer},
    table::{ms, per_second, print},
};

const BATCH: usize = 10;
/// Bytes of a message's body.
const BODY_BYTES: usize = 200;
/// Requests made ahead for each figure; they come again when they are used up.
const SIGNED: usize = 16_384;
/// Messages that are put in, in parts, before any is received; sending has left more.
const FILLED: usize = 100_000;
/// Queues that are waited for, each by one request.
const IDLE: usize = 1_000;
const IDLE_FOR: Duration = Duration::from_secs(8);

/// # Errors
/// A server that does not start, or any request that fails.
pub fn run(context: &Context) -> Result<()> {
    let mut columns = Vec::new();
    let zerun = Target::zerun(context, "queues")?;
    columns.push(measure(context, &zerun)?);
    let cpu = idle(context, &zerun)?;
    drop(zerun);
    if let Some(jars) = &context.elasticmq {
        columns.push(measure(context, &Target::elasticmq(context, jars)?)?);
    }
    let Some((own, others)) = columns.split_first() else { return Ok(()) };
    let mut heads = vec!["".to_owned(), "clients".to_owned()];
    for column in &columns {
        heads.extend([format!("{}, messages", column.name), "p50 of a round".to_owned(), "p99".to_owned()]);
    }
    heads.extend(others.iter().map(|other| format!("to {}", other.name)));
    let mut rows = Vec::new();
    for (place, (name, count, _)) in ROWS.iter().enumerate() {
        let mut row = vec![(*name).to_owned(), count.to_string()];
        for found in columns.iter().filter_map(|column| column.found.get(place)) {
            row.extend([per_second(found.rate), ms(found.p50), ms(found.p99)]);
        }
        let rate = own.found.get(place).map_or(0.0, |found| found.rate);
        let theirs = others.iter().filter_map(|other| other.found.get(place));
        row.extend(theirs.map(|found| format!("{:.2}", rate / found.rate)));
        rows.push(row);
    }
    print(
        "Queues",
        &heads.iter().map(String::as_str).collect::<Vec<_>>(),
        &rows,
        &[
            "Bodies of 200 bytes; signed requests, of which those that delete are signed while the time runs.",
            "Zerun: every acknowledged change is on the disk, every signature and right is checked. Others keep messages in \
             memory and check neither.",
        ],
    )?;
    let waits = format!("{} of {}", ms(cpu), ms(IDLE_FOR));
    print(
        "Waiting for messages",
        &["queues, each with a long poll", "processor time"],
        &[vec![IDLE.to_string(), waits]],
        &["Aim: none."],
    )
}

const SEND: &str = "SendMessage";
const SEND_10: &str = "SendMessageBatch of 10";
const TAKE: &str = "receive and delete, singly";
const TAKE_10: &str = "receive and delete, 10 at once";

/// What is done, by how many clients, how many at once.
const ROWS: [(&str, usize, usize); 12] = [
    (SEND, 1, 1),
    (SEND, 16, 1),
    (SEND, 64, 1),
    (SEND_10, 1, BATCH),
    (SEND_10, 16, BATCH),
    (SEND_10, 64, BATCH),
    (TAKE, 1, 1),
    (TAKE, 16, 1),
    (TAKE, 64, 1),
    (TAKE_10, 1, BATCH),
    (TAKE_10, 16, BATCH),
    (TAKE_10, 64, BATCH),
];

struct Column {
    name: &'static str,
    /// In the order of [`ROWS`].
    found: Vec<Found>,
}

struct Found {
    /// Messages a second.
    rate: f64,
    p50: Duration,
    p99: Duration,
}

fn measure(context: &Context, target: &Target) -> Result<Column> {
    let url = create(target, "bench")?;
    let mut found = Vec::with_capacity(ROWS.len());
    for (name, count, batch) in ROWS {
        let of = match name {
            SEND | SEND_10 => send(context, target, &url, count, batch)?,
            _ => {
                fill(target, &url, FILLED / 6)?;
                consume(context, target, &url, count, batch, false)?
            }
        };
        found.push(Found {
            rate: of.per_second * batch as f64,
            p50: of.latencies.median(),
            p99: of.latencies.p99(),
        });
    }
    Ok(Column { name: target.name, found })
}

/// A server that speaks SQS.
struct Target {
    name: &'static str,
    server: Server,
    signer: Signer,
    clock: clock::Clock,
}

impl Target {
    fn zerun(context: &Context, data: &str) -> Result<Self> {
        let Zerun { server, signer, clock } = Zerun::start(context, &context.disk.join(data))?;
        Ok(Target { name: "Zerun", server, signer, clock })
    }

    fn elasticmq(context: &Context, jars: &Path) -> Result<Self> {
        let port = free_port()?;
        let mut command = Command::new("java");
        command
            .arg("-cp")
            .arg(jars.join("*"))
            .args(["-Drest-stats.enabled=false", "-Dnode-address.host=127.0.0.1"]);
        command.args([format!("-Drest-sqs.bind-port={port}"), format!("-Dnode-address.port={port}")]);
        command.args(["-Drest-sqs.bind-hostname=127.0.0.1", "org.elasticmq.server.Main"]);
        Target::peer(context, "ElasticMQ", &mut command, port)
    }

    fn peer(context: &Context, name: &'static str, command: &mut Command, port: u16) -> Result<Self> {
        let signer = Signer { access_key_id: "AKIABENCH".to_owned(), secret_access_key: "secret".to_owned() };
        Ok(Target { name, server: Server::at(command, port)?, signer, clock: context.clock.clone() })
    }

    fn connect(&self) -> Result<Connection> {
        Connection::open(&self.server.address)
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// # Errors
/// As [`run`].
pub fn deep(context: &Context) -> Result<()> {
    let zerun = Target::zerun(context, "deep")?;
    let mut rows = Vec::new();
    for (name, messages) in [("empty", 0), ("deep", context.items)] {
        let url = create(&zerun, name)?;
        fill(&zerun, &url, messages)?;
        for count in [1, 16] {
            let before = cpu(&zerun)?;
            let found = consume(context, &zerun, &url, count, 1, true)?;
            let each = (cpu(&zerun)? - before) / u32::try_from(found.latencies.len())?;
            rows.push(vec![
                messages.to_string(),
                count.to_string(),
                per_second(found.per_second),
                ms(found.latencies.median()),
                ms(found.latencies.p99()),
                ms(each),
            ]);
        }
    }
    print(
        "A message, by how many there are before it",
        &["messages", "clients", "sent, received and deleted", "p50", "p99", "server's processor time"],
        &rows,
        &["Aim: the same at any depth. The rates depend on the disk, the processor time does not."],
    )
}

fn request(zerun: &Target, operation: &str, document: &Value) -> Vec<u8> {
    let body = document.to_string();
    let hash = sign::sha256(body.as_bytes());
    let (target, time) = (format!("AmazonSQS.{operation}"), zerun.clock.now().to_basic());
    let signed = zerun.signer.json_headers("sqs", &zerun.server.address, &target, &hash, &time);
    format!("POST / HTTP/1.1\r\n{signed}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn create(zerun: &Target, name: &str) -> Result<String> {
    let mut body = Vec::new();
    zerun.connect()?.send(&request(zerun, "CreateQueue", &json!({"QueueName": name})), &mut body)?;
    let told: Value = serde_json::from_slice(&body)?;
    Ok(told["QueueUrl"].as_str().ok_or("no QueueUrl")?.to_owned())
}

fn sending(url: &str, batch: usize) -> (&'static str, Value) {
    let text = "z".repeat(BODY_BYTES);
    if batch == 1 {
        return ("SendMessage", json!({"QueueUrl": url, "MessageBody": text}));
    }
    let entry = |number: usize| json!({"Id": number.to_string(), "MessageBody": text});
    ("SendMessageBatch", json!({"QueueUrl": url, "Entries": (0..batch).map(entry).collect::<Vec<_>>()}))
}

fn send(context: &Context, zerun: &Target, url: &str, count: usize, batch: usize) -> Result<Throughput> {
    clients(context, count, |_| {
        let (mut connection, mut body) = (zerun.connect()?, Vec::new());
        let (operation, document) = sending(url, batch);
        let requests: Vec<Vec<u8>> =
            (0..SIGNED / count / batch).map(|_| request(zerun, operation, &document)).collect();
        Ok(move |step: usize| {
            let request = requests.get(step % requests.len()).ok_or("no requests")?;
            connection.send(request, &mut body)
        })
    })
}

/// `sends`: one message before each round, so that there are as many after it.
fn consume(
    context: &Context,
    zerun: &Target,
    url: &str,
    count: usize,
    batch: usize,
    sends: bool,
) -> Result<Throughput> {
    clients(context, count, |_| {
        let (mut connection, mut body) = (zerun.connect()?, Vec::new());
        let receive =
            request(zerun, "ReceiveMessage", &json!({"QueueUrl": url, "MaxNumberOfMessages": batch}));
        let (operation, document) = sending(url, 1);
        let send = request(zerun, operation, &document);
        Ok(move |_| {
            if sends {
                connection.send(&send, &mut body)?;
            }
            connection.send(&receive, &mut body)?;
            let told: Value = serde_json::from_slice(&body)?;
            let messages = told["Messages"].as_array().ok_or("the queue ran dry")?;
            let delete = match messages.as_slice() {
                [one] => {
                    let document = json!({"QueueUrl": url, "ReceiptHandle": one["ReceiptHandle"]});
                    request(zerun, "DeleteMessage", &document)
                }
                many => {
                    let entry = |(number, one): (usize, &Value)| json!({"Id": number.to_string(), "ReceiptHandle": one["ReceiptHandle"]});
                    let entries: Vec<Value> = many.iter().enumerate().map(entry).collect();
                    request(zerun, "DeleteMessageBatch", &json!({"QueueUrl": url, "Entries": entries}))
                }
            };
            connection.send(&delete, &mut body)
        })
    })
}

fn fill(zerun: &Target, url: &str, messages: usize) -> Result<()> {
    const FILLERS: usize = 32;
    let results: Vec<std::result::Result<(), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..FILLERS)
            .map(|filler| {
                scope.spawn(move || {
                    let fill = || -> Result<()> {
                        let (operation, document) = sending(url, BATCH);
                        let (mut connection, mut body) = (zerun.connect()?, Vec::new());
                        for _ in (filler * BATCH..messages).step_by(FILLERS * BATCH) {
                            connection.send(&request(zerun, operation, &document), &mut body)?;
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

/// Processor time of the server while so many requests wait.
fn idle(context: &Context, zerun: &Target) -> Result<Duration> {
    let mut waiting = Vec::with_capacity(IDLE);
    let urls: Vec<String> =
        (0..IDLE).map(|number| create(zerun, &format!("idle-{number}"))).collect::<Result<_>>()?;
    for url in urls {
        let mut stream = TcpStream::connect(&zerun.server.address)?;
        stream.write_all(&request(
            zerun,
            "ReceiveMessage",
            &json!({"QueueUrl": url, "WaitTimeSeconds": 20}),
        ))?;
        waiting.push(stream);
    }
    // Until the server has done all there is to do for them.
    let second = Duration::from_secs(1);
    let mut before = cpu(zerun)?;
    pause(context, second);
    while cpu(zerun)? - before > Duration::from_millis(50) {
        before = cpu(zerun)?;
        pause(context, second);
    }
    let before = cpu(zerun)?;
    pause(context, IDLE_FOR);
    Ok(cpu(zerun)? - before)
}

fn pause(context: &Context, duration: Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    if let Ok(runtime) = runtime {
        runtime.block_on(context.clock.sleep(duration));
    }
}

/// Processor time of the server so far.
fn cpu(zerun: &Target) -> Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", zerun.server.pid()))?;
    let (_, rest) = text.rsplit_once(") ").ok_or("no stat")?;
    let ticks = |place| rest.split(' ').nth(place).and_then(|text| text.parse::<u64>().ok());
    let (user, system) = (ticks(11).ok_or("no utime")?, ticks(12).ok_or("no stime")?);
    // 100 a second on every Linux there is.
    Ok(Duration::from_millis((user + system) * 10))
}
