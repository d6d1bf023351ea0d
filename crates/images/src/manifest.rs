//! The documents of an image: <https://github.com/opencontainers/image-spec> and Docker's forms of them.

use crate::{Digest, ImageError, LAYERS_MAX};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The machine that this program runs on, as images name it.
pub const ARCHITECTURE: &str = match () {
    () if cfg!(target_arch = "aarch64") => "arm64",
    () if cfg!(target_arch = "x86_64") => "amd64",
    () => std::env::consts::ARCH,
};

/// What is where: an `index.json`, or a list of manifests for several machines.
#[derive(Debug, Clone, Deserialize)]
pub struct Index {
    pub manifests: Vec<Descriptor>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    #[serde(default)]
    pub media_type: String,
    pub digest: Digest,
    pub size: u64,
    pub platform: Option<Platform>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Platform {
    pub architecture: String,
    pub os: String,
    pub variant: Option<String>,
}

/// One image for one machine.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    pub config: Descriptor,
    pub layers: Vec<Descriptor>,
}

/// Either of the two, whatever it is called.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Document {
    Index(Index),
    Manifest(Manifest),
}

#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    pub architecture: String,
    pub os: String,
    #[serde(default)]
    pub config: Option<Execution>,
    pub rootfs: RootFs,
}

/// How its program is started. `User` is not read: every function has a user of its own, as on Lambda.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Execution {
    pub env: Option<Vec<String>>,
    pub entrypoint: Option<Vec<String>>,
    pub cmd: Option<Vec<String>>,
    pub working_dir: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct RootFs {
    pub diff_ids: Vec<Digest>,
}

/// One line of a `docker save` archive's `manifest.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Saved {
    pub config: String,
    #[serde(default)]
    pub repo_tags: Option<Vec<String>>,
    pub layers: Vec<String>,
}

/// Manifests in one index, and images in one archive.
const MANIFESTS_MAX: usize = 256;

impl Index {
    /// # Errors
    /// `Refused`
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        match parse(bytes, "an index")? {
            Document::Index(index) if index.manifests.len() <= MANIFESTS_MAX => Ok(index),
            Document::Index(_) => Err(too_many(MANIFESTS_MAX, "manifests")),
            Document::Manifest(_) => Err(ImageError::refused("index.json is a manifest, not an index")),
        }
    }

    /// The one for this machine; what says nothing of a machine fits if it is alone.
    ///
    /// # Errors
    /// `Refused`, naming what is there.
    pub fn for_this_machine(&self) -> Result<&Descriptor, ImageError> {
        if let [only] = self.manifests.as_slice()
            && only.platform.is_none()
        {
            return Ok(only);
        }
        let fits = |one: &&Descriptor| one.platform.as_ref().is_some_and(Platform::is_this_machine);
        let found = self.manifests.iter().find(fits);
        found.ok_or_else(|| {
            let all = self.manifests.iter().filter_map(|one| one.platform.as_ref());
            // Attestations call themselves unknown/unknown.
            let all = all.filter(|platform| platform.os != "unknown").take(20);
            let all: Vec<String> = all.map(Platform::to_text).collect();
            let there = if all.is_empty() { "nothing that names one".to_owned() } else { all.join(", ") };
            ImageError::Refused(format!(
                "the image is not there for this machine (linux/{ARCHITECTURE}); it is there for: {there}"
            ))
        })
    }
}

impl Platform {
    pub(crate) fn is_this_machine(&self) -> bool {
        self.os == "linux" && self.architecture == ARCHITECTURE
    }

    fn to_text(&self) -> String {
        let variant = self.variant.as_deref().map(|variant| format!("/{variant:.20}")).unwrap_or_default();
        format!("{:.20}/{:.20}{variant}", self.os, self.architecture)
    }
}

impl Document {
    /// # Errors
    /// `Refused`
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        match parse(bytes, "a manifest")? {
            Document::Index(index) if index.manifests.len() > MANIFESTS_MAX => {
                Err(too_many(MANIFESTS_MAX, "manifests"))
            }
            Document::Manifest(manifest) if manifest.layers.len() > LAYERS_MAX => {
                Err(too_many(LAYERS_MAX, "layers"))
            }
            document => Ok(document),
        }
    }
}

impl Manifest {
    /// # Errors
    /// `Refused`
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        match Document::parse(bytes)? {
            Document::Manifest(manifest) => Ok(manifest),
            Document::Index(_) => {
                Err(ImageError::refused("a list of manifests stands where one manifest should"))
            }
        }
    }
}

