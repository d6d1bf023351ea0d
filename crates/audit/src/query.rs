use crate::record::{Decision, Record};
use clock::Timestamp;

/// Which records are asked for: those that meet all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub from: Option<Timestamp>,
    /// Not in it any more.
    pub to: Option<Timestamp>,
    /// A part of the principal's ARN; or the whole of its name, unique id or access key's id.
    pub principal: Option<String>,
    /// An action as IAM writes it or an operation's name, in any case, with `*` and `?`.
    pub action: Option<String>,
    /// What was denied, wholly or in part.
    pub denied: bool,
    /// The error's code, in any case, with `*` and `?`.
    pub error_code: Option<String>,
    /// That called, or of what is acted on.
    pub account: Option<String>,
    /// A part of a resource's ARN.
    pub resource: Option<String>,
    pub region: Option<String>,
    /// The request's or the event's id.
    pub id: Option<String>,
    pub source_ip: Option<String>,
}

impl Query {
    pub fn matches(&self, record: &Record<'_>) -> bool {
        self.in_time(record)
            && is_or(&self.principal, |wanted| is_principal(record, wanted))
            && is_or(&self.action, |wanted| {
                like(wanted, &record.zerun.action)
                    || like(wanted, &record.event_name)
                    || record.zerun.denial.as_ref().is_some_and(|denial| like(wanted, &denial.action))
            })
            && (!self.denied || record.zerun.decision == Decision::Denied || record.zerun.denial.is_some())
            && is_or(&self.error_code, |wanted| {
                record.error_code.as_ref().is_some_and(|code| like(wanted, code))
            })
            && is_or(&self.account, |wanted| is_account(record, wanted))
            && is_or(&self.resource, |wanted| is_resource(record, wanted))
            && is_or(&self.region, |wanted| record.aws_region == wanted)
            && is_or(&self.id, |wanted| record.request_id == wanted || record.event_id == wanted)
            && is_or(&self.source_ip, |wanted| record.source_ip_address == wanted)
    }

