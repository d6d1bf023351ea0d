//! From a directory or an archive into the store.

use crate::layer::{diff_id, unpack_layer};
use crate::manifest::{Descriptor, Document, Platform, Saved};
use crate::merge::merge;
use crate::source::{Source, path_of};
use crate::store::{LayerRecord, Loaded, write};
use crate::unpack::Budget;
use crate::{Config, Digest, Image, ImageError, ImageName, Images, Index, Manifest};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// An image that was found in a source, before anything of it was believed.
struct Candidate {
    names: Vec<ImageName>,
    /// `None` where the source has no manifest of its own.
    manifest: Option<Digest>,
    index: Option<Digest>,
    config: Vec<u8>,
    config_digest: Digest,
    layers: Vec<Layer>,
}

/// Where a layer is in the source, and what is known of it.
struct Layer {
    path: String,
    known: Option<(Digest, u64)>,
}

const CONTAINERD_NAME: &str = "io.containerd.image.name";
const REF_NAME: &str = "org.opencontainers.image.ref.name";

impl Images {
    /// Loads every image of `path`: a directory in the OCI layout, an archive of one, or one of `docker save`, also
    /// compressed. `name` instead of the names that are in there; needed where there are none. `progress` gets a
    /// line now and then. Blocks for as long as it takes.
    ///
    /// Every byte is verified against its digest before it counts. Layers that are there already are not unpacked
    /// again. Interrupted, it leaves nothing but what the next [`Images::sweep`] removes.
    ///
    /// # Errors
    /// `Refused`, `TooLarge`, `Io`.
    pub fn load(
        &self,
        path: &Path,
        name: Option<&ImageName>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Vec<Loaded>, ImageError> {
        let _lock = match self.try_lock() {
            Err(ImageError::Busy) => {
                progress("waiting for another command that changes images");
                self.wait_lock()?
            }
            lock => lock?,
        };
        let source = Source::open(path, &self.directory, &self.clock)?;
        let mut candidates = candidates(&source)?;
        if let Some(name) = name {
            let [only] = candidates.as_mut_slice() else {
                return Err(ImageError::Refused(format!(
                    "there are {} images in {}, so they cannot all be {name}",
                    candidates.len(),
                    path.display()
                )));
            };
            only.names = vec![name.clone()];
        }
        if candidates.iter().any(|candidate| candidate.names.is_empty()) {
            return Err(ImageError::refused(
                "the image has no name in there: give it one with --name repository:tag",
            ));
        }
        candidates.into_iter().map(|candidate| self.take_in(&source, candidate, progress)).collect()
    }

    fn take_in(
        &self,
        source: &Source,
        candidate: Candidate,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Loaded, ImageError> {
        let Candidate { names, manifest, index, config, config_digest, layers } = candidate;
        let known = match &manifest {
            Some(digest) => self.image(digest)?.filter(|image| self.root(image).is_dir()),
            None => None,
        };
        let (mut image, layers_shared) = match known {
            Some(image) => {
                let shared = image.layers.len();
                (image, shared)
            }
            None => {
                let config_bytes = config.len();
                let config = Config::parse(&config)?;
                let (blobs, shared) = self.layers(source, &config, &layers, progress)?;
                let written = || assembled(&config_digest, config_bytes, &blobs);
                let digest = manifest.unwrap_or_else(|| Digest::of(written().as_bytes()));
                (self.assemble(digest, &config, progress)?, shared)
            }
        };
        image.index = index.or(image.index);
        image.repositories.extend(names.iter().map(|name| name.repository.clone()));
        self.write_image(&image)?;
        let mut all = self.names()?;
        for name in &names {
            all.insert(name.to_string(), image.digest.clone());
        }
        self.write_names(&all)?;
        Ok(Loaded { names, image, layers_shared })
    }

    /// Verifies all layers and unpacks those that are missing. Gives digest and size of each as it is in the
    /// source, and how many were there.
    fn layers(
        &self,
        source: &Source,
        config: &Config,
        layers: &[Layer],
        progress: &mut dyn FnMut(&str),
    ) -> Result<(Vec<(Digest, u64)>, usize), ImageError> {
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != layers.len() {
            return Err(ImageError::Refused(format!(
                "the manifest has {} layers, and the configuration {}",
                layers.len(),
                diff_ids.len()
            )));
        }
        let mut budget = Budget::of_an_image();
        let (mut blobs, mut shared) = (Vec::with_capacity(layers.len()), 0);
        for (layer, expected) in layers.iter().zip(diff_ids) {
            let (mut bytes, size) = source.layer(&layer.path)?;
            if layer.known.as_ref().is_some_and(|(_, said)| *said != size) {
                return Err(ImageError::Refused(format!(
                    "{} has {size} bytes, not as many as said",
                    layer.path
                )));
            }
            match self.layer_record(expected)? {
                Some(record) => {
                    shared += 1;
                    check(expected, &diff_id(&mut bytes, &budget)?)?;
                    let left =
                        |have: u64, used: u64| have.checked_sub(used).ok_or_else(crate::unpack::too_large);
                    budget.bytes = left(budget.bytes, record.bytes)?;
                    budget.entries = left(budget.entries, record.entries)?;
                }
                None => {
                    progress(&format!("unpacking {expected} ({size} bytes)"));
                    self.make(&self.layer(expected), |directory| {
                        let before = budget.clone();
                        let tree = directory.join("tree");
                        make_directory(&tree)?;
                        let (found, notes) = unpack_layer(&mut bytes, &tree, &mut budget)?;
                        check(expected, &found)?;
                        let record = LayerRecord {
                            notes,
                            bytes: before.bytes.saturating_sub(budget.bytes),
                            entries: before.entries.saturating_sub(budget.entries),
                        };
                        write(&directory.join("layer.json"), &record)
                    })?;
                }
            }
            let digest = bytes.finish().map_err(crate::layer::damaged)?;
            if let Some((said, _)) = &layer.known {
                check(said, &digest)?;
            }
            blobs.push((digest, size));
        }
        Ok((blobs, shared))
    }

    fn assemble(
        &self,
        digest: Digest,
        config: &Config,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Image, ImageError> {
        let layers = config.rootfs.diff_ids.clone();
        let same =
            self.images()?.into_iter().find(|image| image.layers == layers && self.root(image).is_dir());
        let mut bytes = 0_u64;
        for layer in &layers {
            bytes = bytes.saturating_add(self.layer_record(layer)?.map_or(0, |record| record.bytes));
        }
        let root = match same {
            Some(image) => image.root,
            None => {
                progress("merging its layers");
                let unpacked =
                    layers.iter().map(|layer| self.unpacked(layer)).collect::<Result<Vec<_>, _>>()?;
                let (name, path) = self.new_root();
                self.make(&path, |directory| {
                    merge(&unpacked, directory).map_err(ImageError::io("cannot merge the layers"))
                })?;
                name
            }
        };
        let execution = config.config.clone().unwrap_or_default();
        let environment = execution.environment();
        let directory = execution.working_dir.filter(|directory| directory.starts_with('/'));
        Ok(Image {
            digest,
            index: None,
            repositories: Default::default(),
            environment,
            entrypoint: execution.entrypoint.unwrap_or_default(),
            command: execution.cmd.unwrap_or_default(),
            working_directory: directory.unwrap_or_else(|| "/".to_owned()),
            layers,
            bytes,
            loaded: self.clock.now(),
            root,
        })
    }

    /// Fills a directory under another name, and gives it its own when all of it is on disk.
    fn make(
        &self,
        path: &Path,
        fill: impl FnOnce(&Path) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        let temporary = self.unfinished();
        make_directory(&temporary)?;
        let filled = fill(&temporary).and_then(|()| {
            let attempt = || {
                nix::unistd::syncfs(File::open(&temporary)?)?;
                fs::rename(&temporary, path)?;
                path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
            };
            attempt().map_err(ImageError::io("cannot keep what was unpacked"))
        });
        if filled.is_err()
            && let Err(error) = fs::remove_dir_all(&temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "part of a broken image is left for the next sweep");
        }
        filled
    }
}

fn make_directory(path: &Path) -> Result<(), ImageError> {
    let made = DirBuilder::new()
        .mode(0o755)
        .create(path)
        .and_then(|()| fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)));
    made.map_err(ImageError::io("cannot make a directory for the image"))
}

