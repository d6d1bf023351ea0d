use clock::{Clock, Moment};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Whether this machine's processors have anything to spare, by `/proc/uptime` (proc(5)): since when the machine runs,
/// and how long its processors were idle since then, all together, in hundredths of a second.
pub(crate) struct Processors {
    clock: Clock,
    count: usize,
    seen: Mutex<Option<Seen>>,
    #[cfg(test)]
    pretended: Option<bool>,
}

#[derive(Clone, Copy)]
struct Seen {
    at: Moment,
    up_s: f64,
    idle_s: f64,
    are_busy: bool,
}

/// Between two looks, which cost some microseconds each: long enough to be measured in hundredths of a second.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What was seen longer ago tells nothing about now.
const STALE: Duration = Duration::from_secs(1);

/// Processors that were idle for less than this share of the time are busy.
const IDLE_SHARE: f64 = 0.1;

impl Processors {
    pub fn new(clock: Clock) -> Self {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        Processors {
            clock,
            count,
            seen: Mutex::default(),
            #[cfg(test)]
            pretended: None,
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// In the tenth of a second that was looked at last. False while that is not known.
    pub fn are_busy(&self) -> bool {
        #[cfg(test)]
        if let Some(pretended) = self.pretended {
            return pretended;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let age = seen.map(|seen| self.clock.since(seen.at));
        match (*seen, age) {
            (Some(seen), Some(age)) if age < LOOK_EVERY => return seen.are_busy,
            (_, Some(age)) if age < STALE => {}
            _ => *seen = None,
        }
        let Some((up_s, idle_s)) = std::fs::read_to_string("/proc/uptime").ok().as_deref().and_then(parse)
        else {
            return false;
        };
        let before = seen.map(|seen| (seen.up_s, seen.idle_s));
        let are_busy = before.is_some_and(|(up_before, idle_before)| {
            idle_s - idle_before < IDLE_SHARE * (up_s - up_before) * self.count as f64
        });
        *seen = Some(Seen { at: self.clock.moment(), up_s, idle_s, are_busy });
        are_busy
    }

    #[cfg(test)]
    pub fn pretended(are_busy: bool) -> Self {
        Processors { pretended: Some(are_busy), ..Processors::new(Clock::real()) }
    }
}

fn parse(text: &str) -> Option<(f64, f64)> {
    let mut numbers = text.split_ascii_whitespace().map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_is_read() {
        assert_eq!(parse("48123.07 61002.50\n"), Some((48123.07, 61002.5)));
        assert_eq!(parse("48123.07"), None);
        assert!(parse(&std::fs::read_to_string("/proc/uptime").unwrap()).is_some());
    }

    #[test]
    fn what_is_not_known_is_not_busy() {
        let clock = Clock::simulated(clock::Timestamp::EPOCH, 1);
        let processors = Processors::new(clock.clone());
        assert!(!processors.are_busy());
        clock.advance(2 * STALE);
        assert!(!processors.are_busy(), "too long ago");
    }
}
