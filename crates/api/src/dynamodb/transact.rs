//! What transactions of reads and of writes have in common.

use super::error::invalid;
use super::target;
use super::touched::{self, Touched};
use crate::{ApiError, Call, Further};
use access::policy::Context;
use tables::TableId;
use tables::key::KeySchema;

/// Actions of one transaction.
const ACTIONS_MAX: usize = 100;
const TOKEN_CHARS_MAX: usize = 36;

/// What each action of a transaction asks is asked as if it came alone, and told of the transaction.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
pub(super) const ENCLOSING: &str = "dynamodb:EnclosingOperation";

/// # Errors
/// `ValidationException`: no action, or too many.
pub(super) fn check_count(member: &str, count: usize) -> Result<(), ApiError> {
    let constraint = match count {
        0 => "greater than or equal to 1".to_owned(),
        1..=ACTIONS_MAX => return Ok(()),
        _ => format!("less than or equal to {ACTIONS_MAX}"),
    };
    Err(invalid(format!(
        "1 validation error detected: Value '[{count} members]' at '{member}' failed to satisfy constraint: Member \
         must have length {constraint}"
    )))
}

/// # Errors
/// `ValidationException`.
pub(super) fn check_token(token: Option<&str>) -> Result<(), ApiError> {
    let Some(token) = token else { return Ok(()) };
    let constraint = match token.chars().count() {
        0 => "greater than or equal to 1",
        1..=TOKEN_CHARS_MAX => return Ok(()),
        _ => "less than or equal to 36",
    };
    Err(invalid(format!(
        "1 validation error detected: Value '{token}' at 'clientRequestToken' failed to satisfy constraint: Member must \
         have length {constraint}"
    )))
}

/// What one action asks, on its table.
///
/// # Errors
/// As [`touched::set`].
pub(super) async fn asked(
    call: &Call,
    action: &'static str,
    enclosing: &str,
    table: &TableId,
    mut conditions: Context,
    tell: impl FnOnce(&KeySchema, &mut Touched) -> Result<(), ApiError>,
) -> Result<Further, ApiError> {
    conditions.set(ENCLOSING, enclosing);
    touched::set(&mut conditions, call, table, None, tell).await?;
    Ok(Further { action, resources: target::resources(table), conditions })
}

/// Tables, with the names that a request first gave them.
pub(super) struct Named(Vec<(TableId, String)>);

impl Named {
    /// # Errors
    /// `ValidationException`: a name that is none, or tables of two accounts.
    pub fn read<'a>(
        call: &Call,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<(Named, Vec<TableId>), ApiError> {
        let (mut named, mut tables) = (Vec::<(TableId, String)>::new(), Vec::new());
        for name in names {
            let table = target::table(call, name)?;
            if named.first().is_some_and(|(first, _)| first.account != table.account) {
                return Err(invalid("All tables of a transaction must be of the same account and region"));
            }
            if !named.iter().any(|(known, _)| *known == table) {
                named.push((table.clone(), name.to_owned()));
            }
            tables.push(table);
        }
        Ok((Named(named), tables))
    }

    pub fn tables(&self) -> impl Iterator<Item = &TableId> {
        self.0.iter().map(|(table, _)| table)
    }

    pub fn name<'a>(&'a self, table: &'a TableId) -> &'a str {
        self.0.iter().find(|(known, _)| known == table).map_or(table.name.as_str(), |(_, name)| name)
    }
}
