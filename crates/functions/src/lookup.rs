use crate::{AliasRecord, Configuration, FunctionId, FunctionRecord, FunctionsError, Version, keys};
use kv::Read;
use names::Qualifier;

/// What a name and qualifier lead to.
pub(crate) struct Found {
    pub record: FunctionRecord,
    pub version: Version,
    pub configuration: Configuration,
}

/// # Errors
/// `NotFound`.
pub(crate) async fn function(from: &impl Read, id: &FunctionId) -> Result<FunctionRecord, FunctionsError> {
    kv::get_record(from, keys::function(id)).await?.ok_or_else(|| missing(id, None))
}

/// Follows a qualifier; an alias leads to its main version, whatever its weights.
///
/// # Errors
/// `NotFound` for the function, the version or the alias.
pub(crate) async fn find(
    from: &impl Read,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
) -> Result<Found, FunctionsError> {
    let record = function(from, id).await?;
    let version = match qualifier {
        None | Some(Qualifier::Latest) => Version::Latest,
        Some(Qualifier::Version(number)) => Version::Published(*number),
        Some(Qualifier::Alias(name)) => {
            alias(from, id, name).await?.ok_or_else(|| missing(id, qualifier))?.version
        }
    };
    let configuration =
        configuration(from, id, &record, version).await?.ok_or_else(|| missing(id, qualifier))?;
    Ok(Found { record, version, configuration })
}

pub(crate) async fn configuration(
    from: &impl Read,
    id: &FunctionId,
    record: &FunctionRecord,
    version: Version,
) -> Result<Option<Configuration>, FunctionsError> {
    Ok(match version {
        Version::Latest => Some(record.latest.clone()),
        Version::Published(number) => kv::get_record(from, keys::version(id, number)).await?,
    })
}

pub(crate) async fn alias(
    from: &impl Read,
    id: &FunctionId,
    name: &str,
) -> Result<Option<AliasRecord>, FunctionsError> {
    Ok(kv::get_record(from, keys::alias(id, name)).await?)
}

pub(crate) fn missing(id: &FunctionId, qualifier: Option<&Qualifier>) -> FunctionsError {
    FunctionsError::NotFound(format!("Function not found: {}", id.arn_with(qualifier)))
}

/// That a function, and the version or alias if there is a qualifier, is there: settings hang on both.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn check_target(
    from: &impl Read,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
) -> Result<(), FunctionsError> {
    find(from, id, qualifier).await.map(|_| ())
}

/// How a qualifier is written in the keys of settings: empty for the function itself.
pub(crate) fn qualifier_text(qualifier: Option<&Qualifier>) -> String {
    qualifier.map(ToString::to_string).unwrap_or_default()
}
