//! Every operator of the filter language, by the pages of the SNS developer guide.

use super::*;
use crate::Attributes;
use serde_json::json;

fn message(attributes: &Value, body: &str) -> Message {
    let mut read = Attributes::new();
    for (name, value) in attributes.as_object().into_iter().flatten() {
        let (kind, text) = match value {
            Value::Array(_) => ("String.Array", value.to_string()),
            Value::Number(number) => ("Number", number.to_string()),
            Value::String(text) => ("String", text.clone()),
            other => ("Binary", other.to_string()),
        };
        let value = match kind {
            "Binary" => AttributeValue::Bytes(text.into_bytes()),
            _ => AttributeValue::Text(text),
        };
        read.insert(name.clone(), Attribute { kind: kind.to_owned(), value });
    }
    Message {
        id: String::new(),
        body: body.to_owned(),
        bodies: Default::default(),
        subject: None,
        attributes: read,
        group: None,
        deduplication: None,
        trace: None,
        sequence: 1,
        at: 0,
    }
}

fn attributes(policy: &Value, given: &Value) -> bool {
    let filter = Filter::parse(&policy.to_string(), Scope::Attributes).unwrap();
    filter.matches(&Seen::new(&message(given, "x")))
}

fn body(policy: &Value, given: &Value) -> bool {
    let filter = Filter::parse(&policy.to_string(), Scope::Body).unwrap();
    filter.matches(&Seen::new(&message(&json!({}), &given.to_string())))
}

/// <https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html>
#[test]
fn texts() {
    let interests = |of: Value| json!({ "customer_interests": of });
    for (policy, given, expected) in [
        (json!(["rugby"]), json!("rugby"), true),
        (json!(["rugby", "tennis"]), json!("tennis"), true),
        (json!(["rugby", "tennis"]), json!("Tennis"), false),
        (json!(["rugby"]), json!("rugby7"), false),
        (json!(["rugby"]), json!(["baseball", "rugby"]), true),
        (json!(["rugby"]), json!(["baseball", "football"]), false),
        (json!(["rugby"]), json!([]), false),
        (json!([{ "anything-but": ["rugby", "tennis"] }]), json!("baseball"), true),
        (json!([{ "anything-but": ["rugby", "tennis"] }]), json!("rugby"), false),
        (json!([{ "anything-but": "rugby" }]), json!("rugby"), false),
        (json!([{ "anything-but": "rugby" }]), json!("tennis"), true),
        // One element that is neither is enough.
        (json!([{ "anything-but": ["rugby", "tennis"] }]), json!(["rugby", "baseball"]), true),
        (json!([{ "anything-but": ["rugby", "tennis"] }]), json!(["rugby"]), false),
        (json!([{ "anything-but": { "prefix": "bas" } }]), json!("rugby"), true),
        (json!([{ "anything-but": { "prefix": "bas" } }]), json!("baseball"), false),
        (json!([{ "anything-but": { "prefix": ["bas", "ru"] } }]), json!("rugby"), false),
        (json!([{ "anything-but": { "suffix": "ball" } }]), json!("rugby"), true),
        (json!([{ "anything-but": { "suffix": "ball" } }]), json!("baseball"), false),
        (json!([{ "anything-but": { "wildcard": "*ball" } }]), json!("baseball"), false),
        (json!([{ "anything-but": { "wildcard": ["*ball", "ru*"] } }]), json!("tennis"), true),
        (json!([{ "anything-but": { "equals-ignore-case": "RUGBY" } }]), json!("rugby"), false),
        (json!([{ "equals-ignore-case": "tennis" }]), json!("TENNIS"), true),
        (json!([{ "equals-ignore-case": "tennis" }]), json!("Tennis"), true),
        (json!([{ "equals-ignore-case": "tennis" }]), json!("tenni"), false),
        (json!([{ "prefix": "bas" }]), json!("baseball"), true),
        (json!([{ "prefix": "bas" }]), json!("rugby"), false),
        (json!([{ "prefix": "bas" }]), json!("Baseball"), false),
        (json!([{ "prefix": "" }]), json!("rugby"), true),
        (json!([{ "suffix": "ball" }]), json!("baseball"), true),
        (json!([{ "suffix": "ball" }]), json!("rugby"), false),
        (json!([{ "wildcard": "*ball" }]), json!("baseball"), true),
        (json!([{ "wildcard": "b*l" }]), json!("baseball"), true),
        (json!([{ "wildcard": "b*s*l" }]), json!("baseball"), true),
        (json!([{ "wildcard": "b*x*l" }]), json!("baseball"), false),
        (json!([{ "wildcard": "*" }]), json!("anything"), true),
        (json!([{ "wildcard": "a\\*b" }]), json!("a*b"), true),
        (json!([{ "wildcard": "a\\*b" }]), json!("axb"), false),
        (json!([{ "wildcard": "a\\\\*" }]), json!("a\\b"), true),
        (json!([{ "wildcard": "ab*ba" }]), json!("aba"), false),
        (json!(["rugby", { "prefix": "bas" }]), json!("basket"), true),
        (json!(["rugby", { "prefix": "bas" }]), json!("tennis"), false),
        // Texts are no numbers.
        (json!([300]), json!("300"), false),
        (json!(["300"]), json!(300), false),
        (json!([{ "prefix": "3" }]), json!(300), false),
    ] {
        assert_eq!(
            attributes(&interests(policy.clone()), &interests(given.clone())),
            expected,
            "{policy} {given}"
        );
        // Of bodies it is the same.
        assert_eq!(body(&interests(policy.clone()), &interests(given.clone())), expected, "{policy} {given}");
    }
}

