use crate::fixture::World;
use ::http::Request;
use bytes::Bytes;
use wasm::{Event, Fault, World as Kind};

pub const ECHO: &str = r#"
    (func $handle (param $req i32) (param $out i32) (local $len i32)
      (local.set $len (call $target (local.get $req) (i32.const 0)))
      (i32.store8 (local.get $len) (i32.const 32))
      (local.set $len (i32.add (local.get $len) (i32.const 1)))
      (local.set $len (i32.add (local.get $len) (call $body (local.get $req) (local.get $len))))
      (call $respond (local.get $out) (i32.const 201) (i32.const 0) (local.get $len)))"#;

fn post(target: &str, body: &'static str) -> Event {
    let request = Request::post(format!("http://localhost{target}")).body(Bytes::from(body));
    Event::Request(Box::new(request.unwrap()))
}

#[tokio::test]
async fn a_handler_answers_a_request() {
    let world = World::new();
    let echo = world.http(ECHO);
    assert_eq!(world.machine.program(&echo).await.unwrap().world(), Kind::Http);
    let response = world.run(&echo, post("/a?b=c", "body")).await.response();
    assert_eq!(response.status(), 201);
    assert_eq!(response.into_body(), "/a?b=c body");
}

#[tokio::test]
async fn no_response_and_a_trap_are_told_apart() {
    let world = World::new();
    let silent = world.http("(func $handle (param $req i32) (param $out i32))");
    match world.run(&silent, post("/", "")).await.answer {
        Err(Fault::NoAnswer(words)) => assert!(words.contains("without a response"), "{words}"),
        other => panic!("{other:?}"),
    }
    let trap = world.http("(func $handle (param $req i32) (param $out i32) unreachable)");
    match world.run(&trap, post("/", "")).await.answer {
        Err(Fault::Trap { signal: 4, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn requests_do_not_leave_and_the_log_says_so() {
    let world = World::new();
    // The refusal comes with the answer that the guest never waits for.
    let asks = world.http(
        r#"(func $handle (param $req i32) (param $out i32)
             (drop (call $ask))
             (call $respond (local.get $out) (i32.const 200) (i32.const 0) (i32.const 0)))"#,
    );
    let ran = world.run(&asks, post("/", "")).await;
    assert!(ran.log.contains("EGRESS\twasi:http/outgoing-handler"), "{:?}", ran.log);
    assert_eq!(ran.response().status(), 200);
}
