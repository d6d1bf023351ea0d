//! What can be asked for of a mapping.

use super::MappingError;
use super::error::invalid;
use super::record::{FILTERS_MAX, Pollers, Settings};
use super::source::{Bounds, Source};
use crate::Pattern;

/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
///
/// # Errors
/// `Invalid` for what no mapping of such a source can be.
pub(super) fn check(source: &Source, settings: &Settings) -> Result<(), MappingError> {
    let bounds = source.bounds();
    if settings.batch_size > bounds.batch_size_max {
        return invalid(format!(
            "Batch size {} is more than {} records, the most that this event source allows.",
            settings.batch_size, bounds.batch_size_max
        ));
    }
    if settings.filters.len() > FILTERS_MAX {
        return invalid(format!("A mapping has at most {FILTERS_MAX} filters."));
    }
    for filter in &settings.filters {
        if let Err(error) = Pattern::parse(filter) {
            return invalid(format!("Invalid filter pattern definition. ({error}.)"));
        }
    }
    if bounds.is_log { of_log(settings) } else { of_queue(bounds, settings) }
}

fn of_log(settings: &Settings) -> Result<(), MappingError> {
    refuse(&[
        ("ScalingConfig", settings.concurrency_max.is_some()),
        ("ProvisionedPollerConfig", settings.pollers.is_some()),
    ])?;
    // What is summed up is summed up of a shard, in order.
    if settings.tumbling_s > 0 && settings.parallelization > 1 {
        return invalid("ParallelizationFactor must be 1 where TumblingWindowInSeconds is set.");
    }
    Ok(())
}

fn of_queue(bounds: Bounds, settings: &Settings) -> Result<(), MappingError> {
    if settings.batch_size > 10 && settings.window_s == 0 {
        return invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        );
    }
    if bounds.batch_size_max == 10 && settings.window_s > 0 {
        return invalid("Batching window is not supported for FIFO queues");
    }
    refuse(&[
        ("ParallelizationFactor", settings.parallelization > 1),
        ("MaximumRecordAgeInSeconds", settings.record_age_max_s.is_some()),
        ("MaximumRetryAttempts", settings.retries_max.is_some()),
        ("BisectBatchOnFunctionError", settings.bisects),
        ("DestinationConfig", settings.on_failure.is_some()),
        ("TumblingWindowInSeconds", settings.tumbling_s > 0),
    ])?;
    let Some(pollers) = settings.pollers else { return Ok(()) };
    if settings.concurrency_max.is_some() {
        return invalid("ProvisionedPollerConfig and ScalingConfig exclude each other.");
    }
    if pollers.least < Pollers::FEWEST || pollers.most < pollers.least {
        return invalid(format!(
            "MinimumPollers must be {} or more, and MaximumPollers not less than that.",
            Pollers::FEWEST
        ));
    }
    Ok(())
}

/// The first that is set is named.
fn refuse(unsupported: &[(&str, bool)]) -> Result<(), MappingError> {
    match unsupported.iter().find(|(_, is_set)| *is_set) {
        Some((name, _)) => invalid(format!("Unsupported parameter for the event source: {name}.")),
        None => Ok(()),
    }
}
