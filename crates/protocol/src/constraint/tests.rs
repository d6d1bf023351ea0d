use serde_json::json;

use super::*;
use crate::model::Member;

static NAME: Shape = Shape::string("Name").min(1.0).max(5.0).translated_pattern(
    r"(?!^\d+$)[a-z0-9]+",
    r"[a-z0-9]*",
    Some(r"\d+"),
);
static COLOUR: Shape = Shape::string("Colour").values(&["red", "green"]);
static SECRET: Shape = Shape::string("Secret").max(3.0).sensitive();
static COUNT: Shape = Shape::integer("Count").min(1.0).max(10.0);
static NAMES: Shape = Shape::list("Names", &NAME).max(2.0);
static TAGS: Shape = Shape::map("Tags", &NAME, &SECRET);
static INPUT: Shape = Shape::structure(
    "Input",
    &[
        Member::new("FunctionName", &NAME).required(),
        Member::new("Colour", &COLOUR),
        Member::new("Secret", &SECRET),
        Member::new("Count", &COUNT),
        Member::new("Names", &NAMES),
        Member::new("Tags", &TAGS),
    ],
);

fn check_message(value: Value, expected: &str) {
    let violations = check(&INPUT, &value);
    let message = if violations.is_empty() { String::new() } else { Violation::message(&violations) };
    assert_eq!(message, expected, "{value}");
}

static WORD: Shape = Shape::string("Word").pattern(r"[\w+=,.@-]+");

#[test]
fn classes_of_patterns_mean_ascii() {
    assert!(check(&WORD, &json!("Az_09+=,.@-")).is_empty());
    for text in ["größe", "٣", "a b", "[", "]"] {
        assert_eq!(check(&WORD, &json!(text)).len(), 1, "{text}");
    }
}

#[test]
fn violations_are_worded_as_the_services_word_them() {
    check_message(json!({"FunctionName": "a1", "Count": 10, "Colour": "red", "Names": ["a", "b"]}), "");
    check_message(
        json!({}),
        "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: Member must \
         not be null",
    );
    check_message(
        json!({"FunctionName": "a1", "Colour": "blue"}),
        "1 validation error detected: Value 'blue' at 'colour' failed to satisfy constraint: Member must \
         satisfy enum value set: [red, green]",
    );
    check_message(
        json!({"FunctionName": "12", "Count": 11}),
        "2 validation errors detected: Value '12' at 'functionName' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: (?!^\\d+$)[a-z0-9]+; Value '11' at 'count' failed to satisfy \
         constraint: Member must have value less than or equal to 10",
    );
    check_message(
        json!({"FunctionName": "a", "Names": ["a", "", "c"]}),
        "2 validation errors detected: Value '[a, , c]' at 'names' failed to satisfy constraint: Member must \
         have length less than or equal to 2; Value '' at 'names.2.member' failed to satisfy constraint: \
         Member must have length greater than or equal to 1",
    );
}

#[test]
fn sensitive_values_are_not_repeated() {
    check_message(
        json!({"FunctionName": "a", "Secret": "hunter2", "Tags": {"k": "hunter2"}}),
        "2 validation errors detected: Value at 'secret' failed to satisfy constraint: Member must have length \
         less than or equal to 3; Value at 'tags.k.member' failed to satisfy constraint: Member must have \
         length less than or equal to 3",
    );
}

#[test]
fn length_is_counted_in_characters() {
    static TEXT: Shape = Shape::string("Text").max(2.0);
    assert!(check(&TEXT, &json!("éé")).is_empty());
    assert_eq!(check(&TEXT, &json!("eee")).len(), 1);
}

#[test]
fn the_number_of_violations_is_bounded() {
    let names: Vec<String> = (0..1000).map(|_| "UPPER".to_owned()).collect();
    assert_eq!(check(&INPUT, &json!({"FunctionName": "a", "Names": names})).len(), VIOLATIONS_MAX);
}
