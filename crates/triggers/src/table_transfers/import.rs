//! From objects to items: each object under the prefix is read from its beginning to its end, in the order of their keys.

use super::decompress::Decompress;
use super::lines::Reading;
use super::{PAUSE, Stop, TableTransfers, bucket};
use futures_util::StreamExt;
use objects::{BucketRef, GetObject, ListObjects, ObjectKey, ObjectsError, PAGE_MAX, ReadConditions, Wanted};
use std::collections::HashMap;
use tables::{Failure, Import, ImportStep, Stepped, Transfer};
use tokio::task::{Id, JoinSet};

/// Imports that are read at once: each may need as much memory as what is compressed asks for, 128 MiB at most.
const RUNNING_MAX: usize = 4;
/// Imports that are looked at for one to begin.
const IMPORTS_MAX: usize = 1_024;

pub(super) async fn run(transfers: &TableTransfers) {
    let mut begun = transfers.tables.transfers_begun(Transfer::Import);
    let mut running: JoinSet<()> = JoinSet::new();
    // By the number of the table that is made.
    let mut numbers: HashMap<Id, u64> = HashMap::new();
    loop {
        let waits = match transfers.tables.imports_under_way(IMPORTS_MAX).await.map_err(Stop::from) {
            Ok(imports) => {
                for import in imports {
                    let number = import.record.table.number;
                    if running.len() < RUNNING_MAX && !numbers.values().any(|one| *one == number) {
                        let task = running.spawn(whole(transfers.clone(), import));
                        numbers.insert(task.id(), number);
                    }
                }
                false
            }
            Err(Stop::Closed) => return,
            Err(stop) => {
                tracing::error!(%stop, "imports of tables cannot be looked for");
                true
            }
        };
        tokio::select! {
            () = begun.changed() => {}
            Some(ended) = running.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(error) => {
                        tracing::error!(%error, "an import of a table was cut off");
                        transfers.clock.sleep(PAUSE).await;
                        error.id()
                    }
                };
                numbers.remove(&id);
            }
            () = transfers.clock.sleep(PAUSE), if waits => {}
        }
    }
}

/// An import until it has ended.
async fn whole(transfers: TableTransfers, mut import: Import) {
    loop {
        let stop = match read(&transfers, &import).await {
            Ok(()) => return,
            Err(Stop::Failed(failure)) => {
                tracing::warn!(import = %import.id.arn(), ?failure, "an import failed");
                let ended = transfers.tables.import_ended(import.id.clone(), Some(failure)).await;
                ended.map_err(Stop::from).err()
            }
            Err(stop) => Some(stop),
        };
        match stop {
            None | Some(Stop::Over | Stop::Closed) => return,
            Some(Stop::Elsewhere) => {}
            Some(stop) => {
                tracing::error!(import = %import.id.arn(), %stop, "an import cannot go on for now");
                transfers.clock.sleep(PAUSE).await;
            }
        }
        // From where it stands.
        match transfers.tables.describe_import(import.id.clone()).await.map_err(Stop::from) {
            Ok(now) => import = now,
            Err(Stop::Later(_)) => {}
            Err(_) => return,
        }
    }
}

async fn read(transfers: &TableTransfers, import: &Import) -> Result<(), Stop> {
    let (plan, progress) = (&import.record.plan, &import.record.progress);
    let bucket = bucket(&plan.bucket, Some(import.id.table.account.clone()))?;
    if let Some(object) = progress.object.as_ref().filter(|_| !progress.is_read) {
        read_object(transfers, import, &bucket, object, progress.lines).await?;
    }
    let mut after = progress.object.clone();
    loop {
        let request = ListObjects {
            bucket: bucket.clone(),
            prefix: plan.prefix.clone().unwrap_or_default(),
            delimiter: None,
            after,
            max: PAGE_MAX,
        };
        let page = transfers.objects.list_objects(request).await?;
        // What is empty, as folders are in consoles, has no lines; compressed, it would be broken.
        for object in page.objects.iter().filter(|object| object.size > 0) {
            read_object(transfers, import, &bucket, &object.key, 0).await?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let now = transfers.tables.describe_import(import.id.clone()).await?;
    let failure = (now.record.progress.errors() > 0).then(|| Failure {
        code: "ItemValidationError".to_owned(),
        message:
            "Some of the items failed validation checks and were not imported. The server's log says why."
                .to_owned(),
    });
    Ok(transfers.tables.import_ended(import.id.clone(), failure).await?)
}

/// From behind `skip` lines, which are done.
async fn read_object(
    transfers: &TableTransfers,
    import: &Import,
    bucket: &BucketRef,
    key: &str,
    skip: u64,
) -> Result<(), Stop> {
    let plan = &import.record.plan;
    let mut reading = Reading::new(plan, &import.record.table.attributes, key, skip);
    let request = GetObject {
        bucket: bucket.clone(),
        key: ObjectKey::parse(key).map_err(ObjectsError::from)?,
        conditions: ReadConditions::default(),
        wanted: Wanted::Whole,
    };
    let mut body = match transfers.objects.get_object(request).await {
        Ok((_, body)) => body.stream,
        // Deleted since it was listed.
        Err(ObjectsError::NoSuchKey) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut decompress = Decompress::new(plan.compression).map_err(|error| Stop::Later(error.to_string()))?;
    let mut broken = None;
    'body: while let Some(bytes) = body.next().await {
        let bytes = bytes?;
        let mut input = &bytes[..];
        loop {
            match decompress.step(&mut input) {
                Ok(found) if found.is_empty() && input.is_empty() => break,
                Ok(found) => reading.push(&found),
                Err(error) => {
                    broken = Some(error.to_string());
                    break 'body;
                }
            }
            while let Some(step) = reading.step() {
                keep(transfers, import, step).await?;
            }
        }
    }
    if broken.is_none() {
        match decompress.finish() {
            Ok(found) => reading.push(&found),
            Err(error) => broken = Some(error.to_string()),
        }
    }
    for step in reading.finish(broken) {
        keep(transfers, import, step).await?;
    }
    Ok(())
}

async fn keep(transfers: &TableTransfers, import: &Import, step: ImportStep) -> Result<(), Stop> {
    match transfers.tables.import_step(import.id.clone(), step).await? {
        Stepped::Kept => Ok(()),
        Stepped::NotNext => Err(Stop::Elsewhere),
        Stepped::Over => Err(Stop::Over),
    }
}
