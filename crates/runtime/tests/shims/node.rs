use crate::harness::{Process, Program, Way};
use crate::in_every_way;
use bytes::Bytes;
use runtime::api::{Initialised, Reply, StreamEnd};
use serde_json::{Value, json};

fn start_with(way: Way, files: &[(&str, &str)], handler: &str, env: &[(&str, &str)]) -> Process {
    let env = [&[("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x")], env].concat();
    Process::start(&Program { way, argv: &["node", "SHIMS/node/index.js"], files, handler, env: &env })
}

fn start(way: Way, source: &str) -> Process {
    start_with(way, &[("index.js", source)], "index.handler", &[])
}

in_every_way!(
    every_form_of_a_handler_answers,
    a_callback_waits_for_the_loop_unless_told_not_to,
    modules_are_found_wherever_they_may_be,
    what_cannot_start_says_why,
    errors_keep_their_shape_and_the_process_goes_on,
    what_escapes_the_handler_ends_the_process_but_is_told,
    the_context_is_complete,
    console_lines_are_marked,
    streams_are_sent_with_their_prelude_and_their_errors,
    runtimes_from_24_on_take_async_handlers_only,
    large_events_and_answers_pass_and_too_large_ones_leave_the_process_well,
);

async fn every_form_of_a_handler_answers(way: Way) {
    for (source, expected) in [
        ("exports.handler = async (event) => ({ n: event.n + 1 });", json!({"n": 2})),
        ("exports.handler = (event, context, callback) => callback(null, event.n);", json!(1)),
        (
            "exports.handler = (event, context, callback) => setTimeout(() => callback(null, 'late'), 20);",
            json!("late"),
        ),
        ("exports.handler = (event, context) => context.succeed('s');", json!("s")),
        ("exports.handler = (event, context) => context.done(null, 'd');", json!("d")),
        ("exports.handler = (event) => Promise.resolve([event]);", json!([{"n": 1}])),
        ("exports.handler = async () => undefined;", Value::Null),
        // Not a promise and no callback: the loop runs dry, which answers null.
        ("exports.handler = () => 'ignored';", Value::Null),
        ("exports.handler = () => new Promise(() => {});", Value::Null),
        ("module.exports = { handler: async () => 'm' };", json!("m")),
    ] {
        let mut process = start(way, source);
        assert_eq!(process.result(r#"{"n":1}"#).await, expected, "{source}");
        assert_eq!(process.result(r#"{"n":1}"#).await, expected, "again: {source}");
    }
}

async fn a_callback_waits_for_the_loop_unless_told_not_to(way: Way) {
    let waiting = "exports.handler = (event, context, callback) => {
        let done = false; setTimeout(() => { done = true; }, 50); callback(null, { get done() { return done; } });
    };";
    assert_eq!(start(way, waiting).result("{}").await, json!({"done": true}));
    let hasty = waiting.replace("let done", "context.callbackWaitsForEmptyEventLoop = false; let done");
    assert_eq!(start(way, &hasty).result("{}").await, json!({"done": false}));
}

async fn modules_are_found_wherever_they_may_be(way: Way) {
    let esm = "export const handler = async () => 'esm'; export default { other: { inner: async () => 'nested' } };";
    let cjs = "exports.handler = async () => 'cjs'; exports.a = { b: exports.handler };";
    for (files, handler, expected) in [
        (&[("index.mjs", esm)][..], "index.handler", "esm"),
        (&[("index.mjs", esm)], "index.other.inner", "nested"),
        (&[("index.js", esm), ("package.json", r#"{"type":"module"}"#)], "index.handler", "esm"),
        (&[("src/app.cjs", cjs)], "src/app.handler", "cjs"),
        (&[("src/app.js", cjs)], "src/app.a.b", "cjs"),
        (&[("node_modules/dep/index.js", cjs)], "dep.handler", "cjs"),
    ] {
        let mut process = start_with(way, files, handler, &[]);
        assert_eq!(process.result("{}").await, json!(expected), "{handler} in {files:?}");
    }
}

async fn what_cannot_start_says_why(way: Way) {
    for (files, handler, error_type, message) in [
        (&[][..], "index.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'index'"),
        (
            &[("index.js", "require('nope')")],
            "index.handler",
            "Runtime.ImportModuleError",
            "Cannot find module 'nope'",
        ),
        (
            &[("index.mjs", "import 'nope'")],
            "index.handler",
            "Runtime.ImportModuleError",
            "Cannot find package 'nope'",
        ),
        (
            &[("index.js", "exports.handler = (")],
            "index.handler",
            "Runtime.UserCodeSyntaxError",
            "SyntaxError: ",
        ),
        (
            &[("index.mjs", "export const = 1")],
            "index.handler",
            "Runtime.UserCodeSyntaxError",
            "SyntaxError: ",
        ),
        (
            &[("index.js", "")],
            "index.handler",
            "Runtime.HandlerNotFound",
            "index.handler is undefined or not exported",
        ),
        (
            &[("index.js", "exports.handler = 1")],
            "index.handler",
            "Runtime.HandlerNotFound",
            "index.handler is not a function",
        ),
        (&[("index.js", "")], "index", "Runtime.MalformedHandlerName", "Bad handler"),
        (
            &[("index.js", "")],
            "../index.handler",
            "Runtime.MalformedHandlerName",
            "is not a valid handler name",
        ),
        (&[("index.js", "throw new TypeError('at load')")], "index.handler", "TypeError", "at load"),
        (
            &[(
                "index.js",
                "Promise.reject(new Error('early')); exports.handler = async () => new Promise(() => {})",
            )],
            "index.handler",
            "Runtime.UnhandledPromiseRejection",
            "Error: early",
        ),
    ] {
        let mut process = start_with(way, files, handler, &[]);
        let error = process.init_error().await;
        assert_eq!(error["errorType"], error_type, "{files:?}: {error}");
        assert!(error["errorMessage"].as_str().unwrap().contains(message), "{files:?}: {error}");
        assert!(error["trace"].is_array(), "{error}");
        assert_eq!(process.exit().await.code(), Some(129));
    }
}

async fn errors_keep_their_shape_and_the_process_goes_on(way: Way) {
    let mut process = start(
        way,
        "exports.handler = (event, context, callback) => { switch (event.how) {
            case 'throw': { const e = new RangeError('r'); e.code = 'E1'; throw e; }
            case 'reject': return Promise.reject(new TypeError('t'));
            case 'callback': return callback(new Error('c'));
            case 'string': return callback('text');
            case 'fail': return context.fail(new Error('f'));
            case 'circular': { const a = {}; a.a = a; return Promise.resolve(a); }
            case 'bigint': return Promise.resolve(1n);
        } };",
    );
    for (how, error_type, message) in [
        ("throw", "RangeError", "r"),
        ("reject", "TypeError", "t"),
        ("callback", "Error", "c"),
        ("string", "string", "text"),
        ("fail", "Error", "f"),
        ("circular", "Error", "Unable to stringify response body"),
        ("bigint", "Error", "Unable to stringify response body"),
    ] {
        let error = process.error(&json!({ "how": how }).to_string()).await;
        assert_eq!(
            (&error["errorType"], &error["errorMessage"]),
            (&json!(error_type), &json!(message)),
            "{how}"
        );
        assert_eq!(error["trace"].as_array().unwrap().is_empty(), how == "string");
    }
    let output = process.output().await;
    assert!(output.contains("\t00000000-0000-4000-8000-000000000001\tERROR\tInvoke Error \t{\"errorType\":\"RangeError\",\"errorMessage\":\"r\",\"code\":\"E1\",\"stack\":["), "{output}");
}

async fn what_escapes_the_handler_ends_the_process_but_is_told(way: Way) {
    for (source, error_type) in [
        (
            "exports.handler = () => { setTimeout(() => { throw new Error('escaped') }, 1); return new Promise(() => setTimeout(() => {}, 9999)) };",
            "Error",
        ),
        (
            "exports.handler = () => { Promise.reject(new Error('escaped')); return new Promise(() => setTimeout(() => {}, 9999)) };",
            "Runtime.UnhandledPromiseRejection",
        ),
    ] {
        let mut process = start(way, source);
        let error = process.error("{}").await;
        assert_eq!(error["errorType"], error_type);
        assert!(error["errorMessage"].as_str().unwrap().contains("escaped"));
        assert_eq!(process.exit().await.code(), Some(129));
    }
}

async fn the_context_is_complete(way: Way) {
    let mut process = start(
        way,
        "exports.handler = async (event, context) => ({
            ...context, remaining: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID,
        });",
    );
    let mut context = process.result("{}").await;
    let remaining = context["remaining"].take().as_i64().unwrap();
    assert!((10_000..=20_000).contains(&remaining), "{remaining}");
    let expected = json!({
        "callbackWaitsForEmptyEventLoop": true,
        "functionVersion": "$LATEST", "functionName": "square", "memoryLimitInMB": "128",
        "logGroupName": "/aws/lambda/square", "logStreamName": "stream",
        "clientContext": {"custom": {"k": "v"}, "client": {"app_title": "t"}},
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:square:live",
        "awsRequestId": "00000000-0000-4000-8000-000000000001",
        "remaining": null, "trace": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
    });
    assert_eq!(context, expected);
}

async fn console_lines_are_marked(way: Way) {
    let source = "console.log('loading'); exports.handler = async () => {
        console.log('two\\nlines', { a: 1 }); console.warn('w'); console.error(new Error('e')); console.debug('d'); };";
    let mut process = start(way, source);
    process.result("{}").await;
    let output = process.output().await;
    let id = "00000000-0000-4000-8000-000000000001";
    for expected in [
        "Z\tundefined\tINFO\tloading\n".to_owned(),
        format!("Z\t{id}\tINFO\ttwo\rlines {{ a: 1 }}\n"),
        format!("Z\t{id}\tWARN\tw\n"),
        format!("Z\t{id}\tERROR\tError: e\r"),
        format!("Z\t{id}\tDEBUG\td\n"),
    ] {
        assert!(output.contains(&expected), "{expected:?} in {output:?}");
    }
    let env = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "WARN")];
    let mut process = start_with(way, &[("index.js", source)], "index.handler", &env);
    process.result("{}").await;
    let output = process.output().await;
    let entries: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 2, "{output}");
    assert_eq!((&entries[0]["level"], &entries[0]["message"]), (&json!("WARN"), &json!("w")));
    assert_eq!((&entries[1]["errorType"], &entries[1]["errorMessage"]), (&json!("Error"), &json!("e")));
}

