use std::time::Duration;

/// When an asynchronous invocation is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The wait after the first failure of the code; each further one waits as much longer again.
    pub function_error: Duration,
    /// The first wait when no instance could be had; doubled each time.
    pub unavailable: Duration,
    /// Where the doubling ends.
    pub unavailable_max: Duration,
    /// How often failing code is tried again, unless configured otherwise.
    pub retries_max: u8,
    /// How old an event may get before it is dropped, unless configured otherwise.
    pub age_max: Duration,
}

/// As <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html> has it.
impl Default for RetrySchedule {
    fn default() -> Self {
        RetrySchedule {
            function_error: Duration::from_secs(60),
            unavailable: Duration::from_secs(1),
            unavailable_max: Duration::from_secs(300),
            retries_max: 2,
            age_max: Duration::from_secs(6 * 3600),
        }
    }
}

impl RetrySchedule {
    /// The wait after the code has failed `failures` times, from 1 up.
    pub fn after_failure(&self, failures: u32) -> Duration {
        self.function_error.saturating_mul(failures.max(1))
    }

    /// The wait after `tries` attempts in a row found no instance, from 1 up.
    pub fn after_unavailable(&self, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(20);
        self.unavailable.saturating_mul(1 << doublings).min(self.unavailable_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_those_that_lambda_documents() {
        let schedule = RetrySchedule::default();
        let failure = |n| schedule.after_failure(n).as_secs();
        assert_eq!([failure(1), failure(2)], [60, 120]);
        let unavailable = |n| schedule.after_unavailable(n).as_secs();
        assert_eq!([1, 2, 3, 9, 10, 1000].map(unavailable), [1, 2, 4, 256, 300, 300]);
    }
}
