use crate::state::State;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// A component that is ready to be started any number of times.
pub struct Program(pub(crate) Entry);

pub(crate) enum Entry {
    Command(CommandPre<State>),
    Http(ProxyPre<State>),
}

/// How a component is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// `wasi:cli/command`: reads its standard input, answers on its standard output.
    Command,
    /// `wasi:http/proxy`: answers a request.
    Http,
}

/// Why something is no program that runs here; fit to be shown to its owner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

const HTTP: &str = "wasi:http/incoming-handler@0.2";
const COMMAND: &str = "wasi:cli/run@0.2";

impl Program {
    pub fn world(&self) -> World {
        match self.0 {
            Entry::Command(_) => World::Command,
            Entry::Http(_) => World::Http,
        }
    }

    pub(crate) fn of(component: &Component, linker: &Linker<State>) -> Result<Program, Refusal> {
        let ty = component.component_type();
        let exports: Vec<String> = ty.exports(linker.engine()).map(|(name, _)| name.to_owned()).collect();
        let exported = |name: &str| exports.iter().any(|export| export.starts_with(name));
        let (http, command) = (exported(HTTP), exported(COMMAND));
        if !http && !command {
            return Err(Refusal(format!(
                "the component exports neither {HTTP} nor {COMMAND}, but {}",
                named(&exports)
            )));
        }
        let refused = |error: wasmtime::Error| Refusal(format!("{error:#}"));
        let ready = linker.instantiate_pre(component).map_err(refused)?;
        Ok(Program(if http {
            Entry::Http(ProxyPre::new(ready).map_err(refused)?)
        } else {
            Entry::Command(CommandPre::new(ready).map_err(refused)?)
        }))
    }
}

/// A component may have many.
const NAMED_MAX: usize = 8;

fn named(exports: &[String]) -> String {
    match exports {
        [] => "nothing".to_owned(),
        some if some.len() <= NAMED_MAX => some.join(", "),
        many => format!("{}, …", many.get(..NAMED_MAX).unwrap_or_default().join(", ")),
    }
}
