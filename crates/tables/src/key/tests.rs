use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::value::{decode_item, decode_value};

fn schema() -> KeySchema {
    KeySchema {
        partition: KeyAttribute { name: "pk".into(), kind: KeyKind::S },
        sort: Some(KeyAttribute { name: "sk".into(), kind: KeyKind::N }),
    }
}

fn item(json: serde_json::Value) -> Item {
    decode_item(&json.to_string()).unwrap()
}

#[test]
fn a_key_is_found_in_an_item() {
    let stored = item(json!({"x": {"S": "y"}, "sk": {"N": "5"}, "pk": {"S": "p"}}));
    let key = schema().of_item(stored.view()).unwrap();
    assert_eq!(key.partition, b"p\0\0");
    let alone = schema().key_of(stored.view());
    assert_eq!(schema().of_key(alone.view()), Ok(key));
    assert_eq!(alone.view().len(), 2);
}

#[test]
fn refusals_name_the_attribute() {
    let invalid = "One or more parameter values were invalid: ";
    let empty = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk";
    let cases = [
        (json!({"pk": {"S": "p"}}), format!("{invalid}Missing the key sk in the item")),
        (json!({"sk": {"N": "1"}}), format!("{invalid}Missing the key pk in the item")),
        (
            json!({"pk": {"N": "1"}, "sk": {"N": "1"}}),
            format!("{invalid}Type mismatch for key pk expected: S actual: N"),
        ),
        (json!({"pk": {"S": ""}, "sk": {"N": "1"}}), empty.to_owned()),
        (
            json!({"pk": {"S": "p".repeat(2049)}, "sk": {"N": "1"}}),
            format!("{invalid}Size of hashkey has exceeded the maximum size limit of2048 bytes"),
        ),
    ];
    for (json, text) in cases {
        assert_eq!(schema().of_item(item(json.clone()).view()), Err(Refusal::Validation(text)), "{json}");
    }
    let mismatch = Err(Refusal::Validation("The provided key element does not match the schema".into()));
    for json in [
        json!({"pk": {"S": "p"}}),
        json!({"pk": {"S": "p"}, "x": {"N": "1"}}),
        json!({"pk": {"S": "p"}, "sk": {"S": "1"}}),
        json!({"pk": {"S": "p"}, "sk": {"N": "1"}, "x": {"S": ""}}),
    ] {
        assert_eq!(schema().of_key(item(json.clone()).view()), mismatch, "{json}");
    }
    let batched = |json| schema().of_batched_item(item(json).view());
    assert_eq!(batched(json!({"pk": {"S": "p"}})), mismatch);
    assert_eq!(batched(json!({"pk": {"N": "1"}, "sk": {"N": "1"}})), mismatch);
    assert!(batched(json!({"pk": {"S": "p"}, "sk": {"N": "1"}, "x": {"S": ""}})).is_ok());
}

#[test]
fn lengths_end_where_documented() {
    let schema = KeySchema { sort: Some(KeyAttribute { name: "sk".into(), kind: KeyKind::S }), ..schema() };
    let key = |p: usize, s: usize| item(json!({"pk": {"S": "p".repeat(p)}, "sk": {"S": "s".repeat(s)}}));
    assert!(schema.of_key(key(2048, 1024).view()).is_ok());
    assert!(schema.of_key(key(2049, 1).view()).is_err());
    assert!(schema.of_key(key(1, 1025).view()).is_err());
}

#[test]
fn an_index_holds_only_items_that_have_its_key() {
    let index = schema();
    assert_eq!(index.of_indexed(item(json!({"pk": {"S": "p"}})).view(), "i"), Ok(None));
    assert!(
        index.of_indexed(item(json!({"pk": {"S": "p"}, "sk": {"N": "1"}})).view(), "i").unwrap().is_some()
    );
    let wrong = index.of_indexed(item(json!({"sk": {"S": "1"}})).view(), "i").unwrap_err();
    assert_eq!(
        wrong.message(),
        "One or more parameter values were invalid: Type mismatch for Index Key sk Expected: N Actual: S IndexName: i"
    );
    let long = index.of_indexed(item(json!({"pk": {"S": "p".repeat(2049)}})).view(), "i").unwrap_err();
    assert_eq!(
        long.message(),
        "One or more parameter values were invalid: Size limit exceeded for Index Key pk Actual Size: 2049 bytes \
         Max Size: 2048 bytes IndexName: i"
    );
    let empty = index.of_indexed(item(json!({"pk": {"S": ""}, "sk": {"N": "1"}})).view(), "i").unwrap_err();
    assert!(empty.message().ends_with("IndexName: i, IndexKey: pk"), "{empty}");
}

proptest! {
    #[test]
    fn strings_sort_by_their_bytes_and_none_begins_another(a in "[\0-\u{3}a\u{fc}]{0,5}", b in "[\0-\u{3}a\u{fc}]{0,5}") {
        let encoded = |text: &str| encode(decode_value(&json!({"S": text}).to_string()).unwrap().view());
        let (x, y) = (encoded(&a), encoded(&b));
        prop_assert_eq!(x.cmp(&y), a.as_bytes().cmp(b.as_bytes()));
        prop_assert_eq!(x.starts_with(&y), a == b);
    }
}
