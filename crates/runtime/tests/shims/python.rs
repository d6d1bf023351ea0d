use crate::harness::{Process, Program, Way};
use crate::in_every_way;
use runtime::api::Reply;
use serde_json::{Value, json};

fn start_with(way: Way, files: &[(&str, &str)], handler: &str, env: &[(&str, &str)]) -> Process {
    Process::start(&Program {
        way,
        argv: &["python3", "-S", "SHIMS/python/bootstrap.py"],
        files,
        handler,
        env,
    })
}

fn start(way: Way, source: &str) -> Process {
    start_with(way, &[("app.py", source)], "app.handler", &[])
}

in_every_way!(
    what_the_code_brings_comes_before_the_library,
    results_are_encoded_as_the_service_does,
    errors_keep_their_shape_and_the_process_goes_on,
    what_cannot_start_says_why,
    the_context_is_complete,
    log_records_are_marked,
    packages_directories_and_globals_work,
    an_exit_is_an_exit,
    names_of_the_shim_are_free_for_the_code,
);

async fn results_are_encoded_as_the_service_does(way: Way) {
    for (expression, expected) in [
        ("{'n': event['n'] + 1}", r#"{"n": 2}"#),
        ("None", "null"),
        ("[1.5, True, 'é']", r#"[1.5, true, "é"]"#),
        (
            "{'d': D('1.10'), 'big': D('12345678901234567890.123456789')}",
            r#"{"d": 1.10, "big": 12345678901234567890.123456789}"#,
        ),
    ] {
        let mut process = start(
            way,
            &format!("from decimal import Decimal as D\ndef handler(event, context):\n return {expression}"),
        );
        for _ in 0..2 {
            match process.invoke(r#"{"n":1}"#).await {
                Reply::Response { body, content_type, .. } => {
                    // Whether what is not ASCII is escaped depends on the interpreter's version.
                    let text = String::from_utf8_lossy(&body).replace("\\u00e9", "é");
                    assert_eq!((text.as_str(), content_type.as_str()), (expected, "application/json"));
                }
                other => panic!("{expression}: {other:?}"),
            }
        }
    }
    let mut process = start(way, "def handler(event, context):\n return b'\\x00raw'");
    match process.invoke("{}").await {
        Reply::Response { body, content_type, .. } => {
            assert_eq!((&body[..], content_type.as_str()), (&b"\0raw"[..], "application/unknown"));
        }
        other => panic!("{other:?}"),
    }
}

async fn errors_keep_their_shape_and_the_process_goes_on(way: Way) {
    let mut process = start(
        way,
        "import datetime\ndef handler(event, context):\n how = event['how']\n if how == 'divide':\n  return 1/0\n if how == 'set':\n  return {1}\n if how == 'date':\n  return datetime.datetime(2026, 1, 1)\n raise KeyError('k')",
    );
    for (how, error_type, message) in [
        ("divide", "ZeroDivisionError", "division by zero"),
        (
            "set",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
        (
            "date",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type datetime is not JSON serializable",
        ),
        ("key", "KeyError", "'k'"),
    ] {
        let error = process.error(&json!({ "how": how }).to_string()).await;
        assert_eq!(
            (&error["errorType"], &error["errorMessage"]),
            (&json!(error_type), &json!(message)),
            "{how}"
        );
        assert!(error["requestId"].as_str().unwrap().starts_with("00000000-"), "{error}");
        let trace = error["stackTrace"].as_array().unwrap();
        assert_eq!(trace.len(), usize::from(!error_type.starts_with("Runtime.")), "{error}");
        if how == "divide" {
            let frame = trace[0].as_str().unwrap();
            assert!(frame.contains("app.py\", line 5, in handler\n    return 1/0\n"), "{frame}");
        }
    }
    let output = process.output().await;
    assert!(
        output.contains(
            "[ERROR] ZeroDivisionError: division by zero\rTraceback (most recent call last):\r  File "
        ),
        "{output}"
    );
}

async fn what_cannot_start_says_why(way: Way) {
    for (files, handler, error_type, message) in [
        (
            &[][..],
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'app'",
        ),
        (
            &[("app.py", "import nope")],
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nope'",
        ),
        (
            &[("app.py", "def handler(:")],
            "app.handler",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': ",
        ),
        (
            &[("app.py", "")],
            "app.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app'",
        ),
        (
            &[("app.py", "")],
            "app",
            "Runtime.MalformedHandlerName",
            "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
        ),
        (
            &[("sys.py", "")],
            "sys.handler",
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module sys as a handler module",
        ),
        (&[("app.py", "raise ValueError('at load')")], "app.handler", "ValueError", "at load"),
    ] {
        let mut process = start_with(way, files, handler, &[]);
        let error = process.init_error().await;
        assert_eq!(error["errorType"], error_type, "{files:?}: {error}");
        assert!(error["errorMessage"].as_str().unwrap().starts_with(message), "{files:?}: {error}");
        assert!(error["stackTrace"].is_array() && error["requestId"] == "", "{error}");
        assert_eq!(process.exit().await.code(), Some(1));
    }
}

async fn the_context_is_complete(way: Way) {
    let mut process = start(
        way,
        "import os\ndef handler(event, c):\n return [c.aws_request_id, c.function_name, c.function_version, c.invoked_function_arn,\n  c.memory_limit_in_mb, c.log_group_name, c.log_stream_name, c.client_context.custom, c.client_context.client.app_title,\n  c.identity.cognito_identity_id, c.get_remaining_time_in_millis() > 10000, os.environ['_X_AMZN_TRACE_ID']]",
    );
    let expected = json!([
        "00000000-0000-4000-8000-000000000001", "square", "$LATEST",
        "arn:aws:lambda:us-east-1:000000000000:function:square:live", "128", "/aws/lambda/square", "stream",
        {"k": "v"}, "t", null, true, "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"
    ]);
    assert_eq!(process.result("{}").await, expected);
}

async fn log_records_are_marked(way: Way) {
    let source = "import logging\nlog = logging.getLogger()\nlog.setLevel('INFO')\nlog.info('loading')\ndef handler(event, context):\n log.debug('unseen')\n log.warning('two\\nlines %s', 7)\n print('plain')\n log.info('more', extra={'order': 5})\n try:\n  1/0\n except Exception:\n  log.exception('caught')";
    let mut process = start(way, source);
    process.result("{}").await;
    let output = process.output().await;
    let id = "00000000-0000-4000-8000-000000000001";
    for expected in [
        "Z\t\tloading\n".to_owned(),
        format!("Z\t{id}\ttwo\rlines 7\n"),
        "plain\n".to_owned(),
        format!("Z\t{id}\tcaught\rTraceback (most recent call last):\r"),
    ] {
        assert!(output.contains(&expected), "{expected:?} in {output:?}");
    }
    assert!(output.starts_with("[INFO]\t20") && !output.contains("unseen"), "{output:?}");
    let mut process =
        start_with(way, &[("app.py", source)], "app.handler", &[("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
    process.result("{}").await;
    let output = process.output().await;
    let entries: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(entries.len(), 4, "{output}");
    assert_eq!((&entries[1]["message"], &entries[1]["requestId"]), (&json!("two\nlines 7"), &json!(id)));
    assert_eq!(entries[2]["order"], 5);
    assert_eq!(entries[3]["errorType"], "ZeroDivisionError");
}

async fn packages_directories_and_globals_work(way: Way) {
    let counter = "count = 0\ndef handler(event, context):\n global count\n count += 1\n return count";
    let files = [("src/__init__.py", ""), ("src/app.py", counter)];
    for handler in ["src/app.handler", "src.app.handler"] {
        let mut process = start_with(way, &files, handler, &[]);
        assert_eq!(process.result("{}").await, json!(1));
        assert_eq!(process.result("{}").await, json!(2));
    }
}

async fn an_exit_is_an_exit(way: Way) {
    let mut process = start(way, "import sys\ndef handler(event, context):\n sys.exit(3)");
    assert_eq!(process.exit_on("{}").await.code(), Some(3));
}

async fn names_of_the_shim_are_free_for_the_code(way: Way) {
    let files = [
        ("app.py", "import errors, logs, loop, loader\ndef handler(event, context):\n return errors.mine"),
        ("errors.py", "mine = 'mine'"),
        ("logs.py", ""),
        ("loop.py", ""),
        ("loader.py", ""),
    ];
    assert_eq!(start_with(way, &files, "app.handler", &[]).result("{}").await, json!("mine"));
}

#[tokio::test]
async fn a_generic_process_becomes_what_one_started_for_its_function_is() {
    let source = "import locale, os, sys, time, warnings, logging\ndef handler(event, context):\n env = {k: v for k, v in os.environ.items() if 'PYENV' not in k and k not in ('AWS_LAMBDA_RUNTIME_API', 'PATH', 'PWD', 'SHLVL')}\n return dict(env=env, cwd=os.getcwd(), argv=sys.argv, path=sys.path, orig=sys.orig_argv[1:], flags=list(sys.flags),\n  zone=time.tzname, hour=time.localtime(0).tm_hour, locale=locale.getlocale(), encoding=sys.stdout.encoding, errors=sys.stdout.errors,\n  filters=len(warnings.filters), level=logging.getLogger().level, handlers=len(logging.getLogger().handlers), main=sorted(vars(sys.modules['__main__'])),\n  metapath=[str(finder) for finder in sys.meta_path])";
    let env = [("TZ", "Asia/Tokyo"), ("MINE", "é=1\n2"), ("EMPTY", "")];
    let [channel, generic] = [Way::Channel, Way::Generic].map(|way| {
        let mut process = start_with(way, &[("app.py", source)], "app.handler", &env);
        async move { process.portable_result("{}").await }
    });
    let (channel, generic) = tokio::join!(channel, generic);
    assert_eq!(channel, generic);
    assert_eq!(
        [&generic["hour"], &generic["cwd"], &generic["env"]["MINE"]],
        [&json!(9), &json!("ROOT"), &json!("é=1\n2")]
    );
}

/// A generic process has loaded much of the library by then, and must not be caught at it.
async fn what_the_code_brings_comes_before_the_library(way: Way) {
    let files = [
        (
            "app.py",
            "import decimal, queue, statistics, asyncio, concurrent.futures.thread as t\ndef handler(event, context):\n return [queue.mine, t.queue.mine, decimal.__name__, statistics.mean([1, 3])]",
        ),
        ("queue.py", "mine = 'mine'\nclass SimpleQueue: pass"),
    ];
    let expected = json!(["mine", "mine", "decimal", 2]);
    assert_eq!(start_with(way, &files, "app.handler", &[]).result("{}").await, expected);
}
