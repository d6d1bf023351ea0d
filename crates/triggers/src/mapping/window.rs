//! Tumbling windows: a function sums up what comes of a shard within a time, and is told when that time is over
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html>).
//!
//! Windows follow each other from 1970 on, so that they begin at full minutes and hours where their length allows it.

use clock::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// Bytes of a state, as JSON. A larger one ends its window early.
pub(super) const STATE_BYTES_MAX: usize = 1024 * 1024;

/// Bytes that an event of a window has at most beside its records: the state, and who, where and when.
pub(super) const FRAME_BYTES_MAX: usize = STATE_BYTES_MAX + 2 * 1024;

/// A window stays open so long behind its end: a change is seen a little later than it was made.
const LATE: Duration = Duration::from_millis(500);

const NO_STATE: &str = "{}";

/// A window that a lane is in, kept with its place: what was summed up and what was read belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    /// Seconds since 1970 (UTC).
    start_s: i64,
    end_s: i64,
    /// What the function said last: a JSON object.
    state: String,
}

impl Window {
    /// The one that something of that time belongs to. `from_s`: no window begins before, since it was told to be over.
    pub fn of(at: Timestamp, length_s: u32, from_s: i64) -> Window {
        let (at_s, length_s) = (at.as_seconds().max(from_s), i64::from(length_s.max(1)));
        let start_s = at_s - at_s.rem_euclid(length_s);
        Window { start_s: start_s.max(from_s), end_s: start_s + length_s, state: NO_STATE.to_owned() }
    }

    pub fn end_s(&self) -> i64 {
        self.end_s
    }

    /// Whether something of that time comes behind it. What comes late belongs to it as well.
    pub fn is_behind(&self, at: Timestamp) -> bool {
        at.as_seconds() >= self.end_s
    }

    /// How long it stays open.
    pub fn left(&self, now: Timestamp) -> Duration {
        (Timestamp::from_seconds(self.end_s) + LATE).since(now)
    }

    pub fn put_state(&mut self, state: String) {
        self.state = state;
    }

    pub fn is_too_large(&self) -> bool {
        self.state.len() > STATE_BYTES_MAX
    }

    /// The same window goes on as if nothing had been summed up.
    pub fn forget_state(&mut self) {
        NO_STATE.clone_into(&mut self.state);
    }
}

/// What a function is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    Records,
    /// The window is over.
    End,
    /// The state became too large.
    EarlyEnd,
}

/// What a function is told beside the records.
pub(super) struct Frame<'a> {
    pub window: &'a Window,
    pub shard_id: &'a str,
    pub source_arn: &'a str,
    pub occasion: Occasion,
}

impl Frame<'_> {
    /// Members of the event, each behind a comma.
    pub fn members(&self) -> String {
        let Window { start_s, end_s, state } = self.window;
        let time = |seconds: &i64| {
            let text = Timestamp::from_seconds(*seconds).to_iso8601();
            text.replace(".000Z", "Z")
        };
        let window = json!({ "start": time(start_s), "end": time(end_s) });
        format!(
            ",\"window\":{window},\"state\":{state},\"shardId\":{},\"eventSourceARN\":{},\
             \"isFinalInvokeForWindow\":{},\"isWindowTerminatedEarly\":{}",
            json!(self.shard_id),
            json!(self.source_arn),
            self.occasion == Occasion::End,
            self.occasion == Occasion::EarlyEnd,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_each_other_and_none_begins_before_the_last_one_ended() {
        let bounds = |at_ms: i64, length_s: u32, from_s: i64| {
            let window = Window::of(Timestamp::from_ms(at_ms), length_s, from_s);
            (window.start_s, window.end_s)
        };
        for (at_ms, length_s, from_s, expected) in [
            (0, 60, 0, (0, 60)),
            (59_999, 60, 0, (0, 60)),
            (60_000, 60, 0, (60, 120)),
            (1_795_235_400_123, 900, 0, (1_795_235_400, 1_795_236_300)),
            // Of a window that was over already: the next one takes it.
            (59_999, 60, 60, (60, 120)),
            // The length changed within a window of another length.
            (130_000, 100, 120, (120, 200)),
            (95_000, 100, 120, (120, 200)),
            (5, 1, 0, (0, 1)),
        ] {
            assert_eq!(bounds(at_ms, length_s, from_s), expected, "{at_ms} {length_s} {from_s}");
        }
    }

    #[test]
    fn a_window_is_open_for_a_while_behind_its_end() {
        let window = Window::of(Timestamp::from_seconds(10), 10, 0);
        assert!(
            !window.is_behind(Timestamp::from_ms(19_999)) && window.is_behind(Timestamp::from_ms(20_000))
        );
        assert_eq!(window.left(Timestamp::from_ms(20_000)), LATE);
        assert!(window.left(Timestamp::from_ms(20_500)).is_zero());
        assert!(window.left(Timestamp::from_ms(99_000)).is_zero());
    }

    #[test]
    fn an_event_tells_of_its_window() {
        let mut window = Window::of(Timestamp::from_seconds(1_607_497_475), 120, 0);
        window.put_state("{\"1\":282}".to_owned());
        let told = |occasion| {
            let frame = Frame { window: &window, shard_id: "shardId-1", source_arn: "arn:x", occasion };
            serde_json::from_str::<serde_json::Value>(&format!("{{\"Records\":[]{}}}", frame.members()))
                .unwrap()
        };
        let expected = |ends: bool, early: bool| {
            json!({
                "Records": [],
                "window": { "start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z" },
                "state": { "1": 282 },
                "shardId": "shardId-1",
                "eventSourceARN": "arn:x",
                "isFinalInvokeForWindow": ends,
                "isWindowTerminatedEarly": early,
            })
        };
        assert_eq!(told(Occasion::Records), expected(false, false));
        assert_eq!(told(Occasion::End), expected(true, false));
        assert_eq!(told(Occasion::EarlyEnd), expected(false, true));
    }
}
