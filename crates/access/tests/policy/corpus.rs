//! The table of cases in `tests/policy_corpus`, each group naming the page that its rule is published on
//! (below <https://docs.aws.amazon.com/IAM/latest/UserGuide/> where it is no whole address).

use crate::cast::{AWAY, HOME, element, principal};
use access::policy::{
    Context, Decision, Named, PolicyDocument, PolicyKind, PolicySet, PrincipalFacts, Request, ResourceFacts,
    Verdict, evaluate,
};
use names::AccountId;
use serde_json::{Value, json};
use std::path::Path;

const CASES_MIN: usize = 600;

#[test]
fn every_case_follows_its_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy_corpus");
    let (mut cases, mut wrong) = (0, Vec::new());
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let groups: Vec<Value> = serde_json::from_str(&text).unwrap();
        for group in &groups {
            let rule = group["rule"].as_str().expect("a group names its rule");
            assert!(rule.contains(".html"), "{rule}");
            for case in run(group) {
                cases += 1;
                if let Err(found) = case {
                    wrong.push(format!("{rule} ({}): {found}", group["title"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases >= CASES_MIN, "{cases}");
}

type Case = Result<(), String>;

fn run(group: &Value) -> Vec<Case> {
    let version = group["version"].as_str().unwrap_or("2012-10-17");
    let each = |name: &str, check: &dyn Fn(&Value) -> Case| -> Vec<Case> {
        group[name].as_array().into_iter().flatten().map(check).collect()
    };
    let statement = |of: Value| json!({ "Version": version, "Statement": of });
    let matching = |name: &'static str| {
        let statement = &statement;
        move |case: &Value| {
            let (mut of, request) = match name {
                "Action" | "NotAction" => {
                    (json!({ "Resource": "*" }), (case[1].as_str().unwrap(), "arn:aws:s3:::b"))
                }
                _ => (json!({ "Action": "*" }), ("s3:GetObject", case[1].as_str().unwrap())),
            };
            of[name] = case[0].clone();
            both_effects(
                case,
                &|effect| {
                    let mut of = of.clone();
                    of["Effect"] = json!(effect);
                    statement(of)
                },
                request.0,
                request.1,
                &context(&case[3]),
                truth(&case[2]),
            )
        }
    };
    [
        each("conditions", &|case| {
            let at = case[5]["at"].as_str().unwrap_or(case[1].as_str().unwrap());
            let block = json!({ case[0].as_str().unwrap(): { case[1].as_str().unwrap(): case[2] } });
            let mut found = Context::new();
            put(&mut found, at, &case[3]);
            condition(case, version, &block, &found, truth(&case[4]))
        }),
        each("blocks", &|case| condition(case, version, &case[0], &context(&case[1]), truth(&case[2]))),
        each("actions", &matching("Action")),
        each("not_actions", &matching("NotAction")),
        each("resources", &matching("Resource")),
        each("not_resources", &matching("NotResource")),
        each("allows", &|case| {
            let mut of = case[0].clone();
            of["Effect"] = json!("Allow");
            let verdict = identity(&statement(of), "s3:GetObject", "arn:aws:s3:::b/k", &context(&case[1]));
            is(case, verdict.is_allowed() == truth(&case[2]), &verdict)
        }),
        each("principals", &principals),
        each("not_principals", &not_principals),
        each("evaluation", &|case| evaluation(case.as_str().unwrap())),
        each("requests", &|case| {
            let verdict = identity(
                &group["policy"],
                case[0].as_str().unwrap(),
                case[1].as_str().unwrap(),
                &context(&case[2]),
            );
            let found = match verdict.decision {
                Decision::Allow => "allow",
                Decision::ExplicitDeny => "deny",
                Decision::ImplicitDeny => "missing",
            };
            is(case, case[3] == found, &verdict)
        }),
        each("malformed", &|case| {
            let found =
                PolicyDocument::parse(&text(&case[1]), kind(&case[0])).map_err(|error| error.to_string());
            if found.as_ref().err().map(String::as_str) == case[2].as_str() {
                Ok(())
            } else {
                Err(format!("{case}: {found:?}"))
            }
        }),
        each("well_formed", &|case| {
            let parsed = PolicyDocument::parse(&text(&case[1]), kind(&case[0]));
            parsed.map(drop).map_err(|error| format!("{case}: {error}"))
        }),
    ]
    .concat()
}

fn truth(value: &Value) -> bool {
    value.as_bool().expect("expected true or false")
}

fn is(case: &Value, right: bool, verdict: &Verdict) -> Case {
    if right { Ok(()) } else { Err(format!("{case}: {verdict:?}")) }
}

/// Policies are written as JSON, or as the text itself where that is the point.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn kind(value: &Value) -> PolicyKind {
    match value.as_str().unwrap() {
        "identity" => PolicyKind::Identity,
        "resource" => PolicyKind::Resource,
        "trust" => PolicyKind::Trust,
        "guardrail" => PolicyKind::Guardrail,
        other => panic!("{other}"),
    }
}

fn context(value: &Value) -> Context {
    let mut context = Context::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        put(&mut context, key, value);
    }
    context
}

fn put(context: &mut Context, key: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(list) => context.set_all(key, list.iter().map(|text| text.as_str().unwrap())),
        single => context.set(key, single.as_str().unwrap()),
    }
}

