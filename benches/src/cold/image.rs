use super::Case;
use crate::{Context, Result, fixture::Function};
use aws_lc_rs::digest;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Without a Runtime API it ends at once: the bare process.
const PROGRAM: &str = r#"
package main

import ("bytes"; "fmt"; "io"; "net/http"; "os")

func main() {
	address := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	if address == "" { fmt.Println("{}"); return }
	api := "http://" + address + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(api + "next")
		if err != nil { panic(err) }
		event, _ := io.ReadAll(next.Body)
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		http.Post(api+id+"/response", "application/json", bytes.NewReader(event))
	}
}
"#;

/// A static Go program that is all of its image, loaded into the server on `data`.
///
/// # Errors
/// There is no Go, or the image cannot be loaded.
pub(super) fn case(context: &Context, data: &Path) -> Result<Case> {
    let directory = context.disk.join("image");
    let blobs = directory.join("layout/blobs/sha256");
    fs::create_dir_all(&blobs)?;
    fs::write(directory.join("main.go"), PROGRAM)?;
    let mut build = Command::new("go");
    build.args(["build", "-ldflags=-s -w", "-o", "app", "main.go"]).current_dir(&directory);
    done(build.env("CGO_ENABLED", "0").env("GO111MODULE", "off"))?;
    done(Command::new("tar").args(["-cf", "layer.tar", "app"]).current_dir(&directory))?;

    let blob = |bytes: &[u8]| -> Result<(String, usize)> {
        let name = hex::encode(digest::digest(&digest::SHA256, bytes));
        fs::write(blobs.join(&name), bytes)?;
        Ok((format!("sha256:{name}"), bytes.len()))
    };
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let (layer, layer_bytes) = blob(&fs::read(directory.join("layer.tar"))?)?;
    let config = serde_json::json!({
        "architecture": architecture, "os": "linux", "config": {"Entrypoint": ["/app"]},
        "rootfs": {"type": "layers", "diff_ids": [layer]},
    });
    let (config, config_bytes) = blob(config.to_string().as_bytes())?;
    let manifest = serde_json::json!({
        "schemaVersion": 2, "config": {"digest": config, "size": config_bytes},
        "layers": [{"digest": layer, "size": layer_bytes}],
    });
    let (manifest, manifest_bytes) = blob(manifest.to_string().as_bytes())?;
    let index = serde_json::json!({"manifests": [{"digest": manifest, "size": manifest_bytes}]});
    fs::write(directory.join("layout/index.json"), index.to_string())?;
    let mut load = Command::new(&context.zerun);
    load.args(["image", "load", "--name", "bench:1", "--data"]).arg(data).arg(directory.join("layout"));
    done(load.stdout(Stdio::null()))?;

    let mut bare = Command::new(directory.join("app"));
    bare.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(Case { name: "container image in Go", function: Function::of_image("localhost/bench:1"), bare })
}

fn done(command: &mut Command) -> Result<()> {
    let output = command.stderr(Stdio::piped()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}
