use crate::terminal::plain;
use audit::{Decision, Denial, NearMiss, Record, Statement};
use serde_json::Value;
use std::io::{self, BufWriter, Write};

/// Keys whose values stand in the lines above, or say the same as another.
const TOLD_ELSEWHERE: [&str; 3] = ["aws:useragent", "aws:epochtime", "aws:currenttime"];

/// # Errors
/// Standard output cannot be written.
pub fn print(record: &Record<'_>, line: &str, as_json: bool) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if as_json {
        let value: Value = serde_json::from_str(line)?;
        serde_json::to_writer_pretty(&mut out, &value)?;
        writeln!(out)?;
    } else {
        write(&mut out, record)?;
    }
    out.flush()
}

fn write(out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let judgement = &record.zerun;
    let decision = match judgement.decision {
        Decision::Denied => "DENIED",
        Decision::Allowed if judgement.denial.is_some() => "DENIED IN PART",
        Decision::Allowed => "ALLOWED",
        Decision::None => "NOT DECIDED",
    };
    let denial = judgement.denial.as_deref();
    let action = denial.map_or(&*judgement.action, |denial| denial.action.as_str());
    let action = if action.is_empty() { &*record.event_name } else { action };
    writeln!(out, "{decision}  {}  {}\n", plain(action), record.event_time)?;
    for (label, text) in facts(record, denial) {
        writeln!(out, "{label:<9} {}", plain(&text))?;
    }
    let Some(denial) = denial else { return Ok(()) };
    for (label, text) in reasons(denial) {
        writeln!(out, "{label:<9} {}", plain(&text))?;
    }
    remedy(out, record, denial)
}

/// Who, what, from where.
fn facts(record: &Record<'_>, denial: Option<&Denial>) -> Vec<(&'static str, String)> {
    let who = &record.user_identity;
    let mut facts = vec![("who", who.arn.as_deref().unwrap_or("nobody whose signature holds").to_owned())];
    if let Some(session) = &who.session_context {
        if let Some(issuer) = &session.session_issuer {
            let kind = if issuer.kind == "Role" { "in the role" } else { "for the user" };
            facts.push(("", format!("{kind} {}", issuer.arn)));
        }
        if let Some(function) = &session.function_arn {
            facts.push(("", format!("made for the function {function}")));
        }
    }
    if let Some(key) = &who.access_key_id {
        facts.push(("", format!("access key {key}")));
    }
    let own = record.zerun.action.as_ref();
    match denial.filter(|denial| denial.action != own && !own.is_empty()) {
        Some(denial) => facts.push(("what", format!("{}, which {own} asks for too", denial.action))),
        None => facts.push(("what", if own.is_empty() { &*record.event_name } else { own }.to_owned())),
    }
    match denial.and_then(|denial| denial.resource.as_deref()) {
        Some(arn) => facts.push(("", format!("on {arn}"))),
        None => facts.extend(record.resources.iter().map(|resource| ("", format!("on {}", resource.arn)))),
    }
    facts.push(("from", format!("{}  {}", record.source_ip_address, record.user_agent)));
    let region = &record.aws_region;
    facts.push(("request", format!("{}  {} in {region}", record.request_id, record.event_source)));
    let code = record.error_code.as_deref().unwrap_or("no error");
    facts.push(("answer", format!("{} {code}", record.zerun.status)));
    if let Some(message) = record.error_message.as_deref() {
        facts.push(("", without_encoded(message).to_owned()));
    }
    facts
}

/// What every denial's message ends with says nothing here.
fn without_encoded(message: &str) -> &str {
    message.split(" Encoded authorization failure message:").next().unwrap_or(message)
}

fn reasons(denial: &Denial) -> Vec<(&'static str, String)> {
    let mut reasons = Vec::new();
    let why = match (&denial.statement, &denial.layer) {
        (Some(statement), _) => format!("an explicit deny: {}", place(statement)),
        (None, Some(layer)) => format!("nothing denies it, and no {layer} allows it"),
        (None, None) => "no policy was asked, since none could allow it".to_owned(),
    };
    reasons.push(("why", why));
    for (index, step) in denial.evaluated.iter().enumerate() {
        let by = step.by.as_ref().map(|by| format!(" by {}", place(by))).unwrap_or_default();
        let outcome = if step.outcome == "silent" { "says nothing" } else { &step.outcome };
        reasons.push((if index == 0 { "layers" } else { "" }, format!("{}: {outcome}{by}", step.layer)));
    }
    for (index, miss) in denial.near_misses.iter().enumerate() {
        reasons.push((if index == 0 { "almost" } else { "" }, near(miss)));
    }
    let context = denial.context.iter().filter(|(key, _)| !TOLD_ELSEWHERE.contains(&key.as_str()));
    for (index, (key, values)) in context.enumerate() {
        reasons.push((if index == 0 { "context" } else { "" }, format!("{key} = {}", values.join(", "))));
    }
    reasons
}

/// `statement 2 "Sid" of inline p of role r`
fn place(statement: &Statement) -> String {
    let sid = statement.sid.as_ref().map(|sid| format!(" {sid:?}")).unwrap_or_default();
    format!("statement {}{sid} of {} ({})", statement.number, statement.policy, statement.layer)
}

