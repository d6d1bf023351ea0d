mod conditions;
mod key_conditions;
mod updates;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::key::{KeyAttribute, KeyKind, KeySchema};
use crate::value::{Item, ItemRef, Path, Step, any_item, any_value, decode_item, decode_value, write_item};

fn item(json: &Json) -> Item {
    decode_item(&json.to_string()).unwrap_or_else(|refusal| panic!("{json}: {refusal}"))
}

fn shown(item: ItemRef<'_>) -> Json {
    let mut out = Vec::new();
    write_item(item, &mut out);
    serde_json::from_slice(&out).unwrap()
}

fn parameters(names: Json, values: Json) -> Parameters {
    let text = |json: Json| json.as_object().is_some_and(|map| !map.is_empty()).then(|| json.to_string());
    Parameters::from_json(text(names).as_deref(), text(values).as_deref()).unwrap()
}

/// Values that the cases below use.
fn values() -> Parameters {
    parameters(
        json!({"#s": "status", "#d": "a.b", "#a": "a"}),
        json!({
            ":s": {"S": "text"}, ":t": {"S": "te"}, ":e": {"S": ""}, ":n": {"N": "5"}, ":m": {"N": "7"}, ":one": {"N": "1"},
            ":b": {"B": "AAEC"}, ":bb": {"B": "AAE="}, ":true": {"BOOL": true}, ":null": {"NULL": true},
            ":l": {"L": [{"S": "x"}]}, ":el": {"L": []}, ":map": {"M": {"k": {"S": "v"}}},
            ":ss": {"SS": ["x", "y"]}, ":ss1": {"SS": ["x"]}, ":ns": {"NS": ["1", "2"]}, ":S": {"S": "S"}, ":SS": {"S": "SS"},
            ":Q": {"S": "Q"},
        }),
    )
}

fn subject() -> Json {
    json!({
        "pk": {"S": "key"}, "status": {"S": "text"}, "a.b": {"N": "5"}, "n": {"N": "5"}, "b": {"B": "AAEC"},
        "flag": {"BOOL": true}, "nothing": {"NULL": true}, "l": {"L": [{"N": "5"}, {"S": "text"}]},
        "m": {"M": {"x": {"M": {"y": {"N": "7"}}}}}, "ss": {"SS": ["x", "y"]}, "ns": {"NS": ["5", "6"]},
        "e": {"S": ""},
    })
}

fn schema(sort: Option<KeyKind>) -> KeySchema {
    let attribute = |name: &str, kind| KeyAttribute { name: name.into(), kind };
    KeySchema { partition: attribute("pk", KeyKind::S), sort: sort.map(|kind| attribute("sk", kind)) }
}

#[test]
fn projections_are_paths_apart_from_each_other() {
    let stored = item(&subject());
    let projection = parse_projection("pk, m.x.y, l[1]", &mut values()).unwrap();
    assert_eq!(
        shown(projection.apply(stored.view()).view()),
        json!({"pk": {"S": "key"}, "l": {"L": [{"S": "text"}]}, "m": {"M": {"x": {"M": {"y": {"N": "7"}}}}}})
    );
    let cases = [
        ("a, b, a", "overlap", "[a]", "[a]"),
        ("a.b, a.c, a.b.d[3]", "overlap", "[a, b]", "[a, b, d, [3]]"),
        ("a.b.c, z, a", "overlap", "[a, b, c]", "[a]"),
        ("a[1], a.b", "conflict", "[a, [1]]", "[a, b]"),
        ("a.b, a.c, a[0].x, a[1]", "conflict", "[a, c]", "[a, [0], x]"),
    ];
    for (text, how, one, two) in cases {
        let refusal = parse_projection(text, &mut values()).expect_err(text);
        let expected = format!(
            "Invalid ProjectionExpression: Two document paths {how} with each other; must remove or rewrite one of these \
             paths; path one: {one}, path two: {two}"
        );
        assert_eq!(refusal.message(), expected, "{text}");
    }
    assert!(parse_projection("a[1], a[2].b, b.c, b.d", &mut values()).is_ok());
    assert!(
        parse_projection("a b", &mut values())
            .unwrap_err()
            .message()
            .starts_with("Invalid ProjectionExpression: Syntax error")
    );
}

proptest! {
    #[test]
    fn any_text_is_an_expression_or_refused(text in "([a-c#:()=<>,.\\[\\]0-9+ -]|AND|OR|NOT |size\\(|SET |REMOVE | BETWEEN | IN |list_append\\(|:n|#s){0,25}") {
        let stored = item(&subject());
        if let Ok(condition) = Condition::parse(&text, Role::Filter, &mut values()) {
            condition.holds(stored.view());
            let negated = Condition::parse(&format!("NOT ({text})"), Role::Filter, &mut values());
            if let Ok(negated) = negated {
                prop_assert_ne!(negated.holds(stored.view()), condition.holds(stored.view()));
            }
        }
        if let Ok(update) = Update::parse(&text, &mut values()) {
            let _ = update.apply(stored.view());
        }
        let _ = parse_projection(&text, &mut values());
        let _ = KeyCondition::parse(&text, &mut values(), &schema(Some(KeyKind::N)));
    }
}
