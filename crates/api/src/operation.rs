use crate::{AccessLevel, ApiError, Call, Reply, resource_tags};
use access::Resource;
use access::policy::Context;
use protocol::model;
use serde_json::Value;
use std::fmt;
use std::pin::Pin;

/// Largest request document that is no payload of its own: what all but a few operations take.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// One operation of one service, implemented for the type that `cargo xtask models` generated for it.
///
/// ```text
/// impl Operation for model::operation::GetCallerIdentity {
///     const ACTION: &'static str = "sts:GetCallerIdentity";
///     const LEVEL: AccessLevel = AccessLevel::Read;
///     const CONDITION_KEYS: &'static [&'static str] = &[];
///     const DATA: bool = false;
///     const HONOURED: &'static [&'static str] = &[];
///     async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> { … }
///     async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> { … }
/// }
/// ```
pub trait Operation: model::Typed + Send + Sync + 'static {
    /// As IAM writes it, e.g. `s3:PutObject`; not always the operation's name.
    const ACTION: &'static str;

    /// What the action does, as AWS's service authorization reference has it.
    const LEVEL: AccessLevel;

    /// The condition keys beyond the global ones that a policy can ask of this operation: all that
    /// [`Operation::conditions`] may set. One that ends in `/` stands for all that begin so, such as
    /// `aws:RequestTag/`.
    const CONDITION_KEYS: &'static [&'static str];

    /// Whether CloudTrail has it as a data event: what is in a bucket, or a function that is run. All else
    /// is management
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>,
    /// <https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html>).
    const DATA: bool;

    /// The input's members that [`Operation::call`] acts on, by their names in the model; a dot reaches
    /// into a structure (`Code.ZipFile`).
    ///
    /// A request with any other member is refused, naming it, before the operation is reached: nothing
    /// is ignored silently. A member that is listed here must be honoured in whole; where only some of
    /// its values are, the operation refuses the others itself with [`ApiError::unsupported`].
    const HONOURED: &'static [&'static str];

    /// Largest request document in bytes. Does not bound a streaming payload, which the operation
    /// reads from [`Call::body`] itself.
    const BODY_MAX: usize = BODY_BYTES_MAX;

    /// Whether the input is read from the document itself, without the tree between, and the answer is the reply's
    /// body: for the operations whose every microsecond counts. All of the input's members are honoured then.
    const DIRECT: bool = false;

    /// Everything the request acts on, each with its owner. An empty answer is denied.
    ///
    /// May look up who owns what the input names, and nothing else.
    ///
    /// # Errors
    /// The input names no valid resource, or the owner cannot be looked up.
    fn resources(
        call: &Call,
        input: &Self::Input,
    ) -> impl Future<Output = Result<Vec<Resource>, ApiError>> + Send;

    /// Where the caller may act on some of the resources, the operation is called for these, and tells of the
    /// others itself: their places are in [`Call::denied`].
    const PARTIAL: bool = false;

    /// Whether the operation is made of parts, each with an action of its own, so that [`Operation::further`] is all
    /// that is asked, and [`Operation::ACTION`] one of them. Nothing to ask is denied.
    const OF_PARTS: bool = false;

    /// What the action's own condition keys say of the request, such as `s3:prefix`: of those that are
    /// listed in [`Operation::CONDITION_KEYS`].
    ///
    /// # Errors
    /// As [`Operation::resources`].
    fn conditions(
        _call: &Call,
        _input: &Self::Input,
    ) -> impl Future<Output = Result<Context, ApiError>> + Send {
        async { Ok(Context::new()) }
    }

    /// Other actions that the request asks for, each of which must be allowed too, such as reading what is
    /// copied or passing a role on.
    ///
    /// # Errors
    /// As [`Operation::resources`].
    fn further(
        _call: &Call,
        _input: &Self::Input,
    ) -> impl Future<Output = Result<Vec<Further>, ApiError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Does it. Called only after `access` allowed the action on all resources.
    ///
    /// # Errors
    /// What the caller is told.
    fn call(
        call: Call,
        input: Self::Input,
    ) -> impl Future<Output = Result<Reply<Self::Output>, ApiError>> + Send;
}

/// An action beside an operation's own.
pub struct Further {
    pub action: &'static str,
    pub resources: Vec<Resource>,
    pub conditions: Context,
}

type Running = Pin<Box<dyn Future<Output = Result<Reply<Value>, ApiError>> + Send>>;

/// A line of the table of operations.
pub struct Entry {
    pub model: &'static model::Operation,
    pub action: &'static str,
    pub level: AccessLevel,
    /// What a policy can ask of it beyond the global keys; see [`Operation::CONDITION_KEYS`].
    pub condition_keys: &'static [&'static str],
    /// A data event, or one of management.
    pub data: bool,
    pub honoured: &'static [&'static str],
    pub body_max: usize,
    /// See [`Operation::DIRECT`]: the document is in [`Call::body`], and there is no tree.
    pub direct: bool,
    run: fn(Call, Value) -> Running,
}

