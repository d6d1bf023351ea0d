//! Between Lambda's shapes for event source mappings and the service's.

use super::configuration::{small, unsigned};
use super::error::{invalid, not_found};
use super::model;
use super::target::target;
use crate::{ApiError, Call};
use access::Resource;
use access::policy::Context;
use names::{Arn, Service};
use triggers::{Bounds, Mapping, MappingId, Pollers, Settings};

/// What a function may say of its batches.
const REPORTS_ITEMS: &str = "ReportBatchItemFailures";

/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>
pub(super) const CONDITION_KEYS: &[&str] = &["lambda:FunctionArn"];

/// The mapping that an ARN names, if it names one.
///
/// # Errors
/// It is of another region.
pub(super) fn of_arn(call: &Call, arn: &str) -> Result<Option<MappingId>, ApiError> {
    let Some(id) = Arn::parse(arn).ok().and_then(|arn| MappingId::of_arn(&arn)) else { return Ok(None) };
    if id.region != call.region {
        return Err(not_found(format!("Mappings of {} are not reachable in this region.", id.region)));
    }
    Ok(Some(id))
}

pub(super) fn id(call: &Call, uuid: &str) -> MappingId {
    MappingId { account: call.account.clone(), region: call.region.clone(), uuid: uuid.to_owned() }
}

pub(super) fn resources(call: &Call, uuid: &str) -> Vec<Resource> {
    vec![Resource::new(id(call, uuid).arn())]
}

