use crate::fixture::{World, describe};
use serde_json::{Value, json};
use std::time::Duration;

async fn gone(world: &World) {
    world.wait_for("a broken instance is not kept", |status| status.instances.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_loops_is_stopped_at_its_timeout() {
    let world = World::new();
    for source in [
        "exports.handler = async () => { for (;;); };",
        "exports.handler = async () => new Promise((resolve) => setTimeout(resolve, 60000));",
    ] {
        let mut spec = world.node(source);
        spec.timeout = Duration::from_secs(1);
        let (error, outcome) = world.error(&spec, "{}").await;
        assert_eq!(error["errorType"], "Sandbox.Timedout");
        assert!(
            error["errorMessage"].as_str().unwrap().ends_with(" Error: Task timed out after 1.00 seconds"),
            "{error}"
        );
        assert!(
            outcome.log_tail.contains(" Task timed out after 1.00 seconds\nEND RequestId: "),
            "{}",
            outcome.log_tail
        );
        assert!(
            outcome.log_tail.contains("\tDuration: 1000.00 ms\t")
                && outcome.log_tail.contains("\tStatus: timeout\t")
        );
        gone(&world).await;
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_exits_says_how() {
    let world = World::new();
    for (source, message) in [
        ("exports.handler = async () => process.exit(1);", "Runtime exited with error: exit status 1"),
        ("exports.handler = async () => process.exit(0);", "Runtime exited without providing a reason"),
        (
            "exports.handler = async () => { process.kill(process.pid, 'SIGKILL'); await new Promise(() => setTimeout(() => {}, 9999)); };",
            "Runtime exited with error: signal: killed",
        ),
    ] {
        let (error, outcome) = world.error(&world.node(source), "{}").await;
        assert_eq!(error["errorType"], "Runtime.ExitError");
        assert!(error["errorMessage"].as_str().unwrap().ends_with(message), "{error}");
        assert!(
            outcome.log_tail.contains(&format!(" Error: {message}\nRuntime.ExitError\n")),
            "{}",
            outcome.log_tail
        );
        gone(&world).await;
    }
    let escaped = world.node("exports.handler = async () => { setTimeout(() => { throw new Error('later'); }, 1); await new Promise(() => setTimeout(() => {}, 9999)); };");
    let (error, outcome) = world.error(&escaped, "{}").await;
    assert_eq!(
        (&error["errorType"], &error["errorMessage"]),
        (&json!("Error"), &json!("later")),
        "{}",
        describe(&outcome)
    );
    gone(&world).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_hog_is_killed_alone() {
    let world = World::new();
    let mut hog = world.python(
        "def handler(event, context):\n hoard = []\n while True:\n  hoard.append(bytearray(8 << 20))",
    );
    hog.memory_mb = 128;
    let bystander = world.node("let n = 0; exports.handler = async () => ++n;");
    assert_eq!(world.result(&bystander, "{}").await, json!(1));
    let (error, outcome) = world.error(&hog, "{}").await;
    assert_eq!(error["errorType"], "Runtime.OutOfMemory", "{}", describe(&outcome));
    assert!(
        error["errorMessage"].as_str().unwrap().ends_with("Runtime exited with error: signal: killed"),
        "{error}"
    );
    assert!(
        outcome.log_tail.contains("\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t"),
        "{}",
        outcome.log_tail
    );
    let failed = "\tStatus: error\tError Type: Runtime.OutOfMemory\t";
    assert!(outcome.log_tail.contains(failed), "{}", outcome.log_tail);
    assert_eq!(world.result(&bystander, "{}").await, json!(2));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_bomb_stays_in_its_sandbox() {
    let world = World::new();
    let mut bomb = world.python(
        "import os, signal, time
def handler(event, context):
    made = []
    try:
        while True:
            child = os.fork()
            if child == 0:
                time.sleep(600)
            made.append(child)
    except OSError as error:
        stopped_by = type(error).__name__
    for child in made:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return {'made': len(made), 'error': stopped_by}",
    );
    bomb.memory_mb = 2048;
    bomb.timeout = Duration::from_secs(60);
    let bystander = world.node("exports.handler = async () => 1;");
    let (outcome, beside) = tokio::join!(world.invoke(&bomb, "{}"), world.result(&bystander, "{}"));
    assert_eq!(outcome.function_error, None, "{}", describe(&outcome));
    let document: Value = serde_json::from_slice(&outcome.payload).unwrap();
    assert_eq!(document["error"], "BlockingIOError");
    // The limit is 1,024, the runtime's own among them.
    assert!((900..1024).contains(&document["made"].as_u64().unwrap()), "{document}");
    assert_eq!(beside, json!(1));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_tmp_is_the_functions_own_affair() {
    let world = World::new();
    let mut spec = world.node(
        "const fs = require('fs'); exports.handler = async (event) => {
           if (event.fill) { try { for (let i = 0; ; i++) fs.writeFileSync('/tmp/f' + i, Buffer.alloc(1 << 20)); } catch (e) { return e.code; } }
           return fs.existsSync('/tmp/f0'); };",
    );
    spec.tmp_mb = 64;
    assert_eq!(world.result(&spec, r#"{"fill":true}"#).await, json!("ENOSPC"));
    assert_eq!(world.result(&spec, "{}").await, json!(true), "kept for the next invocation");
    for path in ["/var/task/x", "/opt/x", "/var/runtime/x", "/etc/x", "/x"] {
        let source = format!(
            "exports.handler = async () => {{ try {{ require('fs').writeFileSync('{path}', ''); return 'written'; }} catch (e) {{ return e.code; }} }};"
        );
        let code = world.result(&world.node(&source), "{}").await;
        assert!(matches!(code.as_str(), Some("EROFS" | "EACCES")), "{path}: {code}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_output_is_bounded() {
    let world = World::new();
    let mut spec = world.node(
        "exports.handler = async () => { const line = 'x'.repeat(1023) + '\\n'; for (let i = 0; i < 20000; i++) process.stdout.write(line); console.log('the end'); };",
    );
    spec.timeout = Duration::from_secs(30);
    let outcome = world.invoke(&spec, "{}").await;
    assert_eq!(outcome.function_error, None, "{}", describe(&outcome));
    assert!(outcome.metering.duration > Duration::from_millis(500), "{:?}", outcome.metering);
    assert!(
        outcome.log_tail.len() <= 4096 && outcome.log_tail.contains("the end\nEND RequestId"),
        "{}",
        outcome.log_tail
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_nobody_takes_are_counted_and_told() {
    let world = World::new();
    let spec = world.node(
        "exports.handler = async () => { for (let i = 0; i < 10000; i++) process.stdout.write('line\\n'); };",
    );
    let outcome = world.invoke(&spec, "{}").await;
    let told = outcome.log_tail.lines().last().unwrap_or_default();
    assert!(told.contains(" of this log were dropped"), "{told}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_without_end_harm_nobody_else() {
    let world = World::new();
    let before = descriptors();
    let mut spec = world.node(
        "const net = require('net');
         exports.handler = async () => {
           let failed = 0;
           for (const port of [9001, 4566]) for (let i = 0; i < 450; i++) {
             const socket = net.connect(port, '127.0.0.1', () => socket.write('NONSENSE / HTTP/9\\r\\n'));
             socket.on('error', () => failed++); socket.unref();
           }
           await new Promise((resolve) => setTimeout(resolve, 500));
           return 'done'; };",
    );
    spec.timeout = Duration::from_secs(5);
    let bystander = world.node("exports.handler = async () => 1;");
    let (outcome, beside) = tokio::join!(world.invoke(&spec, "{}"), world.result(&bystander, "{}"));
    assert_eq!(&outcome.payload[..], br#""done""#, "{}", describe(&outcome));
    assert_eq!(beside, json!(1));
    assert!(descriptors() < before + 700, "{}", descriptors());
    world.close().await;
}

/// Open descriptors of this process, which other tests use too.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_is_refused_and_the_instance_kept() {
    let world = World::new();
    let spec =
        world.node("let n = 0; exports.handler = async (event) => event.large ? 'x'.repeat(7 << 20) : ++n;");
    let (error, _) = world.error(&spec, r#"{"large":true}"#).await;
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    let expected = format!(
        "Response payload size ({} bytes) exceeded maximum allowed payload size (6291556 bytes).",
        (7 << 20) + 2
    );
    assert_eq!(error["errorMessage"], expected);
    assert_eq!(world.result(&spec, "{}").await, json!(1));
    assert_eq!(world.pool.status().instances.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_is_not_there_is_an_error_of_the_function() {
    let world = World::new();
    let (error, outcome) = world.error(&world.node("exports.other = 1;"), "{}").await;
    assert_eq!(error["errorType"], "Runtime.HandlerNotFound");
    assert_eq!(error["errorMessage"], "index.handler is undefined or not exported");
    assert!(
        outcome.log_tail.contains("Status: error\tError Type: Runtime.HandlerNotFound"),
        "{}",
        outcome.log_tail
    );
    let (error, _) = world.error(&world.node("exports.handler = ("), "{}").await;
    assert_eq!(error["errorType"], "Runtime.UserCodeSyntaxError");
    gone(&world).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_start_is_repeated_inside_the_invocation() {
    let world = World::with(|config| config.init_timeout = Duration::from_millis(700));
    // Slow the first time only: /tmp outlives the restart.
    let spec = world.node(
        "const fs = require('fs'); if (!fs.existsSync('/tmp/tried')) { fs.writeFileSync('/tmp/tried', ''); const end = Date.now() + 60000; while (Date.now() < end); }
         exports.handler = async () => 'at last';",
    );
    let outcome = world.invoke(&spec, "{}").await;
    assert_eq!(&outcome.payload[..], br#""at last""#, "{}", describe(&outcome));
    assert!(outcome.log_tail.contains(" ms\tPhase: init\tStatus: timeout\n"), "{}", outcome.log_tail);
    assert!(outcome.metering.cold && outcome.metering.init.is_none());
    let mut never = world.node("for (;;);");
    never.timeout = Duration::from_secs(1);
    let (error, _) = world.error(&never, "{}").await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_failed_timed_out_or_lacked_memory_is_never_used_again() {
    let world = World::new();
    // The child that lacks memory is killed; the function itself lives on, and answers.
    let source = "import os, subprocess, sys, time
seen = 0
def handler(event, context):
    global seen
    seen += 1
    if event.get('do') == 'exit':
        os._exit(3)
    if event.get('do') == 'hang':
        time.sleep(60)
    if event.get('do') == 'hoard':
        child = subprocess.run([sys.executable, '-S', '-c', 'x = bytearray(512 << 20)'])
        return child.returncode
    return seen";
    let mut spec = world.python(source);
    spec.memory_mb = 192;
    spec.timeout = Duration::from_secs(3);
    for what in ["exit", "hang", "hoard"] {
        assert_eq!(world.result(&spec, "{}").await, json!(1), "before {what}");
        assert_eq!(world.result(&spec, "{}").await, json!(2));
        let outcome = world.invoke(&spec, &format!(r#"{{"do":"{what}"}}"#)).await;
        if what == "hoard" {
            assert_eq!(&outcome.payload[..], b"-9", "{}", describe(&outcome));
        } else {
            assert!(outcome.function_error.is_some(), "{}", describe(&outcome));
        }
        gone(&world).await;
    }
    world.close().await;
}
