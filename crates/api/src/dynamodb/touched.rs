//! Which items and attributes a request is about, for policies that ask: `dynamodb:LeadingKeys`, `dynamodb:Attributes`.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>

use crate::{ApiError, Call, resource_policies};
use access::policy::Context;
use std::collections::BTreeSet;
use tables::TableId;
use tables::expression::KeyCondition;
use tables::key::KeySchema;
use tables::value::Item;

pub(super) const LEADING_KEYS: &str = "dynamodb:LeadingKeys";
pub(super) const ATTRIBUTES: &str = "dynamodb:Attributes";

/// What a request says of one table.
#[derive(Default)]
pub(super) struct Touched {
    /// Partition keys, as policies know them.
    leading: BTreeSet<String>,
    attributes: BTreeSet<String>,
}

impl Touched {
    pub fn attributes<S: Into<String>>(&mut self, names: impl IntoIterator<Item = S>) {
        self.attributes.extend(names.into_iter().map(Into::into));
    }

    /// An item that is put.
    ///
    /// # Errors
    /// `ValidationException`: it has no such key.
    pub fn item(&mut self, schema: &KeySchema, item: &Item) -> Result<(), ApiError> {
        let key = schema.of_item(item.view())?;
        self.leading.extend(schema.partition_text(&key.partition));
        self.attributes(item.view().attributes().map(|(name, _)| name));
        Ok(())
    }

    /// An item by its key.
    ///
    /// # Errors
    /// `ValidationException`: it is no such key.
    pub fn key(&mut self, schema: &KeySchema, key: &Item) -> Result<(), ApiError> {
        let encoded = schema.of_key(key.view())?;
        self.leading.extend(schema.partition_text(&encoded.partition));
        self.attributes(schema.names());
        Ok(())
    }

    /// The items of one partition.
    pub fn partition(&mut self, schema: &KeySchema, condition: &KeyCondition) {
        self.leading.extend(schema.partition_text(&condition.partition));
        self.attributes(schema.names());
    }
}

/// Adds to `context` what `tell` says, only where a policy asks that decides about the caller, or the table's own. `tell` gets the key of
/// the table, or of its index.
///
/// # Errors
/// `ResourceNotFoundException`; those of `tell`; a store fails.
pub(super) async fn set(
    context: &mut Context,
    call: &Call,
    table: &TableId,
    index: Option<&str>,
    tell: impl FnOnce(&KeySchema, &mut Touched) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    if !call.services.access.asks_for_items(&call.principal).await.map_err(ApiError::internal)?
        && !resource_policies::of_table(&call.services, table)
            .await?
            .is_some_and(|policy| policy.asks_for_items())
    {
        return Ok(());
    }
    let schema = call.services.tables.key_schema(table.clone(), index.map(str::to_owned)).await?;
    let mut touched = Touched::default();
    tell(&schema, &mut touched)?;
    say(context, touched.leading, touched.attributes);
    Ok(())
}

/// Both keys, each only where it has a value.
pub(super) fn say(
    context: &mut Context,
    leading: impl IntoIterator<Item = String>,
    attributes: impl IntoIterator<Item = String>,
) {
    let (leading, attributes) = (BTreeSet::from_iter(leading), BTreeSet::from_iter(attributes));
    if !leading.is_empty() {
        context.set_all(LEADING_KEYS, leading);
    }
    if !attributes.is_empty() {
        context.set_all(ATTRIBUTES, attributes);
    }
}
