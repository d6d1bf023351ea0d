//! Answers that are read while the code writes them.

use crate::fixture::{World, describe};
use pool::{AnswerStream, BrokenOff, EarlyAnswer, InvokeError, Outcome, VersionSpec, answer_stream};
use serde_json::Value;
use std::sync::Arc;
use tokio::task::JoinHandle;

type Running = JoinHandle<Result<Outcome, InvokeError>>;

async fn begin(world: &World, spec: &VersionSpec, event: &str) -> (Option<AnswerStream>, Running) {
    let (sink, expected) = answer_stream();
    let (pool, spec, request) = (world.pool.clone(), Arc::new(spec.clone()), world.request(event));
    let running = tokio::spawn(async move { pool.invoke_into(spec, request, sink).await });
    let stream = match expected.begun().await {
        Some(EarlyAnswer::Stream(stream)) => Some(stream),
        Some(EarlyAnswer::Whole(outcome)) => panic!("no stream: {}", describe(&outcome)),
        None => None,
    };
    (stream, running)
}

async fn read(stream: &mut AnswerStream) -> Vec<u8> {
    let mut read = Vec::new();
    while let Some(piece) = stream.next().await {
        read.extend_from_slice(&piece);
    }
    read
}

fn error_of(broken_off: Option<BrokenOff>) -> (String, String) {
    let broken_off = broken_off.unwrap();
    let document: Value = serde_json::from_slice(&broken_off.document).unwrap();
    (broken_off.error_type, document["errorMessage"].as_str().unwrap().to_owned())
}

/// Writes `mib` MiB, a piece at a time, waiting for the reader; then does as told.
const WRITER: &str = "
const piece = Buffer.alloc(1 << 16, 97);
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let count = 0; count < (event.mib ?? 0) * 16; count += 1) {
    if (!stream.write(piece)) await new Promise((then) => stream.once('drain', then));
  }
  stream.write('end');
  await new Promise((then) => setTimeout(then, 20));
  if (event.then === 'throw') throw new RangeError('broke off');
  if (event.then === 'exit') process.exit(7);
  if (event.then === 'hang') await new Promise((then) => setTimeout(then, 60_000));
  stream.end();
});";

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_to_its_reader_and_not_into_the_outcome() {
    let world = World::new();
    let spec = world.node(WRITER);
    let (stream, running) = begin(&world, &spec, r#"{"mib":8}"#).await;
    let mut stream = stream.unwrap();
    assert_eq!(
        (stream.content_type(), stream.executed_version.as_str()),
        ("application/octet-stream", "$LATEST")
    );
    // The writer is ahead of its reader by what may wait, and not by the whole.
    assert!(!running.is_finished());
    assert_eq!(read(&mut stream).await.len(), (8 << 20) + 3);
    assert_eq!(stream.end().await, Ok(None));
    let outcome = running.await.unwrap().unwrap();
    assert!(outcome.streamed && outcome.function_error.is_none(), "{}", describe(&outcome));
    assert!(outcome.payload.is_empty() && outcome.log_tail.contains("REPORT RequestId"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cuts_a_stream_short_is_told_after_its_last_byte() {
    let world = World::new();
    let mut spec = world.node(WRITER);
    spec.timeout = std::time::Duration::from_secs(2);
    for (event, kind, message) in [
        (r#"{"then":"throw"}"#, "Function.Unknown", "broke off"),
        (r#"{"then":"exit"}"#, "Runtime.ExitError", "exit status 7"),
        (r#"{"then":"hang"}"#, "Sandbox.Timedout", "timed out after 2.00 seconds"),
    ] {
        let (stream, running) = begin(&world, &spec, event).await;
        let mut stream = stream.unwrap();
        assert_eq!(read(&mut stream).await, b"end", "{event}");
        let (error_type, text) = error_of(stream.end().await.unwrap());
        assert_eq!(error_type, kind, "{event}");
        assert!(text.contains(message), "{text}");
        let outcome = running.await.unwrap().unwrap();
        assert!(outcome.function_error.is_some() && outcome.payload.is_empty(), "{}", describe(&outcome));
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_holds_nothing_up() {
    let world = World::new();
    let spec = world.node(WRITER);
    let (stream, running) = begin(&world, &spec, r#"{"mib":32}"#).await;
    let mut stream = stream.unwrap();
    assert!(stream.next().await.is_some());
    drop(stream);
    let outcome = running.await.unwrap().unwrap();
    assert!(outcome.function_error.is_none(), "{}", describe(&outcome));
    // Nobody waits at all.
    let (sink, expected) = answer_stream();
    drop(expected);
    let outcome = world.pool.invoke_into(Arc::new(spec.clone()), world.request("{}"), sink).await.unwrap();
    assert!(outcome.function_error.is_none() && !outcome.metering.cold, "{}", describe(&outcome));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_stream_is_an_outcome() {
    let world = World::new();
    let spec = world.node("exports.handler = async (event) => event;");
    let (stream, running) = begin(&world, &spec, r#"{"n":1}"#).await;
    assert!(stream.is_none());
    let outcome = running.await.unwrap().unwrap();
    assert_eq!((&outcome.payload[..], outcome.streamed), (&br#"{"n":1}"#[..], false));
    world.close().await;
}
