//! Warm invocations against a bare Node HTTP server that does the same work: parse the JSON, answer it.

use std::{process::Command, time::Duration};

use crate::{
    Context, Result,
    client::Connection,
    fixture::{Server, Zerun, node_runtime},
    sample::{Throughput, clients},
    table::{ms, per_second, print, ratio, ratio_of},
};

/// Answers any request with its JSON body; says its address first.
pub const BARE_SERVER: &str = r#"
const server = require("http").createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const event = pieces.length ? JSON.parse(Buffer.concat(pieces)) : null;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(event));
  });
});
server.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));
process.on("SIGTERM", () => process.exit());
"#;

const HANDLER: &str = "exports.handler = async (event) => event;";
/// Every client of either side does its work for so long before it is measured.
const WARMING: Duration = Duration::from_secs(5);
const PAYLOAD: &[u8] = br#"{"name":"warm","numbers":[1,2,3,4,5,6,7,8,9,10]}"#;

/// # Errors
/// A server that does not start, or any request that fails.
pub fn run(context: &Context) -> Result<()> {
    let bare = Server::start(Command::new("node").args(["-e", BARE_SERVER]))?;
    let zerun = Zerun::start(context, &context.disk.join("invoke"))?;
    zerun.create_function("warm", &node_runtime()?, "index.js", HANDLER)?;
    let invocation = zerun.invocation("warm", PAYLOAD);
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    for count in [1, 16] {
        let theirs = load(context, &bare.address, count, &bare_request(&bare.address))?;
        let ours = load(context, &zerun.server.address, count, &invocation)?;
        rows.extend(compare(&format!("{count} clients"), &ours, &theirs));
        notes.push(format!(
            "{count} clients: the load generator itself took {} of processor time a request (zerun), {} (bare)",
            ms(ours.client_cpu),
            ms(theirs.client_cpu)
        ));
    }
    print(
        &format!(
            "warm invoke, Node, {} s each after 5 s of warming; every invocation in its own sandboxed instance, one at a time",
            context.seconds
        ),
        &["", "zerun", "bare node http server", "ratio"],
        &rows,
        &notes.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

fn bare_request(address: &str) -> Vec<u8> {
    let head = format!("POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", PAYLOAD.len());
    [head.as_bytes(), PAYLOAD].concat()
}

fn load(context: &Context, address: &str, count: usize, request: &[u8]) -> Result<Throughput> {
    clients(context, count, |_| {
        let mut connection = Connection::open(address)?;
        let mut body = Vec::new();
        // Cold starts are measured elsewhere, and with them what follows on them: new sandboxes for the stock, and
        // code that the engine has not compiled yet.
        let begun = context.clock.moment();
        while context.clock.since(begun) < WARMING {
            connection.send(request, &mut body)?;
        }
        Ok(move |_| {
            connection.send(request, &mut body)?;
            if body == PAYLOAD { Ok(()) } else { Err(String::from_utf8_lossy(&body).into_owned().into()) }
        })
    })
}

/// Rows of throughput, median and 99th percentile.
pub fn compare(what: &str, ours: &Throughput, theirs: &Throughput) -> Vec<Vec<String>> {
    vec![
        vec![
            format!("{what}: throughput"),
            per_second(ours.per_second),
            per_second(theirs.per_second),
            ratio(ours.per_second, theirs.per_second),
        ],
        vec![
            format!("{what}: p50"),
            ms(ours.latencies.median()),
            ms(theirs.latencies.median()),
            ratio_of(ours.latencies.median(), theirs.latencies.median()),
        ],
        vec![
            format!("{what}: p99"),
            ms(ours.latencies.p99()),
            ms(theirs.latencies.p99()),
            ratio_of(ours.latencies.p99(), theirs.latencies.p99()),
        ],
    ]
}
