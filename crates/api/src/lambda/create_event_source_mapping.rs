use super::error::invalid;
use super::event_source_mapping::{self, Asked, function_arn, to_wire};
use super::model;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply, tag_conditions};
use access::Resource;
use access::policy::Context;
use triggers::{NewMapping, Source, Start};

impl Operation for model::operation::CreateEventSourceMapping {
    const ACTION: &'static str = "lambda:CreateEventSourceMapping";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &["lambda:FunctionArn", "aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "EventSourceArn",
        "FunctionName",
        "Enabled",
        "BatchSize",
        "FilterCriteria",
        "MaximumBatchingWindowInSeconds",
        "ParallelizationFactor",
        "StartingPosition",
        "MaximumRecordAgeInSeconds",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "FunctionResponseTypes",
        "ScalingConfig",
        "DestinationConfig",
        "TumblingWindowInSeconds",
        "ProvisionedPollerConfig",
        "Tags",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let mut resources = event_source_mapping::all(call);
        resources.extend(event_source_mapping::foreign_function(call, &input.function_name)?);
        Ok(resources)
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let mut context = tag_conditions::requested(input.tags.iter().flatten());
        context.set("lambda:FunctionArn", function_arn(call, &input.function_name)?.to_string());
        Ok(context)
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let tags = tag_conditions::requested(input.tags.iter().flatten());
        Ok(tag_conditions::tagging("lambda:TagResource", event_source_mapping::all(call), tags))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let source_arn = input.event_source_arn.ok_or_else(|| invalid("EventSourceArn is required."))?;
        let bounds = Source::parse(&source_arn)?.bounds();
        let asked = Asked {
            batch_size: input.batch_size,
            window: input.maximum_batching_window_in_seconds,
            filters: input.filter_criteria,
            parallelization: input.parallelization_factor,
            record_age: input.maximum_record_age_in_seconds,
            retries: input.maximum_retry_attempts,
            bisects: input.bisect_batch_on_function_error,
            responses: input.function_response_types,
            scaling: input.scaling_config,
            destinations: input.destination_config,
            tumbling: input.tumbling_window_in_seconds,
            pollers: input.provisioned_poller_config,
        };
        let mapping = call
            .services
            .mappings
            .create(NewMapping {
                account: call.account.clone(),
                region: call.region.clone(),
                function_arn: function_arn(&call, &input.function_name)?.to_string(),
                source_arn,
                start: input.starting_position.as_deref().map(Start::parse).transpose()?,
                settings: asked.settings(bounds, None)?,
                is_enabled: input.enabled.unwrap_or(true),
                tags: input.tags.unwrap_or_default(),
            })
            .await?;
        Ok(Reply::new(to_wire(&call, mapping, Some("Creating"))))
    }
}
