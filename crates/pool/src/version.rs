use names::{AccountId, FunctionName, Region};
use runtime::log::LogFormat;
use runtime::{ImageProgram, RuntimeId};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Everything an instance of one function version needs, decided by whoever keeps function records.
///
/// Instances are kept apart by `function_arn`, `version` and `revision`: two specifications that agree
/// on these three share instances, so everything that an instance sees must change `revision`.
#[derive(Debug, Clone)]
pub struct VersionSpec {
    /// Unqualified: `arn:aws:lambda:region:account:function:name`.
    pub function_arn: String,
    pub function_name: FunctionName,
    /// `$LATEST` or a number.
    pub version: String,
    pub account_id: AccountId,
    pub region: Region,
    pub runtime: RuntimeId,
    /// Passed to the code as `_HANDLER`; managed runtimes load it.
    pub handler: String,
    /// The code is an image, and this is what is started of it: neither handler nor layers.
    pub image: Option<ImageProgram>,
    /// The unpacked code on the host, mounted read-only at `/var/task`, or as the root if it is an image. It must not change or vanish
    /// while an instance lives (give new code a new directory and a new `revision`). Everybody must be
    /// able to read it: the sandbox's user owns nothing of it. Its name stands for its content: what was compiled of
    /// one is used for another of that name.
    pub code_dir: PathBuf,
    /// Unpacked layers on the host, merged read-only at `/opt`; where two hold the same path, the later
    /// one wins. A directory's content must never change under the same path.
    pub layer_dirs: Vec<PathBuf>,
    pub environment: BTreeMap<String, String>,
    /// 1–10,240 MiB.
    pub memory_mb: u32,
    /// How long one invocation may take, at most 900 s.
    pub timeout: Duration,
    /// Size of `/tmp`: 1–10,240 MiB.
    pub tmp_mb: u32,
    /// ARN of the role whose session credentials the code gets.
    pub role_arn: String,
    /// Changes whenever code, configuration or layers change.
    pub revision: String,
    /// `None`: it shares `unreserved_concurrency` with others. Zero refuses every invocation.
    pub reserved_concurrency: Option<u32>,
    /// Invocations that all functions of the account and region may have running at once that reserved
    /// nothing, on instances that nobody provisioned.
    pub unreserved_concurrency: u32,
    /// `/aws/lambda/<name>` unless configured otherwise.
    pub log_group: String,
    /// Instances are initialised ahead, and kept until they are needed.
    pub snap_start: bool,
    pub log_format: LogFormat,
    /// Where the code may connect to.
    pub egress: egress::Policy,
}

#[cfg(test)]
pub(crate) fn example(name: &str) -> VersionSpec {
    VersionSpec {
        function_arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
        function_name: FunctionName::parse(name).unwrap(),
        version: "$LATEST".into(),
        account_id: AccountId::root(),
        region: Region::default_region(),
        runtime: RuntimeId::parse("provided").unwrap(),
        handler: "h".into(),
        image: None,
        code_dir: "/nowhere".into(),
        layer_dirs: Vec::new(),
        environment: BTreeMap::new(),
        memory_mb: 128,
        timeout: Duration::from_secs(60),
        tmp_mb: 512,
        role_arn: String::new(),
        revision: "1".into(),
        reserved_concurrency: None,
        unreserved_concurrency: 1000,
        log_group: String::new(),
        log_format: LogFormat::Text,
        snap_start: false,
        egress: egress::Policy::Internet,
    }
}