    /// A text that must stand in the line of every record that matches, so that others need not be read.
    pub(crate) fn needle(&self) -> Option<&str> {
        let plain = |text: &&String| {
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'.'))
        };
        let wanted = [&self.id, &self.source_ip, &self.resource, &self.principal];
        wanted.into_iter().flatten().find(plain).map(String::as_str)
    }

    fn in_time(&self, record: &Record<'_>) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let Ok(at) = Timestamp::parse_iso8601(&record.event_time) else { return false };
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

fn is_or(wanted: &Option<String>, is: impl FnOnce(&str) -> bool) -> bool {
    wanted.as_deref().is_none_or(is)
}

fn is_principal(record: &Record<'_>, wanted: &str) -> bool {
    let who = &record.user_identity;
    let issuer = who.session_context.as_ref().and_then(|context| context.session_issuer.as_ref());
    let whole = [&who.user_name, &who.principal_id, &who.access_key_id];
    who.arn.as_ref().is_some_and(|arn| arn.contains(wanted))
        || whole.into_iter().flatten().any(|text| text == wanted)
        || issuer.is_some_and(|issuer| issuer.arn.contains(wanted) || issuer.user_name == wanted)
}

fn is_account(record: &Record<'_>, wanted: &str) -> bool {
    let owners = record.resources.iter().filter_map(|resource| resource.account_id.as_ref());
    record.recipient_account_id == wanted || owners.into_iter().any(|owner| owner == wanted)
}

fn is_resource(record: &Record<'_>, wanted: &str) -> bool {
    let denied = record.zerun.denial.as_ref().and_then(|denial| denial.resource.as_deref());
    record.resources.iter().any(|resource| resource.arn.contains(wanted))
        || denied.is_some_and(|arn| arn.contains(wanted))
}

/// `*` any characters, `?` one; the case of ASCII letters does not matter.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // Where the last star stands, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(seen) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted.eq_ignore_ascii_case(byte) => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    (at, seen) = (place + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ResourceInfo, UserIdentity};

    #[test]
    fn patterns_match_as_in_policies() {
        for (pattern, text, matches) in [
            ("lambda:*", "lambda:Invoke", true),
            ("LAMBDA:invoke*", "lambda:InvokeFunction", true),
            ("s3:Get?bject", "s3:GetObject", true),
            ("*Object", "s3:GetObject", true),
            ("*a*b*", "xaxbx", true),
            ("*a*b", "xaxbx", false),
            ("GetObject", "s3:GetObject", false),
            ("", "", true),
            ("", "a", false),
            ("**", "", true),
            ("?", "", false),
        ] {
            assert_eq!(like(pattern, text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn each_filter_lets_its_own_through() {
        let record = Record {
            user_identity: UserIdentity {
                arn: Some("arn:aws:iam::000000000000:user/ann".into()),
                user_name: Some("ann".into()),
                access_key_id: Some("AKIAX".into()),
                ..UserIdentity::default()
            },
            event_time: "2026-11-21T10:00:00.000Z".into(),
            event_name: "GetObject".into(),
            aws_region: "us-east-1".into(),
            source_ip_address: "10.0.0.1".into(),
            error_code: Some("AccessDenied".into()),
            request_id: "R1".into(),
            event_id: "E1".into(),
            resources: vec![ResourceInfo {
                arn: "arn:aws:s3:::photos/a".into(),
                account_id: Some("111111111111".into()),
            }],
            recipient_account_id: "000000000000".into(),
            zerun: crate::Judgement {
                action: "s3:GetObject".into(),
                decision: Decision::Denied,
                ..Default::default()
            },
            ..Record::default()
        };
        let at = |text: &str| Some(Timestamp::parse_iso8601(text).unwrap());
        let text = |text: &str| Some(text.to_owned());
        let queries = [
            (Query { from: at("2026-11-21T10:00:00Z"), ..Query::default() }, true),
            (Query { from: at("2026-11-21T10:00:01Z"), ..Query::default() }, false),
            (Query { to: at("2026-11-21T10:00:00Z"), ..Query::default() }, false),
            (Query { to: at("2026-11-21T10:00:01Z"), ..Query::default() }, true),
            (Query { principal: text("user/ann"), ..Query::default() }, true),
            (Query { principal: text("AKIAX"), ..Query::default() }, true),
            (Query { principal: text("AKIA"), ..Query::default() }, false),
            (Query { action: text("s3:*"), ..Query::default() }, true),
            (Query { action: text("getobject"), ..Query::default() }, true),
            (Query { action: text("lambda:*"), ..Query::default() }, false),
            (Query { denied: true, ..Query::default() }, true),
            (Query { error_code: text("access*"), ..Query::default() }, true),
            (Query { error_code: text("NoSuchKey"), ..Query::default() }, false),
            (Query { account: text("111111111111"), ..Query::default() }, true),
            (Query { account: text("222222222222"), ..Query::default() }, false),
            (Query { resource: text("photos"), ..Query::default() }, true),
            (Query { resource: text("films"), ..Query::default() }, false),
            (Query { region: text("eu-west-1"), ..Query::default() }, false),
            (Query { id: text("R1"), ..Query::default() }, true),
            (Query { id: text("E1"), ..Query::default() }, true),
            (Query { id: text("R"), ..Query::default() }, false),
            (Query { source_ip: text("10.0.0.1"), ..Query::default() }, true),
            (Query { source_ip: text("10.0.0.2"), ..Query::default() }, false),
        ];
        let mut line = Vec::new();
        record.write(&mut line);
        let line = String::from_utf8(line).unwrap();
        for (query, matches) in queries {
            assert_eq!(query.matches(&record), matches, "{query:?}");
            let needle = query.needle().is_none_or(|needle| line.contains(needle));
            assert!(needle || !matches, "what matches holds the needle: {query:?}");
        }
    }
}
