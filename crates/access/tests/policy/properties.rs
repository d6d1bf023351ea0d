//! What holds for any policies and any request.

use crate::cast::{AWAY, HOME, principal};
use access::policy::{
    Context, Decision, Named, PolicyDocument, PolicyKind, PolicySet, Request, ResourceFacts, Verdict,
    evaluate,
};
use names::AccountId;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const PRINCIPALS: [&str; 10] =
    ["root", "ann", "bob", "ops", "fay", "rex", "eve", "visit", "lambda", "anonymous"];

fn operators() -> Vec<(String, &'static str, &'static str)> {
    let plain = [
        ("StringEquals", "k:s", "ann"),
        ("StringNotEquals", "k:s", "ann"),
        ("StringEqualsIgnoreCase", "k:s", "ANN"),
        ("StringLike", "k:s", "a*"),
        ("StringNotLike", "k:s", "${k:t}*"),
        ("NumericLessThan", "k:n", "10"),
        ("NumericNotEquals", "k:n", "7"),
        ("DateGreaterThan", "k:d", "2020-01-01"),
        ("Bool", "k:b", "true"),
        ("IpAddress", "k:ip", "10.0.0.0/8"),
        ("NotIpAddress", "k:ip", "10.0.0.0/8"),
        ("ArnLike", "k:arn", "arn:aws:s3:::${k:t, 'b'}*"),
        ("ArnNotEquals", "k:arn", "arn:aws:s3:::b"),
    ];
    let with = |(operator, key, value): (&str, _, _)| {
        ["", "ForAllValues:", "ForAnyValue:"]
            .into_iter()
            .flat_map(move |set| ["", "IfExists"].map(|end| (format!("{set}{operator}{end}"), key, value)))
            .collect::<Vec<_>>()
    };
    let null = [("Null".to_owned(), "k:s", "true"), ("Null".to_owned(), "k:n", "false")];
    plain.into_iter().flat_map(with).chain(null).collect()
}

fn conditions() -> impl Strategy<Value = Value> {
    prop::collection::vec(select(operators()), 0..3).prop_map(|list| {
        let mut block = json!({});
        for (operator, key, value) in list {
            block[operator][key] = json!([value]);
        }
        block
    })
}

fn statement(with_principal: bool) -> impl Strategy<Value = Value> {
    let actions = select(vec!["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:?etObject", "iam:*"]);
    let resources = select(vec![
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/${k:s}",
        "arn:aws:s3:::b/ann",
        "arn:aws:s3",
        "arn:aws:sqs:*:*:*",
    ]);
    let principals = select(vec![
        json!("*"),
        json!({ "AWS": HOME }),
        json!({ "AWS": [AWAY, "arn:aws:iam::111111111111:user/ann"] }),
        json!({ "AWS": "arn:aws:iam::111111111111:role/ops" }),
        json!({ "AWS": "arn:aws:sts::111111111111:assumed-role/ops/shift", "Service": "lambda.amazonaws.com" }),
    ]);
    (
        any::<bool>(),
        prop::collection::vec(actions, 1..3),
        any::<bool>(),
        resources,
        any::<bool>(),
        principals,
        any::<bool>(),
        conditions(),
    )
        .prop_map(
            move |(
                deny,
                actions,
                not_action,
                resource,
                not_resource,
                principal,
                not_principal,
                condition,
            )| {
                let mut of = json!({ "Effect": if deny { "Deny" } else { "Allow" }, "Condition": condition });
                of[if not_action { "NotAction" } else { "Action" }] = json!(actions);
                of[if not_resource { "NotResource" } else { "Resource" }] = json!([resource]);
                if with_principal {
                    of[if not_principal && deny { "NotPrincipal" } else { "Principal" }] = principal;
                }
                of
            },
        )
}

fn policy(with_principal: bool) -> impl Strategy<Value = Value> {
    (prop::collection::vec(statement(with_principal), 1..4), select(vec!["2012-10-17", "2008-10-17"]))
        .prop_map(|(statements, version)| json!({ "Version": version, "Statement": statements }))
}

