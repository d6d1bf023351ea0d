use super::error::{invalid, tree};
use super::execute_statement::{Failed, duplicate, write};
use super::partiql::{Asked, CONDITION_KEYS, SELECT};
use super::reply::{Document, Tell};
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use serde_json::{Value, json};
use tables::partiql::Statement;
use tables::value::Item;
use tables::{Consumed, GetItem, TablesError};

/// Statements of one batch.
const STATEMENTS_MAX: usize = 25;

impl Operation for model::operation::BatchExecuteStatement {
    const ACTION: &'static str = SELECT;
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = CONDITION_KEYS;
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["ReturnConsumedCapacity", "Statements"];
    const DIRECT: bool = true;
    const OF_PARTS: bool = true;
    /// Items of 25 statements, as in BatchWriteItem.
    const BODY_MAX: usize = 16 * 1024 * 1024;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(all(call, input)?.iter().flat_map(|asked| target::resources(&asked.table)).collect())
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let mut further = Vec::with_capacity(input.statements.len());
        for asked in all(call, input)? {
            further.push(asked.further(call, input.return_consumed_capacity.as_deref(), None).await?);
        }
        Ok(further)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let (mut responses, mut consumed) = (Vec::new(), Vec::new());
        for (one, asked) in input.statements.iter().zip(all(&call, &input)?) {
            let mut response = json!({ "TableName": asked.statement.table() });
            let (name, value) = match done(&call, &asked, one.consistent_read.unwrap_or(false)).await {
                Ok((item, taken)) => {
                    consumed.push(tell.shown(asked.statement.table(), &taken));
                    ("Item", item.as_ref().map(tree))
                }
                Err(failed) => ("Error", Some(told(&asked, failed))),
            };
            if let (Some(members), Some(value)) = (response.as_object_mut(), value) {
                members.insert(name.to_owned(), value);
            }
            responses.push(response);
        }
        let mut document = Document::new();
        document.value("Responses", &responses.into());
        if tell != Tell::Nothing {
            document.value("ConsumedCapacity", &consumed.into());
        }
        Ok(document.into_reply())
    }
}

/// # Errors
/// `ValidationException`: no statement or too many, one that is none, or reads and writes in one batch.
fn all(call: &Call, input: &model::BatchExecuteStatementInput) -> Result<Vec<Asked>, ApiError> {
    if !(1..=STATEMENTS_MAX).contains(&input.statements.len()) {
        return Err(invalid(format!(
            "1 validation error detected: Value '[{} members]' at 'statements' failed to satisfy constraint: Member must \
             have length between 1 and {STATEMENTS_MAX}, inclusive",
            input.statements.len()
        )));
    }
    let read = |one: &model::BatchStatementRequest| {
        let on_failure = one.return_values_on_condition_check_failure.as_deref();
        let asked = Asked::read(call, &one.statement, one.parameters.as_deref(), on_failure)?;
        if one.consistent_read == Some(true) && !asked.statement.reads() {
            return Err(invalid("ConsistentRead is only of SELECT statements"));
        }
        Ok(asked)
    };
    let all: Vec<Asked> = input.statements.iter().map(read).collect::<Result<_, ApiError>>()?;
    let reads = all.iter().filter(|asked| asked.statement.reads()).count();
    if reads != 0 && reads != all.len() {
        return Err(invalid("The entire batch must consist of either read statements or write statements"));
    }
    Ok(all)
}

/// The item that was read, if any, and what was taken.
async fn done(call: &Call, asked: &Asked, consistent: bool) -> Result<(Option<Item>, Consumed), Failed> {
    let Statement::Select(select) = &asked.statement else {
        return write(call, asked).await.map(|written| (None, written.consumed));
    };
    let tables = &call.services.tables;
    let schema = tables.key_schema(asked.table.clone(), None).await.map_err(Failed::Done)?;
    let lookup = select.lookup(&schema).map_err(|refusal| Failed::Asked(refusal.into()))?;
    let (table, key) = (asked.table.clone(), lookup.key);
    let found =
        tables.get_item(GetItem { table, key, projection: None, consistent }).await.map_err(Failed::Done)?;
    let holds = |item: &Item| lookup.condition.as_ref().is_none_or(|condition| condition.holds(item.view()));
    Ok((found.item.filter(holds).map(|item| select.pick(item.view())), found.consumed))
}

/// A failure in the words of a batch's answer.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html>
fn told(asked: &Asked, failed: Failed) -> Value {
    let item = match &failed {
        Failed::Done(TablesError::ConditionFailed { item })
            if !matches!(asked.statement, Statement::Insert { .. }) =>
        {
            item.as_ref().map(tree)
        }
        _ => None,
    };
    let error = duplicate(asked, failed);
    let code = match error.code.as_ref() {
        "ConditionalCheckFailedException" => "ConditionalCheckFailed",
        "DuplicateItemException" => "DuplicateItem",
        "ItemCollectionSizeLimitExceededException" => "ItemCollectionSizeLimitExceeded",
        "ProvisionedThroughputExceededException" => "ProvisionedThroughputExceeded",
        "ResourceNotFoundException" => "ResourceNotFound",
        "ThrottlingException" => "ThrottlingError",
        "SerializationException" | "ValidationException" => "ValidationError",
        _ => "InternalServerError",
    };
    let mut shown = json!({ "Code": code, "Message": error.message });
    if let (Some(members), Some(item)) = (shown.as_object_mut(), item) {
        members.insert("Item".to_owned(), item);
    }
    shown
}
