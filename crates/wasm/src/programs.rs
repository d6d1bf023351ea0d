use crate::compiler::CompileError;
use crate::program::{Program, Refusal};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Loaded programs, by the component's path: what lies under one path never changes.
#[derive(Default)]
pub(crate) struct Programs(Mutex<Table>);

#[derive(Default)]
struct Table {
    loaded: HashMap<PathBuf, Place>,
    uses: u64,
}

struct Place {
    cell: Cell,
    last_use: u64,
}

type Cell = Arc<OnceCell<Result<Arc<Program>, Refusal>>>;

/// Beyond, the one not used for longest goes; each maps its machine code, and keeps little else.
const LOADED_MAX: usize = 256;

impl Programs {
    /// The program, loaded by `load` if need be: once, whoever asks meanwhile. A refusal is remembered too.
    pub async fn get(
        &self,
        component: &Path,
        load: impl Future<Output = Result<Program, CompileError>>,
    ) -> Result<Arc<Program>, CompileError> {
        let cell = self.cell(component);
        let load = async {
            match load.await {
                Ok(program) => Ok(Ok(Arc::new(program))),
                Err(CompileError::Refused(refusal)) => Ok(Err(refusal)),
                Err(failed) => Err(failed),
            }
        };
        let program = cell.get_or_try_init(|| load).await?;
        Ok(program.clone()?)
    }

    fn cell(&self, component: &Path) -> Cell {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.uses += 1;
        let now = table.uses;
        if let Some(place) = table.loaded.get_mut(component) {
            place.last_use = now;
            return place.cell.clone();
        }
        if table.loaded.len() >= LOADED_MAX {
            let oldest = table.loaded.iter().min_by_key(|(_, place)| place.last_use);
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                table.loaded.remove(&oldest);
            }
        }
        let cell = Cell::default();
        table.loaded.insert(component.to_owned(), Place { cell: cell.clone(), last_use: now });
        cell
    }
}
