use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::Refusal;

fn item(json: Json) -> Item {
    decode_item(&json.to_string()).unwrap_or_else(|refusal| panic!("{json}: {refusal}"))
}

fn shown(item: &Item) -> Json {
    let mut out = Vec::new();
    write_item(item.view(), &mut out);
    serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out)))
}

fn refusal(json: &str) -> Refusal {
    decode_item(json).expect_err(json)
}

#[test]
fn every_type_comes_back_as_it_went_in() {
    let all = json!({
        "s": {"S": "text \"quoted\" \\ \n\t\u{1} ü 𝄞"},
        "empty": {"S": ""},
        "n": {"N": "-12.5"},
        "b": {"B": "AAEC/w=="},
        "nothing": {"B": ""},
        "yes": {"BOOL": true},
        "no": {"BOOL": false},
        "null": {"NULL": true},
        "l": {"L": [{"S": "a"}, {"L": []}, {"M": {}}, {"N": "0"}]},
        "m": {"M": {"x": {"N": "1"}, "y": {"M": {"z": {"BOOL": false}}}}},
        "ss": {"SS": ["", "a", "b"]},
        "ns": {"NS": ["-5", "0", "2", "10"]},
        "bs": {"BS": ["AA==", "AAA=", "/w=="]},
    });
    let stored = item(all.clone());
    assert_eq!(shown(&stored), all);
    let names: Vec<&str> = stored.view().attributes().map(|(name, _)| name).collect();
    assert_eq!(names.len(), stored.view().len() as usize);
    assert_eq!(ItemRef::from_stored(stored.as_bytes()).map(|view| view.size()), Ok(stored.view().size()));
}

