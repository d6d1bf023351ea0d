use super::agent::{Agent, Step};
use super::{EXTENSIONS_MAX, ExtensionFailure};
use std::sync::Arc;
use std::time::Duration;

/// How long the end may take when an external extension is there.
pub const SHUTDOWN_EXTERNAL: Duration = Duration::from_millis(2000);
/// How long it may take when there are internal ones only.
pub const SHUTDOWN_INTERNAL: Duration = Duration::from_millis(500);
/// How long of it the runtime has after SIGTERM when only external extensions are there.
pub const SIGTERM_WITHIN: Duration = Duration::from_millis(300);

/// Everybody who takes part in the life of one start.
#[derive(Debug)]
pub(super) struct State {
    agents: Vec<Agent>,
    registration_open: bool,
}

/// What is told of one extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentReport {
    pub name: String,
    pub state: &'static str,
    /// Separated by commas.
    pub events: &'static str,
    pub error_type: Option<String>,
}

/// A call that is not allowed now: what the extension is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub error_type: &'static str,
    pub message: String,
}

fn refused(error_type: &'static str, message: impl Into<String>) -> Refused {
    Refused { error_type, message: message.into() }
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub invoke: bool,
    pub shutdown: bool,
}

impl State {
    pub fn new(external: &[String]) -> Self {
        let agents = external.iter().take(EXTENSIONS_MAX).map(|name| Agent::launched(name)).collect();
        State { agents, registration_open: true }
    }

    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    pub fn all_registered(&self) -> bool {
        self.agents.iter().all(|agent| agent.step != Step::Launched)
    }

    pub fn all_idle(&self) -> bool {
        self.agents.iter().all(|agent| agent.step == Step::Idle)
    }

    pub fn close_registration(&mut self) {
        self.registration_open = false;
    }

    /// Registers under `id`.
    pub fn register(&mut self, name: &str, wanted: Wanted, id: String) -> Result<(), Refused> {
        if name.is_empty() || name.len() > 255 {
            return Err(refused("Extension.InvalidExtensionName", "the name is missing or too long"));
        }
        let agent = match self.agents.iter_mut().position(|agent| agent.name == name) {
            Some(place) => self.agents.get_mut(place),
            None => {
                if !self.registration_open {
                    return Err(refused(
                        "Extension.RegistrationClosed",
                        "extensions register before the runtime is initialised",
                    ));
                }
                if self.agents.len() >= EXTENSIONS_MAX {
                    return Err(refused(
                        "Extension.TooManyExtensions",
                        format!("a function has at most {EXTENSIONS_MAX} extensions"),
                    ));
                }
                if wanted.shutdown {
                    return Err(refused(
                        "Extension.InvalidEventType",
                        "an internal extension cannot register for SHUTDOWN",
                    ));
                }
                self.agents.push(Agent { external: false, ..Agent::launched(name) });
                self.agents.last_mut()
            }
        };
        match agent {
            Some(agent) if agent.step == Step::Launched => {
                agent.id = id;
                agent.wants_invoke = wanted.invoke;
                agent.wants_shutdown = wanted.shutdown;
                agent.step = Step::Registered;
                Ok(())
            }
            _ => Err(refused("Extension.InvalidExtensionState", "this extension has registered already")),
        }
    }

    /// The event that waits for the extension. `None`: it is idle now, and has to wait.
    pub fn next(&mut self, id: &str) -> Result<Option<Arc<str>>, Refused> {
        let agent = self.agent(id)?;
        match &agent.step {
            Step::Registered | Step::Busy => {
                agent.step = Step::Idle;
                Ok(None)
            }
            Step::Idle => Ok(None),
            Step::Handed(event) => {
                let event = event.clone();
                agent.step = Step::Busy;
                Ok(Some(event))
            }
            _ => Err(refused("Extension.InvalidExtensionState", "this extension has reported its end")),
        }
    }

    /// As [`State::next`] for a call that waits already: what another call of the same extension does
    /// meanwhile is no answer to this one.
    pub fn fetch(&mut self, id: &str) -> Result<Option<Arc<str>>, Refused> {
        match self.agent(id)?.step {
            Step::Handed(_) => self.next(id),
            Step::Idle | Step::Busy => Ok(None),
            _ => Err(refused("Extension.InvalidExtensionState", "this extension has reported its end")),
        }
    }

