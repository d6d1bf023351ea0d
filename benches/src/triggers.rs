//! How soon a function runs for a message: from before the message is sent until the handler begins.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Context, Result,
    fixture::Zerun,
    sample::Sample,
    sign,
    table::{ms, print},
};

const MESSAGES: usize = 500;
/// Not counted: an instance is started for the first.
const WARMING: usize = 20;

/// Answers with when it began, in milliseconds of the real-time clock, into another queue.
const CODE: &str = r#"
const { GetQueueUrlCommand, SendMessageCommand, SQSClient } = require("@aws-sdk/client-sqs");
const queues = new SQSClient({});
const told = queues.send(new GetQueueUrlCommand({ QueueName: "told" }));
exports.handler = async (event) => {
  const began = performance.timeOrigin + performance.now();
  const [{ body }] = event.Records;
  const MessageBody = JSON.stringify({ sent: JSON.parse(body).sent, began });
  await queues.send(new SendMessageCommand({ QueueUrl: (await told).QueueUrl, MessageBody }));
};
"#;

/// # Errors
/// A server that does not start, or any request that fails.
pub fn run(context: &Context) -> Result<()> {
    let zerun = Zerun::start(context, &context.disk.join("triggers"))?;
    let (url, told) = (create(&zerun, "in")?, create(&zerun, "told")?);
    zerun.create_function("timed", "nodejs20.x", "index.js", CODE)?;
    let mapping = json!({
        "FunctionName": "timed", "BatchSize": 1, "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:in",
    });
    let mapping = mapping.to_string();
    let request = zerun.request("lambda", "POST", "/2015-03-31/event-source-mappings", mapping.as_bytes());
    zerun.connect()?.send(&request, &mut Vec::new())?;
    let (mut begins, mut rounds) = (Vec::new(), Vec::new());
    for number in 0..WARMING + MESSAGES {
        let sent = zerun.clock.now().as_ms();
        let body = json!({ "sent": sent }).to_string();
        ask(&zerun, "SendMessage", &json!({"QueueUrl": url, "MessageBody": body}))?;
        let began = receive(&zerun, &told, sent)?;
        if number >= WARMING {
            begins.push(Duration::from_secs_f64((began - sent as f64).max(0.0) / 1000.0));
            rounds.push(Duration::from_millis(u64::try_from(zerun.clock.now().as_ms() - sent)?));
        }
    }
    let (begins, rounds) = (Sample::new(begins)?, Sample::new(rounds)?);
    print(
        "A function that runs for a message",
        &[
            "messages",
            "sent until begun, p50",
            "p99",
            "until its message to another queue is received, p50",
            "p99",
        ],
        &[vec![
            MESSAGES.to_string(),
            ms(begins.median()),
            ms(begins.p99()),
            ms(rounds.median()),
            ms(rounds.p99()),
        ]],
        &[
            "One message at a time, an instance that is there; every message is on the disk. Aim: p50 10 ms at most.",
        ],
    )
}

/// When the handler began for the message that was sent then, in milliseconds.
fn receive(zerun: &Zerun, told: &str, sent: i64) -> Result<f64> {
    loop {
        let answer = ask(zerun, "ReceiveMessage", &json!({"QueueUrl": told, "WaitTimeSeconds": 20}))?;
        let messages = answer["Messages"].as_array();
        let message =
            messages.and_then(|messages| messages.first()).ok_or("the function did not run in 20 s")?;
        ask(zerun, "DeleteMessage", &json!({"QueueUrl": told, "ReceiptHandle": message["ReceiptHandle"]}))?;
        let times: Value = serde_json::from_str(message["Body"].as_str().unwrap_or_default())?;
        // One that comes again was of another round.
        if times["sent"].as_i64() == Some(sent) {
            return times["began"].as_f64().ok_or_else(|| "no time".into());
        }
    }
}

fn create(zerun: &Zerun, name: &str) -> Result<String> {
    // A lease must be longer than the function may run.
    let attributes = json!({"VisibilityTimeout": "60"});
    let told = ask(zerun, "CreateQueue", &json!({"QueueName": name, "Attributes": attributes}))?;
    Ok(told["QueueUrl"].as_str().ok_or("no QueueUrl")?.to_owned())
}

fn ask(zerun: &Zerun, operation: &str, document: &Value) -> Result<Value> {
    let (body, mut answer) = (document.to_string(), Vec::new());
    let hash = sign::sha256(body.as_bytes());
    let (target, time) = (format!("AmazonSQS.{operation}"), zerun.clock.now().to_basic());
    let signed = zerun.signer.json_headers("sqs", &zerun.server.address, &target, &hash, &time);
    let request = format!("POST / HTTP/1.1\r\n{signed}Content-Length: {}\r\n\r\n{body}", body.len());
    zerun.connect()?.send(request.as_bytes(), &mut answer)?;
    if answer.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&answer)?) }
}
