//! From rows to objects: files of lines, compressed, and then the manifests that tell of them.

use super::files::Files;
use super::{PAUSE, Stop, TableTransfers, manifest};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use tables::{Export, ExportFile, ExportPiece, ExportState, Tables, Transfer};

/// Bytes of lines that go into a file, about. A file is made in memory.
const FILE_BYTES: usize = 16 * 1024 * 1024;
/// Exports that are looked at in one round.
const EXPORTS_MAX: usize = 256;

pub(super) async fn run(transfers: &TableTransfers) {
    let mut begun = transfers.tables.transfers_begun(Transfer::Export);
    loop {
        match round(transfers).await {
            Ok(true) => {}
            Ok(false) => begun.changed().await,
            Err(Stop::Closed) => return,
            Err(stop) => {
                tracing::error!(%stop, "a table cannot be exported for now");
                transfers.clock.sleep(PAUSE).await;
            }
        }
    }
}

/// Makes a step with each export that is ready for one. Whether there was any.
async fn round(transfers: &TableTransfers) -> Result<bool, Stop> {
    let (mut any, mut later) = (false, None);
    for export in transfers.tables.exports_under_way(EXPORTS_MAX).await? {
        let stepped = match &export.record.state {
            ExportState::Writing => write(transfers, &export).await,
            ExportState::Telling => tell(transfers, &export).await,
            ExportState::Copying | ExportState::Completed { .. } | ExportState::Failed(_) => continue,
        };
        any = true;
        match stepped {
            Ok(()) | Err(Stop::Over) => {}
            Err(Stop::Failed(failure)) => {
                tracing::warn!(export = %export.id.arn(), ?failure, "an export failed");
                transfers.tables.export_ended(export.id, Err(failure)).await?;
            }
            // One that has to wait holds up no other.
            Err(stop) => later = Some(stop),
        }
    }
    later.map_or(Ok(any), Err)
}

/// The next file.
async fn write(transfers: &TableTransfers, export: &Export) -> Result<(), Stop> {
    let files = Files::of(export, &transfers.objects)?;
    if export.record.files == 0 {
        files.put(&files.started(), "application/octet-stream", Bytes::new()).await?;
    }
    let (compressed, piece) = compressed(&transfers.tables, export).await?;
    let key = files.data(export.record.files);
    let etag = files.put(&key, "application/octet-stream", compressed).await?;
    let file = ExportFile { key, items: piece.items, etag };
    let number = export.record.files;
    Ok(transfers.tables.export_file_written(export.id.clone(), number, file, piece).await?)
}

/// A file's bytes; the piece counts all that is in them, without lines.
async fn compressed(tables: &Tables, export: &Export) -> Result<(Bytes, ExportPiece), Stop> {
    let mut whole = ExportPiece { last: export.record.after.clone(), ..ExportPiece::default() };
    let (mut encoder, mut bytes) = (GzEncoder::new(Vec::new(), Compression::fast()), 0);
    while !whole.is_over && bytes < FILE_BYTES {
        let piece = tables.export_piece(export, whole.last.take()).await?;
        bytes += piece.lines.len();
        whole = ExportPiece {
            lines: Vec::new(),
            items: whole.items.saturating_add(piece.items),
            bytes: whole.bytes.saturating_add(piece.bytes),
            last: piece.last,
            is_over: piece.is_over,
        };
        encoder = blocking(move || {
            encoder.write_all(&piece.lines)?;
            Ok(encoder)
        })
        .await?;
    }
    let compressed = blocking(move || encoder.finish()).await?;
    Ok((compressed.into(), whole))
}

/// Compressing takes a processor for a while.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Stop> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Stop::Later(error.to_string()))?.map_err(|error| Stop::Later(error.to_string()))
}

/// The manifests, the summary last: who finds it finds all.
async fn tell(transfers: &TableTransfers, export: &Export) -> Result<(), Stop> {
    let files = Files::of(export, &transfers.objects)?;
    let mut lines = Vec::new();
    let mut number = 0;
    while number < export.record.files {
        let told = transfers.tables.export_files(&export.record, number).await?;
        if told.is_empty() {
            return Err(Stop::failed("InternalServerError", "a file of the export is not known any more"));
        }
        number = number.saturating_add(told.len() as u64);
        told.iter().for_each(|file| manifest::file(file, &mut lines));
    }
    files.put_with_checksum("manifest-files", lines.into()).await?;
    let summary = manifest::summary(export, &files.root("manifest-files.json"), transfers.clock.now());
    let key = files.put_with_checksum("manifest-summary", summary.to_string().into()).await?;
    Ok(transfers.tables.export_ended(export.id.clone(), Ok(key)).await?)
}
