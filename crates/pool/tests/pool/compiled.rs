//! What is compiled behind a package's first start.

use crate::fixture::{World, node_runtime};
use pool::VersionSpec;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// More than is compiled ahead, on lines of its own.
fn filling() -> String {
    (0..1500).map(|number| format!("function f{number}(a) {{ return a + {number}; }}\n")).collect()
}

/// Tells where it is, what it sees and how it was loaded.
fn witness() -> String {
    let head = "const stack = new Error().stack.split('\\n'); const small = require('./lib/small');";
    let handler = "exports.handler = async () => ({
        place: stack[1].trim(), compiled: stack[2].includes('compiled.js'), sum: f1499(1), small: small.answer(),
        imported: (await import('./lib/module.mjs')).answer, file: __filename, directory: __dirname,
        id: module.id, children: module.children.map((child) => child.filename), loaded: module === require.cache[__filename],
        resolved: [require.resolve('./lib/small'), require.resolve.paths('x')[0]], main: require.main.filename,
        strict: (function () { return this === undefined; })(), wanting: (() => { try { require('./none'); } catch (e) { return e.code; } })(),
      });";
    format!("{head}\n{}{handler}", filling())
}

fn function(world: &World, files: &[(&str, &str)]) -> VersionSpec {
    world.function(&node_runtime(), "index.handler", files)
}

async fn answer(world: &World, spec: &VersionSpec) -> Value {
    let outcome = world.invoke(spec, "{}").await;
    assert!(outcome.metering.cold, "the start is what is looked at");
    assert_eq!(outcome.function_error, None, "{:?}", outcome.payload);
    world.pool.drain(&spec.function_arn, None).await;
    serde_json::from_slice(&outcome.payload).unwrap()
}

/// The directory of what was compiled for `spec`, when it is there.
async fn made(world: &World, spec: &VersionSpec) -> PathBuf {
    let all = world.dir.path().join("pool/compiled");
    let code = spec.code_dir.file_name().unwrap().to_str().unwrap().to_owned();
    let (code, memory) = (format!("{code}-"), format!("-{}", spec.memory_mb));
    for _ in 0..3000 {
        let entries = std::fs::read_dir(&all).unwrap().map(|entry| entry.unwrap());
        let mut named = entries.filter(|entry| {
            let name = entry.file_name().into_string().unwrap();
            name.starts_with(&code) && name.ends_with(&memory)
        });
        if let Some(entry) = named.next() {
            return entry.path();
        }
        world.clock.sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was compiled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_compiled_behind_its_first_start_and_behaves_as_before() {
    let world = World::new();
    let files = [
        ("index.js", &*witness()),
        ("lib/small.js", "exports.answer = () => 42;"),
        ("lib/module.mjs", "export const answer = 43;"),
    ];
    let spec = function(&world, &files);
    let mut first = answer(&world, &spec).await;
    assert_eq!(first["compiled"], json!(false));
    assert_eq!((&first["sum"], &first["small"], &first["imported"]), (&json!(1500), &json!(42), &json!(43)));
    let directory = made(&world, &spec).await;
    let kept: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept, ["index.js"], "what is small, or no CommonJS, is not compiled ahead");
    let second = answer(&world, &spec).await;
    assert_eq!(second["compiled"], json!(true));
    first["compiled"] = json!(true);
    assert_eq!(second, first);
    // V8 takes only what was made under its own options: other functions of the same code have their own.
    let larger = VersionSpec { memory_mb: 512, revision: "2".into(), ..spec.clone() };
    assert_eq!(answer(&world, &larger).await["compiled"], json!(false));
    made(&world, &larger).await;
    assert_eq!(answer(&world, &larger).await["compiled"], json!(true));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_package_runs_while_it_is_compiled_and_what_is_broken_stays_so() {
    let world = World::new();
    let broken = format!("{}this is no script", filling());
    let loud = format!("{}while (true) {{}}", filling());
    let index = format!(
        "{}exports.handler = async () => {{ try {{ require('./broken'); }} catch (e) {{ return [e.name]; }} }};",
        filling()
    );
    let spec = function(&world, &[("index.js", &index), ("broken.js", &broken), ("loud.js", &loud)]);
    assert_eq!(answer(&world, &spec).await[0], json!("SyntaxError"));
    let directory = made(&world, &spec).await;
    assert!(directory.join("index.js").exists() && directory.join("loud.js").exists());
    assert!(!directory.join("broken.js").exists());
    assert_eq!(answer(&world, &spec).await[0], json!("SyntaxError"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_import_is_its_modules_own() {
    let world = World::new();
    let called = "/** @type {import('./types').T} don't */ // import('no')
        exports.own = async () => (await import('./b.mjs')).answer;
        exports.two = () => { for (const x of [1]) { import('./b.mjs'); } return typeof import(`./${'b'}.mjs`); };
        exports.name = { import: 1 }.import + /import('x')/.source;";
    let evaluated =
        "exports.own = async () => (await new Function('x', 'return import(x)')('node:fs')).constants;";
    let named = "exports.own = async () => ({ import(x) { return x; } }).import(44);";
    let index = "exports.handler = async () => {
        const [called, evaluated, named] = ['./a/called', './a/evaluated', './a/named'].map((name) => require(name));
        const compiled = called.stack.split('\\n')[2].includes('compiled.js');
        return [compiled, await called.own(), called.two(), called.name, typeof await evaluated.own(), await named.own()];
    };";
    let large = |source: &str| format!("exports.stack = new Error().stack;\n{source}\n{}", filling());
    let (called, evaluated, named) = (large(called), large(evaluated), large(named));
    let files = [
        ("index.js", index),
        ("a/called.js", &*called),
        ("a/evaluated.js", &*evaluated),
        ("a/named.js", &*named),
        ("a/b.mjs", "export const answer = 43;"),
    ];
    let spec = function(&world, &files);
    assert_eq!(answer(&world, &spec).await, json!([false, 43, "object", "1import('x')", "object", 44]));
    let directory = made(&world, &spec).await.join("a");
    assert!(directory.join("called.js").exists());
    // What a string holds may be run once, and a method of that name is no call: such files are left alone.
    assert!(!directory.join("evaluated.js").exists() && !directory.join("named.js").exists());
    assert_eq!(answer(&world, &spec).await, json!([true, 43, "object", "1import('x')", "object", 44]));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_compiled_as_ever() {
    let world = World::new();
    let source = format!(
        "const compiled = new Error().stack.split('\\n')[2].includes('compiled.js');\n{}exports.handler = async () => compiled;",
        filling()
    );
    let spec = function(&world, &[("index.js", &source)]);
    answer(&world, &spec).await;
    let made = made(&world, &spec).await.join("index.js");
    let text = std::fs::read(&made).unwrap();
    for damaged in [&b""[..], b"garbage", &text[..64], &[0; 4096], &[255; 4096]] {
        std::fs::remove_file(&made).unwrap();
        std::fs::write(&made, damaged).unwrap();
        assert_eq!(answer(&world, &spec).await, json!(false));
    }
    std::fs::write(&made, text).unwrap();
    assert_eq!(answer(&world, &spec).await, json!(true));
    // Somebody who changes how modules are made sees their texts.
    let environment = [("NODE_OPTIONS".to_owned(), "--enable-source-maps".to_owned())].into();
    let mapped = VersionSpec { environment, revision: "2".into(), ..spec.clone() };
    assert_eq!(answer(&world, &mapped).await, json!(false));
    world.close().await;
}
