use super::*;
use crate::key::{KeyAttribute, KeyKind, KeySchema};
use crate::value::{Item, decode_item, write_item};
use serde_json::{Value as Json, json};

fn schema() -> KeySchema {
    let attribute = |name: &str, kind| KeyAttribute { name: name.to_owned(), kind };
    KeySchema { partition: attribute("pk", KeyKind::S), sort: Some(attribute("sk", KeyKind::N)) }
}

fn item(json: &Json) -> Item {
    decode_item(&json.to_string()).unwrap()
}

fn shown(item: &Item) -> Json {
    let mut text = Vec::new();
    write_item(item.view(), &mut text);
    serde_json::from_slice(&text).unwrap()
}

fn parse(text: &str, parameters: &[&str]) -> Statement {
    Statement::parse(text, parameters).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
}

fn select(text: &str) -> Select {
    match parse(text, &[]) {
        Statement::Select(select) => select,
        other => panic!("{other:?}"),
    }
}

#[test]
fn literals_are_what_they_say() {
    let text = r#"INSERT INTO "Music" VALUE {'pk': 'it''s "x"', 'sk': -1.50e1, 't': true, 'f': FALSE, 'z': null,
        'l': [1, 'a', [], {}], 'm': {'a': {'b': ?}}, 'ss': <<'b', 'a'>>, 'ns': <<1, 2.0>>, 'bs': <<?>>}"#;
    let Statement::Insert { table, item } = parse(text, &[r#"{"B":"AAE="}"#, r#"{"B":"AA=="}"#]) else {
        panic!("no INSERT")
    };
    assert_eq!(table, "Music");
    assert_eq!(
        shown(&item),
        json!({"pk": {"S": "it's \"x\""}, "sk": {"N": "-15"}, "t": {"BOOL": true}, "f": {"BOOL": false},
            "z": {"NULL": true}, "l": {"L": [{"N": "1"}, {"S": "a"}, {"L": []}, {"M": {}}]},
            "m": {"M": {"a": {"M": {"b": {"B": "AAE="}}}}}, "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2"]},
            "bs": {"BS": ["AA=="]}})
    );
}

#[test]
fn a_condition_on_the_partition_key_needs_no_scan() {
    let cases = [
        ("", 0, false),
        ("WHERE a = 1", 0, false),
        ("WHERE pk = 'p'", 1, false),
        ("WHERE 'p' = pk AND sk > 1", 1, false),
        ("WHERE pk = 'p' AND sk BETWEEN 1 AND 2 AND a = 1", 1, true),
        ("WHERE pk = 'p' AND (sk > 1 AND sk < 5)", 1, true),
        ("WHERE pk IN ['p', 'q', 'p']", 2, false),
        ("WHERE pk IN ('p', 'q') AND begins_with(a, 'x')", 2, true),
        ("WHERE pk = 'p' OR pk = 'q'", 0, false),
        ("WHERE NOT pk = 'p'", 0, false),
        ("WHERE pk = 'p' AND sk = 'text'", 1, true),
    ];
    for (condition, partitions, filters) in cases {
        let plan = select(&format!("SELECT * FROM t {condition}")).plan(&schema()).unwrap();
        match plan.reach {
            Reach::Everything => {
                assert_eq!(partitions, 0, "{condition}");
                assert_eq!(plan.filter.is_some(), !condition.is_empty(), "{condition}");
            }
            Reach::Partitions(found) => {
                assert_eq!((found.len(), plan.filter.is_some()), (partitions, filters), "{condition}");
            }
        }
    }
}

#[test]
fn conditions_hold_as_they_are_written() {
    let item =
        item(&json!({"pk": {"S": "p"}, "n": {"N": "5"}, "s": {"S": "hello"}, "l": {"L": [{"N": "1"}]},
        "m": {"M": {"in": {"S": "x"}}}, "z": {"NULL": true}, "order": {"SS": ["a"]}}));
    let cases = [
        ("n = 5 AND s = 'hello'", true),
        ("n <> 5 OR s != 'hello'", false),
        ("NOT n > 5", true),
        ("n IN [4, 5]", true),
        ("n NOT IN (4, 5)", false),
        ("n BETWEEN 1 AND 5 AND NOT (n < 5)", true),
        ("x IS MISSING AND n IS NOT MISSING", true),
        ("z IS NULL AND n IS NOT NULL", true),
        ("begins_with(s, 'he') AND contains(s, 'll')", true),
        ("CONTAINS(\"order\", 'a')", true),
        ("attribute_type(s, 'S') and size(s) = 5", true),
        ("m.\"in\" = 'x' AND l[0] = 1 AND m['in'] = 'x'", true),
        ("n = 5 OR n = 6 AND n = 7", true),
        ("(n = 5 OR n = 6) AND n = 7", false),
    ];
    for (condition, holds) in cases {
        let plan = select(&format!("SELECT * FROM t WHERE {condition}")).plan(&schema()).unwrap();
        assert_eq!(plan.filter.unwrap().holds(item.view()), holds, "{condition}");
    }
}

