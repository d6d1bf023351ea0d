//! Where functions' log lines go until there is a service that keeps them: to our own log.

use runtime::log::{LogLine, LogReceiver};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

const TARGET: &str = "function";

/// Of a request's id, enough to tell one from the next.
const REQUEST_LENGTH: usize = 8;

/// Ends when the pool does. A line is a `debug` event of the target `function`, which `zerun dev` shows
/// unless `ZERUN_LOG` says otherwise.
pub async fn write(mut lines: LogReceiver) {
    if !tracing::enabled!(target: TARGET, Level::DEBUG) {
        lines.ignore();
    }
    while let Some(line) = lines.recv().await {
        let LogLine { source, request_id, text, .. } = &line;
        let (group, stream) = (&source.log_group, &source.log_stream);
        let function = source.function_arn.rsplit(':').next();
        tracing::debug!(target: TARGET, group, stream, function, request = request_id.as_deref(), "{text}");
    }
}

/// What a developer reads: a function's line begins with its name and its request, and has nothing else
/// around it. Everybody else's events look as usual.
#[derive(Default)]
pub struct DeveloperFormat(Format);

impl<S, N> FormatEvent<S, N> for DeveloperFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if event.metadata().target() != TARGET {
            return self.0.format_event(context, writer, event);
        }
        let mut line = Line::default();
        event.record(&mut line);
        write!(writer, "{line}")
    }
}

#[derive(Default)]
struct Line {
    function: String,
    request: String,
    text: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "function" => value.clone_into(&mut self.function),
            "request" => self.request = value.chars().take(REQUEST_LENGTH).collect(),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.text = format!("{value:?}");
        }
    }
}

/// One line for each of the text's, so that every one tells whose it is. What a function wrote must not
/// command the developer's terminal: control characters are shown by their names.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = if self.request.is_empty() { "-" } else { &self.request };
        for line in self.text.trim_end().split('\n') {
            write!(f, "{} {request:REQUEST_LENGTH$} | ", self.function)?;
            for character in line.trim_end_matches('\r').chars() {
                match character {
                    '\t' => f.write_str("  ")?,
                    control if control.is_control() => write!(f, "{}", control.escape_default())?,
                    other => write!(f, "{other}")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_tells_whose_it_is_and_commands_no_terminal() {
        let line = Line {
            function: "thumbnail".into(),
            request: "3f2a91c0".into(),
            text: "one\ttwo\r\nthree \u{1b}[2J\n".into(),
        };
        assert_eq!(
            line.to_string(),
            "thumbnail 3f2a91c0 | one  two\nthumbnail 3f2a91c0 | three \\u{1b}[2J\n"
        );
        let line = Line { function: "f".into(), text: "INIT_START".into(), ..Line::default() };
        assert_eq!(line.to_string(), "f -        | INIT_START\n");
    }
}
