use super::known::with_filter;
use crate::count::Count;
use crate::subscription_settings::SubscriptionSettings;
use crate::{Protocol, SubscriptionId, SubscriptionRecord, TopicId, Topics, TopicsError, keys};
use kv::{Read, Transaction};
use names::{AccountId, Arn, FunctionReference};
use std::collections::BTreeMap;

/// Subscriptions of one topic. AWS has 12.5 million; what is here is for one machine.
const SUBSCRIPTIONS_MAX: u64 = 100_000;
/// Of a FIFO topic (<https://docs.aws.amazon.com/general/latest/gr/sns.html>).
const FIFO_SUBSCRIPTIONS_MAX: u64 = 100;
/// Subscriptions of one topic that have a filter.
const FILTERS_MAX: u64 = 200;

/// What is asked for, and by whom.
#[derive(Debug, Clone)]
pub struct Subscribe {
    pub topic: TopicId,
    /// As it was given: not every protocol of SNS is here.
    pub protocol: String,
    pub endpoint: String,
    pub attributes: BTreeMap<String, String>,
    pub owner: AccountId,
    /// The caller's ARN.
    pub principal: String,
    /// What links that lead here begin with, such as `http://127.0.0.1:4566`.
    pub address: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    pub id: SubscriptionId,
    pub is_pending: bool,
}

impl Topics {
    /// An endpoint that is subscribed, with the attributes that are given, is no error.
    ///
    /// # Errors
    /// `NoSuchTopic`, `TooManySubscriptions`, `TooManyFilters`, or what is wrong with what is asked for; the store
    /// fails.
    pub async fn subscribe(&self, asked: Subscribe) -> Result<Subscribed, TopicsError> {
        let protocol = protocol(&asked.protocol)?;
        check_endpoint(protocol, &asked)?;
        let settings = SubscriptionSettings::new(&asked.topic, protocol, &asked.attributes)?;
        let topics = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let topic = topics.known.topic(tx, &asked.topic).await?;
                let end = keys::end(topic.number, protocol, &asked.endpoint);
                if let Some(id) = tx.get(end.as_bytes()).await? {
                    let id = std::str::from_utf8(&id).map_err(|_| TopicsError::Corrupt("endpoint"))?;
                    return there(tx, topic.number, id, &settings, &asked.attributes).await;
                }
                let mut count = Count::read(tx, topic.number).await?;
                let most =
                    if asked.topic.name.is_fifo() { FIFO_SUBSCRIPTIONS_MAX } else { SUBSCRIPTIONS_MAX };
                if count.confirmed + count.pending >= most {
                    return Err(TopicsError::TooManySubscriptions(format!(
                        "The topic has {most} subscriptions, the most that there can be"
                    )));
                }
                count.confirmed += 1;
                count_filter(&mut count, false, settings.filter.is_some())?;
                count.revision += 1;
                count.write(tx, topic.number);
                let record = SubscriptionRecord {
                    topic: asked.topic.clone(),
                    id: topics.clock.uuid(),
                    protocol,
                    endpoint: asked.endpoint.clone(),
                    owner: asked.owner.clone(),
                    principal: asked.principal.clone(),
                    address: asked.address.clone(),
                    pending: None,
                    authenticated: true,
                    settings: settings.clone(),
                };
                let id = record.subscription_id();
                tx.put(&end, record.id.clone().into_bytes());
                tx.put(keys::subscriber(&record.owner, &id), topic.number.to_be_bytes().to_vec());
                kv::put_record(tx, keys::subscription(topic.number, &record.id), &record);
                Ok(Subscribed { id, is_pending: false })
            })
            .await
    }
}

