use super::error::invalid;
use super::parameters::{item, metrics};
use super::reply::{Document, Tell, write_collection, write_list};
use super::touched::{self, ATTRIBUTES, LEADING_KEYS};
use super::{batch, model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use tables::{Action, TableWrites};

/// Writes of one batch.
const WRITES_MAX: usize = 25;

impl Operation for model::operation::BatchWriteItem {
    const ACTION: &'static str = "dynamodb:BatchWriteItem";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] =
        &[ATTRIBUTES, LEADING_KEYS, "dynamodb:ReturnConsumedCapacity"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["RequestItems", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"];
    const DIRECT: bool = true;
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
    const BODY_MAX: usize = 16 * 1024 * 1024;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        check(input)?;
        batch::resources(call, input.request_items.keys())
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let (mut leading, mut attributes) = (Vec::new(), Vec::new());
        for (name, writes) in &input.request_items {
            let mut context = Context::new();
            touched::set(&mut context, call, &target::table(call, name)?, None, |schema, touched| {
                for write in writes {
                    match action(write)? {
                        Action::Put(item) => touched.item(schema, &item)?,
                        Action::Delete(key) | Action::Check(key) | Action::Update { key, .. } => {
                            touched.key(schema, &key)?;
                        }
                    }
                }
                Ok(())
            })
            .await?;
            leading.extend_from_slice(context.get(LEADING_KEYS).unwrap_or_default());
            attributes.extend_from_slice(context.get(ATTRIBUTES).unwrap_or_default());
        }
        let mut context = super::conditions(input.return_consumed_capacity.as_deref(), None);
        touched::say(&mut context, leading, attributes);
        Ok(context)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let metrics = metrics(input.return_item_collection_metrics.as_deref())?;
        let mut request = Vec::with_capacity(input.request_items.len());
        for (name, writes) in &input.request_items {
            let actions = writes.iter().map(action).collect::<Result<_, _>>()?;
            request.push(TableWrites { table: target::table(&call, name)?, actions });
        }
        let written = call.services.tables.batch_write(request).await?;
        let mut document = Document::new();
        let answered = || input.request_items.iter().zip(&written);
        document.object("UnprocessedItems", |unprocessed| {
            for ((name, writes), written) in answered().filter(|(_, written)| !written.unprocessed.is_empty())
            {
                let rest = written.unprocessed.iter().filter_map(|at| writes.get(*at));
                write_list(rest, unprocessed.named(name), |write, out| {
                    out.extend_from_slice(&serde_json::to_vec(write).unwrap_or_default());
                });
            }
        });
        if metrics {
            document.object("ItemCollectionMetrics", |collections| {
                for ((name, _), written) in answered().filter(|(_, written)| !written.collections.is_empty())
                {
                    write_list(&written.collections, collections.named(name), write_collection);
                }
            });
        }
        if tell != Tell::Nothing {
            let shown = answered().map(|((name, _), written)| tell.shown(name, &written.consumed)).collect();
            document.value("ConsumedCapacity", &shown);
        }
        Ok(document.into_reply())
    }
}

fn check(input: &model::BatchWriteItemInput) -> Result<(), ApiError> {
    let writes = input.request_items.values().map(Vec::len).sum();
    batch::check("BatchWriteItem", input.request_items.len(), writes, WRITES_MAX)?;
    match input.request_items.iter().find(|(_, writes)| writes.is_empty()) {
        None => Ok(()),
        Some((name, _)) => Err(invalid(format!(
            "1 validation error detected: Value '{{{name}=[]}}' at 'requestItems' failed to satisfy constraint: Map \
             value must satisfy constraint: [Member must have length less than or equal to 25, Member must have \
             length greater than or equal to 1]"
        ))),
    }
}

fn action(write: &model::WriteRequest) -> Result<Action, ApiError> {
    match (&write.put_request, &write.delete_request) {
        (Some(put), None) => Ok(Action::Put(item(&put.item)?)),
        (None, Some(delete)) => Ok(Action::Delete(item(&delete.key)?)),
        (Some(_), Some(_)) => Err(invalid(
            "Supplied WriteRequest has more than one request set, must contain exactly one of PutRequest and \
             DeleteRequest",
        )),
        (None, None) => Err(invalid(
            "Supplied WriteRequest is empty, must contain exactly one of PutRequest and DeleteRequest",
        )),
    }
}
