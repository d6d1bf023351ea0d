use crate::fixture::{World, node_runtime, python_runtime};
use serde_json::json;
use std::path::Path;

/// A pack as the installer makes it, with two packages of our own in the place of the SDK.
fn write_packs(packs: &Path) {
    let write = |name: &str, text: &str| {
        let path = packs.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let sdk = "node/1/node_modules/@aws-sdk/client-s3";
    let manifest = r#"{"name":"@aws-sdk/client-s3","main":"index.cjs","exports":{"import":"./index.mjs","require":"./index.cjs"}}"#;
    write(&format!("{sdk}/package.json"), manifest);
    write(&format!("{sdk}/index.mjs"), "export const S3Client = 'pack esm';");
    write(&format!("{sdk}/index.cjs"), "exports.S3Client = 'pack cjs';");
    write("python/1/boto3/__init__.py", "name = 'pack'");
    for kind in ["node", "python"] {
        std::fs::create_dir_all(packs.join(kind).join("1/zerun_runtime")).unwrap();
        std::os::unix::fs::symlink("1", packs.join(kind).join("current")).unwrap();
    }
}

const ESM: &str =
    "import { S3Client } from '@aws-sdk/client-s3'; export const handler = async () => S3Client;";
const CJS: &str =
    "const { S3Client } = require('@aws-sdk/client-s3'); exports.handler = async () => S3Client;";

#[tokio::test(flavor = "multi_thread")]
async fn unbundled_functions_find_the_sdk_and_layers_come_before_it() {
    let world = World::with_packs(write_packs);
    let esm = world.function(&node_runtime(), "index.handler", &[("index.mjs", ESM)]);
    let cjs = world.function(&node_runtime(), "index.handler", &[("index.js", CJS)]);
    assert_eq!(world.result(&esm, "{}").await, json!("pack esm"));
    assert_eq!(world.result(&cjs, "{}").await, json!("pack cjs"));
    let module = "nodejs/node_modules/@aws-sdk/client-s3";
    let layer = world.code(
        "layer",
        &[
            (
                &format!("{module}/package.json"),
                r#"{"exports":{"import":"./index.mjs","require":"./index.cjs"}}"#,
            ),
            (&format!("{module}/index.mjs"), "export const S3Client = 'layer esm';"),
            (&format!("{module}/index.cjs"), "exports.S3Client = 'layer cjs';"),
        ],
    );
    for (mut spec, expected) in [(esm, "layer esm"), (cjs, "layer cjs")] {
        spec.layer_dirs = vec![layer.clone()];
        spec.revision = "with a layer".into();
        assert_eq!(world.result(&spec, "{}").await, json!(expected));
    }
    let own = world.function(
        &node_runtime(),
        "index.handler",
        &[("index.mjs", ESM), ("node_modules/@aws-sdk/client-s3/index.js", "exports.S3Client = 'own';")],
    );
    assert_eq!(world.result(&own, "{}").await, json!("own"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_finds_its_sdk_and_layers_come_before_it() {
    let world = World::with_packs(write_packs);
    let source = "import boto3\ndef handler(event, context):\n return boto3.name";
    let spec = world.python(source);
    assert_eq!(world.result(&spec, "{}").await, json!("pack"));
    let layer = world.code("layer", &[("python/boto3/__init__.py", "name = 'layer'")]);
    let mut with_layer = spec.clone();
    with_layer.layer_dirs = vec![layer];
    with_layer.revision = "2".into();
    assert_eq!(world.result(&with_layer, "{}").await, json!("layer"));
    let own = [("app.py", source), ("boto3.py", "name = 'own'")];
    let own = world.function(&python_runtime(), "app.handler", &own);
    assert_eq!(world.result(&own, "{}").await, json!("own"));
    // A program that the function starts finds it too.
    let child = world.python("import subprocess, sys\ndef handler(event, context):\n return subprocess.run([sys.executable, '-c', 'import boto3; print(boto3.name)'], capture_output=True, text=True).stdout");
    assert_eq!(world.result(&child, "{}").await, json!("pack\n"));
    world.close().await;
}
