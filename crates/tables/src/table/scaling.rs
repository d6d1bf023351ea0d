//! What is kept of a table's or an index's throughput beside the units themselves.

use super::record::Throughput;
use crate::Refusal;
use clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Decreases of a day that need no pause before them, and the pause before each further one.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#default-limits-throughput>
const FREE_DECREASES: u32 = 4;
const DECREASE_PAUSE: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaling {
    #[serde(default)]
    pub most: Most,
    /// What was asked to be ready at once (`WarmThroughput`). Everything always is; it is told as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm: Option<Throughput>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_increase: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_decrease: Option<Timestamp>,
    /// Of the day of `last_decrease`.
    #[serde(default)]
    decreases: u32,
}

/// `OnDemandThroughput`: request units a second that a table billed per request gives at most; `None`: as many as it can.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Most {
    pub read: Option<u64>,
    pub write: Option<u64>,
}

impl Scaling {
    pub fn new(most: Most, warm: Option<Throughput>) -> Scaling {
        Scaling { most, warm, ..Scaling::default() }
    }

    pub(crate) fn is_untouched(&self) -> bool {
        *self == Scaling::default()
    }

    /// Of this UTC day.
    pub fn decreases_today(&self, now: Timestamp) -> u32 {
        match self.last_decrease {
            Some(last) if day(last) == day(now) => self.decreases,
            _ => 0,
        }
    }

    /// Notes that provisioned units change.
    ///
    /// # Errors
    /// A decrease too many today: the text says when the next one may be.
    pub(crate) fn change(&mut self, from: Throughput, to: Throughput, now: Timestamp) -> Result<(), String> {
        if to.read < from.read || to.write < from.write {
            let today = self.decreases_today(now);
            if let Some(last) = self.last_decrease
                && today >= FREE_DECREASES
                && now.since(last) < DECREASE_PAUSE
            {
                return Err(format!(
                    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After \
                     the first {FREE_DECREASES} decreases, each subsequent decrease in the same UTC day can be performed at \
                     most once every {} seconds. Number of decreases today: {today}. Last decrease at {}. Next decrease \
                     can be made at {}",
                    DECREASE_PAUSE.as_secs(),
                    last.to_iso8601(),
                    (last + DECREASE_PAUSE).to_iso8601()
                ));
            }
            (self.decreases, self.last_decrease) = (today + 1, Some(now));
        }
        if to.read > from.read || to.write > from.write {
            self.last_increase = Some(now);
        }
        Ok(())
    }

    /// # Errors
    /// `Validation`: warm throughput never becomes less.
    pub(crate) fn warm_up(&mut self, to: Throughput) -> Result<(), Refusal> {
        if self.warm.is_some_and(|is| to.read < is.read || to.write < is.write) {
            return Err(Refusal::validation(
                "One or more parameter values were invalid: WarmThroughput cannot be decreased",
            ));
        }
        self.warm = Some(to);
        Ok(())
    }
}

/// `2026-01-31`.
fn day(time: Timestamp) -> String {
    time.to_iso8601().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decreases_are_counted_by_the_day() {
        let units = |read| Throughput { read, write: 1 };
        let morning = Timestamp::parse_iso8601("2026-01-31T08:00:00Z").unwrap();
        let mut scaling = Scaling::default();
        for (place, now) in (0..4).map(|place| (place, morning + Duration::from_secs(place))) {
            scaling.change(units(9), units(8), now).unwrap();
            assert_eq!(u64::from(scaling.decreases_today(now)), place + 1);
        }
        let refused = scaling.change(units(9), units(8), morning + Duration::from_secs(60)).unwrap_err();
        assert!(refused.contains("Number of decreases today: 4"), "{refused}");
        scaling.change(units(8), units(9), morning + Duration::from_secs(60)).unwrap();
        scaling.change(units(9), units(8), morning + Duration::from_secs(3700)).unwrap();
        scaling.change(units(9), units(8), morning + Duration::from_secs(3800)).unwrap_err();
        let tomorrow = morning + Duration::from_secs(86_400);
        assert_eq!(scaling.decreases_today(tomorrow), 0);
        scaling.change(units(9), units(8), tomorrow).unwrap();
        assert_eq!(scaling.decreases_today(tomorrow), 1);
    }
}
