use crate::merge::UnpackedLayer;
use crate::unpack::LayerNotes;
use crate::{Digest, ImageError, ImageName, ImageUri, Wanted};
use clock::{Clock, Timestamp};
use nix::fcntl::{Flock, FlockArg};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The images of one directory. Cheap to clone.
///
/// The directory itself is the state: a server and commands beside it see the same, and whoever changes something
/// holds its lock. What is under its final name is whole and on disk.
#[derive(Debug, Clone)]
pub struct Images {
    pub(crate) directory: PathBuf,
    pub(crate) clock: Clock,
}

/// What is known of one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Of its manifest.
    pub digest: Digest,
    /// Of the list for several machines that it was found in, which names it as well.
    pub index: Option<Digest>,
    /// Whose names it has or had.
    pub repositories: BTreeSet<String>,
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    /// Absolute; `/` where the image says nothing.
    pub working_directory: String,
    pub environment: BTreeMap<String, String>,
    /// Of the uncompressed layers, the lowest first.
    pub layers: Vec<Digest>,
    /// Of all files in the layers.
    pub bytes: u64,
    pub loaded: Timestamp,
    /// Name of the directory of its merged tree. Another one whenever it is made anew.
    pub(crate) root: String,
}

/// What `load` has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    pub names: Vec<ImageName>,
    pub image: Image,
    /// How many of its layers were there already.
    pub layers_shared: usize,
}

/// What lies beside a layer's tree.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LayerRecord {
    pub notes: LayerNotes,
    pub bytes: u64,
    pub entries: u64,
}

pub(crate) const UNFINISHED: &str = ".new-";
const GONE: &str = ".gone-";
const LAYERS: &str = "layers";
const ROOTS: &str = "roots";
const MANIFESTS: &str = "manifests";
const NAMES: &str = "names.json";

type Names = BTreeMap<String, Digest>;

/// Held while something is changed.
pub(crate) type Lock = Flock<File>;

