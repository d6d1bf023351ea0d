use super::Pattern;
use serde_json::{Value, json};

fn matches(pattern: &Value, event: &Value) -> bool {
    Pattern::parse(&pattern.to_string()).unwrap().matches(event)
}

#[test]
fn each_kind_of_leaf_matches_what_it_says() {
    for (leaf, yes, no) in [
        (json!("a"), vec![json!("a"), json!(["b", "a"])], vec![json!("b"), json!(1), json!([])]),
        (json!(""), vec![json!("")], vec![json!("a"), json!(null)]),
        (json!(null), vec![json!(null)], vec![json!("null"), json!(0)]),
        (json!(300), vec![json!(300), json!(300.0), json!(3.0e2)], vec![json!("300"), json!(301)]),
        (json!(true), vec![json!(true)], vec![json!("true"), json!(false)]),
        (json!({"prefix": "us-"}), vec![json!("us-east-1")], vec![json!("eu-us-"), json!(1)]),
        (json!({"suffix": ".png"}), vec![json!("a.png")], vec![json!(".png.jpg")]),
        (json!({"equals-ignore-case": "Alice"}), vec![json!("aLICE")], vec![json!("Al")]),
        (
            json!({"wildcard": "a*b*c"}),
            vec![json!("abc"), json!("a--b--b--c")],
            vec![json!("ac"), json!("abcd"), json!("xabc")],
        ),
        (json!({"wildcard": "*"}), vec![json!(""), json!("a")], vec![json!(1)]),
        (json!({"numeric": ["=", 5]}), vec![json!(5), json!(5.0)], vec![json!(6), json!("5")]),
        (json!({"numeric": [">", 0, "<=", 5]}), vec![json!(0.5), json!(5)], vec![json!(0), json!(5.1)]),
        (json!({"exists": true}), vec![json!(1), json!(null), json!({"a": 1})], vec![]),
        (
            json!({"anything-but": "a"}),
            vec![json!("b"), json!(1), json!(["b"])],
            vec![json!("a"), json!(["a", "b"])],
        ),
        (json!({"anything-but": [1, 2]}), vec![json!(3)], vec![json!(1), json!(2.0)]),
        (json!({"anything-but": {"prefix": "in"}}), vec![json!("out")], vec![json!("init")]),
        (json!({"anything-but": {"suffix": ["a", "b"]}}), vec![json!("c")], vec![json!("xa"), json!("xb")]),
    ] {
        let pattern = json!({ "at": [leaf] });
        for (values, expected) in [(yes, true), (no, false)] {
            for value in values {
                assert_eq!(matches(&pattern, &json!({ "at": value })), expected, "{pattern} {value}");
            }
        }
        assert!(!matches(&pattern, &json!({ "else": 1 })), "{pattern} of what is not there");
    }
}

