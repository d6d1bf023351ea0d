//! What a verdict says of itself: AWS's words, who decided, and what would help.

use crate::cast::{AWAY, HOME, principal};
use access::policy::{
    Context, Decision, Layer, Named, Outcome, PolicyDocument, PolicyKind, PolicySet, Request, ResourceFacts,
    Verdict, evaluate,
};
use names::AccountId;

fn parse(text: &str, kind: PolicyKind) -> PolicyDocument {
    PolicyDocument::parse(text, kind).unwrap()
}

fn ask(who: &str, owner: &str, action: &str, policies: &PolicySet<'_>) -> (Verdict, String, Option<String>) {
    let resource =
        ResourceFacts { arn: "arn:aws:s3:::b/a*?${x}".to_owned(), account: AccountId::parse(owner).ok() };
    let (principal, context) = (principal(who), Context::new());
    let request = Request { principal: &principal, action, resource: &resource, context: &context, policies };
    let verdict = evaluate(&request);
    let (because, statement) = (verdict.because(&request), verdict.smallest_statement(&request));
    (verdict, because, statement)
}

#[test]
fn denials_are_worded_as_aws_words_them() {
    let silent =
        parse(r#"{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#, PolicyKind::Identity);
    let all = parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#, PolicyKind::Identity);
    let deny = parse(
        r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"No","Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#,
        PolicyKind::Identity,
    );
    let trust = parse(
        r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"333333333333"},"Action":"sts:AssumeRole"}}"#,
        PolicyKind::Trust,
    );
    let named = |document| [Named { name: "arn:aws:iam::111111111111:policy/p", document }];
    let inline = [Named { name: "inline x of user ann", document: &deny }];
    let (silent, all, deny) = (named(&silent), named(&all), named(&deny));
    let trust = Named { name: "trust policy of role r", document: &trust };
    let none = PolicySet::default();
    let check = |policies: &PolicySet<'_>, owner: &str, expected: &str| {
        assert_eq!(ask("ann", owner, "s3:GetObject", policies).1, expected);
    };
    check(&none, HOME, "because no identity-based policy allows the s3:GetObject action");
    check(
        &PolicySet { identity: &deny, ..none },
        HOME,
        "with an explicit deny in an identity-based policy: arn:aws:iam::111111111111:policy/p",
    );
    check(
        &PolicySet { identity: &inline, ..none },
        HOME,
        "with an explicit deny in an identity-based policy",
    );
    let boundary = PolicySet { identity: &all, boundary: Some(&silent), ..none };
    check(&boundary, HOME, "because no permissions boundary allows the s3:GetObject action");
    let session = PolicySet { identity: &all, session: Some(&silent), ..none };
    check(&session, HOME, "because no session policy allows the s3:GetObject action");
    let guardrail = PolicySet { identity: &all, guardrails: &[&silent], ..none };
    check(&guardrail, HOME, "because no service control policy allows the s3:GetObject action");
    let guardrail = PolicySet { identity: &all, guardrails: &[&inline], ..none };
    check(&guardrail, HOME, "with an explicit deny in a service control policy");
    check(
        &PolicySet { identity: &all, ..none },
        AWAY,
        "because no resource-based policy allows the s3:GetObject action",
    );
    let assume = PolicySet { identity: &all, resource: Some(&trust), ..none };
    let because = ask("ann", HOME, "sts:AssumeRole", &assume).1;
    assert_eq!(because, "because no role trust policy allows the sts:AssumeRole action");
    check(&PolicySet { identity: &all, ..none }, HOME, "");
}

#[test]
fn a_verdict_says_which_statement_decided_and_what_every_layer_said() {
    let policy = parse(
        r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"No","Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#,
        PolicyKind::Identity,
    );
    let named = [Named { name: "inline x of user ann", document: &policy }];
    let policies = PolicySet { identity: &named, boundary: Some(&[]), ..PolicySet::default() };
    let (verdict, _, statement) = ask("ann", HOME, "s3:GetObject", &policies);
    let source = verdict.decided_by.unwrap();
    assert_eq!(verdict.decision, Decision::ExplicitDeny);
    assert_eq!((source.layer, source.policy.as_str()), (Layer::Identity, "inline x of user ann"));
    assert_eq!((source.sid.as_deref(), source.statement), (Some("No"), 1));
    let steps: Vec<_> = verdict.evaluated.iter().map(|step| (step.layer, step.outcome)).collect();
    assert_eq!(steps, [(Layer::Identity, Outcome::Denied), (Layer::Boundary, Outcome::Silent)]);
    assert_eq!(statement, None, "no statement helps against an explicit deny");
}

/// The statement allows what it is for, and nothing beside it: what looks like wildcards in a name is none.
#[test]
fn the_smallest_statement_allows_this_and_no_more() {
    for (who, owner, layer) in [
        ("ann", HOME, Layer::Identity),
        ("ops", HOME, Layer::Identity),
        ("root", AWAY, Layer::Resource),
        ("lambda", HOME, Layer::Resource),
        ("oidc", HOME, Layer::Resource),
        ("anonymous", HOME, Layer::Resource),
    ] {
        let (verdict, _, statement) = ask(who, owner, "s3:GetObject", &PolicySet::default());
        assert_eq!(verdict.missing, Some(layer), "{who}");
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{}}}"#, statement.unwrap());
        let kind = if layer == Layer::Resource { PolicyKind::Resource } else { PolicyKind::Identity };
        let document = parse(&text, kind);
        let named = Named { name: "p", document: &document };
        let policies = match layer {
            Layer::Resource => PolicySet { resource: Some(&named), ..PolicySet::default() },
            _ => PolicySet { identity: std::slice::from_ref(&named), ..PolicySet::default() },
        };
        assert!(ask(who, owner, "s3:GetObject", &policies).0.is_allowed(), "{who}: {text}");
        assert!(!ask(who, owner, "s3:PutObject", &policies).0.is_allowed(), "{who}: {text}");
        let (principal, context) = (principal(who), Context::new());
        for arn in ["arn:aws:s3:::b/aXX", "arn:aws:s3:::b/a*X${x}", "arn:aws:s3:::b/a*?x"] {
            let resource = ResourceFacts { arn: arn.to_owned(), account: AccountId::parse(owner).ok() };
            let other = Request {
                principal: &principal,
                action: "s3:GetObject",
                resource: &resource,
                context: &context,
                policies: &policies,
            };
            assert!(!evaluate(&other).is_allowed(), "{who}: {text} {arn}");
        }
    }
}

#[test]
fn a_policy_says_which_keys_it_reads() {
    let policy = parse(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:UserName}","Condition":{"StringLike":{"s3:prefix":"${aws:PrincipalTag/Team}/*"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::${aws:userid}"},"Bool":{"aws:SecureTransport":"true"}}}}"#,
        PolicyKind::Identity,
    );
    let keys: Vec<_> = policy.context_keys().into_iter().collect();
    let expected = [
        "aws:principaltag/team",
        "aws:securetransport",
        "aws:sourcearn",
        "aws:userid",
        "aws:username",
        "s3:prefix",
    ];
    assert_eq!(keys, expected);
}