async fn streams_are_sent_with_their_prelude_and_their_errors(way: Way) {
    let started =
        |source: &str| start(way, &format!("exports.handler = awslambda.streamifyResponse({source});"));
    let answer = |source: &str| {
        let mut process = started(source);
        async move { process.stream(r#"{"n":1}"#).await }
    };
    let octets = "application/octet-stream";
    for (source, content_type, body) in [
        (
            "async (event, stream, context) => { stream.write('a'); stream.write(String(event.n)); stream.end('z'); }",
            octets,
            &b"a1z"[..],
        ),
        (
            "async (event, stream) => { await require('stream/promises').pipeline(require('stream').Readable.from(['p', 'q']), stream); }",
            octets,
            b"pq",
        ),
        (
            "async (event, stream) => {
                stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 }); stream.write('body'); stream.end(); }",
            "application/vnd.awslambda.http-integration-response",
            b"{\"statusCode\":201}\0\0\0\0\0\0\0\0body",
        ),
        ("async (event, stream) => { stream.end(); }", octets, b""),
        ("async (event, stream) => { stream.write('never ended'); }", octets, b"never ended"),
    ] {
        let expected = (content_type.to_owned(), Bytes::from_static(body), StreamEnd::Complete);
        assert_eq!(answer(source).await, expected, "{source}");
    }
    let before = started("async () => { throw new Error('before') }").invoke("{}").await;
    assert!(matches!(before, Reply::Error(_)), "{before:?}");
    let midway = "async (event, stream) => { stream.write('half'); await new Promise((r) => setTimeout(r, 20)); throw new Error('midway') }";
    match answer(midway).await {
        (_, body, StreamEnd::BrokenOff(report)) => {
            assert_eq!(&body[..], b"half");
            assert!(String::from_utf8_lossy(&report.body).contains("\"errorMessage\":\"midway\""));
        }
        other => panic!("{other:?}"),
    }
}

