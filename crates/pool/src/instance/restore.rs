use super::start::InitFailure;
use super::{Instance, Running};
use crate::InvokeError;
use runtime::Conversation;
use runtime::extensions::ShutdownReason;
use runtime::report::{self, Event, Restore, Status};
use std::time::Duration;

/// How long a process may take to go on, its hooks for that included.
const RESTORED_WITHIN: Duration = Duration::from_secs(10);

impl Instance {
    /// Whether it was initialised ahead, and has to be restored before its first event.
    pub fn awaits_restore(&self) -> bool {
        self.running.awaits_restore
    }

    /// Lets the process, which was initialised ahead, go on, and waits until it is ready.
    ///
    /// # Errors
    /// What the caller is told: no error document is made, as the service makes none
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/snapstart-troubleshooting.html>).
    pub async fn restore(&mut self) -> Result<(), InvokeError> {
        self.go_on().await.map_err(|failure| {
            self.end_reason = ShutdownReason::Failure;
            match failure {
                InitFailure::TimedOut => InvokeError::RestoreTimedOut,
                InitFailure::Reported(_) | InitFailure::Ended(_) => InvokeError::RestoreFailed,
            }
        })
    }

    pub(super) async fn go_on(&mut self) -> Result<(), InitFailure> {
        let Instance { spec, launch, log, clock, registration, running, .. } = self;
        log.tell(&Event::RestoreStart {
            runtime_version: &launch.runtime_version,
            runtime_arn: &launch.runtime_arn,
            function_name: spec.function_name.as_str(),
            function_version: &spec.version,
            instance_id: registration.id(),
            memory_mb: spec.memory_mb,
        });
        let since = clock.moment();
        let Running { process, api, channel, output, awaits_restore, .. } = running;
        *awaits_restore = false;
        let mut conversation = Conversation::of(api, channel.as_mut());
        let found = match conversation.restore() {
            Err(error) => Err(InitFailure::unknown(&error)),
            Ok(()) => {
                super::start::ready(&mut conversation, process, clock, clock.sleep(RESTORED_WITHIN)).await
            }
        };
        output.flush();
        let duration = clock.since(since);
        let (status, error_type) = super::start::outcome(&found);
        log.tell(&Event::RestoreRuntimeDone { status, error_type });
        log.tell(&Event::RestoreReport { status, error_type, duration });
        if status == Status::Success {
            self.restored = Some(Restore { duration, billed: report::billed(duration) });
        }
        found
    }
}
