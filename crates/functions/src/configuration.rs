use crate::{Environment, FunctionsError, ImageCode, ImageConfig, LayerUse, Logging, SnapshotState, image};
use clock::Timestamp;
use kv::Record;
use runtime::RuntimeId;
use serde::{Deserialize, Serialize};

/// What a version runs and how. A published version's never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Configuration {
    pub description: String,
    pub runtime: RuntimeId,
    pub handler: String,
    /// ARN of the role whose session the code gets.
    pub role: String,
    pub memory_mb: u32,
    pub timeout_s: u32,
    /// Size of `/tmp` in MiB.
    pub tmp_mb: u32,
    pub environment: Environment,
    /// In merging order: the later one wins.
    pub layers: Vec<LayerUse>,
    #[serde(default)]
    pub logging: Logging,
    /// Versions published of it are initialised ahead.
    #[serde(default)]
    pub snap_start: bool,
    /// Of a published version. The one thing of it that changes.
    #[serde(default)]
    pub snapshot: SnapshotState,
    pub code: Code,
    /// What an image's own settings give way to.
    #[serde(default)]
    pub image_config: ImageConfig,
    /// ARN of the queue or topic that gets the events of asynchronous invocations that are given up.
    #[serde(default)]
    pub dead_letters: Option<String>,
    pub modified: Timestamp,
    /// New with every change, so that callers can make changes conditional.
    pub revision_id: String,
}

/// A piece of code by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// SHA-256 of the zip, or the digest of the image's manifest: 64 hexadecimal digits.
    pub sha256: String,
    /// Of the zip; zero for an image, as on Lambda.
    pub zip_bytes: u64,
    /// Of all unpacked files.
    pub unpacked_bytes: u64,
    /// It is a container image, no zip.
    #[serde(default)]
    pub image: Option<ImageCode>,
}

impl Record for Configuration {
    const KIND: &'static str = "function version";
    const VERSION: u8 = 1;
}

/// Bounds of <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
pub const MEMORY_MB: std::ops::RangeInclusive<u32> = 128..=10_240;
pub const TIMEOUT_S: std::ops::RangeInclusive<u32> = 1..=900;
pub const TMP_MB: std::ops::RangeInclusive<u32> = 512..=10_240;
pub const LAYERS_MAX: usize = 5;
const HANDLER_CHARS_MAX: usize = 128;
const DESCRIPTION_CHARS_MAX: usize = 256;

impl Configuration {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// `Invalid`, naming the member as callers spell it.
    pub(crate) fn check(&self) -> Result<(), FunctionsError> {
        let invalid = |message: String| Err(FunctionsError::Invalid(message));
        if !MEMORY_MB.contains(&self.memory_mb) {
            return invalid(format!("MemorySize must be from 128 to 10240, got {}", self.memory_mb));
        }
        if !TIMEOUT_S.contains(&self.timeout_s) {
            return invalid(format!("Timeout must be from 1 to 900, got {}", self.timeout_s));
        }
        if !TMP_MB.contains(&self.tmp_mb) {
            return invalid(format!("EphemeralStorage.Size must be from 512 to 10240, got {}", self.tmp_mb));
        }
        let handler = self.handler.chars().count();
        if handler > HANDLER_CHARS_MAX || self.handler.chars().any(char::is_whitespace) {
            return invalid("Handler must be at most 128 characters without white space".to_owned());
        }
        if self.handler.is_empty() && self.runtime.family() != runtime::Family::Provided {
            return invalid(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
                    .to_owned(),
            );
        }
        if self.description.chars().count() > DESCRIPTION_CHARS_MAX {
            return invalid("Description must be at most 256 characters".to_owned());
        }
        check_role(&self.role)?;
        if self.layers.len() > LAYERS_MAX {
            return invalid(format!("Cannot reference more than {LAYERS_MAX} layers."));
        }
        if self.code.image.is_some() {
            if !self.handler.is_empty() {
                return invalid(image::NOT_WITH_IMAGES.to_owned());
            }
            if !self.layers.is_empty() {
                return invalid(image::NO_LAYERS.to_owned());
            }
            if self.snap_start {
                return invalid(
                    "Container images are not supported for SnapStart enabled functions.".to_owned(),
                );
            }
            self.image_config.check()?;
        } else if !self.image_config.is_empty() {
            return invalid(
                "Please don't provide ImageConfig when the intended function PackageType is Zip.".to_owned(),
            );
        }
        if self.snap_start && self.runtime.family() == runtime::Family::Provided {
            return invalid(format!("{} is not supported for SnapStart enabled functions.", self.runtime));
        }
        if self.snap_start && self.tmp_mb > *TMP_MB.start() {
            return invalid(
                "EphemeralStorage.Size above 512 is not supported for SnapStart enabled functions."
                    .to_owned(),
            );
        }
        let unpacked: u64 =
            self.layers.iter().map(|layer| layer.code.unpacked_bytes).sum::<u64>() + self.code.unpacked_bytes;
        if unpacked > crate::code::UNPACKED_BYTES_MAX {
            return invalid(format!(
                "Function code combined with layers exceeds the maximum allowed size of {} bytes. The actual size is {unpacked} bytes.",
                crate::code::UNPACKED_BYTES_MAX
            ));
        }
        Ok(())
    }

    /// Whether `other` would run the same: what publishing compares. The description is not part of it.
    pub(crate) fn runs_like(&self, other: &Configuration) -> bool {
        let Configuration {
            description: _,
            runtime,
            handler,
            role,
            memory_mb,
            timeout_s,
            tmp_mb,
            environment,
            layers,
            logging,
            snap_start,
            snapshot: _,
            code,
            image_config,
            dead_letters,
            modified: _,
            revision_id: _,
        } = self;
        *runtime == other.runtime
            && *handler == other.handler
            && *role == other.role
            && *memory_mb == other.memory_mb
            && *timeout_s == other.timeout_s
            && *tmp_mb == other.tmp_mb
            && *environment == other.environment
            && *layers == other.layers
            && *logging == other.logging
            && *snap_start == other.snap_start
            && *code == other.code
            && *image_config == other.image_config
            && *dead_letters == other.dead_letters
    }

    /// Every piece of code this configuration keeps alive, once per use.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &Code> {
        std::iter::once(&self.code).chain(self.layers.iter().map(|layer| &layer.code))
    }
}

/// `arn:aws:iam::<12 digits>:role/<path and name>`.
fn check_role(role: &str) -> Result<(), FunctionsError> {
    let fits = names::Arn::parse(role).is_ok_and(|arn| {
        arn.service == "iam"
            && names::AccountId::parse(&arn.account).is_ok()
            && arn.resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
    });
    if fits {
        Ok(())
    } else {
        Err(FunctionsError::Invalid(format!(
            "Role must be the ARN of a role, arn:aws:iam::<account>:role/<name>, got {role:?}"
        )))
    }
}

/// # Errors
/// `Precondition` when the caller named another revision than the latest.
pub(crate) fn check_revision(asked: Option<&str>, latest: &str) -> Result<(), FunctionsError> {
    match asked {
        Some(asked) if asked != latest => Err(FunctionsError::Precondition(
            "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

impl Code {
    /// The hash as Lambda shows it: in base64, but an image's in hexadecimal digits.
    pub fn sha256_text(&self) -> String {
        use base64::Engine;
        if self.image.is_some() {
            return self.sha256.clone();
        }
        let bytes = hex::decode(&self.sha256).unwrap_or_default();
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }
}