/// Of a mapping that is there; nothing is known of another.
///
/// # Errors
/// The store fails.
pub(super) async fn conditions(call: &Call, uuid: &str) -> Result<Context, ApiError> {
    let mut context = Context::new();
    match call.services.mappings.get(id(call, uuid)).await {
        Ok(mapping) => context.set("lambda:FunctionArn", mapping.function_arn),
        Err(triggers::MappingError::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(context)
}

/// The ARN that a `FunctionName` member leads to.
///
/// # Errors
/// It is no reference.
pub(super) fn function_arn(call: &Call, name: &str) -> Result<Arn, ApiError> {
    Ok(target(call, name, None)?.arn())
}

/// A function of another account, which is to be decided on too: by itself it is none of the operation's resources.
///
/// # Errors
/// The name is no reference.
pub(super) fn foreign_function(call: &Call, name: &str) -> Result<Option<Resource>, ApiError> {
    let target = target(call, name, None)?;
    Ok((target.id.account != call.account).then(|| Resource::new(target.arn())))
}

/// What a request says of a mapping, in the same words when it is made and when it is changed.
#[derive(Default)]
pub(super) struct Asked {
    pub batch_size: Option<i32>,
    pub window: Option<i32>,
    pub filters: Option<model::FilterCriteria>,
    pub parallelization: Option<i32>,
    pub record_age: Option<i32>,
    pub retries: Option<i32>,
    pub bisects: Option<bool>,
    pub responses: Option<Vec<String>>,
    pub scaling: Option<model::ScalingConfig>,
    pub destinations: Option<model::DestinationConfig>,
    pub tumbling: Option<i32>,
    pub pollers: Option<model::ProvisionedPollerConfig>,
}

impl Asked {
    /// What is not said stays as `before` has it, or is as usual for such a source.
    ///
    /// # Errors
    /// Values that cannot be.
    pub fn settings(self, bounds: Bounds, before: Option<Settings>) -> Result<Settings, ApiError> {
        let mut settings = before.unwrap_or_else(|| Settings::usual(bounds));
        if let Some(size) = self.batch_size {
            settings.batch_size = unsigned("BatchSize", size)?;
        }
        if let Some(window) = self.window {
            settings.window_s = unsigned("MaximumBatchingWindowInSeconds", window)?;
        }
        if let Some(filters) = self.filters {
            let patterns = filters.filters.unwrap_or_default().into_iter().map(|filter| filter.pattern);
            settings.filters = patterns.map(Option::unwrap_or_default).collect();
        }
        if let Some(factor) = self.parallelization {
            settings.parallelization = unsigned("ParallelizationFactor", factor)?;
        }
        if let Some(age) = self.record_age {
            settings.record_age_max_s = match age {
                -1 => None,
                0..60 => return Err(invalid("MaximumRecordAgeInSeconds is -1, or at least 60.")),
                age => Some(unsigned("MaximumRecordAgeInSeconds", age)?),
            };
        }
        if let Some(retries) = self.retries {
            settings.retries_max =
                (retries != -1).then(|| unsigned("MaximumRetryAttempts", retries)).transpose()?;
        }
        settings.bisects = self.bisects.unwrap_or(settings.bisects);
        if let Some(responses) = self.responses {
            settings.reports_items = responses.iter().any(|response| response == REPORTS_ITEMS);
        }
        if let Some(scaling) = self.scaling {
            let most = scaling.maximum_concurrency;
            settings.concurrency_max = most.map(|most| unsigned("MaximumConcurrency", most)).transpose()?;
        }
        if let Some(seconds) = self.tumbling {
            settings.tumbling_s = unsigned("TumblingWindowInSeconds", seconds)?;
        }
        if let Some(asked) = self.pollers {
            settings.pollers = pollers(asked)?;
        }
        if let Some(destinations) = self.destinations {
            if destinations.on_success.is_some_and(|to| to.destination.is_some()) {
                return Err(invalid(
                    "Unsupported parameter for the event source: DestinationConfig.OnSuccess.",
                ));
            }
            // An empty ARN takes the destination away.
            let to = destinations.on_failure.and_then(|to| to.destination);
            settings.on_failure = to.filter(|to| !to.is_empty());
        }
        Ok(settings)
    }
}

/// One without either number takes provisioned pollers away.
fn pollers(asked: model::ProvisionedPollerConfig) -> Result<Option<Pollers>, ApiError> {
    if asked.poller_group_name.is_some() {
        return Err(invalid(
            "Unsupported parameter for the event source: ProvisionedPollerConfig.PollerGroupName.",
        ));
    }
    let number = |name, asked: Option<i32>| asked.map(|asked| unsigned(name, asked)).transpose();
    let least = number("MinimumPollers", asked.minimum_pollers)?;
    let most = number("MaximumPollers", asked.maximum_pollers)?;
    if least.is_none() && most.is_none() {
        return Ok(None);
    }
    let least = least.unwrap_or(Pollers::USUAL.least);
    Ok(Some(Pollers { least, most: most.unwrap_or(Pollers::USUAL.most) }))
}

/// `state`: while something changes, what does; else it is read from the mapping.
pub(super) fn to_wire(
    call: &Call,
    mapping: Mapping,
    state: Option<&str>,
) -> model::EventSourceMappingConfiguration {
    let steady = if mapping.is_enabled { "Enabled" } else { "Disabled" };
    let id = id(call, &mapping.uuid);
    let settings = mapping.settings;
    let is_log = mapping.start.is_some();
    let of_logs = |value: i32| is_log.then_some(value);
    let filters = settings.filters.into_iter().map(|pattern| model::Filter { pattern: Some(pattern) });
    let filters: Vec<_> = filters.collect();
    model::EventSourceMappingConfiguration {
        starting_position: mapping.start.map(|start| start.as_str().to_owned()),
        batch_size: Some(small(settings.batch_size)),
        maximum_batching_window_in_seconds: Some(small(settings.window_s)),
        parallelization_factor: of_logs(small(settings.parallelization)),
        event_source_arn: Some(mapping.source_arn),
        filter_criteria: (!filters.is_empty()).then_some(model::FilterCriteria { filters: Some(filters) }),
        function_arn: Some(mapping.function_arn),
        last_modified: Some(protocol::Timestamp(mapping.changed)),
        last_processing_result: Some(call.services.mappings.last_result(&mapping.uuid)),
        state: Some(state.unwrap_or(steady).to_owned()),
        state_transition_reason: Some("User action".to_owned()),
        maximum_record_age_in_seconds: of_logs(settings.record_age_max_s.map_or(-1, small)),
        bisect_batch_on_function_error: is_log.then_some(settings.bisects),
        maximum_retry_attempts: of_logs(settings.retries_max.map_or(-1, small)),
        tumbling_window_in_seconds: of_logs(small(settings.tumbling_s)),
        function_response_types: settings.reports_items.then(|| vec![REPORTS_ITEMS.to_owned()]),
        destination_config: is_log.then_some(model::DestinationConfig {
            on_success: None,
            on_failure: Some(model::OnFailure { destination: settings.on_failure }),
        }),
        scaling_config: settings
            .concurrency_max
            .map(|most| model::ScalingConfig { maximum_concurrency: Some(small(most)) }),
        provisioned_poller_config: settings.pollers.map(|pollers| model::ProvisionedPollerConfig {
            minimum_pollers: Some(small(pollers.least)),
            maximum_pollers: Some(small(pollers.most)),
            poller_group_name: None,
        }),
        event_source_mapping_arn: Some(id.arn().to_string()),
        uuid: Some(mapping.uuid),
        ..model::EventSourceMappingConfiguration::default()
    }
}

/// What a list, or a mapping that is not there yet, is decided on.
pub(super) fn all(call: &Call) -> Vec<Resource> {
    let every = "event-source-mapping:*".to_owned();
    vec![Resource::new(Arn::new(Service::Lambda, &call.region, &call.account, every))]
}
