//! Functions that are container images.

use crate::FunctionsError;
use bytes::Bytes;
use images::Image;
use runtime::ImageProgram;
use serde::{Deserialize, Serialize};

/// Where a function's code comes from.
#[derive(Debug, Clone)]
pub enum NewCode {
    /// An archive.
    Zip(Bytes),
    /// The URI of an image that is loaded here.
    Image(String),
}

/// What is noted of an image beside its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageCode {
    /// As the caller wrote it.
    pub uri: String,
    /// The same with the digest of the manifest.
    pub resolved_uri: String,
}

/// What a function puts in the place of its image's own settings; `None` leaves the image's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    pub entry_point: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    pub working_directory: Option<String>,
}

/// Lambda's own words.
pub(crate) const NOT_WITH_IMAGES: &str =
    "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.";
pub(crate) const NO_LAYERS: &str =
    "Lambda layers are not supported for functions created with container images.";

/// Words of one list, and bytes of all of them: what fits beside the environment into one program's start.
const WORDS_MAX: usize = 1500;
const WORDS_BYTES_MAX: usize = 32 * 1024;

impl ImageConfig {
    pub fn is_empty(&self) -> bool {
        *self == ImageConfig::default()
    }

    /// # Errors
    /// `Invalid`
    pub(crate) fn check(&self) -> Result<(), FunctionsError> {
        for (name, words) in [("EntryPoint", &self.entry_point), ("Command", &self.command)] {
            let Some(words) = words else { continue };
            let bytes: usize = words.iter().map(String::len).sum();
            if words.len() > WORDS_MAX
                || bytes > WORDS_BYTES_MAX
                || words.iter().any(|word| word.contains('\0'))
            {
                return Err(FunctionsError::Invalid(format!(
                    "ImageConfig.{name} must be at most {WORDS_MAX} words of {WORDS_BYTES_MAX} bytes in all, without zero characters"
                )));
            }
        }
        let fits = |directory: &String| {
            directory.starts_with('/') && directory.len() <= 1000 && !directory.contains('\0')
        };
        if self.working_directory.as_ref().is_some_and(|directory| !fits(directory)) {
            return Err(FunctionsError::invalid(
                "ImageConfig.WorkingDirectory must be an absolute path of at most 1000 bytes",
            ));
        }
        Ok(())
    }

    /// What is started of `image`.
    pub(crate) fn program(&self, image: &Image) -> ImageProgram {
        let words = |own: &Option<Vec<String>>, of_image: &[String]| match own {
            Some(words) => words.clone(),
            None => of_image.to_vec(),
        };
        ImageProgram {
            entrypoint: words(&self.entry_point, &image.entrypoint),
            command: words(&self.command, &image.command),
            working_directory: self.working_directory.as_ref().unwrap_or(&image.working_directory).clone(),
            environment: image.environment.clone(),
        }
    }
}
