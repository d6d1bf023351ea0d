//! Reads a service model as botocore ships it. A key we do not know is an error: it might be a fact.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{BufReader, Read},
    marker::PhantomData,
    path::{Path, PathBuf},
    process::Command,
};

use flate2::bufread::GzDecoder;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::{Result, services::Source};

/// The directory of the installed package, once its version is found to be the pinned one.
pub fn find_botocore(given: Option<&Path>, version: &str) -> Result<PathBuf> {
    let root = match given {
        Some(path) => path.to_owned(),
        None => {
            let output = Command::new("python3")
                .args(["-c", "import botocore; print(botocore.__path__[0])"])
                .output()?;
            if !output.status.success() {
                return Err(format!("no botocore: run `pip install botocore=={version}` first").into());
            }
            PathBuf::from(String::from_utf8(output.stdout)?.trim())
        }
    };
    let init = std::fs::read_to_string(root.join("__init__.py"))?;
    if !init.contains(&format!("__version__ = '{version}'")) {
        return Err(format!(
            "{} is not botocore {version}; unpack that version and name it with --botocore",
            root.display()
        )
        .into());
    }
    Ok(root)
}

pub fn read_model(root: &Path, service: &Source) -> Result<Model> {
    let path = root.join("data").join(service.botocore).join(service.date).join("service-2.json.gz");
    let mut text = String::new();
    if path.exists() {
        GzDecoder::new(BufReader::new(File::open(&path)?)).read_to_string(&mut text)?;
    } else {
        File::open(path.with_extension(""))?.read_to_string(&mut text)?;
    }
    let mut model: Model =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    for name in service.raw {
        let shape = model.shapes.get_mut(*name).ok_or_else(|| format!("no shape {name}"))?;
        (shape.kind, shape.members) = (RAW.to_owned(), Ordered::default());
        (shape.member, shape.key, shape.value) = (None, None, None);
    }
    Ok(model)
}

/// The kind of a shape that is kept as text; no model has it.
pub const RAW: &str = "raw";

#[derive(Deserialize)]
pub struct Model {
    pub metadata: Metadata,
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub api_version: String,
    pub protocol: String,
    pub json_version: Option<String>,
    pub target_prefix: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    pub http: Http,
    pub input: Option<Reference>,
    pub output: Option<Reference>,
    #[serde(default)]
    pub errors: Vec<Reference>,
    #[serde(default)]
    pub deprecated: bool,
    pub http_checksum: Option<HttpChecksum>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    pub method: String,
    pub request_uri: String,
    pub response_code: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpChecksum {
    #[serde(default)]
    pub request_checksum_required: bool,
    pub request_algorithm_member: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub shape: String,
    pub result_wrapper: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "keys that say nothing we need are named, so that new ones are noticed")]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub members: Ordered<Member>,
    #[serde(default)]
    pub required: Vec<String>,
    pub payload: Option<String>,
    pub member: Option<Member>,
    pub key: Option<Member>,
    pub value: Option<Member>,
    #[serde(default)]
    pub flattened: bool,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub pattern: Option<String>,
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    #[serde(default)]
    pub sensitive: bool,
    pub location_name: Option<String>,
    pub xml_namespace: Option<Namespace>,
    pub timestamp_format: Option<String>,
    #[serde(default)]
    pub union: bool,
    #[serde(default)]
    pub document: bool,
    #[serde(default)]
    pub eventstream: bool,
    pub error: Option<Error>,
    exception: Option<bool>,
    fault: Option<bool>,
    retryable: Option<Value>,
    event: Option<bool>,
    streaming: Option<bool>,
    requires_length: Option<bool>,
    #[serde(rename = "box")]
    boxed: Option<bool>,
    documentation: Option<String>,
    deprecated: Option<bool>,
    deprecated_message: Option<String>,
    deprecated_since: Option<String>,
    synthetic: Option<bool>,
    order: Option<Value>,
    wrapper: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "keys that say nothing we need are named, so that new ones are noticed")]
pub struct Member {
    pub shape: String,
    pub location: Option<String>,
    pub location_name: Option<String>,
    #[serde(default)]
    pub xml_attribute: bool,
    pub xml_namespace: Option<Namespace>,
    #[serde(default)]
    pub flattened: bool,
    pub timestamp_format: Option<String>,
    #[serde(default)]
    pub jsonvalue: bool,
    streaming: Option<bool>,
    eventpayload: Option<bool>,
    eventheader: Option<bool>,
    idempotency_token: Option<bool>,
    host_label: Option<bool>,
    context_param: Option<Value>,
    #[serde(rename = "box")]
    boxed: Option<bool>,
    documentation: Option<String>,
    deprecated: Option<bool>,
    deprecated_message: Option<String>,
    deprecated_since: Option<String>,
    query_name: Option<String>,
}

#[derive(Deserialize)]
pub struct Namespace {
    pub prefix: Option<String>,
    pub uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    pub code: Option<String>,
    pub http_status_code: Option<u16>,
    #[serde(default)]
    pub sender_fault: bool,
}

/// A JSON object in the order of the file: the order in which responses write their members.
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Visitor(PhantomData))
    }
}
