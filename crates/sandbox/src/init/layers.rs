use crate::control::Failure;
use crate::{Layer, LayerReport, LayerState};
use std::io;

/// Which layers came about. One that did not is a failure unless it may be lacked.
pub(super) struct Layers {
    may_lack: Vec<Layer>,
    pub(super) found: Vec<LayerReport>,
}

impl Layers {
    pub(super) fn new(may_lack: &[Layer]) -> Self {
        Layers { may_lack: may_lack.to_vec(), found: Vec::new() }
    }

    pub(super) fn may_lack(&self, layer: Layer) -> bool {
        self.may_lack.contains(&layer)
    }

    pub(super) fn enforced(&mut self, layer: Layer, detail: impl Into<String>) {
        self.found.push(LayerReport { layer, state: LayerState::Enforced, detail: detail.into() });
    }

    pub(super) fn missing(&mut self, layer: Layer, what: String, error: &io::Error) -> Result<(), Failure> {
        if !self.may_lack(layer) {
            return Err(Failure { layer: Some(layer), ..Failure::new(what, error) });
        }
        let detail = format!("{what}: {error}");
        self.found.push(LayerReport { layer, state: LayerState::Missing, detail });
        Ok(())
    }

    /// `None`: lacked, and that is allowed.
    pub(super) fn demand<T>(
        &mut self,
        layer: Layer,
        what: &str,
        detail: &str,
        result: io::Result<T>,
    ) -> Result<Option<T>, Failure> {
        match result {
            Ok(value) => {
                self.enforced(layer, detail);
                Ok(Some(value))
            }
            Err(error) => self.missing(layer, what.to_owned(), &error).map(|()| None),
        }
    }
}
