//! Policies as anybody may write them: never a panic, what is written is read again, and an empty one allows nobody.
#![no_main]

use access::policy::{
    Context, Named, PolicyDocument, PolicyKind, PolicySet, PrincipalFacts, PrincipalKind, Request, ResourceFacts,
    evaluate,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str, &str, &str, &str)| {
    let (kind, policy, arn, key, value) = input;
    let kind = match kind % 4 {
        0 => PolicyKind::Identity,
        1 => PolicyKind::Resource,
        2 => PolicyKind::Trust,
        _ => PolicyKind::Guardrail,
    };
    let Ok(document) = PolicyDocument::parse(policy, kind) else { return };
    let again = PolicyDocument::parse(&document.to_json(), kind).expect("what is written is read again");
    assert_eq!(again.statements(), document.statements());
    let named = [Named { name: "p", document: &document }];
    let context: Context = [(key, value)].into_iter().collect();
    let principal = PrincipalFacts {
        kind: PrincipalKind::User { arn: value.to_owned(), id: key.to_owned() },
        account: None,
        canonical_user_id: None,
    };
    let resource = ResourceFacts { arn: arn.to_owned(), account: None };
    let request = Request {
        principal: &principal,
        action: key,
        resource: &resource,
        context: &context,
        policies: &PolicySet {
            identity: &named,
            boundary: Some(&named),
            session: Some(&named),
            resource: Some(&named[0]),
            guardrails: &[&named],
        },
    };
    let verdict = evaluate(&request);
    let _ = (verdict.because(&request), verdict.smallest_statement(&request), verdict.near_misses(&request));
});