impl Images {
    /// Makes the directory, for its owner alone, if it is not there.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(directory: PathBuf, clock: Clock) -> io::Result<Images> {
        for private in
            [directory.clone(), directory.join(LAYERS), directory.join(ROOTS), directory.join(MANIFESTS)]
        {
            DirBuilder::new().recursive(true).mode(0o700).create(private)?;
        }
        Ok(Images { directory: directory.canonicalize()?, clock })
    }

    /// Every name with its image, in order. Blocks.
    ///
    /// # Errors
    /// `Io`
    pub fn list(&self) -> Result<Vec<(ImageName, Image)>, ImageError> {
        let mut all = Vec::new();
        for (name, digest) in self.names()? {
            if let Some(image) = self.image(&digest)? {
                all.push((ImageName::parse(&name)?, image));
            }
        }
        Ok(all)
    }

    /// Blocks.
    ///
    /// # Errors
    /// `Io`
    pub fn find(&self, uri: &ImageUri) -> Result<Option<Image>, ImageError> {
        match &uri.wanted {
            Wanted::Tag(tag) => match self.names()?.get(&format!("{}:{tag}", uri.repository)) {
                Some(digest) => self.image(digest),
                None => Ok(None),
            },
            Wanted::Digest(digest) => {
                let here = |image: &Image| image.repositories.contains(&uri.repository);
                if let Some(image) = self.image(digest)?.filter(here) {
                    return Ok(Some(image));
                }
                let all = self.images()?;
                Ok(all.into_iter().find(|image| image.index.as_ref() == Some(digest) && here(image)))
            }
        }
    }

    /// By the digest of its manifest. Blocks.
    ///
    /// # Errors
    /// `Io`
    pub fn image(&self, digest: &Digest) -> Result<Option<Image>, ImageError> {
        read(&self.manifest(digest))
    }

    /// The host's path of an image's merged tree.
    pub fn root(&self, image: &Image) -> PathBuf {
        self.directory.join(ROOTS).join(&image.root)
    }

    /// Takes a name away; the image stays until [`Images::sweep`]. Blocks.
    ///
    /// # Errors
    /// `NotFound`, `Busy`, `Io`.
    pub fn remove(&self, name: &ImageName) -> Result<(), ImageError> {
        let _lock = self.try_lock()?;
        let mut names = self.names()?;
        if names.remove(&name.to_string()).is_none() {
            return Err(ImageError::NotFound(format!(
                "there is no image {name}; zerun image list shows those there are"
            )));
        }
        self.write_names(&names)
    }

    /// Images that have no name any more. Blocks.
    ///
    /// # Errors
    /// `Io`
    pub fn nameless(&self) -> Result<Vec<Digest>, ImageError> {
        let named: BTreeSet<Digest> = self.names()?.into_values().collect();
        let all = self.images()?.into_iter().map(|image| image.digest);
        Ok(all.filter(|digest| !named.contains(digest)).collect())
    }

    /// Forgets an image if it has no name; what it consists of goes with [`Images::sweep`]. Blocks, but shortly.
    ///
    /// # Errors
    /// `Busy`, `Io`.
    pub fn forget(&self, digest: &Digest) -> Result<(), ImageError> {
        let _lock = self.try_lock()?;
        if self.names()?.values().any(|named| named == digest) {
            return Ok(());
        }
        match fs::remove_file(self.manifest(digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(ImageError::io("cannot forget an image")(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes layers and trees that belong to no image, and what loading left unfinished. Blocks for as long as
    /// that takes.
    ///
    /// # Errors
    /// `Busy`, `Io`.
    pub fn sweep(&self) -> Result<(), ImageError> {
        let lock = self.try_lock()?;
        let images = self.images()?;
        let layers: BTreeSet<&str> = images.iter().flat_map(|image| &image.layers).map(Digest::hex).collect();
        let roots: BTreeSet<&str> = images.iter().map(|image| image.root.as_str()).collect();
        let mut gone = Vec::new();
        for (directory, used) in [(LAYERS, layers), (ROOTS, roots), ("", BTreeSet::new())] {
            let directory = self.directory.join(directory);
            for entry in fs::read_dir(&directory).map_err(ImageError::io("cannot look through the images"))? {
                let entry = entry.map_err(ImageError::io("cannot look through the images"))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let leftover = name.starts_with(UNFINISHED) || name.starts_with(GONE);
                if leftover || (directory != self.directory && !used.contains(name.as_str())) {
                    let away = directory.join(format!("{GONE}{}", self.clock.random_token(16)));
                    fs::rename(entry.path(), &away).map_err(ImageError::io("cannot remove an image"))?;
                    gone.push(away);
                }
            }
        }
        // Nobody finds them any more.
        drop(lock);
        let mut failed = Ok(());
        for path in gone {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            // The others are removed all the same.
            failed = failed.and(removed);
        }
        failed.map_err(ImageError::io("cannot remove an image"))
    }

    pub(crate) fn try_lock(&self) -> Result<Lock, ImageError> {
        self.lock(FlockArg::LockExclusiveNonblock)
    }

    pub(crate) fn wait_lock(&self) -> Result<Lock, ImageError> {
        self.lock(FlockArg::LockExclusive)
    }

    fn lock(&self, how: FlockArg) -> Result<Lock, ImageError> {
        let failed = || ImageError::io("cannot lock the images");
        let path = self.directory.join("lock");
        let options = OpenOptions::new().write(true).create(true).truncate(false).clone();
        let file = options.open(path).map_err(failed())?;
        Flock::lock(file, how).map_err(|(_, error)| match error {
            nix::errno::Errno::EWOULDBLOCK => ImageError::Busy,
            error => failed()(error.into()),
        })
    }

    pub(crate) fn names(&self) -> Result<Names, ImageError> {
        Ok(read(&self.directory.join(NAMES))?.unwrap_or_default())
    }

    pub(crate) fn write_names(&self, names: &Names) -> Result<(), ImageError> {
        write(&self.directory.join(NAMES), names)
    }

    pub(crate) fn write_image(&self, image: &Image) -> Result<(), ImageError> {
        write(&self.manifest(&image.digest), image)
    }

    fn manifest(&self, digest: &Digest) -> PathBuf {
        self.directory.join(MANIFESTS).join(digest.hex())
    }

    pub(crate) fn images(&self) -> Result<Vec<Image>, ImageError> {
        let failed = || ImageError::io("cannot look through the images");
        let mut all = Vec::new();
        for entry in fs::read_dir(self.directory.join(MANIFESTS)).map_err(failed())? {
            let name = entry.map_err(failed())?.file_name();
            // Others are being written.
            if let Ok(digest) = Digest::from_hex(&name.to_string_lossy()) {
                all.extend(self.image(&digest)?);
            }
        }
        Ok(all)
    }

    pub(crate) fn layer(&self, diff_id: &Digest) -> PathBuf {
        self.directory.join(LAYERS).join(diff_id.hex())
    }

    pub(crate) fn layer_record(&self, diff_id: &Digest) -> Result<Option<LayerRecord>, ImageError> {
        read(&self.layer(diff_id).join("layer.json"))
    }

    pub(crate) fn unpacked(&self, diff_id: &Digest) -> Result<UnpackedLayer, ImageError> {
        let record = self.layer_record(diff_id)?;
        let record =
            record.ok_or_else(|| ImageError::NotFound(format!("the layer {diff_id} is not there")))?;
        Ok(UnpackedLayer { tree: self.layer(diff_id).join("tree"), notes: record.notes })
    }

    /// Where something is made that will be renamed.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.directory.join(format!("{UNFINISHED}{}", self.clock.random_token(16)))
    }

    pub(crate) fn new_root(&self) -> (String, PathBuf) {
        let name = self.clock.random_token(20);
        let path = self.directory.join(ROOTS).join(&name);
        (name, path)
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ImageError> {
    let failed = || ImageError::io(format!("cannot read {}", path.display()));
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| failed()(error.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed()(error)),
    }
}

/// Whole and on disk when it is there.
pub(crate) fn write(path: &Path, value: &impl Serialize) -> Result<(), ImageError> {
    let attempt = || {
        let temporary = path.with_extension("new");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(value)?)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    };
    attempt().map_err(ImageError::io(format!("cannot write {}", path.display())))
}
