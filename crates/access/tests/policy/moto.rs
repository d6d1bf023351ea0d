//! What moto decided (see `conformance/policy/ask_moto.py`) beside what is decided here. Where they differ, why.

use crate::cast::{HOME, principal};
use access::policy::{
    Context, Named, PolicyDocument, PolicyKind, PolicySet, Request, ResourceFacts, evaluate,
};
use names::AccountId;
use serde_json::Value;
use std::collections::BTreeMap;

fn answers() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/policy/moto_answers.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A difference, by what must stand in the policy for it: nothing else may differ.
struct Difference {
    because: &'static str,
    is_it: fn(policies: &str, action: &str) -> bool,
    /// How many there are: more, or fewer, means that something changed.
    count: usize,
}

const DECISIONS: [Difference; 6] = [
    Difference { because: "moto reads no Condition", is_it: |of, _| of.contains("Condition"), count: 24 },
    Difference { because: "moto knows no NotResource", is_it: |of, _| of.contains("NotResource"), count: 40 },
    Difference { because: "moto takes ? for itself", is_it: |of, _| of.contains('?'), count: 20 },
    Difference { because: "moto takes variables for texts", is_it: |of, _| of.contains("${"), count: 8 },
    Difference {
        because: "moto compares actions with their case",
        is_it: |of, _| of.contains("s3:getobject"),
        count: 10,
    },
    Difference {
        because: "listing all buckets is on arn:aws:s3:::* in moto, and was asked here as on no resource",
        is_it: |of, action| action == "s3:ListAllMyBuckets" && of.contains("arn:aws:s3:::*"),
        count: 5,
    },
];

#[test]
fn decisions_are_those_of_moto_or_the_difference_is_known() {
    let answers = answers();
    let (mut found, mut unknown, mut compared) = (BTreeMap::new(), Vec::new(), 0);
    for case in answers["decisions"].as_array().unwrap() {
        let texts: Vec<&str> =
            case["policies"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        let documents: Vec<_> =
            texts.iter().map(|text| PolicyDocument::parse(text, PolicyKind::Identity).unwrap()).collect();
        let identity: Vec<_> = documents.iter().map(|document| Named { name: "p", document }).collect();
        for (request, allowed) in
            answers["requests"].as_array().unwrap().iter().zip(case["allowed"].as_array().unwrap())
        {
            let (action, arn) = (request[0].as_str().unwrap(), request[1].as_str().unwrap());
            let verdict = evaluate(&Request {
                principal: &principal("ann"),
                action,
                resource: &ResourceFacts { arn: arn.to_owned(), account: AccountId::parse(HOME).ok() },
                context: &[("aws:username", "ann")].into_iter().collect::<Context>(),
                policies: &PolicySet { identity: &identity, ..PolicySet::default() },
            });
            compared += 1;
            if verdict.is_allowed() == allowed.as_bool().unwrap() {
                continue;
            }
            let all = texts.join(" ");
            match DECISIONS.iter().find(|difference| (difference.is_it)(&all, action)) {
                Some(difference) => *found.entry(difference.because).or_insert(0) += 1,
                None => unknown.push(format!("{action} {arn} moto: {allowed}: {all}")),
            }
        }
    }
    assert!(unknown.is_empty(), "{} of {compared}:\n{}", unknown.len(), unknown.join("\n"));
    let expected: BTreeMap<_, _> = DECISIONS.iter().map(|known| (known.because, known.count)).collect();
    assert_eq!(found, expected);
}

/// Why a document is judged differently, by what stands in it.
const REFUSALS: [(&str, &[&str]); 9] = [
    ("moto takes wildcards in an ARN's service, which the reference forbids", &["arn:aws:*:", "arn:aws:s?"]),
    ("a key twice is not seen by moto", &[r#""Effect":"Allow","Effect""#]),
    ("moto takes any action's name, and no service", &[r#"":GetObject""#, r#""s3:""#, r#""s3:Get Object""#]),
    ("moto takes what does not begin with arn", &["urn:aws:s3:::b"]),
    (
        "moto knows no variables, so neither their place nor their form",
        &["us-east-1:${aws:PrincipalAccount}:q", "${aws:username\"", "${}", "${aws:username, x}"],
    ),
    ("moto takes any characters in a Sid; IAM alphanumeric ones", &[r#""a-b""#, r#""a b""#]),
    (
        "moto does not read a condition's keys and values, dates excepted",
        &["NullIfExists", "10.0.0.0/33", r#""10.0.0""#, r#""ten""#, "maybe", "***", r#"{"username""#],
    ),
    ("moto takes a principal in an identity policy", &[r#""Principal": "*""#, "NotPrincipal"]),
    (
        "moto takes neither the old version nor numbers and truth values; the grammar has them, and only managed \
         policies must have the newer version",
        &["2008-10-17", r#""s3:max-keys": 10"#],
    ),
];

#[test]
fn refusals_are_those_of_moto_or_the_difference_is_known() {
    let answers = answers();
    let (mut unknown, mut used) = (Vec::new(), std::collections::BTreeSet::new());
    for case in answers["refusals"].as_array().unwrap() {
        let text = case["policy"].as_str().unwrap();
        let ours = PolicyDocument::parse(text, PolicyKind::Identity).err().map(|error| error.to_string());
        if ours.as_deref() == case["message"].as_str() {
            continue;
        }
        let known = REFUSALS.iter().flat_map(|(_, parts)| *parts).find(|part| text.contains(**part));
        match known {
            Some(part) => drop(used.insert(*part)),
            None => unknown.push(format!("moto: {} here: {ours:?}: {text}", case["message"])),
        }
    }
    assert!(unknown.is_empty(), "{}:\n{}", unknown.len(), unknown.join("\n"));
    let listed: std::collections::BTreeSet<_> =
        REFUSALS.iter().flat_map(|(_, parts)| *parts).copied().collect();
    assert_eq!(used, listed, "a difference that is none any more");
}
