use std::sync::Arc;

/// One extension.
///
/// ```text
/// Launched ──register──▶ Registered ──next──▶ Idle ──event──▶ Handed ──next takes it──▶ Busy
///                            │                 ▲                                          │
///                            │                 └───────────────────next───────────────────┘
///                            └─init/error, exit/error, end of the process─▶ Failed
/// ```
#[derive(Debug)]
pub(super) struct Agent {
    pub name: String,
    pub external: bool,
    /// Given out when it registers.
    pub id: String,
    pub wants_invoke: bool,
    pub wants_shutdown: bool,
    pub step: Step,
    /// A type that it gave for its own failure.
    pub error_type: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Launched,
    Registered,
    Idle,
    /// An event waits to be fetched.
    Handed(Arc<str>),
    Busy,
    NotStarted,
    InitError,
    ExitError,
    /// The process ended without a word.
    Exited,
}

impl Agent {
    pub fn launched(name: &str) -> Self {
        Agent {
            name: name.to_owned(),
            external: true,
            id: String::new(),
            wants_invoke: false,
            wants_shutdown: false,
            step: Step::Launched,
            error_type: None,
        }
    }

    /// Whether nothing is to be expected of it any more.
    pub fn has_failed(&self) -> bool {
        matches!(self.step, Step::NotStarted | Step::InitError | Step::ExitError | Step::Exited)
    }

    /// As the EXTENSION line calls it.
    pub fn state_name(&self) -> &'static str {
        match self.step {
            Step::Launched => "Started",
            Step::Registered => "Registered",
            Step::Idle | Step::Handed(_) | Step::Busy => "Ready",
            Step::NotStarted => "LaunchError",
            Step::InitError => "InitError",
            Step::ExitError => "ExitError",
            Step::Exited => "Exited",
        }
    }

    /// In the order in which the EXTENSION line has them.
    pub fn events(&self) -> &'static str {
        match (self.wants_invoke, self.wants_shutdown) {
            (true, true) => "INVOKE,SHUTDOWN",
            (true, false) => "INVOKE",
            (false, true) => "SHUTDOWN",
            (false, false) => "",
        }
    }
}
