//! `zerun image`: container images for functions. They lie in the data directory, which a server that runs looks
//! into at every deployment; only what nothing uses any more is removed by whoever knows that, the server if it runs.

use crate::cli::{ImageCommand, ImageListArguments, ImageLoadArguments, ImageRemoveArguments};
use crate::data_dir::DataDir;
use crate::{Outcome, control};
use clock::Clock;
use images::Images;
use kv::{Kv, KvError, SqliteOptions};
use std::error::Error;
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

pub fn run(command: &ImageCommand) -> Outcome {
    match command {
        ImageCommand::Load(arguments) => load(arguments),
        ImageCommand::List(arguments) => list(arguments),
        ImageCommand::Remove(arguments) => remove(arguments),
    }
}

/// Progress goes to standard error, what was loaded to standard output: a name and a digest a line.
fn load(arguments: &ImageLoadArguments) -> Outcome {
    let (_, images) = open(&arguments.data.data)?;
    let loaded = images.load(&arguments.path, arguments.name.as_ref(), &mut |line| eprintln!("{line}"))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for one in loaded {
        for name in one.names {
            writeln!(out, "{name} {}", one.image.digest)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &ImageListArguments) -> Outcome {
    let (_, images) = open(&arguments.data.data)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (name, image) in images.list()? {
        let (layers, mib) = (image.layers.len(), image.bytes.div_ceil(1 << 20));
        let loaded = image.loaded.to_iso8601();
        writeln!(out, "{:<40} {} {layers:>3} layers {mib:>6} MiB  {loaded}", name.to_string(), image.digest)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn remove(arguments: &ImageRemoveArguments) -> Outcome {
    let (data, images) = open(&arguments.data.data)?;
    for name in &arguments.names {
        images.remove(name)?;
        writeln!(std::io::stdout(), "{name}")?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(sweep(&data, &images))?;
    Ok(ExitCode::SUCCESS)
}

async fn sweep(data: &DataDir, images: &Images) -> Result<(), Box<dyn Error>> {
    if !data.store().exists() {
        // No server ever started here, so there are no functions.
        for digest in images.nameless()? {
            images.forget(&digest)?;
        }
        return Ok(images.sweep()?);
    }
    match Kv::open(SqliteOptions::new(data.store()), Clock::real()) {
        Ok(kv) => {
            let swept = functions::sweep_images(&kv, images).await;
            kv.close().await;
            Ok(swept?)
        }
        Err(KvError::Locked(_)) => Ok(control::sweep_images(data).await?),
        Err(error) => Err(error.into()),
    }
}

fn open(path: &Path) -> Result<(DataDir, Images), Box<dyn Error>> {
    let data =
        DataDir::create(path).map_err(|error| format!("data directory {}: {error}", path.display()))?;
    let owner = std::fs::metadata(data.path())?.uid();
    if owner != nix::unistd::geteuid().as_raw() {
        // What another one makes in there, the server could not open any more.
        let message = format!(
            "{} belongs to the user with the id {owner}: run this as that one",
            data.path().display()
        );
        return Err(message.into());
    }
    let images = Images::open(data.images(), Clock::real())?;
    Ok((data, images))
}
