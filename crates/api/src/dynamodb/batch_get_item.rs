use super::error::invalid;
use super::parameters::item;
use super::reply::{Document, Tell, write_list};
use super::touched::{self, ATTRIBUTES, LEADING_KEYS};
use super::{batch, get_item, model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use tables::TableKeys;
use tables::value::{Projection, write_item};

/// Items of one batch.
const KEYS_MAX: usize = 100;

impl Operation for model::operation::BatchGetItem {
    const ACTION: &'static str = "dynamodb:BatchGetItem";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] =
        &[ATTRIBUTES, LEADING_KEYS, "dynamodb:ReturnConsumedCapacity", "dynamodb:Select"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["RequestItems", "ReturnConsumedCapacity"];
    const DIRECT: bool = true;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        check(input)?;
        batch::resources(call, input.request_items.keys())
    }

    /// One decision is about all tables: what it says is what is asked of any of them.
    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let (mut leading, mut attributes, mut whole) = (Vec::new(), Vec::new(), false);
        for (name, asked) in &input.request_items {
            let selected = projection(asked)?;
            whole |= selected.is_none();
            let mut context = Context::new();
            touched::set(&mut context, call, &target::table(call, name)?, None, |schema, touched| {
                for key in &asked.keys {
                    touched.key(schema, &item(key)?)?;
                }
                touched.attributes(selected.iter().flat_map(Projection::attributes));
                Ok(())
            })
            .await?;
            leading.extend_from_slice(context.get(LEADING_KEYS).unwrap_or_default());
            attributes.extend_from_slice(context.get(ATTRIBUTES).unwrap_or_default());
        }
        let select = if whole { "ALL_ATTRIBUTES" } else { "SPECIFIC_ATTRIBUTES" };
        let mut context = super::read_conditions(input.return_consumed_capacity.as_deref(), Some(select));
        touched::say(&mut context, leading, attributes);
        Ok(context)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let mut request = Vec::with_capacity(input.request_items.len());
        for (name, asked) in &input.request_items {
            request.push(TableKeys {
                table: target::table(&call, name)?,
                keys: asked.keys.iter().map(|key| item(key)).collect::<Result<_, _>>()?,
                projection: projection(asked)?,
                consistent: asked.consistent_read.unwrap_or(false),
            });
        }
        let found = call.services.tables.batch_get(request).await?;
        let mut document = Document::new();
        let answered = || input.request_items.iter().zip(&found);
        document.object("Responses", |responses| {
            for ((name, asked), found) in answered() {
                if found.unprocessed.len() < asked.keys.len() {
                    write_list(&found.items, responses.named(name), |item, out| write_item(item.view(), out));
                }
            }
        });
        document.object("UnprocessedKeys", |unprocessed| {
            for ((name, asked), found) in answered().filter(|(_, found)| !found.unprocessed.is_empty()) {
                let keys = found.unprocessed.iter().filter_map(|at| asked.keys.get(*at).cloned()).collect();
                let rest = model::KeysAndAttributes { keys, ..asked.clone() };
                unprocessed.named(name).extend_from_slice(&serde_json::to_vec(&rest).unwrap_or_default());
            }
        });
        if tell != Tell::Nothing {
            let shown = answered().map(|((name, _), found)| tell.shown(name, &found.consumed)).collect();
            document.value("ConsumedCapacity", &shown);
        }
        Ok(document.into_reply())
    }
}

fn check(input: &model::BatchGetItemInput) -> Result<(), ApiError> {
    let keys = input.request_items.values().map(|asked| asked.keys.len()).sum();
    batch::check("BatchGetItem", input.request_items.len(), keys, KEYS_MAX)?;
    match input.request_items.iter().find(|(_, asked)| asked.keys.is_empty()) {
        None => Ok(()),
        Some((name, _)) => Err(invalid(format!(
            "1 validation error detected: Value '[]' at 'requestItems.{name}.member.keys' failed to satisfy constraint: \
             Member must have length greater than or equal to 1"
        ))),
    }
}

fn projection(asked: &model::KeysAndAttributes) -> Result<Option<Projection>, ApiError> {
    get_item::programs(
        asked.projection_expression.as_deref(),
        &asked.attributes_to_get,
        &asked.expression_attribute_names,
    )
}