#[test]
fn changes_name_one_item() {
    let text = r#"UPDATE t SET a = 1, b.c = b.c + ? SET l = list_append(l, [2]) REMOVE d
        SET s = set_add(s, <<'y'>>) WHERE sk = 1 AND pk = 'p' AND a = 0 RETURNING ALL NEW *"#;
    let Statement::Update(change) = parse(text, &[r#"{"N":"2"}"#]) else { panic!("no UPDATE") };
    let lookup = change.of_present(&schema()).unwrap();
    assert_eq!(shown(&lookup.key), json!({"pk": {"S": "p"}, "sk": {"N": "1"}}));
    assert_eq!(change.returning, Some(Returning::AllNew));
    let old =
        item(&json!({"pk": {"S": "p"}, "sk": {"N": "1"}, "a": {"N": "0"}, "b": {"M": {"c": {"N": "1"}}},
        "l": {"L": [{"N": "1"}]}, "d": {"S": "x"}, "s": {"SS": ["x"]}}));
    assert!(lookup.condition.as_ref().unwrap().holds(old.view()));
    assert!(!lookup.condition.unwrap().holds(crate::value::ItemRef::EMPTY));
    assert_eq!(
        shown(&change.update.apply(old.view()).unwrap().item),
        json!({"pk": {"S": "p"}, "sk": {"N": "1"}, "a": {"N": "1"}, "b": {"M": {"c": {"N": "3"}}},
            "l": {"L": [{"N": "1"}, {"N": "2"}]}, "s": {"SS": ["x", "y"]}})
    );
    let Statement::Delete(change) =
        parse("DELETE FROM t WHERE pk='p' AND sk=1 AND a=1 RETURNING ALL OLD *", &[])
    else {
        panic!("no DELETE")
    };
    let condition = change.of_any(&schema()).unwrap().condition.unwrap();
    assert!(condition.holds(crate::value::ItemRef::EMPTY) && !condition.holds(old.view()));
}

#[test]
fn what_is_picked_has_its_last_name() {
    let select = select("SELECT pk, m.a, l[1] FROM \"t\".\"index\" WHERE pk = 'p' ORDER BY sk DESC");
    assert_eq!(select.index.as_deref(), Some("index"));
    assert!(select.plan(&schema()).unwrap().backwards);
    let item = item(
        &json!({"pk": {"S": "p"}, "m": {"M": {"a": {"N": "1"}, "b": {"N": "2"}}}, "l": {"L": [{"N": "1"}, {"N": "2"}]}}),
    );
    assert_eq!(shown(&select.pick(item.view())), json!({"pk": {"S": "p"}, "a": {"N": "1"}, "l": {"N": "2"}}));
}

#[test]
fn what_is_no_statement_is_refused() {
    let deep = format!("SELECT * FROM t WHERE {}a = 1{}", "(".repeat(100), ")".repeat(100));
    let long = format!("SELECT * FROM t WHERE a = '{}'", "x".repeat(STATEMENT_CHARS_MAX));
    let cases = [
        ("", "Unexpected end"),
        ("DROP TABLE t", "Unexpected term: DROP"),
        ("SELECT * FROM", "Unexpected end"),
        ("SELECT * FROM t WHERE", "Unexpected end"),
        ("SELECT * FROM t WHERE a = 'x", "quoted text"),
        ("SELECT * FROM t WHERE a = ?", "Number of parameters"),
        ("SELECT a, a FROM t", "selected twice"),
        ("SELECT COUNT(*) FROM t", "Unexpected term: ("),
        ("SELECT * FROM t WHERE from = 1", "Unexpected keyword: from"),
        ("SELECT * FROM t GROUP BY a", "Unexpected keyword: GROUP"),
        ("INSERT INTO t VALUE 'x'", "must be a tuple"),
        ("INSERT INTO t VALUE {'a': <<1, 'x'>>}", "one type"),
        ("INSERT INTO t VALUE {'a': <<>>}", "must not be empty"),
        ("INSERT INTO t VALUE {'a': 1, 'a': 2}", "Duplicate key"),
        ("UPDATE t SET a = 1", "mandatory equality"),
        ("UPDATE t SET a = 1, a = 2 WHERE pk = 'p'", "overlap"),
        ("UPDATE t SET a = if_not_exists(a, 1) WHERE pk = 'p'", "Unexpected function"),
        ("DELETE FROM t WHERE pk = 'p' RETURNING ALL NEW *", "ALL OLD"),
        (deep.as_str(), "Too many levels"),
        (long.as_str(), "less than or equal to 8192"),
    ];
    for (text, naming) in cases {
        let refusal = Statement::parse(text, &[]).unwrap_err();
        assert!(refusal.message().contains(naming), "{text}: {refusal}");
    }
    let refused = |text: &str, naming: &str| {
        let refusal = select(text).plan(&schema()).unwrap_err();
        assert!(refusal.message().contains(naming), "{text}: {refusal}");
    };
    refused("SELECT * FROM t ORDER BY sk", "WHERE clause");
    refused("SELECT * FROM t WHERE a = 1 ORDER BY sk", "hash key condition");
    refused("SELECT * FROM t WHERE pk = 'p' ORDER BY a", "must be part of the primary key");
    refused("SELECT * FROM t WHERE pk IN ['p', 'q'] ORDER BY sk", "partition key first");
    refused("SELECT * FROM t WHERE pk = 1", "does not match schema type");
    let Statement::Update(change) = parse("UPDATE t SET a = 1 WHERE pk = 'p'", &[]) else {
        panic!("no UPDATE")
    };
    assert!(change.of_present(&schema()).unwrap_err().message().contains("mandatory equality"));
}
