use clock::Timestamp;
use runtime::report::Span;
use std::time::Duration;

/// The parts of one invocation, as its `platform.runtimeDone` tells them
/// (<https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#Span>).
pub(super) struct Spans {
    started: Timestamp,
    /// Until the answer began, and until it was whole; each from the start.
    replied: Option<Duration>,
    whole: Option<Duration>,
    /// Until the runtime asked for the next event.
    through: Option<Duration>,
}

impl Spans {
    pub fn new(started: Timestamp) -> Self {
        Spans { started, replied: None, whole: None, through: None }
    }

    pub fn replied(&mut self, after: Duration) {
        self.replied = Some(after);
    }

    /// An answer that was taken as one.
    pub fn through(&mut self, after: Duration) {
        self.whole = self.replied;
        self.through = Some(after);
    }

    /// One that came in pieces: its end and the runtime's question for the next event come as one.
    pub fn streamed(&mut self, after: Duration) {
        (self.whole, self.through) = (Some(after), Some(after));
    }

    /// Nothing where there was no answer.
    pub fn told(&self) -> Vec<Span> {
        let span = |name, from: Duration, to: Duration| Span {
            name,
            start: self.started + from,
            duration: to.saturating_sub(from),
        };
        let (Some(replied), Some(whole), Some(through)) = (self.replied, self.whole, self.through) else {
            return Vec::new();
        };
        vec![
            span("responseLatency", Duration::ZERO, replied),
            span("responseDuration", replied, whole),
            span("runtimeOverhead", whole, through),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other() {
        let started = Timestamp::from_seconds(1000);
        let ms = Duration::from_millis;
        let told = |spans: &Spans| -> Vec<(&str, Duration, Duration)> {
            let told = spans.told().into_iter();
            told.map(|span| (span.name, span.start.since(started), span.duration)).collect()
        };
        let mut spans = Spans::new(started);
        assert_eq!(told(&spans), []);
        spans.replied(ms(20));
        assert_eq!(told(&spans), [], "the runtime never came through");
        spans.through(ms(21));
        assert_eq!(
            told(&spans),
            [
                ("responseLatency", ms(0), ms(20)),
                ("responseDuration", ms(20), ms(0)),
                ("runtimeOverhead", ms(20), ms(1))
            ]
        );
        spans.streamed(ms(50));
        assert_eq!(told(&spans)[1], ("responseDuration", ms(20), ms(30)));
    }
}