impl Entry {
    pub const fn of<O: Operation>() -> Entry {
        Entry {
            model: O::OPERATION,
            action: O::ACTION,
            level: O::LEVEL,
            condition_keys: O::CONDITION_KEYS,
            data: O::DATA,
            honoured: O::HONOURED,
            body_max: O::BODY_MAX,
            direct: O::DIRECT,
            run: |call, input| Box::pin(run::<O>(call, input)),
        }
    }

    /// Decides and does it. `input` is the decoded tree.
    pub(crate) fn run(&self, call: Call, input: Value) -> Running {
        (self.run)(call, input)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("action", &self.action).finish_non_exhaustive()
    }
}

/// The one place where a decision stands between a request and its service.
async fn run<O: Operation>(mut call: Call, input: Value) -> Result<Reply<Value>, ApiError> {
    let input: O::Input = match O::DIRECT {
        true => direct::<O>(&mut call).await?,
        false => protocol::decode::decode_into(O::OPERATION, input)
            .map_err(|error| ApiError::from(error.into_wire(O::OPERATION)))?,
    };
    let trail = call.trail.clone();
    let mut resources = O::resources(&call, &input).await?;
    resource_tags::read(&call.services, &call.principal, O::ACTION, &mut resources).await?;
    let resources = trail.keep(resources);
    let conditions = O::conditions(&call, &input).await?;
    debug_assert!(
        conditions.iter().all(|(key, _)| is_listed(O::CONDITION_KEYS, key)),
        "{} sets a condition key that it does not list: {conditions:?}",
        O::OPERATION.name
    );
    let further = if O::OF_PARTS { O::further(&call, &input).await? } else { Vec::new() };
    let all = match O::OF_PARTS && !further.is_empty() {
        true => Ok(()),
        false => call.authorize(O::ACTION, resources, conditions.clone()).await,
    };
    if O::PARTIAL && all.is_err() && resources.len() > 1 {
        for (place, resource) in resources.iter().enumerate() {
            let one = std::slice::from_ref(resource);
            if let Err(error) = call.authorize(O::ACTION, one, conditions.clone()).await {
                trail.deny_partly(error.explanation);
                call.denied.insert(place);
            }
        }
    }
    if call.denied.is_empty() || call.denied.len() == resources.len() {
        all?;
    }
    let further = if O::OF_PARTS { further } else { O::further(&call, &input).await? };
    for Further { action, mut resources, conditions } in further {
        resource_tags::read(&call.services, &call.principal, action, &mut resources).await?;
        call.authorize(action, &resources, conditions).await?;
    }
    trail.allow();
    let reply = O::call(call, input).await?;
    let output = serde_json::to_value(&reply.output).map_err(ApiError::internal)?;
    Ok(Reply { output, body: reply.body, status: reply.status, headers: reply.headers })
}

/// The document as the operation's input. Where it is none, or holds what the model does not allow, the tables say
/// why in the service's words.
async fn direct<O: Operation>(call: &mut Call) -> Result<O::Input, ApiError> {
    let too_large = ApiError::invalid("RequestEntityTooLarge", "The request is too large.");
    let document = call.take_body(O::BODY_MAX, too_large).await?;
    match serde_json::from_slice::<O::Input>(&document) {
        Ok(input) => Ok(input),
        Err(error) => {
            let tree = protocol::decode::document(O::OPERATION, &document);
            Err(match tree {
                Err(error) => ApiError::from(error.into_wire(O::OPERATION)),
                Ok(_) => ApiError::invalid("SerializationException", error.to_string()),
            })
        }
    }
}

/// Keys are compared without regard to case, as policies do; a listed `aws:RequestTag/` stands for all of them.
fn is_listed(listed: &[&str], key: &str) -> bool {
    listed.iter().any(|one| match key.get(..one.len()) {
        Some(begin) if one.ends_with('/') => begin.eq_ignore_ascii_case(one),
        _ => key.eq_ignore_ascii_case(one),
    })
}

#[cfg(test)]
mod tests {
    use super::is_listed;

    #[test]
    fn a_key_is_listed_whole_or_by_its_beginning() {
        let listed = ["s3:prefix", "aws:RequestTag/", "aws:TagKeys"];
        for key in ["s3:prefix", "S3:Prefix", "aws:requesttag/team", "aws:TagKeys"] {
            assert!(is_listed(&listed, key), "{key}");
        }
        for key in ["s3:prefixes", "s3:pre", "aws:RequestTag", "aws:TagKeys/x", "ä", ""] {
            assert!(!is_listed(&listed, key), "{key}");
        }
    }
}
