use serde_json::{Value as Json, json};

use super::*;
use crate::expression::KeyCondition;
use crate::key::{KeyAttribute, KeyKind, KeySchema};
use crate::value::{Item, ItemRef, decode_item, write_item};

fn item(json: &Json) -> Item {
    decode_item(&json.to_string()).unwrap()
}

fn subject() -> Json {
    json!({"pk": {"S": "k"}, "n": {"N": "5"}, "s": {"S": "text"}, "ss": {"SS": ["a", "b"]}})
}

#[test]
fn filters_hold_as_their_expressions_would() {
    let cases = [
        (json!({"n": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "5.0"}]}}), true),
        (json!({"n": {"ComparisonOperator": "NE", "AttributeValueList": [{"N": "5"}]}}), false),
        (json!({"x": {"ComparisonOperator": "NE", "AttributeValueList": [{"N": "5"}]}}), true),
        (json!({"n": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "4"}]}}), true),
        (json!({"n": {"ComparisonOperator": "LE", "AttributeValueList": [{"N": "4"}]}}), false),
        (
            json!({"n": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "4"}, {"N": "5"}]}}),
            true,
        ),
        (json!({"n": {"ComparisonOperator": "IN", "AttributeValueList": [{"N": "4"}, {"N": "5"}]}}), true),
        (json!({"n": {"ComparisonOperator": "NULL"}}), false),
        (json!({"n": {"ComparisonOperator": "NOT_NULL"}}), true),
        (json!({"s": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "te"}]}}), true),
        (json!({"ss": {"ComparisonOperator": "CONTAINS", "AttributeValueList": [{"S": "a"}]}}), true),
        (json!({"ss": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [{"S": "a"}]}}), false),
        (json!({"ss": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [{"S": "c"}]}}), true),
    ];
    for (json, expected) in cases {
        let condition = filter(&json.to_string(), ConditionalOperator::And).unwrap();
        assert_eq!(condition.holds(item(&subject()).view()), expected, "{json}");
    }
    let two = json!({
        "n": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "5"}]},
        "s": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "other"}]},
    });
    let joined = |operator| filter(&two.to_string(), operator).unwrap().holds(item(&subject()).view());
    assert!(!joined(ConditionalOperator::And) && joined(ConditionalOperator::Or));
}

#[test]
fn expectations_hold_of_items_and_of_none() {
    let cases = [
        (json!({"n": {"Value": {"N": "5"}}}), true, false),
        (json!({"n": {"Value": {"N": "5"}, "Exists": true}}), true, false),
        (json!({"n": {"Exists": false}}), false, true),
        (json!({"n": {"ComparisonOperator": "LT", "Value": {"N": "6"}}}), true, false),
        (json!({"n": {"ComparisonOperator": "NULL"}}), false, true),
    ];
    for (json, of_subject, of_none) in cases {
        let condition = expected(&json.to_string(), ConditionalOperator::And).unwrap();
        assert_eq!(condition.holds(item(&subject()).view()), of_subject, "{json}");
        assert_eq!(condition.holds(ItemRef::EMPTY), of_none, "{json}");
    }
}

