use super::error::invalid;
use super::model;
use super::paged;
use super::partiql::{Asked, CONDITION_KEYS, SELECT};
use super::reply::{Document, Tell};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tables::partiql::{Returning, Select, Statement};
use tables::value::{Item, decode_item, write_item};
use tables::{Action, Bounds, DeleteItem, PutItem, Selection, TablesError, UpdateItem, Written};

impl Operation for model::operation::ExecuteStatement {
    const ACTION: &'static str = SELECT;
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = CONDITION_KEYS;
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "ConsistentRead",
        "Limit",
        "NextToken",
        "Parameters",
        "ReturnConsumedCapacity",
        "ReturnValuesOnConditionCheckFailure",
        "Statement",
    ];
    const DIRECT: bool = true;
    const OF_PARTS: bool = true;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(asked(call, input)?.resources())
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        Ok(vec![asked(call, input)?.further(call, input.return_consumed_capacity.as_deref(), None).await?])
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let asked = asked(&call, &input)?;
        if let Statement::Select(select) = &asked.statement {
            return read(call, &input, &asked, select.clone(), tell).await;
        }
        for (name, given) in [
            ("Limit", input.limit.is_some()),
            ("NextToken", input.next_token.is_some()),
            ("ConsistentRead", input.consistent_read == Some(true)),
        ] {
            if given {
                return Err(invalid(format!("{name} is only of SELECT statements")));
            }
        }
        if matches!(asked.statement, Statement::Exists(_)) {
            return Err(invalid("EXISTS can only be used in a transaction"));
        }
        let written = write(&call, &asked).await.map_err(|error| duplicate(&asked, error))?;
        let mut document = Document::new();
        document
            .list("Items", returned(&asked.statement, &written), |item, out| write_item(item.view(), out));
        tell.consumed(&mut document, asked.statement.table(), &written.consumed);
        Ok(document.into_reply())
    }
}

fn asked(call: &Call, input: &model::ExecuteStatementInput) -> Result<Asked, ApiError> {
    let on_failure = input.return_values_on_condition_check_failure.as_deref();
    Asked::read(call, &input.statement, input.parameters.as_deref(), on_failure)
}

/// Does what a statement that writes says, alone.
///
/// # Errors
/// What the service refuses.
pub(super) async fn write(call: &Call, asked: &Asked) -> Result<Written, Failed> {
    let (action, precondition) = asked.write(call).await.map_err(Failed::Asked)?;
    let (table, tables) = (asked.table.clone(), &call.services.tables);
    let written = match action {
        Action::Put(item) => tables.put_item(PutItem { table, item, precondition }).await,
        Action::Update { key, update } => {
            tables.update_item(UpdateItem { table, key, update, precondition }).await
        }
        Action::Delete(key) => tables.delete_item(DeleteItem { table, key, precondition }).await,
        Action::Check(_) => return Err(Failed::Asked(invalid("EXISTS can only be used in a transaction"))),
    };
    written.map_err(Failed::Done)
}

pub(super) enum Failed {
    /// Before anything was tried.
    Asked(ApiError),
    Done(TablesError),
}

/// An INSERT of what is there fails in words of its own.
pub(super) fn duplicate(asked: &Asked, failed: Failed) -> ApiError {
    match (&asked.statement, failed) {
        (Statement::Insert { .. }, Failed::Done(TablesError::ConditionFailed { .. })) => {
            ApiError::invalid("DuplicateItemException", "Duplicate primary key exists in table")
        }
        (_, Failed::Done(error)) => error.into(),
        (_, Failed::Asked(error)) => error,
    }
}

fn returned(statement: &Statement, written: &Written) -> Option<Item> {
    let (Statement::Update(change) | Statement::Delete(change)) = statement else { return None };
    let touched = change.update.touched();
    let (old, new) = (written.old.as_ref(), written.new.as_ref());
    match change.returning? {
        Returning::AllOld => old.cloned(),
        Returning::AllNew => new.cloned(),
        Returning::ModifiedOld => old.map(|old| touched.apply(old.view())),
        Returning::ModifiedNew => new.map(|new| touched.apply(new.view())),
    }
}

async fn read<T: Default>(
    call: Call,
    input: &model::ExecuteStatementInput,
    asked: &Asked,
    select: Select,
    tell: Tell,
) -> Result<Reply<T>, ApiError> {
    let digest = digest(&input.statement, input.parameters.as_deref());
    let bounds = Bounds {
        index: select.index.clone(),
        limit: paged::limit(input.limit)?,
        start: input.next_token.as_deref().map(|token| start(token, &digest)).transpose()?,
        backwards: false,
        consistent: input.consistent_read.unwrap_or(false),
    };
    let planned = select.clone();
    let plan: tables::Planned = Box::new(move |schema| {
        let mut plan = planned.plan(schema)?;
        let projection = planned.projection();
        let select = if projection.is_some() { tables::Select::Specific } else { tables::Select::AllThereIs };
        let filter = plan.filter.take();
        Ok((plan, Selection { filter, projection, select }))
    });
    let request = tables::SelectItems { table: asked.table.clone(), bounds, plan };
    let page = call.services.tables.select(request).await?;
    let mut document = Document::new();
    document.list("Items", &page.items, |item, out| write_item(select.pick(item.view()).view(), out));
    if let Some(last) = &page.last {
        document.value("NextToken", &token(last, digest).into());
        document.item("LastEvaluatedKey", last.view());
    }
    tell.consumed(&mut document, asked.statement.table(), &page.consumed);
    Ok(document.into_reply())
}

/// Where the next page begins, for the statement that it belongs to. Not sealed: it says where to begin, which is within
/// what the statement reads, or refused.
#[derive(Serialize, Deserialize)]
struct Next {
    of: String,
    after: Box<RawValue>,
}

fn digest(statement: &str, parameters: Option<&[Box<RawValue>]>) -> String {
    let parameters: Vec<&str> = parameters.unwrap_or_default().iter().map(|one| one.get()).collect();
    let whole = serde_json::json!([statement, parameters]).to_string();
    URL_SAFE_NO_PAD.encode(tables::digest(whole.as_bytes()))
}

fn token(last: &Item, of: String) -> String {
    let mut text = Vec::new();
    write_item(last.view(), &mut text);
    let after = String::from_utf8(text).ok().and_then(|text| RawValue::from_string(text).ok());
    let next = after.map(|after| serde_json::to_vec(&Next { of, after }));
    URL_SAFE_NO_PAD.encode(next.and_then(Result::ok).unwrap_or_default())
}

fn start(token: &str, digest: &str) -> Result<Item, ApiError> {
    let wrong = || invalid("The provided NextToken is not valid for this statement");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let next: Next = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    if next.of != digest {
        return Err(wrong());
    }
    decode_item(next.after.get()).map_err(|_| wrong())
}
