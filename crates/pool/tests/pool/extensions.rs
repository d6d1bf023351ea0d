//! External extensions in layers, beside a function of Python. They are Python too, since that is there.

use crate::custom::{BASH, bootstrap};
use crate::fixture::{World, describe};
use pool::{EarlyAnswer, Outcome, VersionSpec, answer_whole};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Speaks the Extensions API; `body` is what it does, with `call` and `register` at hand.
fn extension(body: &str) -> String {
    format!(
        r#"#!/usr/bin/env python3
import http.client, http.server, json, os, signal, sys, threading, time

def call(method, path, headers={{}}, body=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, json.loads(answer.read() or "null")

BASE = "/2020-01-01/extension"

def register(*events, name=os.path.basename(sys.argv[0])):
    status, headers, told = call("POST", BASE + "/register", {{"Lambda-Extension-Name": name}}, {{"events": events}})
    assert status == 200, told
    return {{"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}}

def next_event(me):
    return call("GET", BASE + "/event/next", me)[2]

def say(text):
    print(text, flush=True)

{body}
"#
    )
}

/// Says each event that it gets.
const FAITHFUL: &str = r#"
me = register("INVOKE", "SHUTDOWN")
say(f"extension: up, {sorted(name for name in os.environ if name.startswith('_'))}")
while True:
    event = next_event(me)
    say(f"extension: {event['eventType']} {event.get('requestId', event.get('shutdownReason'))}")
    if event["eventType"] == "SHUTDOWN":
        break
"#;

fn with_extension(world: &World, name: &str, body: &str) -> VersionSpec {
    let mut spec = world.python("def handler(event, context):\n    return event\n");
    let file = format!("extensions/{name}");
    spec.layer_dirs = vec![world.code("layer", &[(&file, &extension(body))])];
    spec
}

/// The log up to the line that holds `text`.
async fn log_until(world: &World, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let reached = world.clock.timeout(Duration::from_secs(20), async {
        while let Some(line) = world.next_line().await {
            let found = line.text.contains(text);
            lines.push(line.text);
            if found {
                return;
            }
        }
    });
    assert!(reached.await.is_some(), "no {text:?} in {lines:#?}");
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_lives_through_init_invocations_and_the_end() {
    let world = World::new();
    let spec = with_extension(&world, "faithful", FAITHFUL);
    let request = world.request("1");
    let id = request.request_id.clone();
    let outcome = world.pool.invoke(std::sync::Arc::new(spec.clone()), request).await.unwrap();
    assert_eq!(outcome.function_error, None, "{}", describe(&outcome));
    let tail = &outcome.log_tail;
    assert!(tail.contains("EXTENSION\tName: faithful\tState: Ready\tEvents: [INVOKE,SHUTDOWN]\n"), "{tail}");
    assert!(tail.contains("extension: up, []\n"), "{tail}");
    // It was told within the invocation, which did not end before it had asked again.
    assert!(tail.contains(&format!("extension: INVOKE {id}\n")), "{tail}");
    assert_eq!(world.result(&spec, "2").await, json!(2));
    world.pool.drain(&spec.function_arn, None).await;
    log_until(&world, "extension: SHUTDOWN spindown").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_is_told_as_the_reason() {
    let world = World::new();
    let mut spec = with_extension(&world, "faithful", FAITHFUL);
    spec.code_dir =
        world.code("slow", &[("app.py", "import time\ndef handler(e, c):\n    time.sleep(60)\n")]);
    spec.timeout = Duration::from_secs(1);
    let (error, _) = world.error(&spec, "{}").await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    log_until(&world, "extension: SHUTDOWN timeout").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_that_ends_at_once_fails_the_start_twice() {
    let world = World::new();
    let spec = with_extension(&world, "crashes", "say('here'); sys.exit(7)");
    let (error, outcome) = world.error(&spec, "{}").await;
    assert_eq!(error["errorType"], "Extension.Crash");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("RequestId: ") && message.ends_with(" Error: exit status 7"), "{error}");
    let tail = &outcome.log_tail;
    for (text, times) in [
        ("here\n", 2),
        ("Phase: init\tStatus: error\tError Type: Extension.Crash\n", 1),
        ("Phase: invoke\tStatus: error\tError Type: Extension.Crash\n", 1),
        ("EXTENSION\tName: crashes\tState: Exited\tEvents: []\tError Type: Extension.Crash\n", 2),
        ("Error: exit status 7\nExtension.Crash\n", 1),
        ("\tStatus: error\tError Type: Extension.Crash\t\n", 1),
    ] {
        assert_eq!(tail.matches(text).count(), times, "{text} in {tail}");
    }
    world.wait_for("it is gone", |status| status.instances.is_empty()).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reported_errors_and_programs_that_do_not_run_have_their_own_types() {
    let world = World::new();
    let report = r#"
me = register("INVOKE")
say(str(call("POST", BASE + "/init/error", me | {"Lambda-Extension-Function-Error-Type": "Fatal.Oops"}, {})[0]))
"#;
    let (error, outcome) = world.error(&with_extension(&world, "reports", report), "{}").await;
    assert_eq!(error["errorType"], "Extension.InitError", "{}", describe(&outcome));
    // It reports and ends: the invocation hears of whichever comes first.
    let message = error["errorMessage"].as_str().unwrap();
    assert!(["Error: exit code 0", "Error: Fatal.Oops"].iter().any(|end| message.ends_with(end)), "{error}");
    let line = "EXTENSION\tName: reports\tState: InitError\tEvents: [INVOKE]\tError Type: Fatal.Oops\n";
    assert!(outcome.log_tail.contains(line) && outcome.log_tail.contains("202\n"), "{}", outcome.log_tail);

    let mut spec = world.python("def handler(event, context):\n    return 1\n");
    spec.layer_dirs = vec![world.code("foreign", &[("extensions/foreign", "\u{7f}ELF of another machine")])];
    let (error, outcome) = world.error(&spec, "{}").await;
    assert_eq!(error["errorType"], "Extension.LaunchError", "{}", describe(&outcome));
    let expected = "Error: fork/exec /opt/extensions/foreign: exec format error";
    assert!(error["errorMessage"].as_str().unwrap().ends_with(expected), "{error}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_invocations_costs_the_instance_and_nothing_else() {
    let world = World::with(|config| config.freeze_after = Duration::from_secs(60));
    let dies = r#"
me = register("INVOKE")
next_event(me)
threading.Timer(0.05, lambda: os._exit(3)).start()
next_event(me)
"#;
    let spec = with_extension(&world, "dies", dies);
    let first = world.invoke(&spec, "1").await;
    assert_eq!(first.function_error, None, "{}", describe(&first));
    let id = world.pool.status().instances[0].id.clone();
    let second = world.clock.timeout(Duration::from_secs(20), async {
        loop {
            let outcome = world.invoke(&spec, "2").await;
            if world.pool.status().instances.iter().all(|instance| instance.id != id) {
                return outcome;
            }
        }
    });
    assert!(second.await.is_some());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telemetry_is_delivered_inside_and_what_an_extension_makes_of_it_is_its_own() {
    let world = World::new();
    let listens = r#"
class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        documents = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for document in documents:
            if document["type"] == "function":
                say("took: " + document["record"].strip())
            elif document["type"] == "platform.runtimeDone":
                say("took: runtimeDone " + document["record"]["status"])
                done.set()
            elif document["type"] in ("platform.initStart", "platform.report"):
                say("took: " + document["type"])
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words):
        pass

done = threading.Event()
server = http.server.HTTPServer(("", 8080), Taker)
threading.Thread(target=server.serve_forever, daemon=True).start()
me = register("INVOKE", "SHUTDOWN")
# The runtime has asked for its first event by then, and nobody minds.
time.sleep(0.3)
wish = {"schemaVersion": "2022-12-13", "types": ["platform", "function"], "buffering": {"timeoutMs": 25},
        "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080"}}
assert call("PUT", "/2022-07-01/telemetry", me, wish) [0] == 200
while next_event(me)["eventType"] == "INVOKE":
    done.wait()
    done.clear()
"#;
    let mut spec = with_extension(&world, "listens", listens);
    let code = "def handler(event, context):\n    print('from the function')\n    return 1\n";
    spec.code_dir = world.code("talks", &[("app.py", code)]);
    let outcome = world.invoke(&spec, "{}").await;
    assert_eq!(outcome.function_error, None, "{}", describe(&outcome));
    let tail = &outcome.log_tail;
    for line in [
        "TELEMETRY\tName: listens\tState: Subscribed\tTypes: [Platform, Function]\n",
        "took: platform.initStart\n",
        "took: from the function\n",
        "took: runtimeDone success\n",
    ] {
        assert!(tail.contains(line), "{line} in {tail}");
    }
    // The report comes after the invocation: with the next one, or at the end.
    world.pool.drain(&spec.function_arn, None).await;
    log_until(&world, "took: platform.report").await;
    world.close().await;
}

/// How the answer came, and the outcome.
async fn early(world: &World, spec: &VersionSpec, event: &str) -> (Outcome, Outcome) {
    let (sink, expected) = answer_whole();
    let (pool, spec, request) = (world.pool.clone(), Arc::new(spec.clone()), world.request(event));
    let running = tokio::spawn(async move { pool.invoke_into(spec, request, sink).await });
    let Some(EarlyAnswer::Whole(answer)) = expected.begun().await else {
        panic!("nothing before the end: {}", describe(&running.await.unwrap().unwrap()))
    };
    assert!(!running.is_finished());
    (answer, running.await.unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_does_not_wait_for_extensions_nor_for_what_the_runtime_does_after_it() {
    let world = World::new();
    let slow = r#"
me = register("INVOKE")
while True:
    next_event(me)
    time.sleep(1.5)
    say("extension: through")
"#;
    let (answer, outcome) = early(&world, &with_extension(&world, "slow", slow), "7").await;
    assert_eq!((&answer.payload[..], answer.function_error), (&b"7"[..], None));
    assert_eq!(outcome.payload, answer.payload);
    assert!(outcome.metering.duration >= Duration::from_millis(1500), "{:?}", outcome.metering);
    let tail = &outcome.log_tail;
    assert!(tail.contains("extension: through\n") && tail.contains("REPORT RequestId: "), "{tail}");

    let after = BASH.replace("exec 3>&-\ndone", "exec 3>&-\n  sleep 1\ndone");
    assert_ne!(after, BASH);
    let spec = bootstrap(&world, &after);
    let (answer, outcome) = early(&world, &spec, "1").await;
    assert_eq!(outcome.payload, answer.payload, "{}", describe(&outcome));
    assert_eq!(world.result(&spec, "1").await["count"], 2);
    world.close().await;
}
