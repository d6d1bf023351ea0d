use super::event_source_mapping::{self, Asked, function_arn, to_wire};
use super::model;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use triggers::{Change, Source};

impl Operation for model::operation::UpdateEventSourceMapping {
    const ACTION: &'static str = "lambda:UpdateEventSourceMapping";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = event_source_mapping::CONDITION_KEYS;
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "UUID",
        "FunctionName",
        "Enabled",
        "BatchSize",
        "FilterCriteria",
        "MaximumBatchingWindowInSeconds",
        "ParallelizationFactor",
        "MaximumRecordAgeInSeconds",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "FunctionResponseTypes",
        "ScalingConfig",
        "DestinationConfig",
        "TumblingWindowInSeconds",
        "ProvisionedPollerConfig",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let mut resources = event_source_mapping::resources(call, &input.uuid);
        if let Some(name) = &input.function_name {
            resources.extend(event_source_mapping::foreign_function(call, name)?);
        }
        Ok(resources)
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        match &input.function_name {
            None => event_source_mapping::conditions(call, &input.uuid).await,
            Some(name) => {
                let mut context = Context::new();
                context.set("lambda:FunctionArn", function_arn(call, name)?.to_string());
                Ok(context)
            }
        }
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let mappings = &call.services.mappings;
        let id = event_source_mapping::id(&call, &input.uuid);
        let before = mappings.get(id.clone()).await?;
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
        let bounds = Source::parse(&before.source_arn)?.bounds();
        let function = input.function_name.as_deref().map(|name| function_arn(&call, name)).transpose()?;
        let change = Change {
            function_arn: function.map(|arn| arn.to_string()),
            settings: Some(asked.settings(bounds, Some(before.settings))?),
            is_enabled: input.enabled,
        };
        let mapping = mappings.update(id, change).await?;
        Ok(Reply::new(to_wire(&call, mapping, Some("Updating"))))
    }
}