/// Whether a subscription has a filter, before and after a change.
///
/// # Errors
/// `TooManyFilters`.
pub(super) fn count_filter(count: &mut Count, before: bool, after: bool) -> Result<(), TopicsError> {
    match (before, after) {
        (true, false) => count.filtered = count.filtered.saturating_sub(1),
        (false, true) if count.filtered >= FILTERS_MAX => {
            return Err(TopicsError::TooManyFilters(format!(
                "The topic has {FILTERS_MAX} filter policies, the most that there can be"
            )));
        }
        (false, true) => count.filtered += 1,
        _ => {}
    }
    Ok(())
}

/// The subscription that the endpoint has.
///
/// # Errors
/// `InvalidParameter`: an attribute that is given is another one there.
async fn there(
    tx: &Transaction,
    topic: u64,
    id: &str,
    settings: &SubscriptionSettings,
    attributes: &BTreeMap<String, String>,
) -> Result<Subscribed, TopicsError> {
    let record: Option<SubscriptionRecord> = kv::get_record(tx, keys::subscription(topic, id)).await?;
    let record = record.ok_or(TopicsError::Corrupt("subscription of an endpoint"))?;
    let (shown, given) = (record.settings.shown(), settings.shown());
    if attributes.keys().any(|name| shown.get(name) != given.get(name)) {
        return Err(TopicsError::reason(
            "Attributes",
            "Subscription already exists with different attributes",
        ));
    }
    // What is kept can be read: it was when it was written.
    let record = with_filter(record)?.record;
    Ok(Subscribed { id: record.subscription_id(), is_pending: record.pending.is_some() })
}

fn protocol(given: &str) -> Result<Protocol, TopicsError> {
    let not_here = |why| Err(TopicsError::NotHonoured(format!("Protocol {given}"), why));
    match given {
        "sqs" => Ok(Protocol::Sqs),
        "lambda" => Ok(Protocol::Lambda),
        "http" | "https" => not_here("messages are not delivered over HTTP yet"),
        "email" | "email-json" => not_here("there is no relay for mail"),
        "sms" => not_here("nothing sends text messages to telephones"),
        "application" => not_here("nothing sends messages to mobile applications"),
        "firehose" => not_here("nothing delivers to Firehose"),
        _ => Err(TopicsError::invalid(format!(
            "Amazon SNS does not support this protocol string: {}",
            given.chars().take(100).collect::<String>()
        ))),
    }
}

/// An endpoint of the caller's own account needs no confirmation; one of another account's must be subscribed by it.
fn check_endpoint(protocol: Protocol, asked: &Subscribe) -> Result<(), TopicsError> {
    let is_fifo = asked.topic.name.is_fifo();
    let account = match protocol {
        Protocol::Sqs => {
            let arn = Arn::parse(&asked.endpoint)
                .ok()
                .filter(|arn| arn.service == "sqs" && !arn.resource.contains(':'));
            let arn = arn.ok_or_else(|| TopicsError::invalid("SQS endpoint ARN"))?;
            if arn.resource.ends_with(".fifo") && !is_fifo {
                return Err(TopicsError::reason(
                    "Invalid parameter: Endpoint",
                    "FIFO SQS Queues can not be subscribed to standard SNS topics",
                ));
            }
            AccountId::parse(&arn.account).map_err(|_| TopicsError::invalid("SQS endpoint ARN"))?
        }
        Protocol::Lambda => {
            if is_fifo {
                return Err(TopicsError::reason(
                    "Invalid parameter: Endpoint",
                    "Only SQS queues can be subscribed to FIFO topics",
                ));
            }
            let wrong = || TopicsError::invalid("Lambda endpoint ARN");
            if !asked.endpoint.starts_with("arn:") {
                return Err(wrong());
            }
            let function = FunctionReference::parse(&asked.endpoint).map_err(|_| wrong())?;
            function.account.ok_or_else(wrong)?
        }
    };
    match account == asked.owner {
        true => Ok(()),
        false => Err(TopicsError::NotHonoured(
            "Endpoint".to_owned(),
            "the endpoint's own account must subscribe it: confirmations are not sent to other accounts yet",
        )),
    }
}