#[test]
fn members_are_all_to_be_so_and_leaves_one_of_theirs() {
    let pattern =
        json!({"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"n": {"N": [{"prefix": "1"}]}}}});
    let event = |name: &str, n: &str| json!({"eventName": name, "dynamodb": {"NewImage": {"n": {"N": n}}}});
    assert!(matches(&pattern, &event("INSERT", "1")) && matches(&pattern, &event("MODIFY", "12")));
    assert!(!matches(&pattern, &event("REMOVE", "1")) && !matches(&pattern, &event("INSERT", "2")));
    assert!(!matches(&pattern, &json!({"eventName": "INSERT"})));
}

#[test]
fn what_must_not_be_there_is_not() {
    let pattern = json!({"a": {"b": [{"exists": false}]}, "c": ["x"]});
    for (event, expected) in [
        (json!({"a": {}, "c": "x"}), true),
        (json!({"c": "x"}), true),
        (json!({"a": {"b": null}, "c": "x"}), false),
        (json!({"a": {}}), false),
    ] {
        assert_eq!(matches(&pattern, &event), expected, "{event}");
    }
}

#[test]
fn alternatives_are_of_members_and_elements_are_one() {
    let pattern = json!({"source": ["s"], "$or": [{"a": [1]}, {"b": {"c": [2]}}]});
    for (event, expected) in [
        (json!({"source": "s", "a": 1}), true),
        (json!({"source": "s", "b": {"c": 2}}), true),
        (json!({"source": "s", "b": {"c": 3}}), false),
        (json!({"a": 1}), false),
    ] {
        assert_eq!(matches(&pattern, &event), expected, "{event}");
    }
    let pattern = json!({"all": {"a": [1], "b": [2]}});
    assert!(matches(&pattern, &json!({"all": [{"a": 2}, {"a": 1, "b": 2}]})));
    assert!(!matches(&pattern, &json!({"all": [{"a": 1}, {"b": 2}]})));
}

/// What looks alike is not the same: texts, numbers, truth values, nothing, and what is not there.
#[test]
fn kinds_of_values_are_told_apart() {
    let cases: &[(&str, &str, bool)] = &[
        (r#"{"a":["1"]}"#, r#"{"a":"1"}"#, true),
        (r#"{"a":["1"]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[1]}"#, r#"{"a":"1"}"#, false),
        (r#"{"a":[1]}"#, r#"{"a":1.0}"#, true),
        (r#"{"a":[0]}"#, r#"{"a":-0.0}"#, true),
        (r#"{"a":[0]}"#, r#"{"a":false}"#, false),
        (r#"{"a":[""]}"#, r#"{"a":null}"#, false),
        (r#"{"a":[""]}"#, r#"{}"#, false),
        (r#"{"a":[null]}"#, r#"{}"#, false),
        (r#"{"a":[null]}"#, r#"{"a":""}"#, false),
        (r#"{"a":[null]}"#, r#"{"a":[null]}"#, true),
        (r#"{"a":[null]}"#, r#"{"a":[]}"#, false),
        (r#"{"a":[true]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[true,"x"]}"#, r#"{"a":"x"}"#, true),
        (r#"{"a":["A"]}"#, r#"{"a":"a"}"#, false),
        (r#"{"a":[{"equals-ignore-case":"ÄB"}]}"#, r#"{"a":"äb"}"#, true),
        (r#"{"a":[{"equals-ignore-case":"1"}]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[{"prefix":""}]}"#, r#"{"a":"any"}"#, true),
        (r#"{"a":[{"prefix":""}]}"#, r#"{"a":null}"#, false),
        (r#"{"a":[{"prefix":"1"}]}"#, r#"{"a":12}"#, false),
        (r#"{"a":[{"prefix":"x"}]}"#, r#"{"a":["y","xz"]}"#, true),
        (r#"{"a":[{"suffix":"g"}]}"#, r#"{"a":"png"}"#, true),
        (r#"{"a":[{"suffix":"g"}]}"#, r#"{"a":{"g":1}}"#, false),
        (r#"{"a":[{"numeric":["=",300]}]}"#, r#"{"a":3.0e2}"#, true),
        (r#"{"a":[{"numeric":["=",300]}]}"#, r#"{"a":"300"}"#, false),
        (r#"{"a":[{"numeric":[">",-1]}]}"#, r#"{"a":-0.5}"#, true),
        (r#"{"a":[{"numeric":["<",0]}]}"#, r#"{"a":0}"#, false),
        (r#"{"a":[{"numeric":[">=",1,"<",2]}]}"#, r#"{"a":2}"#, false),
        (r#"{"a":[{"numeric":[">=",1,"<",2]}]}"#, r#"{"a":null}"#, false),
        (r#"{"a":[{"anything-but":"x"}]}"#, r#"{}"#, false),
        (r#"{"a":[{"anything-but":"x"}]}"#, r#"{"a":null}"#, true),
        (r#"{"a":[{"anything-but":"1"}]}"#, r#"{"a":1}"#, true),
        (r#"{"a":[{"anything-but":[1,2]}]}"#, r#"{"a":"1"}"#, true),
        (r#"{"a":[{"anything-but":[1,2]}]}"#, r#"{"a":[3,2]}"#, false),
        (r#"{"a":[{"anything-but":{"prefix":"x"}}]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[{"exists":true}]}"#, r#"{"a":null}"#, true),
        (r#"{"a":[{"exists":true}]}"#, r#"{"b":1}"#, false),
        (r#"{"a":[{"exists":false}]}"#, r#"{"a":""}"#, false),
        (r#"{"a":[{"exists":false},"x"]}"#, r#"{"a":"x"}"#, true),
        (r#"{"a":[{"exists":false},"x"]}"#, r#"{"a":"y"}"#, false),
        (r#"{"a":{"b":["x"]}}"#, r#"{"a":"x"}"#, false),
        (r#"{"a":{"b":[{"exists":false}]}}"#, r#"{"a":"x"}"#, true),
        (r#"{"a":["x"]}"#, r#"{"a":{"x":"x"}}"#, false),
        (r#"{"a":["x"],"b":["y"]}"#, r#"{"a":"x"}"#, false),
        (r#"{"$or":[{"a":[1]},{"b":[null]}]}"#, r#"{"b":null}"#, true),
        (r#"{"$or":[{"a":[1]},{"b":[null]}]}"#, r#"{"a":"1"}"#, false),
        (r#"{"$or":["x"]}"#, r#"{"$or":"x"}"#, true),
    ];
    assert!(cases.len() > 40);
    for (pattern, event, expected) in cases {
        let pattern = Pattern::parse(pattern).unwrap();
        assert_eq!(pattern.matches(&serde_json::from_str(event).unwrap()), *expected, "{pattern:?} {event}");
    }
}

#[test]
fn what_is_no_pattern_is_refused() {
    let deep = format!("{}[1]{}", "{\"a\":".repeat(33), "}".repeat(33));
    let long = json!({"a": ["x".repeat(4096)]}).to_string();
    for text in [
        "",
        "[]",
        "1",
        "{}",
        "{\"a\":1}",
        "{\"a\":[]}",
        "{\"a\":{}}",
        "{\"a\":[[1]]}",
        "{\"a\":[{}]}",
        "{\"a\":[{\"prefix\":1}]}",
        "{\"a\":[{\"prefix\":\"a\",\"suffix\":\"b\"}]}",
        "{\"a\":[{\"near\":\"b\"}]}",
        "{\"a\":[{\"numeric\":[\">\"]}]}",
        "{\"a\":[{\"numeric\":[\"!\",1]}]}",
        "{\"a\":[{\"numeric\":[\"<\",1,\">\",0]}]}",
        "{\"a\":[{\"numeric\":[]}]}",
        "{\"a\":[{\"numeric\":[\">\",5,\"<\",1]}]}",
        "{\"a\":[{\"exists\":1}]}",
        "{\"a\":[{\"anything-but\":[]}]}",
        "{\"a\":[{\"anything-but\":[[1]]}]}",
        "{\"a\":[{\"anything-but\":null}]}",
        "{\"a\":[{\"anything-but\":true}]}",
        "{\"a\":[{\"anything-but\":[1,\"a\"]}]}",
        "{\"a\":[{\"anything-but\":{}}]}",
        "{\"a\":[{\"anything-but\":{\"prefix\":1}}]}",
        "{\"a\":[{\"anything-but\":{\"numeric\":[\"=\",1]}}]}",
        "{\"a\":[{\"numeric\":[\"=\",\"1\"]}]}",
        "{\"a\":[{\"numeric\":\"=1\"}]}",
        "{\"a\":[{\"numeric\":[\"=\",1,\"<\",2]}]}",
        "{\"a\":[{\"numeric\":[\">\",1,\"<\",2,\"<\",3]}]}",
        "{\"a\":[{\"exists\":\"true\"}]}",
        "{\"a\":[{\"exists\":null}]}",
        "{\"a\":[{\"suffix\":null}]}",
        "{\"a\":[{\"equals-ignore-case\":[\"a\"]}]}",
        "{\"a\":null}",
        "{\"a\":\"b\"}",
        "{\"a\":true}",
        "{\"$or\":[]}",
        "{\"$or\":{}}",
        "{\"$or\":[{\"a\":[1]},{}]}",
        "{\"$or\":[{\"a\":[1]},1]}",
        "null",
        "\"a\"",
        "{\"a\":[1],}",
        "{\"a\":[{\"wildcard\":\"a**\"}]}",
        "{\"$or\":[{\"a\":[1]}]}",
        &deep,
        &long,
    ] {
        assert!(Pattern::parse(text).is_err(), "{text}");
    }
}
