use super::parameters::item;
use super::reply::{Document, Tell};
use super::touched::{ATTRIBUTES, LEADING_KEYS};
use super::transact::{self, ENCLOSING, Named};
use super::{get_item, model, target};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use tables::value::{Projection, write_item};

impl Operation for model::operation::TransactGetItems {
    const ACTION: &'static str = "dynamodb:GetItem";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] =
        &[ATTRIBUTES, ENCLOSING, LEADING_KEYS, "dynamodb:ReturnConsumedCapacity", "dynamodb:Select"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["ReturnConsumedCapacity", "TransactItems"];
    const DIRECT: bool = true;
    const OF_PARTS: bool = true;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        transact::check_count("transactItems", input.transact_items.len())?;
        let (named, _) = Named::read(call, names(input))?;
        Ok(named.tables().flat_map(target::resources).collect())
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let mut asked = Vec::with_capacity(input.transact_items.len());
        for model::TransactGetItem { get } in &input.transact_items {
            let selected = projection(get)?;
            let conditions = super::read_conditions(
                input.return_consumed_capacity.as_deref(),
                Some(if selected.is_some() { "SPECIFIC_ATTRIBUTES" } else { "ALL_ATTRIBUTES" }),
            );
            let table = target::table(call, &get.table_name)?;
            let one = transact::asked(
                call,
                Self::ACTION,
                "TransactGetItems",
                &table,
                conditions,
                |schema, touched| {
                    touched.key(schema, &item(&get.key)?)?;
                    touched.attributes(selected.iter().flat_map(Projection::attributes));
                    Ok(())
                },
            );
            asked.push(one.await?);
        }
        Ok(asked)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let (named, tables) = Named::read(&call, names(&input))?;
        let mut request = Vec::with_capacity(tables.len());
        for (model::TransactGetItem { get }, table) in input.transact_items.iter().zip(tables) {
            let (key, projection) = (item(&get.key)?, projection(get)?);
            request.push(tables::GetItem { table, key, projection, consistent: true });
        }
        let found = call.services.tables.transact_get(request).await?;
        let mut document = Document::new();
        document.list("Responses", &found.items, |item, out| {
            out.push(b'{');
            if let Some(item) = item {
                out.extend_from_slice(b"\"Item\":");
                write_item(item.view(), out);
            }
            out.push(b'}');
        });
        if tell != Tell::Nothing {
            let shown = |(table, consumed)| tell.shown_as("ReadCapacityUnits", named.name(table), consumed);
            let all = found.consumed.iter().map(|(table, consumed)| shown((table, consumed))).collect();
            document.value("ConsumedCapacity", &all);
        }
        Ok(document.into_reply())
    }
}

fn names(input: &model::TransactGetItemsInput) -> impl Iterator<Item = &str> {
    input.transact_items.iter().map(|one| one.get.table_name.as_str())
}

fn projection(get: &model::Get) -> Result<Option<Projection>, ApiError> {
    get_item::programs(get.projection_expression.as_deref(), &None, &get.expression_attribute_names)
}