/// Everything that a decision depends on, as JSON so that it can be changed.
#[derive(Debug, Clone)]
struct World {
    who: &'static str,
    action: &'static str,
    owner: &'static str,
    context: Vec<(&'static str, Vec<&'static str>)>,
    identity: Vec<Value>,
    boundary: Option<Vec<Value>>,
    session: Option<Vec<Value>>,
    resource: Option<Value>,
    guardrails: Vec<Vec<Value>>,
}

fn world() -> impl Strategy<Value = World> {
    let values = vec![
        ("k:s", vec!["ann"]),
        ("k:s", vec!["ann", "bob"]),
        ("K:S", vec![""]),
        ("k:t", vec!["an"]),
        ("k:n", vec!["7"]),
        ("k:n", vec!["seven", "12"]),
        ("k:d", vec!["2021-01-01T00:00:00Z"]),
        ("k:b", vec!["true"]),
        ("k:ip", vec!["10.1.2.3"]),
        ("k:ip", vec!["2001:db8::1"]),
        ("k:arn", vec!["arn:aws:s3:::b"]),
    ];
    let list = || prop::collection::vec(policy(false), 0..3);
    let asked =
        (select(&PRINCIPALS[..]), select(vec!["s3:GetObject", "s3:PutObject"]), select(vec![HOME, AWAY]));
    let layers = (
        list(),
        prop::option::of(list()),
        prop::option::of(list()),
        prop::option::of(policy(true)),
        prop::collection::vec(list(), 0..2),
    );
    (asked, prop::collection::vec(select(values), 0..6), layers).prop_map(
        |((who, action, owner), context, (identity, boundary, session, resource, guardrails))| World {
            who,
            action,
            owner,
            context,
            identity,
            boundary,
            session,
            resource,
            guardrails,
        },
    )
}

impl World {
    fn verdict(&self) -> Verdict {
        let parse = |policy: &Value, kind| PolicyDocument::parse(&policy.to_string(), kind).unwrap();
        let all =
            |list: &[Value], kind| -> Vec<_> { list.iter().map(|policy| parse(policy, kind)).collect() };
        fn named(list: &[PolicyDocument]) -> Vec<Named<'_>> {
            list.iter().map(|document| Named { name: "p", document }).collect()
        }
        let identity = all(&self.identity, PolicyKind::Identity);
        let boundary = self.boundary.as_deref().map(|list| all(list, PolicyKind::Identity));
        let session = self.session.as_deref().map(|list| all(list, PolicyKind::Identity));
        let of_resource = self.resource.as_ref().map(|policy| parse(policy, PolicyKind::Resource));
        let guardrails: Vec<_> =
            self.guardrails.iter().map(|level| all(level, PolicyKind::Guardrail)).collect();
        let levels: Vec<_> = guardrails.iter().map(|level| named(level)).collect();
        let levels: Vec<&[Named<'_>]> = levels.iter().map(Vec::as_slice).collect();
        let mut context = Context::new();
        for (key, values) in &self.context {
            context.set_all(key, values.iter().copied());
        }
        evaluate(&Request {
            principal: &principal(self.who),
            action: self.action,
            resource: &ResourceFacts {
                arn: "arn:aws:s3:::b/ann".to_owned(),
                account: AccountId::parse(self.owner).ok(),
            },
            context: &context,
            policies: &PolicySet {
                identity: &named(&identity),
                boundary: boundary.as_deref().map(named).as_deref(),
                session: session.as_deref().map(named).as_deref(),
                resource: of_resource.as_ref().map(|document| Named { name: "r", document }).as_ref(),
                guardrails: &levels,
            },
        })
    }

    fn layers(&mut self) -> Vec<&mut Vec<Value>> {
        let optional = self.boundary.iter_mut().chain(self.session.iter_mut());
        std::iter::once(&mut self.identity).chain(optional).chain(self.guardrails.iter_mut()).collect()
    }
}

