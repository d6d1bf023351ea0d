use super::error::{invalid, not_found};
use crate::{ApiError, Call};
use access::Resource;
use functions::{FunctionId, LayerId};
use names::{Arn, FunctionReference, Qualifier, Service};

/// Which function, and which version or alias of it, a request is about.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub id: FunctionId,
    pub qualifier: Option<Qualifier>,
}

impl Target {
    /// What `access` decides on.
    pub fn resources(&self) -> Vec<Resource> {
        vec![Resource::new(self.arn())]
    }

    /// The ARN of asynchronous invocation settings: those of the function are `$LATEST`'s.
    pub fn latest_arn(&self) -> Arn {
        self.id.qualified_arn(self.qualifier.clone().unwrap_or(Qualifier::Latest))
    }

    /// As the caller pointed at it.
    pub fn arn(&self) -> Arn {
        self.id.arn_with(self.qualifier.as_ref())
    }
}

/// Reads a `FunctionName` member (a name, `account:function:name` or an ARN, each with an optional
/// `:qualifier`) and the `Qualifier` beside it.
///
/// # Errors
/// No reference, two different qualifiers, or a function of another region.
pub(super) fn target(call: &Call, name: &str, qualifier: Option<&str>) -> Result<Target, ApiError> {
    let reference = FunctionReference::parse(name).map_err(|error| invalid(error.to_string()))?;
    let asked = qualifier.map(|text| Qualifier::parse(text).map_err(|error| invalid(error.to_string())));
    let qualifier = match (reference.qualifier, asked.transpose()?) {
        (Some(derived), Some(asked)) if derived != asked => {
            return Err(invalid(
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        (derived, asked) => derived.or(asked),
    };
    let region = reference.region.unwrap_or_else(|| call.region.clone());
    if region != call.region {
        return Err(not_found(format!(
            "Functions from '{region}' are not reachable in this region ('{}')",
            call.region
        )));
    }
    let account = reference.account.unwrap_or_else(|| call.account.clone());
    Ok(Target { id: FunctionId { account, region, name: reference.name }, qualifier })
}

/// As [`target`], for operations that are about the function as a whole.
///
/// # Errors
/// Those of [`target`], or there is a qualifier.
pub(super) fn whole(call: &Call, name: &str) -> Result<Target, ApiError> {
    let target = target(call, name, None)?;
    match &target.qualifier {
        None => Ok(target),
        Some(qualifier) => Err(invalid(format!(
            "This operation is for the function as a whole: leave the qualifier {qualifier} out."
        ))),
    }
}

/// Reads a `LayerName` member: a name or an ARN without version.
///
/// # Errors
/// Neither.
pub(super) fn layer(call: &Call, name: &str) -> Result<LayerId, ApiError> {
    Ok(LayerId::parse(name, &call.account, &call.region)?)
}

/// What lists are decided on: everything of a kind (`function`, `layer`) in the caller's region.
pub(super) fn all(call: &Call, kind: &str) -> Vec<Resource> {
    vec![Resource::new(Arn::new(Service::Lambda, &call.region, &call.account, format!("{kind}:*")))]
}

/// How many entries a page has at most: what the caller asks for within what the service allows.
pub(super) fn page_size(asked: Option<i32>, max: usize) -> usize {
    asked.and_then(|asked| usize::try_from(asked).ok()).map_or(max, |asked| asked.clamp(1, max))
}