fn parse(policy: &Value, kind: PolicyKind) -> PolicyDocument {
    PolicyDocument::parse(&policy.to_string(), kind).unwrap_or_else(|error| panic!("{error}: {policy}"))
}

fn identity(policy: &Value, action: &str, arn: &str, context: &Context) -> Verdict {
    let document = parse(policy, PolicyKind::Identity);
    evaluate(&Request {
        principal: &principal("ann"),
        action,
        resource: &resource(arn, Some(HOME)),
        context,
        policies: &PolicySet { identity: &[named(&document)], ..PolicySet::default() },
    })
}

fn named(document: &PolicyDocument) -> Named<'_> {
    Named { name: "p", document }
}

fn resource(arn: &str, account: Option<&str>) -> ResourceFacts {
    ResourceFacts { arn: arn.to_owned(), account: account.map(|id| AccountId::parse(id).unwrap()) }
}

/// The same elements under Allow and under Deny: if they match, the one allows and the other denies.
fn both_effects(
    case: &Value,
    policy: &dyn Fn(&str) -> Value,
    action: &str,
    arn: &str,
    context: &Context,
    matches: bool,
) -> Case {
    let allow = identity(&policy("Allow"), action, arn, context);
    is(case, allow.is_allowed() == matches, &allow)?;
    let deny = identity(&policy("Deny"), action, arn, context);
    is(case, (deny.decision == Decision::ExplicitDeny) == matches, &deny)
}

fn condition(case: &Value, version: &str, block: &Value, context: &Context, holds: bool) -> Case {
    let policy = |effect: &str| {
        let of = json!({ "Effect": effect, "Action": "*", "Resource": "*", "Condition": block });
        json!({ "Version": version, "Statement": of })
    };
    both_effects(case, &policy, "s3:GetObject", "arn:aws:s3:::b/k", context, holds)
}

/// `alone`: the resource's policy suffices. `with`: an identity policy must allow too. `identity`: the
/// resource's policy gives nothing, but inside the account the identity policy suffices. `never`: nothing does.
fn principals(case: &Value) -> Case {
    let (who, expected) = (principal(case[1].as_str().unwrap()), case[2].as_str().unwrap());
    let of = json!({ "Effect": "Allow", "Principal": case[0], "Action": "*", "Resource": "*" });
    let policy = parse(&json!({ "Statement": of }), PolicyKind::Resource);
    let everything = everything("Allow");
    let ask = |identity: &[Named<'_>]| {
        let policies = PolicySet { identity, resource: Some(&named(&policy)), ..PolicySet::default() };
        ask(&who, &resource("arn:aws:s3:::b/k", Some(HOME)), &policies)
    };
    let (alone, with) = (ask(&[]), ask(&[named(&everything)]));
    is(case, alone.is_allowed() == (expected == "alone"), &alone)?;
    is(case, with.is_allowed() == (expected != "never"), &with)
}