fn reversed(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.reverse();
            list.iter_mut().for_each(reversed);
        }
        Value::Object(members) => members.iter_mut().for_each(|(_, value)| reversed(value)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn adding_a_deny_never_allows(mut world in world(), mut deny in statement(false), at in any::<prop::sample::Index>()) {
        let before = world.verdict();
        deny["Effect"] = json!("Deny");
        let mut layers = world.layers();
        let index = at.index(layers.len());
        let was_empty = layers[index].is_empty();
        layers[index].push(json!({ "Version": "2012-10-17", "Statement": deny }));
        let after = world.verdict();
        prop_assert!(before.is_allowed() || !after.is_allowed(), "{before:?} {after:?}");
        prop_assert!(before.decision != Decision::ExplicitDeny || after.decision == Decision::ExplicitDeny);
        prop_assert!(!was_empty || before.is_allowed() || !after.is_allowed());
    }

    #[test]
    fn adding_an_allow_never_denies(mut world in world(), mut allow in statement(false), at in any::<prop::sample::Index>()) {
        let before = world.verdict();
        allow["Effect"] = json!("Allow");
        let mut layers = world.layers();
        let index = at.index(layers.len());
        layers[index].push(json!({ "Version": "2012-10-17", "Statement": allow }));
        prop_assert!(!before.is_allowed() || world.verdict().is_allowed());
    }

    #[test]
    fn no_policy_allows_nobody_but_root(mut world in world()) {
        world.layers().into_iter().for_each(Vec::clear);
        world.resource = None;
        let verdict = world.verdict();
        let is_root = matches!(world.who, "root" | "rex") && world.owner == HOME
            && world.session.is_none() && world.boundary.is_none() && world.guardrails.is_empty();
        prop_assert_eq!(verdict.is_allowed(), is_root);
        prop_assert!(verdict.decision != Decision::ExplicitDeny);
    }

    #[test]
    fn the_order_of_policies_statements_and_values_does_not_matter(world in world()) {
        let mut turned = world.clone();
        for layer in turned.layers() {
            layer.reverse();
            layer.iter_mut().for_each(reversed);
        }
        turned.guardrails.reverse();
        turned.resource.iter_mut().for_each(reversed);
        let (before, after) = (world.verdict(), turned.verdict());
        prop_assert_eq!((before.decision, before.missing), (after.decision, after.missing));
    }

    #[test]
    fn a_policy_twice_is_a_policy_once(mut world in world()) {
        let before = world.verdict();
        for layer in world.layers() {
            let again = layer.clone();
            layer.extend(again);
        }
        let after = world.verdict();
        prop_assert_eq!((before.decision, before.missing), (after.decision, after.missing));
    }

    #[test]
    fn more_layers_never_allow_more(mut world in world(), boundary in prop::collection::vec(policy(false), 0..3)) {
        let before = world.verdict();
        // What is there already is kept; a layer that was absent can only take away.
        if world.boundary.is_none() {
            world.boundary = Some(boundary.clone());
        }
        if world.session.is_none() {
            world.session = Some(boundary.clone());
        }
        world.guardrails.push(boundary);
        prop_assert!(before.is_allowed() || !world.verdict().is_allowed());
    }

    #[test]
    fn a_verdict_is_consistent(world in world()) {
        let verdict = world.verdict();
        match verdict.decision {
            Decision::Allow => prop_assert!(verdict.missing.is_none()),
            Decision::ExplicitDeny => prop_assert!(verdict.decided_by.is_some() && verdict.missing.is_none()),
            Decision::ImplicitDeny => prop_assert!(verdict.decided_by.is_none() && verdict.missing.is_some()),
        }
    }

    #[test]
    fn what_is_written_is_read_again(policy in policy(true)) {
        let first = PolicyDocument::parse(&policy.to_string(), PolicyKind::Resource).unwrap();
        let second = PolicyDocument::parse(&first.to_json(), PolicyKind::Resource).unwrap();
        prop_assert_eq!(first.to_json(), second.to_json());
        prop_assert_eq!(first.statements(), second.statements());
    }

    #[test]
    fn parsing_never_panics(text in ".{0,200}", policy in policy(true), at in any::<prop::sample::Index>(), with in any::<char>()) {
        let mut broken: Vec<char> = policy.to_string().chars().collect();
        let index = at.index(broken.len());
        broken[index] = with;
        let broken: String = broken.into_iter().collect();
        for kind in [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust, PolicyKind::Guardrail] {
            let _ = PolicyDocument::parse(&text, kind);
            let _ = PolicyDocument::parse(&broken, kind);
        }
    }
}