async fn runtimes_from_24_on_take_async_handlers_only(way: Way) {
    let env = [("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs24.x")];
    let callback = [("index.js", "exports.handler = (event, context, callback) => callback();")];
    let error = start_with(way, &callback, "index.handler", &env).init_error().await;
    assert_eq!(error["errorType"], "Runtime.CallbackHandlerDeprecated");
    let plain = [(
        "index.js",
        "exports.handler = (event, context) => ({ done: typeof context.done, waits: 'callbackWaitsForEmptyEventLoop' in context });",
    )];
    let mut process = start_with(way, &plain, "index.handler", &env);
    assert_eq!(process.result("{}").await, json!({"done": "undefined", "waits": false}));
}

async fn large_events_and_answers_pass_and_too_large_ones_leave_the_process_well(way: Way) {
    let mut process = start(way, "exports.handler = async (event) => 'x'.repeat(event.length || event.n);");
    assert_eq!(process.initialised().await, Initialised::Ready);
    let event = json!("y".repeat(6_000_000)).to_string();
    assert_eq!(process.result(&event).await.as_str().map(str::len), Some(6_000_000));
    let reply = process.invoke(r#"{"n":7000000}"#).await;
    assert!(matches!(reply, Reply::TooLarge(7_000_002)), "{reply:?}");
    assert_eq!(process.result(r#"{"n":2}"#).await, json!("xx"));
}

#[tokio::test]
async fn a_generic_process_becomes_what_one_started_for_its_function_is() {
    let source = "const found = require('beside');
        exports.handler = async () => {
            const { AWS_LAMBDA_RUNTIME_API, ...env } = process.env;
            return {
                env, found, cwd: process.cwd(), argv: process.argv.slice(1), flags: process.execArgv,
                main: require.main.filename, paths: module.paths, globalPaths: require('module').globalPaths,
                hour: new Date(0).getHours(), zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
                globals: Object.keys(globalThis), handles: process._getActiveHandles().length,
                listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
            };
        };";
    let files = [("index.js", source), ("elsewhere/beside/index.js", "module.exports = 'beside';")];
    let env = [("NODE_PATH", "ROOT/elsewhere"), ("TZ", "Asia/Tokyo"), ("MINE", "é=1\n2"), ("EMPTY", "")];
    let [channel, generic] = [Way::Channel, Way::Generic].map(|way| {
        let mut process = start_with(way, &files, "index.handler", &env);
        async move { process.portable_result("{}").await }
    });
    let (channel, generic) = tokio::join!(channel, generic);
    assert_eq!(channel, generic);
    assert_eq!(
        [&generic["found"], &generic["hour"], &generic["cwd"], &generic["env"]["MINE"]],
        [&json!("beside"), &json!(9), &json!("ROOT"), &json!("é=1\n2")]
    );
}
