//! What a decision costs: policies of which no statement matches but the last, as for a caller who may do much.

use std::hint::black_box;

use access::policy::{
    Context as Keys, Named, PolicyDocument, PolicyKind, PolicySet, PrincipalFacts, PrincipalKind, Request,
    ResourceFacts, evaluate,
};
use names::AccountId;
use serde_json::{Value, json};

use crate::{Context, Result, sample::Sample, table};

const POLICIES: usize = 10;
const STATEMENTS: usize = 20;
const DECISIONS: usize = 20_000;

/// # Errors
/// A policy that is refused, or a decision that is not the expected one.
pub fn run(context: &Context) -> Result<()> {
    let mut rows = Vec::new();
    for (name, statement) in [
        ("other actions", other_actions as fn(usize) -> Value),
        ("the action, other resources", other_resources),
        ("the action and resource, false conditions", false_conditions),
        ("as before, with variables", false_variables),
    ] {
        rows.push(row(context, name, statement)?);
    }
    table::print(
        "Decisions",
        &["10 policies of 20 statements", "p50", "p99", "ns per statement"],
        &rows,
        &["Aim: at most 20 µs. The last of 200 statements allows; all of them are looked at for denies."],
    )
}

/// Policies that name the action on other functions; the very last statement allows.
pub fn policy_texts() -> Vec<String> {
    texts(other_resources)
}

fn texts(statement: fn(usize) -> Value) -> Vec<String> {
    let of_policy = |policy: usize| {
        let mut statements: Vec<Value> =
            (1..STATEMENTS).map(|place| statement(policy * STATEMENTS + place)).collect();
        let last = json!({ "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:*:*:function:thumbs" });
        statements.push(if policy + 1 == POLICIES { last } else { statement(policy * STATEMENTS) });
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    };
    (0..POLICIES).map(of_policy).collect()
}

fn row(context: &Context, name: &str, statement: fn(usize) -> Value) -> Result<Vec<String>> {
    let documents = texts(statement)
        .iter()
        .map(|text| PolicyDocument::parse(text, PolicyKind::Identity))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let identity: Vec<Named<'_>> = documents
        .iter()
        .map(|document| Named { name: "arn:aws:iam::111111111111:policy/p", document })
        .collect();
    let account = AccountId::parse("111111111111")?;
    let principal = PrincipalFacts {
        kind: PrincipalKind::RoleSession {
            role_arn: "arn:aws:iam::111111111111:role/ops".to_owned(),
            role_id: "AROAOPSOPSOPSOPSOPSOP".to_owned(),
            session_arn: "arn:aws:sts::111111111111:assumed-role/ops/shift".to_owned(),
        },
        account: Some(account.clone()),
        canonical_user_id: None,
    };
    let resource = ResourceFacts {
        arn: "arn:aws:lambda:us-east-1:111111111111:function:thumbs".to_owned(),
        account: Some(account),
    };
    let policies = PolicySet { identity: &identity, ..PolicySet::default() };
    let keys = keys();
    let request = Request {
        principal: &principal,
        action: "lambda:InvokeFunction",
        resource: &resource,
        context: &keys,
        policies: &policies,
    };
    let mut durations = Vec::with_capacity(DECISIONS);
    for _ in 0..DECISIONS {
        let start = context.clock.moment();
        let verdict = evaluate(black_box(&request));
        durations.push(context.clock.since(start));
        if !black_box(verdict).is_allowed() {
            return Err(format!("{name}: not allowed").into());
        }
    }
    let sample = Sample::new(durations)?;
    let per_statement = sample.median().as_nanos() as f64 / (POLICIES * STATEMENTS) as f64;
    Ok(vec![
        name.to_owned(),
        table::ms(sample.median()),
        table::ms(sample.p99()),
        format!("{per_statement:.0}"),
    ])
}

fn keys() -> Keys {
    [
        ("aws:username", "ann"),
        ("aws:PrincipalArn", "arn:aws:iam::111111111111:role/ops"),
        ("aws:PrincipalAccount", "111111111111"),
        ("aws:PrincipalTag/team", "images"),
        ("aws:SourceIp", "203.0.113.7"),
        ("aws:CurrentTime", "2026-01-01T00:00:00Z"),
        ("aws:SecureTransport", "true"),
        ("aws:RequestedRegion", "us-east-1"),
    ]
    .into_iter()
    .collect()
}

fn effect(place: usize) -> &'static str {
    if place.is_multiple_of(4) { "Deny" } else { "Allow" }
}

fn other_actions(place: usize) -> Value {
    json!({
        "Effect": effect(place),
        "Action": ["s3:Get*", "s3:PutObject", "sqs:*", "lambda:Get*", format!("dynamodb:*Item{place}")],
        "Resource": format!("arn:aws:s3:::bucket{place}/*"),
    })
}

fn other_resources(place: usize) -> Value {
    json!({
        "Effect": effect(place),
        "Action": ["lambda:Invoke*", "lambda:Get*"],
        "Resource": [
            format!("arn:aws:lambda:*:111111111111:function:other{place}"),
            format!("arn:aws:lambda:us-east-1:111111111111:function:other{place}:*"),
        ],
    })
}

fn false_conditions(place: usize) -> Value {
    json!({
        "Effect": effect(place),
        "Action": "lambda:*",
        "Resource": "*",
        "Condition": {
            "Bool": { "aws:SecureTransport": "true" },
            "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", format!("203.0.{}.0/24", 114 + place % 100)] },
            "StringEquals": { "aws:RequestedRegion": ["eu-west-1", "us-east-1"] },
        },
    })
}

fn false_variables(place: usize) -> Value {
    json!({
        "Effect": effect(place),
        "Action": "lambda:*",
        "Resource": format!("arn:aws:lambda:*:*:function:${{aws:PrincipalTag/team}}-{place}"),
        "Condition": { "StringEquals": { "aws:RequestedRegion": "us-east-1" } },
    })
}
