use crate::custom::{BASH, bootstrap};
use crate::fixture::{World, python_runtime};
use pool::{InstanceKind, VersionSpec};
use serde_json::json;
use std::sync::Arc;

fn kind(spec: &VersionSpec) -> InstanceKind {
    InstanceKind::new(&spec.runtime, &spec.environment, spec.memory_mb, spec.tmp_mb)
}

async fn ready(world: &World, spec: &VersionSpec, count: usize) {
    world.pool.expect(&kind(spec));
    let runtime = Some(spec.runtime.to_string()).filter(|name| !name.starts_with("provided"));
    world
        .wait_for("made ahead", |status| {
            status
                .prewarmed
                .iter()
                .any(|line| line.runtime == runtime && line.ready >= count && line.making == 0)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_start_takes_what_was_made_ahead() {
    let world = World::new();
    let layer = world.code("layer", &[("shared.txt", "from the layer")]);
    let bash = bootstrap(&world, BASH);
    let mut node = world.node(
        "const fs = require('fs');
         exports.handler = async () => ({
           task: fs.readdirSync('/var/task'), layer: fs.readFileSync('/opt/shared.txt', 'utf8'), env: process.env.MINE,
           modules: fs.readlinkSync('/node_modules'), id: process.getuid() !== 0 });",
    );
    node.layer_dirs = vec![layer];
    node.environment.insert("MINE".into(), "mine".into());
    node.memory_mb = 512;
    let python = world.python("def handler(event, context):\n    return 'python'");
    for spec in [&bash, &node, &python] {
        ready(&world, spec, 1).await;
        world.invoke(spec, "{}").await;
    }
    let expected = json!({
        "task": ["index.js"], "layer": "from the layer", "env": "mine", "modules": "/var/runtime/node_modules", "id": true,
    });
    assert_eq!(world.result(&node, "{}").await, expected);
    let status = world.pool.status();
    let counts: Vec<_> = status.prewarmed.iter().map(|line| (line.taken, line.missed)).collect();
    assert_eq!(counts, [(1, 0); 3], "{status:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_the_functions_own_whatever_it_was_made_with() {
    let world = World::new();
    let mut hog = world.python(
        "def handler(event, context):\n hoard = []\n while True:\n  hoard.append(bytearray(8 << 20))",
    );
    hog.memory_mb = 128;
    ready(&world, &hog, 1).await;
    let (error, outcome) = world.error(&hog, "{}").await;
    assert_eq!(error["errorType"], "Runtime.OutOfMemory", "{}", outcome.log_tail);
    assert!(
        outcome.log_tail.contains("\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t"),
        "{}",
        outcome.log_tail
    );
    let mut large = world.python("def handler(event, context):\n return len(bytearray(600 << 20))");
    large.memory_mb = 1024;
    ready(&world, &large, 1).await;
    assert_eq!(world.result(&large, "{}").await, json!(600 << 20));
    let mut small = world.function(
        &python_runtime(),
        "app.handler",
        &[(
            "app.py",
            "import shutil\ndef handler(event, context):\n return shutil.disk_usage('/tmp').total >> 20",
        )],
    );
    small.tmp_mb = 1024;
    let total = world.result(&small, "{}").await.as_u64().unwrap();
    assert!((900..1100).contains(&total), "{total}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_answered_and_the_stock_grows_within_its_budget() {
    let world = Arc::new(World::with(|config| config.prewarm_memory_mb = 40));
    let spec = Arc::new(bootstrap(&world, BASH));
    ready(&world, &spec, 1).await;
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (world, spec) = (world.clone(), spec.clone());
            tokio::spawn(async move { world.result(&spec, "{}").await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap()["event"], json!({}));
    }
    world.wait_for("more in stock", |status| status.prewarmed.iter().all(|line| line.ready > 1)).await;
    let line = world.pool.status().prewarmed.remove(0);
    assert!((line.ready as u32 + line.making) * line.cost_mb <= 40, "{line:?}");
    Arc::into_inner(world).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_budget_nothing_is_made_ahead() {
    let world = World::with(|config| config.prewarm_memory_mb = 0);
    let spec = bootstrap(&world, BASH);
    world.pool.expect(&kind(&spec));
    world.invoke(&spec, "{}").await;
    let line = world.pool.status().prewarmed.remove(0);
    assert_eq!((line.ready, line.target, line.missed), (0, 0, 1));
    world.close().await;
}

const LOOKS_NODE: &str = "
const fs = require('fs');
const lines = (file, names) => fs.readFileSync(file, 'utf8').split('\\n').filter((l) => names.some((n) => l.startsWith(n)));
exports.handler = async () => {
  const env = { ...process.env };
  delete env.AWS_LAMBDA_LOG_STREAM_NAME;
  delete env._X_AMZN_TRACE_ID;
  return { env, argv: process.argv, execArgv: process.execArgv, cwd: process.cwd(), paths: module.paths,
    main: require.main && require.main.filename, umask: process.umask(),
    status: lines('/proc/self/status', ['Cap', 'Seccomp', 'NoNewPrivs', 'Groups', 'Sig']),
    limits: fs.readFileSync('/proc/self/limits', 'utf8') };
};";

const LOOKS_PYTHON: &str = "
import locale, os, sys, time
def handler(event, context):
    env = dict(os.environ)
    for name in ('AWS_LAMBDA_LOG_STREAM_NAME', '_X_AMZN_TRACE_ID'):
        env.pop(name, None)
    status = [l for l in open('/proc/self/status') if l.split(':')[0] in
              ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'Seccomp', 'NoNewPrivs', 'Groups', 'SigIgn', 'SigBlk', 'SigCgt')]
    return {'env': env, 'argv': sys.argv, 'cwd': os.getcwd(), 'path': sys.path, 'flags': list(sys.flags), 'status': status,
            'locale': locale.setlocale(locale.LC_ALL), 'zone': time.tzname, 'umask': os.umask(0o22),
            'limits': open('/proc/self/limits').read(), 'session': os.getsid(0) == os.getpid(),
            'streams': [s.encoding for s in (sys.stdin, sys.stdout, sys.stderr)]}
";

#[tokio::test(flavor = "multi_thread")]
async fn code_cannot_tell_that_its_process_was_made_ahead() {
    let (with, without) = (World::new(), World::with(|config| config.prewarm_memory_mb = 0));
    for language in ["node", "python"] {
        let mut seen = Vec::new();
        for world in [&with, &without] {
            let mut spec =
                if language == "node" { world.node(LOOKS_NODE) } else { world.python(LOOKS_PYTHON) };
            spec.function_name = names::FunctionName::parse("same").unwrap();
            spec.log_group = "same".into();
            spec.environment.insert("MINE".into(), "mine".into());
            if std::ptr::eq(world, &with) {
                ready(world, &spec, 1).await;
            }
            seen.push(world.result(&spec, "{}").await);
        }
        for (name, value) in seen[0].as_object().unwrap() {
            assert_eq!(value, &seen[1][name], "{language}: {name}");
        }
    }
    assert!(with.pool.status().prewarmed.iter().all(|line| line.process && line.taken == 1));
    with.close().await;
    without.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_to_be_there_when_a_process_starts_is_there() {
    let world = World::new();
    let mut spec = world.node("exports.handler = async () => [process.env.NODE_OPTIONS];");
    ready(&world, &spec, 1).await;
    spec.environment.insert("NODE_OPTIONS".into(), "--max-old-space-size=64".into());
    let seen = world.result(&spec, "{}").await;
    assert_eq!(seen[0], json!("--max-old-space-size=64"));
    let status = world.pool.status();
    assert!(status.prewarmed.iter().any(|line| !line.process && line.missed == 1), "{status:?}");
    world.close().await;
}

/// Only what was forked has objects that the collector was told to leave alone.
const IS_FORKED: &str = "
import gc, random, secrets
def handler(event, context):
    return [gc.get_freeze_count() > 0, random.random(), secrets.token_hex(8)]";

#[tokio::test(flavor = "multi_thread")]
async fn python_processes_are_forked_off_one_template_and_share_no_randomness() {
    let world = World::new();
    if !nix::unistd::geteuid().is_root() {
        eprintln!("not tested: not root");
        return;
    }
    let [one, two, three] = [(); 3].map(|()| world.python(IS_FORKED));
    ready(&world, &one, 1).await;
    // What comes too fast for the stock is forked as well.
    let invoke = |spec| world.result(spec, "{}");
    let results = tokio::join!(invoke(&one), invoke(&two), invoke(&three));
    let results = [results.0, results.1, results.2];
    for (index, result) in results.iter().enumerate() {
        assert_eq!(result[0], true, "{results:?}");
        for other in &results[..index] {
            assert!(result[1] != other[1] && result[2] != other[2], "{results:?}");
        }
    }
    let status = world.pool.status();
    assert!(status.prewarmed.iter().any(|line| line.missed > 0), "{status:?}");
    world.close().await;
}
