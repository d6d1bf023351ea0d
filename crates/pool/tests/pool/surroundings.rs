use crate::fixture::{World, node_runtime, python_runtime};
use pool::{ApplicationLevel, LogFormat, SystemLevel};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_the_documented_one_and_nothing_else() {
    let world = World::new();
    let mut spec = world.node("exports.handler = async () => ({ env: process.env, cwd: process.cwd() });");
    spec.environment = [("MINE", "1"), ("AWS_REGION", "hijacked"), ("PATH", "/mine:/usr/bin")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let seen = world.result(&spec, "{}").await;
    assert_eq!(seen["cwd"], "/var/task");
    let env = seen["env"].as_object().unwrap();
    for (name, value) in [
        ("MINE", "1"),
        ("AWS_REGION", "us-east-1"),
        ("PATH", "/mine:/usr/bin"),
        ("_HANDLER", "index.handler"),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.function_name.as_str()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret of arn:aws:iam::000000000000:role/r"),
        ("AWS_SESSION_TOKEN", "token"),
        ("TZ", ":UTC"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
    ] {
        assert_eq!(env.get(name).and_then(Value::as_str), Some(value), "{name}");
    }
    for name in ["HOME", "USER", "CARGO_MANIFEST_DIR"] {
        assert!(!env.contains_key(name), "{name} leaks in");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_is_reached_at_its_endpoint_and_nothing_else_is() {
    let world = World::new();
    let spec = world.node(
        "const net = require('net');
         const talk = (host, port) => new Promise((resolve) => {
           const socket = net.connect({ host, port }, () => socket.end('hello'));
           socket.on('data', (data) => resolve(data.toString())); socket.on('error', (error) => resolve(error.code)); });
         exports.handler = async () => [await talk('127.0.0.1', 4566), await talk('sandbox.localdomain', 4566),
           await talk('localhost.localstack.cloud', 4566), await talk('127.0.0.1', 22), await talk('169.254.169.254', 80), await talk('10.0.0.1', 80)];",
    );
    let refused = "EHOSTUNREACH";
    let expected = json!(["hello", "hello", "hello", "ECONNREFUSED", refused, refused]);
    let outcome = world.invoke(&spec, "{}").await;
    assert_eq!(serde_json::from_slice::<Value>(&outcome.payload).unwrap(), expected);
    let told = "EGRESS\tTCP to 10.0.0.1:80 refused: a private address\n";
    assert!(outcome.log_tail.contains(told), "{}", outcome.log_tail);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_channel_is_the_runtimes_own_and_who_scribbles_on_it_is_alone_in_that() {
    let world = World::new();
    let descriptors = "ls -l /proc/self/fd";
    let node = world.node(&format!(
        "exports.handler = async () => require('child_process').execSync('{descriptors}').toString();"
    ));
    let python = world.python(&format!(
        "import subprocess\ndef handler(event, context):\n return subprocess.run('{descriptors}', shell=True, close_fds=False, capture_output=True, text=True).stdout"
    ));
    for spec in [node, python] {
        let seen = world.result(&spec, "{}").await;
        let seen = seen.as_str().unwrap();
        // Beside the streams, only the directory that is being read.
        assert!(seen.contains("3 -> /proc/") && !seen.contains("4 -> "), "{seen}");
    }
    let scribbles = world.node(
        "exports.handler = async (event) => { if (event.how) require('fs').writeSync(3, event.how); return 'well'; };",
    );
    // Half a frame's head takes the answer's first bytes for its own.
    for how in ["GET / HTTP/1.1\r\n\r\n", "\0"] {
        let event = json!({ "how": how }).to_string();
        let outcome = world.invoke(&scribbles, &event).await;
        assert!(outcome.function_error.is_some(), "{outcome:?}");
        assert_eq!(world.result(&scribbles, "{}").await, json!("well"), "another instance");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exec_wrapper_starts_the_runtime() {
    let world = World::new();
    let wrapper = "#!/bin/bash\nexport WRAPPED=\"$#\"\nexec \"$@\"\n";
    for (runtime, handler, file, source) in [
        (node_runtime(), "index.handler", "index.js", "exports.handler = async () => process.env.WRAPPED;"),
        (
            python_runtime(),
            "app.handler",
            "app.py",
            "import os\ndef handler(e, c):\n return os.environ['WRAPPED']",
        ),
    ] {
        let mut spec = world.function(&runtime, handler, &[(file, source)]);
        spec.layer_dirs = vec![world.code("wrapper", &[("wrap.sh", wrapper)])];
        spec.environment.insert("AWS_LAMBDA_EXEC_WRAPPER".into(), "/opt/wrap.sh".into());
        let arguments = world.result(&spec, "{}").await;
        assert!(arguments.as_str().unwrap().parse::<u32>().unwrap() >= 2, "{arguments}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_format_reaches_the_shims() {
    let world = World::new();
    let mut spec = world.node("exports.handler = async () => { console.warn('careful'); };");
    spec.log_format = LogFormat::Json { application: ApplicationLevel::Trace, system: SystemLevel::Debug };
    let outcome = world.invoke(&spec, "{}").await;
    let entry = outcome
        .log_tail
        .lines()
        .find_map(|line| serde_json::from_str::<Value>(line).ok().filter(|entry| entry["level"] == "WARN"));
    assert_eq!(entry.map(|entry| entry["message"].clone()), Some(json!("careful")), "{}", outcome.log_tail);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_is_not_there_is_refused_by_name() {
    let world = World::new();
    let spec = world.function("nodejs199.x", "index.handler", &[("index.js", "")]);
    match world.try_invoke(&spec, "{}").await {
        Err(pool::InvokeError::RuntimeMissing(message)) => {
            assert!(message.contains("nodejs199.x") && message.contains(&node_runtime()), "{message}");
        }
        other => panic!("{other:?}"),
    }
    let mut gone = world.node("");
    gone.code_dir = world.dir.path().join("nowhere");
    assert!(matches!(world.try_invoke(&gone, "{}").await, Err(pool::InvokeError::InvalidCode(_))));
    world.wait_for("nothing is left", |status| status.instances.is_empty()).await;
    world.close().await;
}