fn near(miss: &NearMiss) -> String {
    let lacks = if miss.names_others {
        "allows other principals".to_owned()
    } else if miss.conditions.is_empty() {
        format!("allows the action on {}", miss.resources.join(", "))
    } else {
        let conditions = miss.conditions.iter().map(|failed| {
            let found = match failed.found.as_slice() {
                [] => "the request has none".to_owned(),
                found => format!("the request has {}", found.join(", ")),
            };
            format!("{} {} wants {}, {found}", failed.operator, failed.key, failed.wanted.join(" or "))
        });
        format!("would allow, but {}", conditions.collect::<Vec<_>>().join("; "))
    };
    format!("{} {lacks}", place(&miss.statement))
}

fn remedy(out: &mut impl Write, record: &Record<'_>, denial: &Denial) -> io::Result<()> {
    let Some(statement) = &denial.smallest_statement else {
        if denial.explicit {
            writeln!(
                out,
                "\nNothing that allows would help: the statement that denies must go, or be narrowed."
            )?;
        }
        return Ok(());
    };
    let layer = denial.layer.as_deref().unwrap_or_default();
    let article = if layer.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    writeln!(out, "\nThe smallest statement that would allow it, in {article} {layer}:\n")?;
    let elements: Vec<_> =
        elements(statement).into_iter().map(|(key, value)| format!("  {key:?}: {value}")).collect();
    writeln!(out, "{{\n{}\n}}", elements.join(",\n"))?;
    if let Some(command) = command(record, denial, statement) {
        writeln!(out, "\n{}", plain(&command))?;
    }
    Ok(())
}

/// For a user's or role's own policies, the one command that does it.
fn command(record: &Record<'_>, denial: &Denial, statement: &Value) -> Option<String> {
    if denial.layer.as_deref() != Some("identity-based policy") {
        return None;
    }
    let who = &record.user_identity;
    let issuer = who.session_context.as_ref().and_then(|session| session.session_issuer.as_ref());
    let (verb, name) = match (&*who.kind, issuer, &who.user_name) {
        ("AssumedRole", Some(role), _) => ("put-role-policy --role-name", &role.user_name),
        ("FederatedUser", Some(user), _) => ("put-user-policy --user-name", &user.user_name),
        ("IAMUser", _, Some(user)) => ("put-user-policy --user-name", user),
        _ => return None,
    };
    let elements: Vec<_> =
        elements(statement).into_iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{{{}}}]}}"#, elements.join(","));
    let policy_name = format!("allow-{}", denial.action.replace(':', "-"));
    Some(format!(
        "aws iam {verb} {} --policy-name {policy_name} --policy-document {}",
        quoted(name),
        quoted(&policy)
    ))
}

/// In the order in which people write them.
fn elements(statement: &Value) -> Vec<(&str, &Value)> {
    let order = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
    let place = |key: &str| order.iter().position(|known| *known == key).unwrap_or(order.len());
    let mut elements: Vec<_> =
        statement.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect();
    elements.sort_by_key(|(key, _)| place(key));
    elements
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'@');
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit::{Judgement, SessionContext, SessionIssuer, UserIdentity};
    use serde_json::json;

    fn denied() -> Record<'static> {
        let denial = Denial {
            action: "s3:GetObject".to_owned(),
            resource: Some("arn:aws:s3:::photos/it's".to_owned()),
            layer: Some("identity-based policy".to_owned()),
            smallest_statement: Some(json!({
                "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/it's"
            })),
            near_misses: vec![NearMiss {
                statement: Statement {
                    policy: "inline p of role thumb".to_owned(),
                    number: 2,
                    ..Statement::default()
                },
                resources: vec!["arn:aws:s3:::photos".to_owned()],
                ..NearMiss::default()
            }],
            ..Denial::default()
        };
        let issuer =
            SessionIssuer { kind: "Role".into(), user_name: "thumb".into(), ..SessionIssuer::default() };
        Record {
            user_identity: UserIdentity {
                kind: "AssumedRole".into(),
                session_context: Some(SessionContext {
                    session_issuer: Some(issuer),
                    ..SessionContext::default()
                }),
                ..UserIdentity::default()
            },
            error_message: Some(
                "User: x is not authorized. Encoded authorization failure message: abc".into(),
            ),
            zerun: Judgement {
                action: "s3:CopyObject".into(),
                decision: Decision::Denied,
                denial: Some(Box::new(denial)),
                ..Judgement::default()
            },
            ..Record::default()
        }
    }

    #[test]
    fn a_denial_is_told_with_what_would_allow_it() {
        let mut out = Vec::new();
        write(&mut out, &denied()).unwrap();
        let told = String::from_utf8(out).unwrap();
        for part in [
            "DENIED  s3:GetObject",
            "s3:GetObject, which s3:CopyObject asks for too",
            "nothing denies it, and no identity-based policy allows it",
            "statement 2 of inline p of role thumb () allows the action on arn:aws:s3:::photos",
            "put-role-policy --role-name thumb --policy-name allow-s3-GetObject --policy-document '{",
            "photos/it'\\''s",
            "in an identity-based policy:\n\n{\n  \"Effect\": \"Allow\",\n  \"Action\": \"s3:GetObject\",",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","#,
        ] {
            assert!(told.contains(part), "{part} is not in:\n{told}");
        }
        assert!(!told.contains("abc"), "the encoded message is not repeated");
    }

    #[test]
    fn words_of_a_shell_are_quoted_where_they_must() {
        for (text, word) in
            [("plain-1", "plain-1"), ("", "''"), ("a b", "'a b'"), ("a'b", "'a'\\''b'"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(text), word);
        }
    }
}
