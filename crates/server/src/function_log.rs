//! Where functions' log lines go until there is a service that keeps them: to our own log.

use runtime::log::LogReceiver;

/// Ends when the pool does. A line is a `debug` event of the target `function`, which `zerun dev` shows
/// unless `ZERUN_LOG` says otherwise.
pub async fn write(mut lines: LogReceiver) {
    while let Some(line) = lines.recv().await {
        let stream = &line.source.log_stream;
        tracing::debug!(target: "function", group = line.source.log_group, stream, "{}", line.text);
    }
}
