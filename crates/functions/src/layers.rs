use crate::pages::{self, Page};
use crate::{Code, FunctionId, Functions, FunctionsError, NewCode, code, keys};
use bytes::Bytes;
use clock::Timestamp;
use kv::{Read, Record, Snapshot, Transaction};
use names::{AccountId, Arn, Key, Keyspace, Region, Service};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which layer: names are unique within an account's region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerId {
    pub account: AccountId,
    pub region: Region,
    /// 1–64 letters, digits, `-` and `_`.
    pub name: String,
}

/// A layer version as a function's configuration names it. It goes on working when the layer version
/// is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerUse {
    pub arn: String,
    pub code: Code,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LayerVersion {
    pub number: u64,
    pub code: Code,
    pub description: String,
    pub license: String,
    pub runtimes: Vec<String>,
    pub architectures: Vec<String>,
    pub created: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct LayerRecord {
    /// The last number given out; numbers are never reused, even after all versions are gone.
    last_version: u64,
}

impl Record for LayerVersion {
    const KIND: &'static str = "layer version";
    const VERSION: u8 = 1;
}

impl Record for LayerRecord {
    const KIND: &'static str = "layer";
    const VERSION: u8 = 1;
}

#[derive(Debug, Clone)]
pub struct NewLayerVersion {
    pub id: LayerId,
    pub code: Bytes,
    pub description: String,
    pub license: String,
    pub runtimes: Vec<String>,
    pub architectures: Vec<String>,
}

impl LayerId {
    /// `arn:aws:lambda:region:account:layer:name`.
    pub fn arn(&self) -> Arn {
        Arn::new(Service::Lambda, &self.region, &self.account, format!("layer:{}", self.name))
    }

    pub fn version_arn(&self, number: u64) -> Arn {
        Arn::new(Service::Lambda, &self.region, &self.account, format!("layer:{}:{number}", self.name))
    }

    /// # Errors
    /// `Invalid`: neither a layer's name nor its ARN (without version).
    pub fn parse(text: &str, account: &AccountId, region: &Region) -> Result<Self, FunctionsError> {
        let invalid = || FunctionsError::Invalid(format!("not a layer name or ARN: {text:?}"));
        if !text.starts_with("arn:") {
            check_name(text).ok_or_else(invalid)?;
            return Ok(LayerId { account: account.clone(), region: region.clone(), name: text.to_owned() });
        }
        let arn = Arn::parse(text).map_err(|_| invalid())?;
        let name = arn.resource.strip_prefix("layer:").filter(|_| arn.service == "lambda");
        let name = name.and_then(check_name).ok_or_else(invalid)?;
        Ok(LayerId {
            account: AccountId::parse(&arn.account).map_err(|_| invalid())?,
            region: Region::parse(&arn.region).map_err(|_| invalid())?,
            name: name.to_owned(),
        })
    }

    /// Splits the ARN of a layer version.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn parse_version(arn: &str) -> Result<(Self, u64), FunctionsError> {
        let invalid = || FunctionsError::Invalid(format!("not the ARN of a layer version: {arn:?}"));
        let (layer, number) = arn.rsplit_once(':').ok_or_else(invalid)?;
        if !layer.starts_with("arn:") {
            return Err(invalid());
        }
        let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(invalid)?;
        // The account and region are in the ARN.
        let id = LayerId::parse(layer, &AccountId::root(), &Region::default_region())?;
        Ok((id, number))
    }

    fn key(&self) -> Key {
        keys::region(Keyspace::Layer, &self.account, &self.region).text(&self.name)
    }

    fn versions(&self) -> Key {
        keys::region(Keyspace::LayerVersion, &self.account, &self.region).text(&self.name)
    }

    /// Of a version's resource policy.
    pub(crate) fn policy(&self, number: u64) -> Key {
        keys::region(Keyspace::LayerPolicy, &self.account, &self.region).text(&self.name).number(number)
    }

    /// # Errors
    /// `NotFound`.
    pub(crate) async fn version_in(
        &self,
        from: &impl Read,
        number: u64,
    ) -> Result<LayerVersion, FunctionsError> {
        kv::get_record(from, self.versions().number(number)).await?.ok_or_else(missing)
    }
}

fn check_name(name: &str) -> Option<&str> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then_some(name)
}

impl Functions {
    /// # Errors
    /// `Invalid` and `CodeStorageExceeded`, as for a function's code.
    pub async fn publish_layer_version(&self, new: NewLayerVersion) -> Result<LayerVersion, FunctionsError> {
        for _ in 1..code::ATTEMPTS {
            match self.publish_layer(new.clone()).await {
                Err(FunctionsError::CodeRemoved) => {}
                result => return result,
            }
        }
        self.publish_layer(new).await
    }

