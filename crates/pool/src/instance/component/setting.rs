use super::super::prepare::environment;
use super::super::start::Context;
use super::ANSWER_BYTES_MAX;
use crate::output::{Lines, Log};
use crate::{Credentials, VersionSpec};
use runtime::api::Invocation;
use runtime::component;
use runtime::report::InitKind;
use runtime::telemetry::Origin;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use wasm::{Setting, Stream};

/// Of no use where no request leaves, and a secret the less.
const LEFT_OUT: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LD_LIBRARY_PATH",
];

/// What a component of `spec` finds around itself: its variables, and code and layers to read.
pub(super) fn setting(
    context: &Context,
    spec: &VersionSpec,
    invocation: &Invocation,
    opt_dir: Option<PathBuf>,
    init: InitKind,
    heard: &Heard,
) -> Setting {
    let nobody = Credentials {
        access_key_id: String::new(),
        secret_access_key: String::new(),
        session_token: String::new(),
        expires: invocation.deadline,
    };
    let mut environment = environment(context, spec, &nobody, heard.log.stream(), init);
    environment.retain(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
    environment.extend(component::variables(invocation));
    let mut directories = vec![(spec.code_dir.clone(), "/var/task".to_owned())];
    directories.extend(opt_dir.map(|opt_dir| (opt_dir, "/opt".to_owned())));
    let heard = heard.clone();
    Setting {
        environment,
        arguments: vec![spec.handler.clone()],
        directories,
        memory_bytes: (spec.memory_mb as usize) << 20,
        answer_bytes_max: ANSWER_BYTES_MAX,
        listener: Arc::new(move |stream, bytes| heard.take(stream, bytes)),
    }
}

/// What a component writes, line by line. Cheap to clone; clones are the same.
#[derive(Clone)]
pub(super) struct Heard {
    log: Log,
    output: Arc<Mutex<Lines>>,
    error: Arc<Mutex<Lines>>,
}

impl Heard {
    pub fn new(log: &Log) -> Self {
        let lines = || Arc::new(Mutex::new(Lines::new(log.clone(), Origin::Function)));
        Heard { log: log.clone(), output: lines(), error: lines() }
    }

    fn take(&self, stream: Stream, bytes: &[u8]) {
        let lines = match stream {
            Stream::Output => &self.output,
            Stream::Error => &self.error,
        };
        lines.lock().unwrap_or_else(PoisonError::into_inner).take(bytes);
    }

    /// A last line may have no end.
    pub fn flush(&self) {
        for lines in [&self.output, &self.error] {
            lines.lock().unwrap_or_else(PoisonError::into_inner).end_line();
        }
    }
}
