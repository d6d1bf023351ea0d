use super::{Changed, Export, ExportRecord, LineFormat, Scope, View};
use crate::keys;
use crate::service::items::row;
use crate::service::{Tables, TablesError};
use crate::transfer::{write_ion_line, write_json_line};
use crate::value::{ItemRef, Path, Projection, write_item};
use kv::{Read, Snapshot};

/// Bytes of rows that one piece is made of, about, and rows that are read from the store at once.
const PIECE_BYTES: usize = 1024 * 1024;
const ROWS: usize = 16;

/// Lines of a file.
#[derive(Debug, Clone, Default)]
pub struct ExportPiece {
    pub lines: Vec<u8>,
    pub items: u64,
    /// Of the items, by DynamoDB's rules.
    pub bytes: u64,
    /// The place of the last row, where the next piece begins after.
    pub last: Option<Vec<u8>>,
    /// Nothing follows.
    pub is_over: bool,
}

impl Tables {
    /// The next lines of an export, after the row at a place.
    ///
    /// # Errors
    /// The store fails, or a row cannot be read.
    pub async fn export_piece(
        &self,
        export: &Export,
        after: Option<Vec<u8>>,
    ) -> Result<ExportPiece, TablesError> {
        let record = export.record.clone();
        self.kv
            .read(async move |from: &Snapshot| {
                let base = keys::items(record.number);
                let mut range = match &after {
                    Some(after) => base.range_after(&base.clone().ended(after)),
                    None => base.range(),
                };
                let (mut piece, mut bytes) =
                    (ExportPiece { last: after.clone(), ..ExportPiece::default() }, 0);
                while bytes < PIECE_BYTES {
                    let rows = from.range(&range, ROWS).await?;
                    for (place, stored) in &rows {
                        piece.write(&record, stored)?;
                        piece.last = place.get(base.len()..).map(<[u8]>::to_vec);
                        range.start = [place, &[0][..]].concat();
                        bytes += stored.len();
                    }
                    if rows.len() < ROWS {
                        piece.is_over = true;
                        break;
                    }
                }
                Ok(piece)
            })
            .await
    }
}

impl ExportPiece {
    fn write(&mut self, record: &ExportRecord, stored: &[u8]) -> Result<(), TablesError> {
        match record.scope {
            Scope::All { .. } => {
                let item = row::decode(stored)?;
                match record.format {
                    LineFormat::Json => write_json_line(item, &mut self.lines),
                    LineFormat::Ion => write_ion_line(item, &mut self.lines),
                }
                self.count([Some(item), None]);
            }
            Scope::Changes { view, .. } => self.write_changed(record, &Changed::decode(stored)?, view)?,
        }
        Ok(())
    }

    /// What came and went within the while is not told.
    fn write_changed(
        &mut self,
        record: &ExportRecord,
        changed: &Changed<'_>,
        view: View,
    ) -> Result<(), TablesError> {
        let old = changed.old.map(row::decode).transpose()?;
        let new = changed.new.map(row::decode).transpose()?;
        let Some(keyed) = new.or(old) else { return Ok(()) };
        let names: Vec<Path> =
            record.key.iter().map(|element| Path::new(element.name.as_str(), Vec::new())).collect();
        let keys = Projection::of(&names).apply(keyed);
        let old = old.filter(|_| view == View::NewAndOld);

        let micros = changed.at.as_ms().saturating_mul(1000);
        let begin = format!("{{\"Metadata\":{{\"WriteTimestampMicros\":\"{micros}\"}}");
        self.lines.extend_from_slice(begin.as_bytes());
        for (name, image) in [("Keys", Some(keys.view())), ("OldImage", old), ("NewImage", new)] {
            let Some(image) = image else { continue };
            self.lines.extend_from_slice(format!(",\"{name}\":").as_bytes());
            write_item(image, &mut self.lines);
        }
        self.lines.extend_from_slice(b"}\n");
        self.count([old, new]);
        Ok(())
    }

    fn count(&mut self, images: [Option<ItemRef<'_>>; 2]) {
        self.items += 1;
        self.bytes += images.iter().flatten().map(|image| u64::from(image.size())).sum::<u64>();
    }
}
