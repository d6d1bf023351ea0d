use crate::{ThrottleReason, VersionSpec};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Counts running invocations against the limits.
#[derive(Debug)]
pub(crate) struct Concurrency {
    account_max: u32,
    running: Mutex<Running>,
    total: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Running {
    by_function: HashMap<String, u32>,
    by_account: HashMap<String, u32>,
}

impl Concurrency {
    pub fn new(account_max: u32) -> Arc<Self> {
        Arc::new(Concurrency { account_max, running: Mutex::default(), total: watch::Sender::new(0) })
    }

    /// Counts one more invocation of `spec`'s function.
    ///
    /// # Errors
    /// The limit that is reached. Reserved concurrency is looked at first: it is the narrower one.
    pub fn enter(self: &Arc<Self>, spec: &VersionSpec) -> Result<Permit, ThrottleReason> {
        let mut running = self.lock();
        let of_function = running.by_function.get(&spec.function_arn).copied().unwrap_or(0);
        if spec.reserved_concurrency.is_some_and(|reserved| of_function >= reserved) {
            return Err(ThrottleReason::ReservedConcurrency);
        }
        let account = spec.account_id.as_str();
        let of_account = running.by_account.get(account).copied().unwrap_or(0);
        if of_account >= self.account_max {
            return Err(ThrottleReason::AccountConcurrency);
        }
        running.by_function.insert(spec.function_arn.clone(), of_function + 1);
        running.by_account.insert(account.to_owned(), of_account + 1);
        self.total.send_modify(|total| *total += 1);
        Ok(Permit {
            concurrency: self.clone(),
            function_arn: spec.function_arn.clone(),
            account: account.to_owned(),
        })
    }

    pub fn total(&self) -> usize {
        *self.total.borrow()
    }

    /// Waits until nothing runs.
    pub async fn wait_none(&self) {
        let mut total = self.total.subscribe();
        // The sender is in `self`, so this cannot fail.
        let _ = total.wait_for(|total| *total == 0).await;
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One running invocation, until dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    concurrency: Arc<Concurrency>,
    function_arn: String,
    account: String,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut running = self.concurrency.lock();
        leave(&mut running.by_function, &self.function_arn);
        leave(&mut running.by_account, &self.account);
        self.concurrency.total.send_modify(|total| *total = total.saturating_sub(1));
    }
}

/// Forgets what counts nothing, so that the table holds only what runs.
fn leave(counts: &mut HashMap<String, u32>, key: &str) {
    match counts.get_mut(key) {
        Some(count) if *count > 1 => *count -= 1,
        _ => {
            counts.remove(key);
        }
    }
}
