use super::error::value;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use names::AccountId;
use queues::QueueId;

impl Operation for model::operation::GetQueueUrl {
    const ACTION: &'static str = "sqs:GetQueueUrl";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["QueueName", "QueueOwnerAWSAccountId"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::of(&queue(call, input)?))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = queue(&call, &input)?;
        call.services.queues.identity(&id).await?;
        Ok(Reply::new(model::GetQueueUrlResult { queue_url: Some(target::url(&call, &id)) }))
    }
}

fn queue(call: &Call, input: &model::GetQueueUrlRequest) -> Result<QueueId, ApiError> {
    let id = target::named(call, &input.queue_name)?;
    match &input.queue_owner_aws_account_id {
        None => Ok(id),
        Some(owner) => {
            let wrong = |_| value(owner, "QueueOwnerAWSAccountId", "It is not an account's id.");
            Ok(QueueId { account: AccountId::parse(owner).map_err(wrong)?, ..id })
        }
    }
}