/// Whether a deny that leaves the named out is about who asks.
fn not_principals(case: &Value) -> Case {
    let who = principal(case[1].as_str().unwrap());
    let policy = parse(
        &json!({ "Statement": [
            { "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "NotPrincipal": case[0], "Action": "*", "Resource": "*" },
        ] }),
        PolicyKind::Resource,
    );
    let everything = everything("Allow");
    let policies = PolicySet {
        identity: &[named(&everything)],
        resource: Some(&named(&policy)),
        ..PolicySet::default()
    };
    let verdict = ask(&who, &resource("arn:aws:s3:::b/k", Some(HOME)), &policies);
    let expected = if truth(&case[2]) { Decision::ExplicitDeny } else { Decision::Allow };
    is(case, verdict.decision == expected, &verdict)
}

fn ask(who: &PrincipalFacts, resource: &ResourceFacts, policies: &PolicySet<'_>) -> Verdict {
    evaluate(&Request {
        principal: who,
        action: "sts:AssumeRole",
        resource,
        context: &Context::new(),
        policies,
    })
}

fn everything(effect: &str) -> PolicyDocument {
    let of = json!({ "Effect": effect, "Action": "*", "Resource": "*" });
    parse(&json!({ "Statement": of }), PolicyKind::Identity)
}

/// `WHO OWNER [LAYER:EFFECTS]… -> DECISION LAYER`.
///
/// OWNER of the resource: `same` account, `other`, or `nobody`. Layers: `i`dentity, `b`oundary, `s`ession,
/// `g`uardrail (each one a level), and, with how it names who asks, `r`esource or `t`rust. Effects: `A`llow,
/// `D`eny, `-` a policy about something else, nothing: no policies in it.
fn evaluation(row: &str) -> Case {
    let (given, expected) = row.split_once(" -> ").unwrap();
    let mut words = given.split(' ');
    let who = principal(words.next().unwrap());
    let at_home = who.account.as_ref().is_none_or(|account| account.as_str() == HOME);
    let owner = match words.next().unwrap() {
        "same" => Some(if at_home { HOME } else { AWAY }),
        "other" => Some(if at_home { AWAY } else { HOME }),
        "nobody" => None,
        other => panic!("{other}"),
    };
    let (mut identity, mut boundary, mut session) = (Vec::new(), None, None);
    let (mut of_resource, mut guardrails) = (None, Vec::new());
    for word in words {
        let (layer, rest) = word.split_once(':').unwrap();
        match layer {
            "i" => identity = layers(rest, PolicyKind::Identity),
            "b" => boundary = Some(layers(rest, PolicyKind::Identity)),
            "s" => session = Some(layers(rest, PolicyKind::Identity)),
            "g" => guardrails.push(layers(rest, PolicyKind::Guardrail)),
            "r" | "t" => of_resource = Some(resource_policy(layer == "t", rest, &who)),
            other => panic!("{other}"),
        }
    }
    fn list(documents: &[PolicyDocument]) -> Vec<Named<'_>> {
        documents.iter().map(named).collect()
    }
    let levels: Vec<Vec<Named<'_>>> = guardrails.iter().map(|level| list(level)).collect();
    let levels: Vec<&[Named<'_>]> = levels.iter().map(Vec::as_slice).collect();
    let (boundary, session) = (boundary.as_deref().map(list), session.as_deref().map(list));
    let of_resource = of_resource.as_ref().map(named);
    let policies = PolicySet {
        identity: &list(&identity),
        boundary: boundary.as_deref(),
        session: session.as_deref(),
        resource: of_resource.as_ref(),
        guardrails: &levels,
    };
    let verdict = ask(&who, &resource("arn:aws:iam::111111111111:role/r", owner), &policies);
    let by = verdict.decided_by.as_ref().map_or("nothing".to_owned(), |source| format!("{:?}", source.layer));
    let found = match (verdict.decision, verdict.missing) {
        (Decision::Allow, _) => format!("allow {by}"),
        (Decision::ExplicitDeny, _) => format!("deny {by}"),
        (Decision::ImplicitDeny, missing) => format!("missing {:?}", missing.unwrap()),
    };
    if found == expected { Ok(()) } else { Err(format!("{row}: {found}")) }
}

fn layers(effects: &str, kind: PolicyKind) -> Vec<PolicyDocument> {
    let policy = |effect: char| {
        let (effect, action) = effect_of(effect);
        let of = json!({ "Effect": effect, "Action": action, "Resource": "*" });
        parse(&json!({ "Statement": of }), kind)
    };
    effects.chars().map(policy).collect()
}

fn effect_of(effect: char) -> (&'static str, &'static str) {
    match effect {
        'A' => ("Allow", "sts:AssumeRole"),
        'D' => ("Deny", "sts:AssumeRole"),
        '-' => ("Allow", "sts:TagSession"),
        other => panic!("{other}"),
    }
}

fn resource_policy(trust: bool, form: &str, who: &PrincipalFacts) -> PolicyDocument {
    let (form, effects) = form.split_once(':').unwrap();
    let element = element(form, who);
    let statement = |effect: char| {
        let (effect, action) = effect_of(effect);
        let mut of = json!({ "Effect": effect, "Action": action });
        of[if form.starts_with("not-") { "NotPrincipal" } else { "Principal" }] = element.clone();
        if !trust {
            of["Resource"] = json!("*");
        }
        of
    };
    let statements: Vec<Value> = effects.chars().map(statement).collect();
    parse(&json!({ "Statement": statements }), if trust { PolicyKind::Trust } else { PolicyKind::Resource })
}
