use crate::compiler::CompileError;
use crate::program::Program;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Loaded programs, by the component's path: what lies under one path never changes.
#[derive(Default)]
pub(crate) struct Programs(Mutex<Table>);

#[derive(Default)]
struct Table {
    loaded: HashMap<PathBuf, Place>,
    uses: u64,
}

struct Place {
    state: watch::Sender<State>,
    last_use: u64,
}

enum State {
    Empty,
    Loading,
    Loaded(Result<Arc<Program>, CompileError>),
}

/// Beyond, the one not used for longest goes; each maps its machine code, and keeps little else.
const LOADED_MAX: usize = 256;

impl Programs {
    /// The program, loaded by `load` if need be: once, whoever asks meanwhile, and to its end, whoever does not wait
    /// for it any longer. A refusal is remembered too.
    pub async fn get(
        &self,
        component: &Path,
        load: impl Future<Output = Result<Program, CompileError>> + Send + 'static,
    ) -> Result<Arc<Program>, CompileError> {
        let state = self.state(component);
        let mut changes = state.subscribe();
        let is_to_load = state.send_if_modified(|state| match state {
            State::Empty | State::Loaded(Err(CompileError::Failed(_))) => {
                *state = State::Loading;
                true
            }
            State::Loading | State::Loaded(_) => false,
        });
        if is_to_load {
            tokio::spawn(async move {
                let loaded = tokio::spawn(load).await;
                let loaded = loaded.unwrap_or_else(|error| Err(CompileError::Failed(error.to_string())));
                state.send_replace(State::Loaded(loaded.map(Arc::new)));
            });
        }
        loop {
            if let State::Loaded(loaded) = &*changes.borrow_and_update() {
                return loaded.clone();
            }
            if changes.changed().await.is_err() {
                return Err(CompileError::Failed("nobody loads the component any more".to_owned()));
            }
        }
    }

    fn state(&self, component: &Path) -> watch::Sender<State> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.uses += 1;
        let now = table.uses;
        if let Some(place) = table.loaded.get_mut(component) {
            place.last_use = now;
            return place.state.clone();
        }
        if table.loaded.len() >= LOADED_MAX {
            let oldest = table.loaded.iter().min_by_key(|(_, place)| place.last_use);
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                table.loaded.remove(&oldest);
            }
        }
        let state = watch::Sender::new(State::Empty);
        table.loaded.insert(component.to_owned(), Place { state: state.clone(), last_use: now });
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Refusal;
    use std::pin::Pin;
    use std::task::{Context, Waker};
    use tokio::sync::oneshot;

    fn is_pending(future: Pin<&mut impl Future>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    fn words(result: Result<Arc<Program>, CompileError>) -> String {
        result.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[tokio::test]
    async fn loading_goes_on_when_nobody_waits_any_longer() {
        let (programs, path) = (Programs::default(), Path::new("a"));
        let (go, gone) = oneshot::channel();
        let refusal = || CompileError::Refused(Refusal("no".to_owned()));
        let load = async move {
            gone.await.unwrap();
            Err(refusal())
        };
        let mut first = Box::pin(programs.get(path, load));
        assert!(is_pending(first.as_mut()));
        drop(first);
        let second = programs.get(path, async { unreachable!("it is loaded already") });
        let mut second = Box::pin(second);
        assert!(is_pending(second.as_mut()));
        go.send(()).unwrap();
        assert_eq!(words(second.await), "no");
        // Remembered.
        assert_eq!(words(programs.get(path, async { unreachable!("it was refused") }).await), "no");
    }

    #[tokio::test]
    async fn what_failed_is_tried_again() {
        let (programs, path) = (Programs::default(), Path::new("a"));
        for what in ["once", "twice"] {
            let load = async move { Err(CompileError::Failed(what.to_owned())) };
            assert_eq!(words(programs.get(path, load).await), what);
        }
        let panics = async { panic!("by itself") };
        assert!(words(programs.get(path, panics).await).contains("panic"));
    }
}
