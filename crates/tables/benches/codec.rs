//! What an item of 1 KB costs on its way in and out, beside a generic tree of the same text. Prints a table; nothing here
//! passes or fails by a figure. `cargo bench -p tables`

use std::hint::black_box;
use std::time::Duration;

use clock::Clock;
use serde_json::{Value as Json, json};
use tables::expression::{Condition, Parameters, Role, Update, parse_projection};
use tables::value::{decode_item, write_item};

const ROUNDS: usize = 20_000;

#[expect(clippy::print_stdout, reason = "a program that prints a table")]
fn main() {
    let clock = Clock::real();
    let text = item().to_string();
    let stored = decode_item(&text).expect("an item");
    let tree: Json = serde_json::from_str(&text).expect("JSON");
    let names = r##"{"#s":"status"}"##;
    let values = r#"{":one":{"N":"1"},":s":{"S":"shipped"}}"#;
    let parameters = || Parameters::from_json(Some(names), Some(values)).expect("placeholders");
    let (condition_text, update_text) =
        ("attribute_exists(pk) AND #s = :s", "SET revision = revision + :one");
    let condition =
        Condition::parse(condition_text, Role::Condition, &mut parameters()).expect("a condition");
    let update = Update::parse(update_text, &mut parameters()).expect("an update");
    let projection = parse_projection("pk, sk, address.city", &mut Parameters::default()).expect("paths");

    println!(
        "{} bytes of JSON, {} bytes by DynamoDB's rules, {} stored\n",
        text.len(),
        stored.view().size(),
        stored.as_bytes().len()
    );
    println!("{:<44}{:>10}{:>10}", "", "p50 µs", "p99 µs");
    let mut out = Vec::with_capacity(4096);
    let row = |name: &str, step: &mut dyn FnMut()| {
        let mut durations: Vec<Duration> = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let start = clock.moment();
            step();
            durations.push(clock.since(start));
        }
        durations.sort_unstable();
        let micros =
            |share: usize| durations.get(ROUNDS * share / 100).map_or(0.0, |d| d.as_nanos() as f64 / 1000.0);
        println!("{name:<44}{:>10.2}{:>10.2}", micros(50), micros(99));
    };
    row("decode: wire JSON to stored", &mut || done(decode_item(black_box(&text))));
    row("  bare: wire JSON to a tree of serde_json", &mut || {
        done(serde_json::from_str::<Json>(black_box(&text)))
    });
    row("encode: stored to wire JSON", &mut || {
        out.clear();
        write_item(black_box(stored.view()), &mut out);
    });
    row("  bare: a tree of serde_json to JSON", &mut || done(serde_json::to_vec(black_box(&tree))));
    row("find the last attribute", &mut || done(stored.view().get(black_box("zone"))));
    row("parse a condition and its placeholders", &mut || {
        done(Condition::parse(black_box(condition_text), Role::Condition, &mut parameters()));
    });
    row("evaluate it", &mut || done(condition.holds(black_box(stored.view()))));
    row("parse an update and its placeholders", &mut || {
        done(Update::parse(black_box(update_text), &mut parameters()))
    });
    row("apply it", &mut || done(update.apply(black_box(stored.view()))));
    row("project three paths", &mut || done(projection.apply(black_box(stored.view()))));
}

/// Keeps the compiler from leaving out what nobody reads.
fn done<T>(outcome: T) {
    black_box(outcome);
}

fn item() -> Json {
    json!({
        "pk": {"S": "CUSTOMER#0123456789"}, "sk": {"S": "ORDER#2026-01-01T00:00:00Z#0001"},
        "status": {"S": "shipped"}, "total": {"N": "129.95"}, "revision": {"N": "17"}, "paid": {"BOOL": true},
        "address": {"M": {"street": {"S": "Some Street 12"}, "city": {"S": "Some City"}, "zip": {"S": "01234"}}},
        "lines": {"L": [
            {"M": {"sku": {"S": "A-100"}, "count": {"N": "2"}, "price": {"N": "19.99"}}},
            {"M": {"sku": {"S": "B-200"}, "count": {"N": "1"}, "price": {"N": "89.97"}}},
        ]},
        "tags": {"SS": ["gift", "priority", "web"]}, "token": {"B": "AAECAwQFBgcICQoLDA0ODw=="},
        "note": {"S": "x".repeat(600)}, "zone": {"S": "eu"},
    })
}