#[test]
fn attributes_keep_their_order() {
    let stored = decode_item(r#"{"z":{"N":"1"}, "a":{"M":{"y":{"S":""},"b":{"S":""}}}}"#).unwrap();
    let mut out = Vec::new();
    write_item(stored.view(), &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), r#"{"z":{"N":"1"},"a":{"M":{"y":{"S":""},"b":{"S":""}}}}"#);
}

#[test]
fn sizes_are_those_that_are_documented() {
    let cases = [
        // The documentation's example: "shirt-color" with "R", "shirt-size" with "M".
        (json!({"shirt-color": {"S": "R"}, "shirt-size": {"S": "M"}}), 23),
        (json!({"a": {"S": "ü"}}), 3),
        (json!({"a": {"N": "0"}}), 2),
        (json!({"a": {"N": "1"}}), 3),
        (json!({"a": {"N": "-1"}}), 4),
        (json!({"a": {"N": "1000"}}), 3),
        (json!({"a": {"N": "123"}}), 4),
        (json!({"a": {"B": "AAEC"}}), 4),
        (json!({"a": {"BOOL": true}}), 2),
        (json!({"a": {"NULL": true}}), 2),
        (json!({"a": {"L": []}}), 4),
        (json!({"a": {"M": {}}}), 4),
        (json!({"a": {"L": [{"S": "xy"}, {"BOOL": true}]}}), 1 + 3 + (1 + 2) + (1 + 1)),
        (json!({"a": {"M": {"key": {"S": "xy"}}}}), 1 + 3 + (1 + 3 + 2)),
        (json!({"a": {"SS": ["x", "yz"]}}), 4),
        (json!({"a": {"NS": ["1", "2"]}}), 5),
    ];
    for (json, size) in cases {
        let stored = item(json.clone());
        assert_eq!(stored.view().size(), size, "{json}");
        let walked: u32 =
            stored.view().attributes().map(|(name, value)| name.len() as u32 + value.size()).sum();
        assert_eq!(walked, size, "{json}");
    }
}

#[test]
fn an_item_of_400_kb_is_kept_and_one_byte_more_refused() {
    let sized = |bytes: usize| json!({"a": {"S": "x".repeat(bytes - 1)}}).to_string();
    assert_eq!(decode_item(&sized(409_600)).unwrap().view().size(), 409_600);
    assert_eq!(refusal(&sized(409_601)).message(), "Item size has exceeded the maximum allowed size");
}

#[test]
fn nesting_ends_at_31_lists_and_maps() {
    let nested = |levels: usize| {
        let inner = (0..levels).fold(json!({"N": "1"}), |inner, level| match level % 2 {
            0 => json!({"L": [inner]}),
            _ => json!({"M": {"a": inner}}),
        });
        json!({"a": inner}).to_string()
    };
    let stored = decode_item(&nested(31)).unwrap();
    assert_eq!(stored.view().get("a").unwrap().nesting(), 31);
    assert!(refusal(&nested(32)).message().starts_with("Nesting Levels have exceeded supported limits"));
    // Deep enough to end a thread's stack if depth were not bounded.
    let bomb = "{\"L\":[".repeat(200_000);
    assert!(matches!(refusal(&format!("{{\"a\":{bomb}")), Refusal::Validation(_)));
    assert!(matches!(refusal(&format!("{{\"a\":{{\"X\":{}", "[".repeat(500_000))), Refusal::Validation(_)));
}

#[test]
fn refusals_are_worded_as_clients_know_them() {
    let invalid = "One or more parameter values were invalid: ";
    let empty = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
    let two = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";
    let cases = [
        (r#"{}"#, empty.to_owned()),
        (r#"{"S":null}"#, empty.to_owned()),
        (r#"{"X":"a"}"#, empty.to_owned()),
        (r#"{"S":"a","N":"1"}"#, two.to_owned()),
        (r#"{"S":"a","S":"b"}"#, two.to_owned()),
        (r#"{"NULL":false}"#, format!("{invalid}Null attribute value types must have the value of true")),
        (r#"{"SS":[]}"#, format!("{invalid}An string set  may not be empty")),
        (r#"{"NS":[]}"#, format!("{invalid}An number set  may not be empty")),
        (r#"{"BS":[]}"#, format!("{invalid}Binary sets should not be empty")),
        (r#"{"SS":["b","a","b"]}"#, format!("{invalid}Input collection [b, a, b] contains duplicates.")),
        (
            r#"{"BS":["AA==","AA=="]}"#,
            format!("{invalid}Input collection [AA==, AA==]of type BS contains duplicates."),
        ),
        (r#"{"NS":["1","1.0"]}"#, "Input collection contains duplicates".to_owned()),
        (r#"{"N":""}"#, "The parameter cannot be converted to a numeric value".to_owned()),
        (r#"{"N":"one"}"#, "The parameter cannot be converted to a numeric value: one".to_owned()),
        (
            r#"{"N":"1e126"}"#,
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
                .to_owned(),
        ),
        (
            r#"{"N":"1e-131"}"#,
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
                .to_owned(),
        ),
        (
            r#"{"N":"123456789012345678901234567890123456789"}"#,
            "Attempting to store more than 38 significant digits in a Number".to_owned(),
        ),
    ];
    for (value, text) in cases {
        assert_eq!(decode_value(value), Err(Refusal::Validation(text)), "{value}");
    }
}

#[test]
fn what_is_not_the_json_of_a_value_is_another_error() {
    let cases = [
        r#"{"S":5}"#,
        r#"{"S":{"S":"a"}}"#,
        r#"{"N":1}"#,
        r#"{"BOOL":"true"}"#,
        r#"{"L":{}}"#,
        r#"{"M":[]}"#,
        r#"{"SS":"a"}"#,
        r#"{"B":"="}"#,
        r#"{"B":"AAA"}"#,
        r#"[]"#,
        r#""#,
        r#"{"S":"a"} x"#,
        r#"{"S":"a",}"#,
        r#"{"S":"a" "N":"1"}"#,
        r#"{"S":"\ud800"}"#,
        r#"{"S":"\ud800\u0041"}"#,
        r#"{"S":"\x"}"#,
        r#"{"S":"\u12"}"#,
        "{\"S\":\"a\nb\"}",
        r#"{"S":"a"#,
        r#"{S:"a"}"#,
        r#"{"M":{"a":{"S":""},"a":{"S":""}}}"#,
    ];
    for value in cases {
        assert!(
            matches!(decode_value(value), Err(Refusal::Serialization(_))),
            "{value}: {:?}",
            decode_value(value)
        );
    }
}

#[test]
fn names_are_bounded_and_there_once() {
    assert!(refusal(r#"{"":{"S":"a"}}"#).message().contains("may not be empty"));
    assert!(refusal(&json!({"n".repeat(65_536): {"S": ""}}).to_string()).message().contains("too large"));
    assert_eq!(item(json!({"n".repeat(65_535): {"S": ""}})).view().size(), 65_535);
    assert_eq!(refusal(r#"{"a":{"S":""},"b":{"S":""},"a":{"S":""}}"#).message(), "Duplicate key: a");
    // The same name in two maps is no duplicate.
    assert!(decode_item(r#"{"a":{"M":{"a":{"M":{"a":{"S":""}}}}},"b":{"M":{"a":{"S":""}}}}"#).is_ok());
}

#[test]
fn escapes_are_read() {
    let value = decode_value(r#"{"\u0053":"\"\\\/\b\f\n\r\tA\u00fc\ud834\udd1e"}"#).unwrap();
    assert_eq!(value.view().as_str(), Some("\"\\/\u{8}\u{c}\n\r\tA\u{fc}\u{1d11e}"));
}

#[test]
fn equality_knows_no_order_of_sets_and_maps() {
    let cases = [
        (json!({"SS": ["a", "b"]}), json!({"SS": ["b", "a"]}), true),
        (json!({"NS": ["1", "20"]}), json!({"NS": ["2e1", "1.0"]}), true),
        (json!({"N": "1.0"}), json!({"N": "1"}), true),
        (json!({"N": "1"}), json!({"S": "1"}), false),
        (json!({"L": [{"N": "1"}, {"N": "2"}]}), json!({"L": [{"N": "2"}, {"N": "1"}]}), false),
        (json!({"SS": ["a"]}), json!({"SS": ["a", "b"]}), false),
        (json!({"BOOL": true}), json!({"BOOL": false}), false),
    ];
    for (left, right, expected) in cases {
        let read = |json: &Json| decode_value(&json.to_string()).unwrap();
        assert_eq!(equal(read(&left).view(), read(&right).view()), expected, "{left} = {right}");
    }
    let (left, right) =
        (r#"{"M":{"a":{"N":"1"},"b":{"SS":["x","y"]}}}"#, r#"{"M":{"b":{"SS":["y","x"]},"a":{"N":"1"}}}"#);
    assert!(equal(decode_value(left).unwrap().view(), decode_value(right).unwrap().view()));
}

fn path(attribute: &str, steps: &[&str]) -> Path {
    let step = |text: &&str| text.parse().map_or_else(|_| Step::Name((*text).into()), Step::Index);
    Path::new(attribute, steps.iter().map(step).collect())
}

#[test]
fn paths_lead_into_documents() {
    let stored = item(json!({
        "a": {"M": {"b": {"L": [{"S": "zero"}, {"M": {"c": {"N": "7"}}}]}}},
        "s": {"S": "x"},
    }));
    let text = |path: Path| {
        path.find(stored.view()).map(|value| {
            let mut out = Vec::new();
            write_value(value, &mut out);
            String::from_utf8(out).unwrap()
        })
    };
    assert_eq!(text(path("a", &["b", "0"])).as_deref(), Some(r#"{"S":"zero"}"#));
    assert_eq!(text(path("a", &["b", "1", "c"])).as_deref(), Some(r#"{"N":"7"}"#));
    for missing in
        [path("x", &[]), path("a", &["x"]), path("a", &["0"]), path("a", &["b", "2"]), path("s", &["x"])]
    {
        assert_eq!(text(missing.clone()), None, "{missing}");
    }
}

#[test]
fn projections_keep_what_is_asked_for() {
    let stored = item(json!({
        "a": {"M": {"b": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]}, "c": {"N": "1"}}},
        "d": {"S": "d"},
        "e": {"L": [{"M": {"x": {"N": "1"}, "y": {"N": "2"}}}]},
    }));
    let cases = [
        (vec![path("d", &[])], json!({"d": {"S": "d"}})),
        (
            vec![path("a", &["b", "2"]), path("a", &["b", "0"])],
            json!({"a": {"M": {"b": {"L": [{"S": "0"}, {"S": "2"}]}}}}),
        ),
        (vec![path("a", &["c"]), path("x", &[])], json!({"a": {"M": {"c": {"N": "1"}}}})),
        (vec![path("e", &["0", "y"])], json!({"e": {"L": [{"M": {"y": {"N": "2"}}}]}})),
        (vec![path("a", &["b", "9"]), path("d", &["x"])], json!({})),
        (
            vec![path("a", &["c"]), path("a", &[])],
            json!({"a": {"M": {"b": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]}, "c": {"N": "1"}}}}),
        ),
    ];
    for (paths, expected) in cases {
        let projected = Projection::of(&paths).apply(stored.view());
        assert_eq!(shown(&projected), expected, "{paths:?}");
        let size: u32 =
            projected.view().attributes().map(|(name, value)| name.len() as u32 + value.size()).sum();
        assert_eq!(projected.view().size(), size);
    }
}

/// Any attribute value, as JSON in the form that comes back.
pub(crate) fn any_value() -> impl Strategy<Value = Json> {
    let number = || prop_oneof![any::<i32>().prop_map(|n| n.to_string()), Just("0.125".to_owned())];
    let leaf = prop_oneof![
        ".{0,12}".prop_map(|text| json!({"S": text})),
        number().prop_map(|n| json!({"N": n})),
        any::<bool>().prop_map(|b| json!({"BOOL": b})),
        Just(json!({"NULL": true})),
        Just(json!({"B": "AAEC"})),
        prop::collection::btree_set("[a-d]{0,2}", 1..4).prop_map(|set| json!({"SS": set})),
        prop::collection::btree_set(-50i32..50, 1..4)
            .prop_map(|set| json!({"NS": set.iter().map(i32::to_string).collect::<Vec<_>>()})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| json!({"L": list})),
            prop::collection::btree_map("[a-d]{1,2}", inner, 0..4).prop_map(|map| json!({"M": map})),
        ]
    })
}

/// Any item with attributes called `a` to `d`.
pub(crate) fn any_item() -> impl Strategy<Value = Json> {
    prop::collection::btree_map("[a-d]", any_value(), 0..5).prop_map(|map| json!(map))
}

proptest! {
    #[test]
    fn items_come_back(json in any_item()) {
        let stored = item(json.clone());
        prop_assert_eq!(shown(&stored), json);
        let walked: u32 = stored.view().attributes().map(|(name, value)| name.len() as u32 + value.size()).sum();
        prop_assert_eq!(stored.view().size(), walked);
    }

    #[test]
    fn a_value_equals_itself_and_its_reading(json in any_value(), other in any_value()) {
        let (value, other_value) = (decode_value(&json.to_string()).unwrap(), decode_value(&other.to_string()).unwrap());
        prop_assert!(equal(value.view(), value.view()));
        prop_assert_eq!(equal(value.view(), other_value.view()), json == other);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}\":,SNBLM0-9a\\\\u ]{0,60}") {
        if let Ok(stored) = decode_item(&text) {
            prop_assert!(decode_item(&shown(&stored).to_string()).is_ok());
        }
    }

    #[test]
    fn broken_bytes_never_panic(json in any_item(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = item(json).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(at);
        }
        if let Ok(view) = ItemRef::from_stored(&bytes) {
            let mut out = Vec::new();
            write_item(view, &mut out);
            for (_, value) in view.attributes() {
                value.size();
                value.nesting();
                equal(value, value);
            }
        }
    }
}