fn check(said: &Digest, found: &Digest) -> Result<(), ImageError> {
    if said == found {
        Ok(())
    } else {
        Err(ImageError::Refused(format!("a layer is damaged: it should be {said} and is {found}")))
    }
}

fn candidates(source: &Source) -> Result<Vec<Candidate>, ImageError> {
    if source.has("index.json") {
        return from_layout(source);
    }
    if source.has("manifest.json") {
        let saved = Saved::parse(&source.document("manifest.json")?)?;
        return saved.into_iter().map(|saved| from_saved(source, saved)).collect();
    }
    Err(ImageError::refused(
        "it is no image: neither an OCI layout (index.json) nor an archive of docker save (manifest.json)",
    ))
}

fn from_layout(source: &Source) -> Result<Vec<Candidate>, ImageError> {
    let index = Index::parse(&source.document("index.json")?)?;
    // Archives of docker save are both; the names may be in one place alone.
    let saved = match source.has("manifest.json") {
        true => Saved::parse(&source.document("manifest.json")?).unwrap_or_default(),
        false => Vec::new(),
    };
    let named: Vec<_> = index.manifests.iter().filter(|one| name_in(&one.annotations).is_some()).collect();
    let chosen = if named.is_empty() {
        // All the same image, for several machines.
        vec![index.for_this_machine()?]
    } else {
        let fits = |one: &&Descriptor| one.platform.as_ref().is_none_or(Platform::is_this_machine);
        let fitting: Vec<_> = named.iter().copied().filter(fits).collect();
        if fitting.is_empty() {
            // Says what there is.
            index.for_this_machine()?;
        }
        fitting
    };
    let mut candidates: Vec<Candidate> = Vec::new();
    for descriptor in chosen {
        let (digest, manifest, index) = match Document::parse(&source.verified(&descriptor.digest)?)? {
            Document::Manifest(manifest) => (descriptor.digest.clone(), manifest, None),
            Document::Index(list) => {
                let one = list.for_this_machine()?.digest.clone();
                let manifest = Manifest::parse(&source.verified(&one)?)?;
                (one, manifest, Some(descriptor.digest.clone()))
            }
        };
        let mut names: Vec<ImageName> = name_in(&descriptor.annotations).into_iter().collect();
        if names.is_empty() {
            let of_this = |saved: &&Saved| saved.config == path_of(&manifest.config.digest);
            let tags = saved.iter().filter(of_this).flat_map(|saved| saved.repo_tags.iter().flatten());
            names = tags.filter_map(|tag| ImageName::parse(tag).ok()).collect();
        }
        if let Some(same) = candidates.iter_mut().find(|known| known.manifest.as_ref() == Some(&digest)) {
            same.names.extend(names);
            continue;
        }
        let layers = manifest.layers.iter().map(|layer| Layer {
            path: path_of(&layer.digest),
            known: Some((layer.digest.clone(), layer.size)),
        });
        candidates.push(Candidate {
            names,
            manifest: Some(digest),
            index,
            config: source.verified(&manifest.config.digest)?,
            config_digest: manifest.config.digest.clone(),
            layers: layers.collect(),
        });
    }
    Ok(candidates)
}

