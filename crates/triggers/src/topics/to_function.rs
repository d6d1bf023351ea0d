use super::to_queue::SENDER;
use super::{Outcome, TopicDeliveries};
use bytes::Bytes;
use functions::{Admission, AsyncEvent, FunctionId, Use};
use kv::Transaction;
use names::FunctionReference;
use serde_json::{Value, json};
use topics::{TopicsError, Wanted, notification};

/// Enqueues an asynchronous invocation, if the function's policy lets SNS invoke it for the topic at this moment.
///
/// # Errors
/// The store fails.
pub(super) async fn deliver(
    this: &TopicDeliveries,
    tx: &mut Transaction,
    wanted: &Wanted,
) -> Result<Outcome, TopicsError> {
    let record = &wanted.subscription.record;
    let refused = |why: &str| Ok(Outcome::Refused(why.to_owned()));
    let Ok(FunctionReference { account: Some(account), region: Some(region), name, qualifier }) =
        FunctionReference::parse(&record.endpoint)
    else {
        return refused("the endpoint is no function");
    };
    let id = FunctionId { account, region, name };
    let topic = record.topic.arn().to_string();
    let wanted_use = Use {
        action: "InvokeFunction",
        service: Some(SENDER),
        source_arn: Some(&topic),
        source_account: Some(&record.topic.account),
        function_url_auth_type: None,
    };
    if !functions::allows(tx, &id, qualifier.as_ref(), &wanted_use).await? {
        return refused("the function does not exist, or its policy does not let the topic invoke it");
    }
    let event = AsyncEvent {
        request_id: this.clock.uuid(),
        id,
        qualifier,
        payload: Bytes::from(event(wanted).to_string()),
        client_context: None,
        trace_id: wanted.message.trace.clone(),
        order: None,
    };
    match functions::enqueue(tx, &event, &this.bounds, this.clock.now()).await? {
        Admission::Accepted => Ok(Outcome::Delivered),
        _ => Ok(Outcome::Later),
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>
fn event(wanted: &Wanted) -> Value {
    let record = &wanted.subscription.record;
    let mut sns = notification(&wanted.message, record);
    sns.entry("Subject").or_insert(Value::Null);
    sns.entry("MessageAttributes").or_insert_with(|| json!({}));
    for (written, here) in [("UnsubscribeURL", "UnsubscribeUrl"), ("SigningCertURL", "SigningCertUrl")] {
        if let Some(url) = sns.remove(written) {
            sns.insert(here.to_owned(), url);
        }
    }
    json!({
        "Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": record.subscription_id().arn().to_string(),
            "Sns": sns,
        }]
    })
}