    async fn publish_layer(&self, new: NewLayerVersion) -> Result<LayerVersion, FunctionsError> {
        let code = Arc::new(self.code.ingest(NewCode::Zip(new.code)).await?);
        let now = self.clock.now();
        let id = new.id;
        let blank = LayerVersion {
            number: 0,
            code: code.code.clone(),
            description: new.description,
            license: new.license,
            runtimes: new.runtimes,
            architectures: new.architectures,
            created: now,
        };
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let last = kv::get_record::<LayerRecord>(tx, id.key()).await?;
                let number = last.map_or(0, |record| record.last_version) + 1;
                code.name(tx).await?;
                kv::put_record(tx, id.key(), &LayerRecord { last_version: number });
                let version = LayerVersion { number, ..blank.clone() };
                kv::put_record(tx, id.versions().number(number), &version);
                Ok(version)
            })
            .await
    }

    /// # Errors
    /// `NotFound`.
    pub async fn get_layer_version(&self, id: LayerId, number: u64) -> Result<LayerVersion, FunctionsError> {
        id.version_in(&self.kv, number).await
    }

    /// Functions that use it keep it; one that is not there is no error.
    ///
    /// # Errors
    /// The store failed.
    pub async fn delete_layer_version(&self, id: LayerId, number: u64) -> Result<(), FunctionsError> {
        let now = self.clock.now();
        let old = self
            .kv
            .transact(async move |tx: &mut Transaction| {
                let key = id.versions().number(number);
                let Some(version) = kv::get_record::<LayerVersion>(tx, &key).await? else {
                    return Ok(None);
                };
                code::release(tx, &version.code, now).await?;
                tx.delete(key);
                tx.delete(id.policy(number));
                Ok::<_, FunctionsError>(Some(version.code))
            })
            .await?;
        if let Some(code) = old {
            self.sweep_soon(vec![code]);
        }
        Ok(())
    }

    /// Newest first.
    ///
    /// # Errors
    /// `Invalid` for a marker that is none.
    pub async fn list_layer_versions(
        &self,
        id: LayerId,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<LayerVersion>, FunctionsError> {
        let before = pages::number_of(marker.as_deref())?;
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let mut range = id.versions().range();
                if let Some(number) = before {
                    range.end = id.versions().number(number).into_bytes();
                }
                let entries = snapshot.range_reverse(&range, max + 1).await?;
                let more = entries.len() > max;
                let items: Vec<LayerVersion> = entries
                    .into_iter()
                    .take(max)
                    .map(|(_, bytes)| kv::record::decode(&bytes))
                    .collect::<Result<_, _>>()?;
                let next_marker = match items.last() {
                    Some(last) if more => Some(last.number.to_string()),
                    _ => None,
                };
                Ok(Page { items, next_marker })
            })
            .await
    }

    /// The layers that have a version, by name, each with its newest one.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn list_layers(
        &self,
        account: AccountId,
        region: Region,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<(LayerId, LayerVersion)>, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let prefix = keys::region(Keyspace::Layer, &account, &region);
                let page = pages::by_text::<LayerRecord>(snapshot, &prefix, marker.as_deref(), max).await?;
                let mut items = Vec::new();
                for (name, _) in page.items {
                    let id = LayerId { account: account.clone(), region: region.clone(), name };
                    let newest = snapshot.range_reverse(&id.versions().range(), 1).await?;
                    if let Some((_, bytes)) = newest.first() {
                        items.push((id, kv::record::decode(bytes)?));
                    }
                }
                Ok(Page { items, next_marker: page.next_marker })
            })
            .await
    }
}

/// The layer versions that `arns` name, which must be of the function's own region. That those of another account
/// are shared was asked before.
///
/// # Errors
/// `Invalid`, as for any other value of the configuration.
pub(crate) async fn resolve(
    from: &impl Read,
    function: &FunctionId,
    arns: &[String],
) -> Result<Vec<LayerUse>, FunctionsError> {
    if arns.len() > crate::configuration::LAYERS_MAX {
        return Err(FunctionsError::invalid("Cannot reference more than 5 layers."));
    }
    let mut uses: Vec<LayerUse> = Vec::with_capacity(arns.len());
    let mut layers: Vec<LayerId> = Vec::with_capacity(arns.len());
    for arn in arns {
        let (id, number) = LayerId::parse_version(arn)?;
        if id.region != function.region {
            return Err(FunctionsError::Invalid(format!(
                "Layer version {arn} is of another region than the function."
            )));
        }
        if layers.contains(&id) {
            return Err(FunctionsError::Invalid(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. {} and {arn}",
                id.arn()
            )));
        }
        let version: Option<LayerVersion> = kv::get_record(from, id.versions().number(number)).await?;
        let version =
            version.ok_or_else(|| FunctionsError::Invalid(format!("Layer version {arn} does not exist.")))?;
        layers.push(id);
        uses.push(LayerUse { arn: arn.clone(), code: version.code });
    }
    Ok(uses)
}

fn missing() -> FunctionsError {
    FunctionsError::not_found("The resource you requested does not exist.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_arns_are_read() {
        let read = |text| LayerId::parse_version(text).map(|(id, number)| (id.name, number)).ok();
        assert_eq!(
            read("arn:aws:lambda:us-east-1:000000000000:layer:sharp:7"),
            Some(("sharp".to_owned(), 7))
        );
        for text in [
            "arn:aws:lambda:us-east-1:000000000000:layer:sharp",
            "arn:aws:lambda:us-east-1:000000000000:function:sharp:1",
            "sharp:1",
            "arn:aws:lambda:us-east-1:000000000000:layer:sharp:0",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
