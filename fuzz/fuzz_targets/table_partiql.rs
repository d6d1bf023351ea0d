//! Statements as anybody may write them: never a panic; what is put or updated is an item.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tables::key::{KeyAttribute, KeyKind, KeySchema};
use tables::partiql::Statement;
use tables::value::{Item, decode_item, write_item};

const ITEM: &str = r#"{"pk":{"S":"p"},"sk":{"N":"5"},"a":{"M":{"b":{"L":[{"N":"1"},{"M":{"c":{"S":"x"}}}]}}},
    "s":{"SS":["x","y"]},"n":{"NS":["1","2"]},"b":{"B":"AAE="},"t":{"BOOL":true},"z":{"NULL":true}}"#;

fn is_item(item: &Item) {
    let mut json = Vec::new();
    write_item(item.view(), &mut json);
    let again = decode_item(std::str::from_utf8(&json).expect("UTF-8")).expect("an item");
    assert_eq!(again.view().size(), item.view().size());
}

fuzz_target!(|text: &str| {
    let parameters = [r#"{"S":"p"}"#, r#"{"N":"5"}"#];
    let marks = text.matches('?').count().min(parameters.len());
    let Ok(statement) = Statement::parse(text, parameters.get(..marks).unwrap_or_default()) else { return };
    let attribute = |name: &str, kind| KeyAttribute { name: name.to_owned(), kind };
    let schema = KeySchema { partition: attribute("pk", KeyKind::S), sort: Some(attribute("sk", KeyKind::N)) };
    let item = decode_item(ITEM).expect("an item");
    match statement {
        Statement::Insert { item, .. } => is_item(&item),
        Statement::Select(select) | Statement::Exists(select) => {
            if let Ok(plan) = select.plan(&schema) {
                let _ = plan.filter.is_some_and(|filter| filter.holds(item.view()));
            }
            let _ = (select.lookup(&schema), select.existing(&schema));
            is_item(&select.pick(item.view()));
        }
        Statement::Update(change) | Statement::Delete(change) => {
            let _ = (change.of_present(&schema), change.of_any(&schema), change.names());
            if let Ok(updated) = change.update.apply(item.view()) {
                is_item(&updated.item);
            }
        }
    }
});