#[test]
fn refusals_name_what_is_wrong() {
    let invalid = "One or more parameter values were invalid: ";
    let cases = [
        (json!({"a": {"Exists": true}}), "Value must be provided when Exists is true for Attribute: a"),
        (json!({"a": {}}), "Value must be provided when Exists is null for Attribute: a"),
        (
            json!({"a": {"Exists": false, "Value": {"S": ""}}}),
            "Value cannot be used when Exists is false for Attribute: a",
        ),
        (
            json!({"a": {"Exists": true, "ComparisonOperator": "NULL"}}),
            "Exists and ComparisonOperator cannot be used together for Attribute: a",
        ),
        (
            json!({"a": {"AttributeValueList": [{"S": ""}]}}),
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
        ),
        (
            json!({"a": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "1"}]}}),
            "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
        ),
        (
            json!({"a": {"ComparisonOperator": "LT", "AttributeValueList": [{"SS": ["a"]}]}}),
            "ComparisonOperator LT is not valid for SS AttributeValue type",
        ),
    ];
    for (json, text) in cases {
        let refusal = expected(&json.to_string(), ConditionalOperator::And).unwrap_err();
        assert_eq!(refusal.message(), format!("{invalid}{text}"), "{json}");
    }
    assert!(
        filter(r#"{"a":{"ComparisonOperator":"LIKE"}}"#, ConditionalOperator::And)
            .unwrap_err()
            .message()
            .contains("'LIKE'")
    );
    assert_eq!(
        filter(r#"{"a":{"Other":1}}"#, ConditionalOperator::And).unwrap_err().message(),
        "Unsupported parameter: Other"
    );
    assert!(matches!(
        filter(
            r#"{"a":{"ComparisonOperator":"NULL"},"a":{"ComparisonOperator":"NULL"}}"#,
            ConditionalOperator::And
        ),
        Err(Refusal::Serialization(_))
    ));
    assert_eq!(
        refuse_mixture(&["Expected"], &["UpdateExpression", "ConditionExpression"]).unwrap_err().message(),
        "Can not specify both expression and non-expression parameters in the same request: \
         Non-expression parameters: {Expected} Expression parameters: {UpdateExpression, ConditionExpression}"
    );
    assert_eq!(refuse_mixture(&[], &["FilterExpression"]), Ok(()));
}

#[test]
fn key_conditions_are_the_same_as_their_expressions() {
    let attribute = |name: &str, kind| KeyAttribute { name: name.into(), kind };
    let schema =
        KeySchema { partition: attribute("pk", KeyKind::S), sort: Some(attribute("sk", KeyKind::N)) };
    let json = json!({
        "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "k"}]},
        "sk": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "1"}, {"N": "2"}]},
    });
    let mut parameters = crate::expression::Parameters::from_json(
        None,
        Some(r#"{":p":{"S":"k"},":l":{"N":"1"},":h":{"N":"2"}}"#),
    )
    .unwrap();
    let by_expression = KeyCondition::parse("pk = :p AND sk BETWEEN :l AND :h", &mut parameters, &schema);
    assert_eq!(key_conditions(&json.to_string(), &schema), by_expression);
    let contains = json!({"pk": {"ComparisonOperator": "CONTAINS", "AttributeValueList": [{"S": "k"}]}});
    assert_eq!(
        key_conditions(&contains.to_string(), &schema).unwrap_err().message(),
        "Attempted conditional constraint is not an indexable operation"
    );
}

#[test]
fn attribute_updates_change_items() {
    let updates = json!({
        "n": {"Action": "ADD", "Value": {"N": "2"}},
        "s": {"Action": "DELETE"},
        "ss": {"Action": "DELETE", "Value": {"SS": ["a"]}},
        "new": {"Value": {"S": "put"}},
    });
    let updated = attribute_updates(&updates.to_string()).unwrap().apply(item(&subject()).view()).unwrap();
    let mut out = Vec::new();
    write_item(updated.item.view(), &mut out);
    assert_eq!(
        serde_json::from_slice::<Json>(&out).unwrap(),
        json!({"pk": {"S": "k"}, "n": {"N": "7"}, "ss": {"SS": ["b"]}, "new": {"S": "put"}})
    );
    let cases = [
        (json!({"a": {}}), "Only DELETE action is allowed when no attribute value is specified"),
        (json!({"a": {"Action": "ADD", "Value": {"S": "x"}}}), "ADD action is not supported for the type S"),
        (
            json!({"a": {"Action": "DELETE", "Value": {"N": "1"}}}),
            "DELETE action with value is not supported for the type N",
        ),
    ];
    for (json, text) in cases {
        let refusal = attribute_updates(&json.to_string()).unwrap_err();
        assert_eq!(refusal.message(), format!("One or more parameter values were invalid: {text}"), "{json}");
    }
}

#[test]
fn attributes_to_get_are_whole_and_once() {
    let projected = attributes_to_get(r#"["n","absent"]"#).unwrap().apply(item(&subject()).view());
    assert_eq!(projected.view().len(), 1);
    assert_eq!(
        attributes_to_get(r#"["n","n"]"#).unwrap_err().message(),
        "One or more parameter values were invalid: Duplicate value in attribute name: n"
    );
    assert!(attributes_to_get("[]").is_err());
}