impl Saved {
    pub fn parse(bytes: &[u8]) -> Result<Vec<Self>, ImageError> {
        let all: Vec<Saved> = parse(bytes, "manifest.json")?;
        if all.len() > MANIFESTS_MAX || all.iter().any(|one| one.layers.len() > LAYERS_MAX) {
            return Err(too_many(LAYERS_MAX, "layers"));
        }
        Ok(all)
    }
}

/// Strings of one list, and bytes of all of them.
const STRINGS_MAX: usize = 1024;
const STRINGS_BYTES_MAX: usize = 64 * 1024;

impl Config {
    /// # Errors
    /// `Refused`: unreadable, for another machine, or with more than a program can be started with.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        let config: Config = parse(bytes, "an image's configuration")?;
        if config.os != "linux" || config.architecture != ARCHITECTURE {
            return Err(ImageError::Refused(format!(
                "the image is for {:.20}/{:.20}, and this machine is linux/{ARCHITECTURE}",
                config.os, config.architecture
            )));
        }
        if config.rootfs.diff_ids.len() > LAYERS_MAX {
            return Err(too_many(LAYERS_MAX, "layers"));
        }
        let execution = config.config.clone().unwrap_or_default();
        for list in [&execution.env, &execution.entrypoint, &execution.cmd].into_iter().flatten() {
            let bytes: usize = list.iter().map(String::len).sum();
            if list.len() > STRINGS_MAX
                || bytes > STRINGS_BYTES_MAX
                || list.iter().any(|one| one.contains('\0'))
            {
                return Err(ImageError::refused("the image's environment or command cannot be used"));
            }
        }
        let directory = execution.working_dir.as_deref().unwrap_or_default();
        if directory.len() > 1000 || directory.contains('\0') {
            return Err(ImageError::refused("the image's working directory cannot be used"));
        }
        Ok(config)
    }
}

impl Execution {
    /// Variables with a usable name, each once: the last one counts.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let pairs = self.env.iter().flatten().filter_map(|pair| pair.split_once('='));
        let pairs = pairs.filter(|(name, _)| !name.is_empty());
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<T, ImageError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ImageError::Refused(format!("{what} cannot be read: {error}")))
}

fn too_many(max: usize, what: &str) -> ImageError {
    ImageError::Refused(format!("an image may have at most {max} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(platforms: &[(&str, &str)]) -> Index {
        let manifests: Vec<String> = platforms
            .iter()
            .enumerate()
            .map(|(number, (os, architecture))| {
                format!(
                    r#"{{"mediaType":"x","digest":"sha256:{number:064}","size":1,"platform":{{"os":"{os}","architecture":"{architecture}"}}}}"#
                )
            })
            .collect();
        Index::parse(format!(r#"{{"manifests":[{}]}}"#, manifests.join(",")).as_bytes()).unwrap()
    }

    #[test]
    fn this_machines_is_chosen_or_what_is_there_is_named() {
        let found = index(&[("unknown", "unknown"), ("linux", "s390x"), ("linux", ARCHITECTURE)]);
        assert!(found.for_this_machine().unwrap().digest.hex().ends_with('2'));
        let missing = index(&[("linux", "s390x"), ("windows", ARCHITECTURE), ("unknown", "unknown")]);
        let said = missing.for_this_machine().unwrap_err().to_string();
        let names = format!("linux/s390x, windows/{ARCHITECTURE}");
        assert!(said.ends_with(&names) && said.contains(&format!("linux/{ARCHITECTURE}")), "{said}");
    }

    #[test]
    fn documents_that_are_none_are_refused() {
        for text in ["", "[]", "{}", r#"{"manifests":[{"digest":"md5:1","size":1}]}"#, r#"{"manifests":{}}"#]
        {
            assert!(Document::parse(text.as_bytes()).is_err(), "{text}");
        }
        let config = |architecture: &str, cmd: &str| {
            let text = format!(
                r#"{{"architecture":"{architecture}","os":"linux","config":{{"Cmd":{cmd},"Env":["A=1","=x","A=2=3"]}},"rootfs":{{"diff_ids":[]}}}}"#
            );
            Config::parse(text.as_bytes())
        };
        let good = config(ARCHITECTURE, r#"["a"]"#).unwrap().config.unwrap();
        assert_eq!(good.environment(), BTreeMap::from([("A".to_owned(), "2=3".to_owned())]));
        assert!(config(ARCHITECTURE, "null").is_ok());
        assert!(config("pdp11", "null").unwrap_err().to_string().contains("pdp11"));
        assert!(config(ARCHITECTURE, r#"["a\u0000"]"#).is_err());
    }
}
