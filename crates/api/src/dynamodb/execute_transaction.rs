use super::error::invalid;
use super::partiql::{Asked, CONDITION_KEYS, SELECT};
use super::reply::{Document, Tell};
use super::transact::{self, Named};
use super::transact_write_items::token;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use tables::partiql::Statement;
use tables::value::{Item, write_item};
use tables::{Consumed, GetItem, Reason, TableId, TablesError, TransactAction, TransactWrite};

impl Operation for model::operation::ExecuteTransaction {
    const ACTION: &'static str = SELECT;
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = CONDITION_KEYS;
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["ClientRequestToken", "ReturnConsumedCapacity", "TransactStatements"];
    const DIRECT: bool = true;
    const OF_PARTS: bool = true;
    /// As TransactWriteItems.
    const BODY_MAX: usize = 16 * 1024 * 1024;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let all = all(call, input)?;
        let (named, _) = Named::read(call, all.iter().map(|asked| asked.statement.table()))?;
        Ok(named.tables().flat_map(target::resources).collect())
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let mut further = Vec::with_capacity(input.transact_statements.len());
        for asked in all(call, input)? {
            let capacity = input.return_consumed_capacity.as_deref();
            further.push(asked.further(call, capacity, Some("ExecuteTransaction")).await?);
        }
        Ok(further)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let all = all(&call, &input)?;
        let (named, _) = Named::read(&call, all.iter().map(|asked| asked.statement.table()))?;
        let (items, consumed, side) = if all.iter().all(|asked| asked.statement.reads()) {
            let (items, consumed) = read(&call, &all).await?;
            (items, consumed, "ReadCapacityUnits")
        } else {
            let token = token(&call, input.client_request_token.as_deref(), &input.transact_statements)?;
            let mut actions = Vec::with_capacity(all.len());
            for asked in &all {
                let (action, precondition) = asked.write(&call).await?;
                actions.push(TransactAction { table: asked.table.clone(), action, precondition });
            }
            let written = call.services.tables.transact_write(TransactWrite { actions, token }).await;
            let written = written.map_err(|error| told(&all, error))?;
            let side = if written.repeated { "ReadCapacityUnits" } else { "WriteCapacityUnits" };
            (all.iter().map(|_| None).collect(), written.consumed, side)
        };
        let mut document = Document::new();
        document.list("Responses", &items, |item, out| {
            let mut response = Document::new();
            if let Some(item) = item {
                write_item(item.view(), response.member("Item"));
            }
            out.extend_from_slice(&response.into_bytes());
        });
        if tell != Tell::Nothing {
            let shown =
                consumed.iter().map(|(table, taken)| tell.shown_as(side, named.name(table), taken)).collect();
            document.value("ConsumedCapacity", &shown);
        }
        Ok(document.into_reply())
    }
}

/// # Errors
/// `ValidationException`: no statement or too many, one that is none, reads and writes in one transaction, or what
/// writes may not ask for.
fn all(call: &Call, input: &model::ExecuteTransactionInput) -> Result<Vec<Asked>, ApiError> {
    transact::check_count("transactStatements", input.transact_statements.len())?;
    let read = |one: &model::ParameterizedStatement| {
        let on_failure = one.return_values_on_condition_check_failure.as_deref();
        Asked::read(call, &one.statement, one.parameters.as_deref(), on_failure)
    };
    let all: Vec<Asked> = input.transact_statements.iter().map(read).collect::<Result<_, ApiError>>()?;
    let reads = all.iter().filter(|asked| asked.statement.reads()).count();
    if reads != 0 && reads != all.len() {
        return Err(invalid(
            "The entire transaction must consist of either read statements or write statements",
        ));
    }
    let returns = |asked: &Asked| match &asked.statement {
        Statement::Update(change) | Statement::Delete(change) => change.returning.is_some(),
        _ => false,
    };
    if all.iter().any(returns) {
        return Err(invalid("RETURNING is not supported in transactions"));
    }
    Ok(all)
}

async fn read(call: &Call, all: &[Asked]) -> Result<(Vec<Option<Item>>, Vec<(TableId, Consumed)>), ApiError> {
    let tables = &call.services.tables;
    let (mut request, mut picks) = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
    for asked in all {
        let Statement::Select(select) = &asked.statement else { continue };
        let schema = tables.key_schema(asked.table.clone(), None).await?;
        let lookup = select.lookup(&schema)?;
        picks.push((select, lookup.condition));
        request.push(GetItem {
            table: asked.table.clone(),
            key: lookup.key,
            projection: None,
            consistent: true,
        });
    }
    let found = tables.transact_get(request).await?;
    let picked = |(item, (select, condition)): (Option<Item>, (&tables::partiql::Select, Option<_>))| {
        let holds = |item: &Item| {
            condition
                .as_ref()
                .is_none_or(|condition: &tables::expression::Condition| condition.holds(item.view()))
        };
        item.filter(holds).map(|item| select.pick(item.view()))
    };
    Ok((found.items.into_iter().zip(picks).map(picked).collect(), found.consumed))
}

/// An INSERT of what is there has a reason of its own.
fn told(all: &[Asked], error: TablesError) -> ApiError {
    let TablesError::Cancelled(mut reasons) = error else { return error.into() };
    for (asked, reason) in all.iter().zip(&mut reasons) {
        if matches!((&asked.statement, &*reason), (Statement::Insert { .. }, Reason::ConditionFailed { .. }))
        {
            *reason = Reason::Duplicate;
        }
    }
    TablesError::Cancelled(reasons).into()
}
