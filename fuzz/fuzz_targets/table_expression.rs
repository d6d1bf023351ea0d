//! Expressions as anybody may write them: never a panic; a filter and its negation never agree; what an update writes is an
//! item.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tables::expression::{Condition, KeyCondition, Parameters, Role, Update, parse_projection};
use tables::key::{KeyAttribute, KeyKind, KeySchema};
use tables::value::{decode_item, write_item};

const ITEM: &str = r#"{"pk":{"S":"p"},"sk":{"N":"5"},"a":{"M":{"b":{"L":[{"N":"1"},{"M":{"c":{"S":"x"}}}]}}},
    "s":{"SS":["x","y"]},"n":{"NS":["1","2"]},"b":{"B":"AAE="},"t":{"BOOL":true},"z":{"NULL":true}}"#;
const NAMES: &str = r##"{"#a":"a","#b":"b","#s":"status"}"##;
const VALUES: &str = r#"{":s":{"S":"x"},":n":{"N":"5"},":b":{"B":"AA=="},":l":{"L":[{"N":"1"}]},":m":{"M":{"c":{"S":"x"}}},
    ":ss":{"SS":["x"]},":ns":{"NS":["1"]},":t":{"BOOL":true},":T":{"S":"SS"}}"#;

fuzz_target!(|text: &str| {
    let parameters = || Parameters::from_json(Some(NAMES), Some(VALUES)).expect("placeholders");
    let item = decode_item(ITEM).expect("an item");
    if let Ok(condition) = Condition::parse(text, Role::Filter, &mut parameters()) {
        let holds = condition.holds(item.view());
        if let Ok(negated) = Condition::parse(&format!("NOT ({text})"), Role::Filter, &mut parameters()) {
            assert_ne!(negated.holds(item.view()), holds);
        }
    }
    if let Ok(update) = Update::parse(text, &mut parameters()) {
        let _ = update.touched().apply(item.view());
        if let Ok(updated) = update.apply(item.view()) {
            let mut json = Vec::new();
            write_item(updated.item.view(), &mut json);
            let again = decode_item(std::str::from_utf8(&json).expect("UTF-8")).expect("an item");
            assert_eq!(again.view().size(), updated.item.view().size());
        }
    }
    if let Ok(projection) = parse_projection(text, &mut parameters()) {
        assert!(projection.apply(item.view()).view().size() <= item.view().size());
    }
    let attribute = |name: &str, kind| KeyAttribute { name: name.to_owned(), kind };
    let schema = KeySchema { partition: attribute("pk", KeyKind::S), sort: Some(attribute("sk", KeyKind::N)) };
    let _ = KeyCondition::parse(text, &mut parameters(), &schema);
});
