//! Where an export's objects lie
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html>).

use super::{Stop, bucket};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use names::AccountId;
use objects::{
    Attributes, BucketRef, Caller, ChangeEvent, IncomingBody, ObjectKey, Objects, ObjectsError, PutObject,
    TagSet, WriteConditions,
};
use tables::{Export, LineFormat, Scope, digest};

/// Letters of a data file's name.
const NAME: usize = 26;

pub(super) struct Files<'a> {
    export: &'a Export,
    objects: &'a Objects,
    bucket: BucketRef,
}

impl<'a> Files<'a> {
    pub fn of(export: &'a Export, objects: &'a Objects) -> Result<Self, Stop> {
        let owner = AccountId::parse(&export.record.asker.account).ok();
        let bucket = bucket(&export.record.bucket, owner)?;
        Ok(Files { export, objects, bucket })
    }

    /// An empty object, which says that the export has begun.
    pub fn started(&self) -> String {
        self.root("_started")
    }

    /// In the folder of the export.
    pub fn root(&self, name: &str) -> String {
        self.beside(&format!("{}/{name}", self.export.id.id))
    }

    /// The same name whenever the file is written, so that one whose writing was not noted is written over.
    pub fn data(&self, number: u64) -> String {
        let ending = match self.export.record.format {
            LineFormat::Json => "json.gz",
            LineFormat::Ion => "ion.gz",
        };
        let name = hex::encode(digest(format!("{} {number}", self.export.id.arn()).as_bytes()));
        let name = format!("data/{}.{ending}", name.get(..NAME).unwrap_or(&name));
        match self.export.record.scope {
            Scope::All { .. } => self.root(&name),
            // All incremental exports share a folder.
            Scope::Changes { .. } => self.beside(&name),
        }
    }

    fn beside(&self, name: &str) -> String {
        match self.export.record.prefix.as_deref().map(|prefix| prefix.trim_end_matches('/')) {
            None | Some("") => format!("AWSDynamoDB/{name}"),
            Some(prefix) => format!("{prefix}/AWSDynamoDB/{name}"),
        }
    }

    /// Answers the object's MD5, in hexadecimal.
    pub async fn put(&self, key: &str, content_type: &str, bytes: Bytes) -> Result<String, Stop> {
        let asker = self.export.record.asker.clone();
        let request = PutObject {
            bucket: self.bucket.clone(),
            key: ObjectKey::parse(key).map_err(ObjectsError::from)?,
            attributes: Attributes { content_type: Some(content_type.to_owned()), ..Attributes::default() },
            tags: TagSet::default(),
            conditions: WriteConditions::default(),
            caller: Caller {
                principal: asker.principal,
                principal_id: asker.principal_id,
                source_ip: asker.source_ip,
                request_id: asker.request_id,
                trace_id: None,
            },
            event: ChangeEvent::CreatedPut,
        };
        let written = self.objects.put_object(request, IncomingBody::from_bytes(bytes)).await?;
        Ok(written.etag)
    }

    /// A document beside the base64 of its MD5. Answers the document's key.
    pub async fn put_with_checksum(&self, name: &str, document: Bytes) -> Result<String, Stop> {
        let key = self.root(&format!("{name}.json"));
        let etag = self.put(&key, "application/json", document).await?;
        let checksum = self.root(&format!("{name}.checksum"));
        self.put(&checksum, "text/plain", md5(&etag).into()).await?;
        Ok(key)
    }
}

/// In base64, what an object's entity tag is in hexadecimal.
pub(super) fn md5(etag: &str) -> String {
    STANDARD.encode(hex::decode(etag).unwrap_or_default())
}
