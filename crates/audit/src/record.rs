use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Characters of a text that a caller chose, such as the user agent; what is longer is cut, as CloudTrail does.
pub const TEXT_CHARS_MAX: usize = 1024;

/// Bytes of a record's JSON. The parameters of one that would be longer are left out, which it says.
pub const RECORD_BYTES_MAX: usize = 16 * 1024;

/// One call, in CloudTrail's words, with what only Zerun tells in `zerun`.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
///
/// One type for both directions: written from borrowed parts, and read as parts of the line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record<'a> {
    #[serde(borrow)]
    pub event_version: Cow<'a, str>,
    #[serde(borrow)]
    pub user_identity: UserIdentity<'a>,
    /// When the call was completed, in ISO 8601 with milliseconds, UTC.
    #[serde(borrow)]
    pub event_time: Cow<'a, str>,
    /// E.g. `s3.amazonaws.com`.
    #[serde(borrow)]
    pub event_source: Cow<'a, str>,
    #[serde(borrow)]
    pub event_name: Cow<'a, str>,
    #[serde(borrow)]
    pub aws_region: Cow<'a, str>,
    #[serde(borrow, rename = "sourceIPAddress")]
    pub source_ip_address: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub user_agent: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<Cow<'a, str>>,
    /// Of calls that are no data events: the input, without what is secret or large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_parameters: Option<Value>,
    /// What the caller was told to be the request's id.
    #[serde(borrow, rename = "requestID")]
    pub request_id: Cow<'a, str>,
    /// A UUID; no two records have the same.
    #[serde(borrow, rename = "eventID")]
    pub event_id: Cow<'a, str>,
    pub read_only: bool,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceInfo<'a>>,
    /// `AwsApiCall`, or `AwsServiceEvent` for what the log says of itself.
    #[serde(borrow)]
    pub event_type: Cow<'a, str>,
    pub management_event: bool,
    /// Empty where nobody is known to have called.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub recipient_account_id: Cow<'a, str>,
    #[serde(borrow)]
    pub zerun: Judgement<'a>,
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity<'a> {
    /// `Root`, `IAMUser`, `AssumedRole`, `FederatedUser`, `AWSService`, or `Unknown` where no signature was found
    /// to hold; then a key that is named is only claimed.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub session_context: Option<SessionContext<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionContext<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub session_issuer: Option<SessionIssuer<'a>>,
    #[serde(borrow)]
    pub attributes: SessionAttributes<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<Cow<'a, str>>,
    /// The function that the session was made for.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub function_arn: Option<Cow<'a, str>>,
}

/// Whose session it is: a role, or the user who asked for a token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionIssuer<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub principal_id: Cow<'a, str>,
    #[serde(borrow)]
    pub arn: Cow<'a, str>,
    #[serde(borrow)]
    pub account_id: Cow<'a, str>,
    #[serde(borrow)]
    pub user_name: Cow<'a, str>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionAttributes<'a> {
    #[serde(borrow)]
    pub creation_date: Cow<'a, str>,
    #[serde(borrow)]
    pub mfa_authenticated: Cow<'a, str>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceInfo<'a> {
    #[serde(borrow, rename = "ARN")]
    pub arn: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<Cow<'a, str>>,
}

/// What Zerun adds to CloudTrail's record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement<'a> {
    /// As IAM writes it; empty where no action was recognised.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub action: Cow<'a, str>,
    pub decision: Decision,
    /// HTTP status; 0 where the caller went away before there was one.
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denial: Option<Box<Denial>>,
    /// Records that are missing before this one, by the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// All that was asked for.
    Allowed,
    Denied,
    /// It was not come to: no valid signature, or a request that could not be read.
    #[default]
    None,
}

/// How a denial came about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// Differs from the call's own where it asked for more, such as `iam:PassRole`.
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// A statement denied; else nothing allowed.
    pub explicit: bool,
    /// The kind of policy that denied, or that should have allowed; as denials word it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The statement that denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Statement>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evaluated: Vec<Step>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near_misses: Vec<NearMiss>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_statement: Option<Value>,
}

/// A statement of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    pub layer: String,
    /// Its ARN, or what it is attached to.
    pub policy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Counted from 1.
    pub number: usize,
}

/// What one layer said: `allowed`, `denied` or `silent`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub layer: String,
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Statement>,
}

/// A statement that would have allowed, but for something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NearMiss {
    #[serde(flatten)]
    pub statement: Statement,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<FailedCondition>,
    /// The resources that it names, where it does not name the one that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub names_others: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedCondition {
    pub operator: String,
    pub key: String,
    pub wanted: Vec<String>,
    pub found: Vec<String>,
}

/// At most [`TEXT_CHARS_MAX`] characters of a text, and then it says that there were more.
pub fn cut(text: &str) -> Cow<'_, str> {
    cut_to(text, TEXT_CHARS_MAX)
}

/// At most so many characters of a text, and then it says that there were more.
pub fn cut_to(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars_max) {
        None => Cow::Borrowed(text),
        Some((at, _)) => {
            let kept = text.get(..at).unwrap_or_default();
            Cow::Owned(format!("{kept}… (cut, {} bytes)", text.len()))
        }
    }
}

impl Record<'_> {
    /// Adds the record's JSON to `out`, on one line and without a line's end, and returns how many bytes that is.
    ///
    /// Beyond [`RECORD_BYTES_MAX`] the parameters are left out, then resources and the explanation.
    pub fn write(&self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        let written = |out: &mut Vec<u8>, record: &Record<'_>| {
            out.truncate(start);
            // Neither a vector nor these types can fail to be written.
            let _ = serde_json::to_writer(&mut *out, record);
            out.len().saturating_sub(start)
        };
        let length = written(out, self);
        if length <= RECORD_BYTES_MAX {
            return length;
        }
        let mut less = self.clone();
        // As CloudTrail says it.
        less.request_parameters = self.request_parameters.as_ref().map(|_| {
            let reason = format!("the record would be longer than {RECORD_BYTES_MAX} bytes");
            serde_json::json!({ "omitted": true, "originalSize": length, "reason": reason })
        });
        if written(out, &less) > RECORD_BYTES_MAX {
            less.resources.truncate(10);
            if let Some(denial) = &mut less.zerun.denial {
                denial.near_misses.clear();
                denial.context.clear();
            }
            for text in [&mut less.user_agent, &mut less.event_name, &mut less.source_ip_address] {
                *text = Cow::Owned(cut(text).into_owned());
            }
        }
        written(out, &less)
    }
}