/// <https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html#string-value-matching-ip-address>
#[test]
fn addresses() {
    for (network, given, expected) in [
        ("10.0.0.0/24", "10.0.0.0", true),
        ("10.0.0.0/24", "10.0.0.255", true),
        ("10.0.0.0/24", "10.1.1.0", false),
        ("10.0.0.7/32", "10.0.0.7", true),
        ("10.0.0.7/32", "10.0.0.8", false),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("10.0.0.0/24", "10.0.0", false),
        ("10.0.0.0/24", "x", false),
        ("10.0.0.0/24", "::1", false),
        ("2001:db8::/32", "2001:db8::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("::/0", "2001:db9::1", true),
    ] {
        let policy = json!({ "source_ip": [{ "cidr": network }] });
        assert_eq!(attributes(&policy, &json!({ "source_ip": given })), expected, "{network} {given}");
    }
}

/// <https://docs.aws.amazon.com/sns/latest/dg/numeric-value-matching.html>
#[test]
fn numbers() {
    for (policy, given, expected) in [
        (json!([301.5]), json!(301.5), true),
        (json!([301.5]), json!(301.50), true),
        (json!([301.5]), json!(3.015e2), true),
        (json!([301.5]), json!(301), false),
        (json!([301.5, 7]), json!(7), true),
        (json!([{ "numeric": ["=", 301.5] }]), json!(301.5), true),
        (json!([{ "numeric": ["=", 301.5] }]), json!(301.4), false),
        (json!([{ "numeric": ["=", 301.5] }]), json!("301.5"), false),
        (json!([{ "numeric": ["<", 0] }]), json!(-10), true),
        (json!([{ "numeric": ["<", 0] }]), json!(0), false),
        (json!([{ "numeric": ["<=", 0] }]), json!(0), true),
        (json!([{ "numeric": [">", 100] }]), json!(100), false),
        (json!([{ "numeric": [">", 100] }]), json!(100.1), true),
        (json!([{ "numeric": [">=", 100] }]), json!(100), true),
        (json!([{ "numeric": [">", 0, "<=", 150] }]), json!(75), true),
        (json!([{ "numeric": [">", 0, "<=", 150] }]), json!(150), true),
        (json!([{ "numeric": [">", 0, "<=", 150] }]), json!(0), false),
        (json!([{ "numeric": [">", 0, "<=", 150] }]), json!(150.5), false),
        (json!([{ "numeric": [">=", 0, "<", 150] }]), json!([200, 100]), true),
        (json!([{ "anything-but": [100, 500] }]), json!(101), true),
        (json!([{ "anything-but": [100, 500] }]), json!(100), false),
        (json!([{ "anything-but": [100, 500] }]), json!(100.0), false),
        (json!([{ "anything-but": [100, 500] }]), json!([100, 50]), true),
        (json!([{ "anything-but": [100, 500] }]), json!("100"), true),
        (json!(["a", { "numeric": [">", 5] }]), json!(6), true),
    ] {
        let of = |value: &Value| json!({ "price": value });
        assert_eq!(attributes(&of(&policy), &of(&given)), expected, "{policy} {given}");
        assert_eq!(body(&of(&policy), &of(&given)), expected, "{policy} {given}");
    }
}

/// <https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html>,
/// <https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html>
#[test]
fn keys_and_their_logic() {
    let both = json!({ "a": ["x"], "b": [{ "numeric": [">", 5] }] });
    let either = json!({ "source": ["aws"], "$or": [{ "a": ["x"] }, { "b": [{ "numeric": [">", 5] }] }] });
    let nested = json!({ "$or": [{ "a": ["x"], "b": ["y"] }, { "$or": [{ "c": ["z"] }, { "d": ["z"] }] }] });
    // No alternatives, as one of them is a match: a key like any other.
    let key = json!({ "$or": [{ "prefix": "x" }, { "prefix": "y" }] });
    for (policy, given, expected) in [
        (json!({ "store": [{ "exists": true }] }), json!({ "store": "fans" }), true),
        (json!({ "store": [{ "exists": true }] }), json!({ "shop": "fans" }), false),
        (json!({ "store": [{ "exists": false }] }), json!({ "shop": "fans" }), true),
        (json!({ "store": [{ "exists": false }] }), json!({ "store": "fans" }), false),
        (json!({ "store": [{ "exists": false }, "fans"] }), json!({ "store": "fans" }), true),
        (json!({ "store": [{ "exists": false }, "fans"] }), json!({}), true),
        (json!({ "store": [{ "exists": false }, "fans"] }), json!({ "store": "other" }), false),
        (json!({ "store": [{ "anything-but": "fans" }] }), json!({}), false),
        (both.clone(), json!({ "a": "x", "b": 6 }), true),
        (both.clone(), json!({ "a": "x", "b": 5 }), false),
        (both.clone(), json!({ "a": "x" }), false),
        (both, json!({ "a": "x", "b": 6, "c": "more" }), true),
        (either.clone(), json!({ "source": "aws", "a": "x" }), true),
        (either.clone(), json!({ "source": "aws", "b": 6 }), true),
        (either.clone(), json!({ "source": "aws", "b": 5 }), false),
        (either, json!({ "source": "else", "a": "x" }), false),
        (nested.clone(), json!({ "a": "x", "b": "y" }), true),
        (nested.clone(), json!({ "a": "x" }), false),
        (nested, json!({ "d": "z" }), true),
        (key.clone(), json!({ "$or": "xa" }), true),
        (key, json!({ "prefix": "x" }), false),
    ] {
        assert_eq!(attributes(&policy, &given), expected, "{policy} {given}");
        assert_eq!(body(&policy, &given), expected, "{policy} {given}");
    }
}

/// Attributes of type Binary are not looked at, nor lists that are none.
#[test]
fn attributes_of_other_types() {
    for (policy, given, expected) in [
        (json!({ "a": ["true"] }), json!({ "a": true }), false),
        (json!({ "a": [true] }), json!({ "a": true }), false),
        (json!({ "a": [true] }), json!({ "a": ["x", true] }), true),
        (json!({ "a": [null] }), json!({ "a": ["x", null] }), true),
        (json!({ "a": [false] }), json!({ "a": ["x", true] }), false),
    ] {
        assert_eq!(attributes(&policy, &given), expected, "{policy} {given}");
    }
    let mut list = message(&json!({ "a": ["x"] }), "x");
    let filter = Filter::parse(r#"{"a": ["x"]}"#, Scope::Attributes).unwrap();
    assert!(filter.matches(&Seen::new(&list)));
    list.attributes.get_mut("a").unwrap().value = AttributeValue::Text("x".to_owned());
    assert!(!filter.matches(&Seen::new(&list)));
}

/// <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policy-scope.html>
#[test]
fn bodies() {
    let deep = json!({ "Records": { "s3": { "object": { "key": [{ "prefix": "auto-" }] } }, "eventName": [{ "prefix": "ObjectCreated:" }] } });
    let record = |key: &str, event: &str| json!({ "s3": { "object": { "key": key } }, "eventName": event });
    for (policy, given, expected) in [
        (json!({ "a": { "b": ["x"] } }), json!({ "a": { "b": "x" } }), true),
        (json!({ "a": { "b": ["x"] } }), json!({ "a": { "b": "y" } }), false),
        (json!({ "a": { "b": ["x"] } }), json!({ "a": "x" }), false),
        (json!({ "a": { "b": ["x"] } }), json!({}), false),
        (json!({ "a": { "b": [{ "exists": false }] } }), json!({}), true),
        (json!({ "a": { "b": [{ "exists": false }] } }), json!({ "a": { "b": 1 } }), false),
        (json!({ "a": { "b": ["x"], "c": [1] } }), json!({ "a": { "b": "x", "c": 1 } }), true),
        (json!({ "a": [null] }), json!({ "a": null }), true),
        (json!({ "a": [null] }), json!({ "a": 0 }), false),
        (json!({ "a": [true] }), json!({ "a": true }), true),
        (json!({ "a": ["true"] }), json!({ "a": true }), false),
        (json!({ "a": [""] }), json!({ "a": "" }), true),
        (json!({ "a": ["x"] }), json!({ "a": { "b": "x" } }), false),
        (json!({ "a": ["x"] }), json!({ "a": [["x"]] }), true),
        (deep.clone(), json!({ "Records": [record("auto-1", "ObjectCreated:Put")] }), true),
        (
            deep.clone(),
            json!({ "Records": [record("x", "Other"), record("auto-1", "ObjectCreated:Put")] }),
            true,
        ),
        // Both of one and the same record.
        (
            deep.clone(),
            json!({ "Records": [record("auto-1", "Other"), record("x", "ObjectCreated:Put")] }),
            false,
        ),
        (deep, json!({ "Records": [] }), false),
    ] {
        assert_eq!(body(&policy, &given), expected, "{policy} {given}");
    }
    let filter = Filter::parse(r#"{"a": [{"exists": false}]}"#, Scope::Body).unwrap();
    for text in ["no json", "[1]", "\"a\"", "1"] {
        assert!(!filter.matches(&Seen::new(&message(&json!({}), text))), "{text}");
    }
}

/// <https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html>
#[test]
fn what_is_no_policy() {
    let values = |count: usize| (0..count).map(|number| json!(number)).collect::<Vec<_>>();
    let five = json!({ "a": [1], "b": [1], "c": [1], "d": [1], "e": [1] });
    let six = json!({ "a": [1], "b": [1], "c": [1], "d": [1], "e": [1], "f": [1] });
    for (policy, scope, fits) in [
        (five, Scope::Attributes, true),
        (six.clone(), Scope::Attributes, false),
        (json!({ "a": six.clone() }), Scope::Body, true),
        (json!({ "a": values(150) }), Scope::Attributes, true),
        (json!({ "a": values(151) }), Scope::Attributes, false),
        (json!({ "a": values(15), "b": values(10) }), Scope::Attributes, true),
        (json!({ "a": values(15), "b": values(11) }), Scope::Attributes, false),
        // Nested ones count as often as they are deep: 4 x 3 x 3 x 2 = 72.
        (json!({ "a": { "b": { "c": values(4) } }, "d": { "e": values(3) } }), Scope::Body, true),
        (json!({ "a": { "b": { "c": values(9) } }, "d": { "e": values(3) } }), Scope::Body, false),
        (json!({ "a": { "b": [1] } }), Scope::Attributes, false),
        (json!({ "a": "x" }), Scope::Body, false),
        (json!({ "a": [] }), Scope::Body, false),
        (json!({ "a": {} }), Scope::Body, false),
        (json!({ "a": [["x"]] }), Scope::Body, false),
        (json!({ "a": [{}] }), Scope::Body, false),
        (json!({ "a": [{ "prefix": "x", "suffix": "y" }] }), Scope::Body, false),
        (json!({ "a": [{ "prefix": 1 }] }), Scope::Body, false),
        (json!({ "a": [{ "like": "x" }] }), Scope::Body, false),
        (json!({ "a": [{ "exists": "yes" }] }), Scope::Body, false),
        (json!({ "a": [{ "numeric": [] }] }), Scope::Body, false),
        (json!({ "a": [{ "numeric": ["="] }] }), Scope::Body, false),
        (json!({ "a": [{ "numeric": ["=", "5"] }] }), Scope::Body, false),
        (json!({ "a": [{ "numeric": ["~", 5] }] }), Scope::Body, false),
        (json!({ "a": [{ "numeric": ["<", 5, ">", 1] }] }), Scope::Body, false),
        (json!({ "a": [{ "numeric": [">", 5, "<", 5] }] }), Scope::Body, false),
        (json!({ "a": [{ "numeric": [">", 2e9] }] }), Scope::Body, false),
        (json!({ "a": [-2e9] }), Scope::Body, false),
        (json!({ "a": [{ "anything-but": [] }] }), Scope::Body, false),
        (json!({ "a": [{ "anything-but": { "numeric": ["=", 5] } }] }), Scope::Body, false),
        (json!({ "a": [{ "anything-but": null }] }), Scope::Body, false),
        (json!({ "a": [{ "cidr": "10.0.0.0" }] }), Scope::Body, false),
        (json!({ "a": [{ "cidr": "10.0.0.0/33" }] }), Scope::Body, false),
        (json!({ "a": [{ "cidr": "x/8" }] }), Scope::Body, false),
        (json!({ "a": [{ "wildcard": "a**" }] }), Scope::Body, false),
        (json!({ "a": [{ "wildcard": "a\\b" }] }), Scope::Body, false),
        (json!(["a"]), Scope::Body, false),
    ] {
        assert_eq!(Filter::parse(&policy.to_string(), scope).is_ok(), fits, "{policy}");
    }
    assert!(Filter::parse("{", Scope::Body).is_err());
    let deep = (0..40).fold(json!([1]), |inner, _| json!({ "a": inner }));
    assert!(Filter::parse(&deep.to_string(), Scope::Body).is_err());
}