    pub fn init_error(&mut self, id: &str, error_type: &str) -> Result<(), Refused> {
        let agent = self.agent(id)?;
        if agent.step != Step::Registered {
            return Err(refused(
                "Extension.InvalidExtensionState",
                "init/error is for extensions that have not asked for an event",
            ));
        }
        agent.step = Step::InitError;
        agent.error_type = Some(error_type.to_owned());
        Ok(())
    }

    pub fn exit_error(&mut self, id: &str, error_type: &str) -> Result<(), Refused> {
        let agent = self.agent(id)?;
        if agent.has_failed() {
            return Err(refused("Extension.InvalidExtensionState", "this extension has reported its end"));
        }
        agent.step = Step::ExitError;
        agent.error_type = Some(error_type.to_owned());
        Ok(())
    }

    pub fn name_of(&mut self, id: &str) -> Result<String, Refused> {
        self.agent(id).map(|agent| agent.name.clone())
    }

    pub fn is_registration_open(&self) -> bool {
        self.registration_open
    }

    pub fn invoke(&mut self, event: &Arc<str>) {
        self.hand(event, |agent| agent.wants_invoke);
    }

    pub fn shutdown(&mut self, event: &Arc<str>) {
        // Whatever it was told before, this is what counts now.
        self.hand(event, |agent| agent.wants_shutdown);
    }

    fn hand(&mut self, event: &Arc<str>, wants: impl Fn(&Agent) -> bool) {
        for agent in self.agents.iter_mut().filter(|agent| wants(agent)) {
            match agent.step {
                Step::Idle | Step::Handed(_) => agent.step = Step::Handed(event.clone()),
                // One that is busy fetches it with its next call.
                Step::Registered | Step::Busy => agent.step = Step::Handed(event.clone()),
                _ => {}
            }
        }
    }

    pub fn failure(&self) -> Option<ExtensionFailure> {
        self.agents.iter().find_map(|agent| {
            let reason = agent.error_type.clone().unwrap_or_default();
            match agent.step {
                Step::InitError => Some(ExtensionFailure { error_type: "Extension.InitError", reason }),
                Step::ExitError => Some(ExtensionFailure { error_type: "Extension.ExitError", reason }),
                _ => None,
            }
        })
    }

    pub fn exited(&mut self, name: &str, how: &str) -> ExtensionFailure {
        let agent = self.agents.iter_mut().find(|agent| agent.external && agent.name == name);
        let error_type = match agent {
            Some(Agent { step: Step::InitError, .. }) => "Extension.InitError",
            Some(Agent { step: Step::ExitError, .. }) => "Extension.ExitError",
            Some(agent) => {
                agent.step = Step::Exited;
                agent.error_type = Some("Extension.Crash".to_owned());
                "Extension.Crash"
            }
            None => "Extension.Crash",
        };
        ExtensionFailure { error_type, reason: how.to_owned() }
    }

    pub fn not_started(&mut self, name: &str, reason: &str) -> ExtensionFailure {
        if let Some(agent) = self.agents.iter_mut().find(|agent| agent.external && agent.name == name) {
            agent.step = Step::NotStarted;
            agent.error_type = Some("UnknownError".to_owned());
        }
        ExtensionFailure { error_type: "Extension.LaunchError", reason: reason.to_owned() }
    }

    pub fn report(&self) -> Vec<AgentReport> {
        let of = |agent: &Agent| AgentReport {
            name: agent.name.clone(),
            state: agent.state_name(),
            events: agent.events(),
            error_type: agent.error_type.clone(),
        };
        self.agents.iter().map(of).collect()
    }

    pub fn wants_shutdown(&self, name: &str) -> bool {
        self.agents
            .iter()
            .any(|agent| agent.external && agent.name == name && agent.wants_shutdown && !agent.has_failed())
    }

    pub fn has_internal(&self) -> bool {
        self.agents.iter().any(|agent| !agent.external)
    }

    fn agent(&mut self, id: &str) -> Result<&mut Agent, Refused> {
        let known = self.agents.iter_mut().find(|agent| !agent.id.is_empty() && agent.id == id);
        known.ok_or_else(|| {
            refused("Extension.UnknownExtensionIdentifier", "no extension has this identifier")
        })
    }
}