/// A tag alone is no name.
fn name_in(annotations: &std::collections::BTreeMap<String, String>) -> Option<ImageName> {
    let whole = annotations.get(CONTAINERD_NAME);
    let name = whole.or_else(|| annotations.get(REF_NAME).filter(|name| name.contains([':', '/'])))?;
    ImageName::parse(name).ok()
}

fn from_saved(source: &Source, saved: Saved) -> Result<Candidate, ImageError> {
    let config = source.document(&saved.config)?;
    let config_digest = Digest::of(&config);
    // It is called by its digest.
    if !saved.config.contains(config_digest.hex()) {
        return Err(ImageError::Refused(format!("{:.200} is not what its digest says", saved.config)));
    }
    let tags = saved.repo_tags.into_iter().flatten();
    Ok(Candidate {
        names: tags.filter_map(|tag| ImageName::parse(&tag).ok()).collect(),
        manifest: None,
        index: None,
        config,
        config_digest,
        layers: saved.layers.into_iter().map(|path| Layer { path, known: None }).collect(),
    })
}

/// The manifest of an image that came without one: the same each time.
fn assembled(config: &Digest, config_bytes: usize, layers: &[(Digest, u64)]) -> String {
    let layers: Vec<String> = layers
        .iter()
        .map(|(digest, bytes)| {
            format!(r#"{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{digest}","size":{bytes}}}"#)
        })
        .collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":{config_bytes}}},"layers":[{}]}}"#,
        layers.join(",")
    )
}

#[cfg(test)]
mod tests;
