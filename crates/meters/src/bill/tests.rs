use super::*;
use crate::{PriceBooks, Series, Tally};
use names::{AccountId, FunctionName, Region};

/// 2026-11-21.
const DAY: u64 = 1_795_219_200;

fn row(function: &str, day: u64, memory_mb: u32, tally: Tally) -> UsageRow {
    let series = Series {
        account: AccountId::root(),
        region: Region::default_region(),
        function: FunctionName::parse(function).unwrap(),
        version: "$LATEST".to_owned(),
        memory_mb,
    };
    UsageRow { series, day, tally }
}

/// Three million invocations of 120 ms each, that used up to 200 MB.
fn three_million() -> Tally {
    Tally {
        invocations: 3_000_000,
        billed_ms: 3_000_000 * 120,
        billed_100ms_ms: 3_000_000 * 200,
        used_mb_ms: 3_000_000 * 120 * 256,
        ..Tally::default()
    }
}

fn costs_of(rows: &[UsageRow], with_free: bool) -> BTreeMap<String, f64> {
    let books = PriceBooks::published().unwrap().books;
    let bill = Bill::of(rows, &books, GroupBy::Function, with_free);
    bill.books.iter().map(|book| book.id.clone()).zip(bill.total.costs).collect()
}

fn check(found: &BTreeMap<String, f64>, book: &str, expected: f64) {
    let cost = found[book];
    assert!((cost - expected).abs() < 0.005, "{book}: {cost}, not {expected}");
}

#[test]
fn a_bill_computed_by_hand() {
    let costs = costs_of(&[row("thumb", DAY, 512, three_million())], false);
    // 360,000 s x 0.5 GB = 180,000 GB-s: x 0.0000166667 = 3.00; 3 x 0.20 = 0.60.
    check(&costs, "aws-lambda-x86", 3.60);
    // x 0.0000133334 = 2.40; and 0.60.
    check(&costs, "aws-lambda-arm", 3.00);
    // 360,000 s x 0.25 GB = 90,000 GB-s: x 0.000016 = 1.44; and 0.60.
    check(&costs, "azure-functions", 2.04);
    // 600,000 s x 0.5 GB x 0.0000025 = 0.75; x 0.8 GHz x 0.00001 = 4.80; 3 x 0.40 = 1.20.
    check(&costs, "google-functions-1st-gen", 6.75);
    // 360,000 s x 0.289429 CPU = 104,194.4; 180,000 GB-s x 0.15 = 27,000; 3,000,000 x 0.0075 = 22,500;
    // 153,694.4 CU x 0.00002 = 3.0739.
    check(&costs, "alibaba-fc", 3.074);
}

#[test]
fn free_amounts_are_taken_off_once_a_month() {
    let rows = [row("thumb", DAY, 512, three_million()), row("other", DAY, 512, three_million())];
    // 360,000 GB-s are free; 6 - 1 million requests x 0.20 = 1.00.
    check(&costs_of(&rows, true), "aws-lambda-x86", 1.00);
    // In two months: 2 x (3 - 1) x 0.20.
    let december = DAY + 20 * 86_400;
    let rows = [row("thumb", DAY, 512, three_million()), row("thumb", december, 512, three_million())];
    check(&costs_of(&rows, true), "aws-lambda-x86", 0.80);
}

#[test]
fn beyond_a_tier_the_rest_costs_less() {
    // 8 billion GB-s.
    let tally = Tally { billed_ms: 8_000_000_000_000, ..Tally::default() };
    // 6e9 x 0.0000166667 + 2e9 x 0.000015.
    check(&costs_of(&[row("thumb", DAY, 1024, tally)], false), "aws-lambda-x86", 100_000.2 + 30_000.0);
}

#[test]
fn lines_are_by_function_account_or_day_and_sum_up() {
    let rows = [row("a", DAY, 512, three_million()), row("b", DAY + 86_400, 512, three_million())];
    let books = PriceBooks::published().unwrap().books;
    let names = |by| {
        let bill = Bill::of(&rows, &books, by, false);
        let sum: f64 = bill.rows.iter().map(|row| row.costs[0]).sum();
        assert!((sum - bill.total.costs[0]).abs() < 1e-9);
        bill.rows.into_iter().map(|row| row.of).collect::<Vec<_>>()
    };
    assert_eq!(names(GroupBy::Function), ["000000000000 us-east-1 a", "000000000000 us-east-1 b"]);
    assert_eq!(names(GroupBy::Account), ["000000000000"]);
    assert_eq!(names(GroupBy::Day), ["2026-11-21", "2026-11-22"]);
}

#[test]
fn a_book_that_cannot_be_is_refused() {
    let book = |meter: &str| {
        format!(
            "[[book]]\nid='b'\nname='n'\ncurrency='USD'\nsource='s'\nas_of='2026'\nleft_out=''\ntime='1ms'\n\
             memory='configured'\n[[book.meter]]\nname='m'\n{meter}"
        )
    };
    assert!(PriceBooks::parse(&book("requests=1.0\ntiers=[{price=1.0}]")).is_ok());
    for wrong in [
        "tiers=[]",
        "tiers=[{to=1.0,price=1.0}]",
        "tiers=[{to=2.0,price=1.0},{to=1.0,price=1.0},{price=1.0}]",
        "tiers=[{price=-1.0}]",
        "discount=1.0\ntiers=[{price=1.0}]",
    ] {
        assert!(PriceBooks::parse(&book(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn what_nobody_compared_says_so() {
    let books = PriceBooks::published().unwrap().books;
    let unverified = |id: &str| -> Vec<(String, String)> {
        let book = books.iter().find(|book| book.id == id).unwrap();
        book.unverified().map(|(meter, which)| (meter.to_owned(), which.to_owned())).collect()
    };
    assert_eq!(unverified("aws-lambda-x86"), []);
    assert_eq!(unverified("google-functions-1st-gen").len(), 2);
    let own = "[[book]]\nid = 'own'\nname = 'Own'\ncurrency = 'EUR'\nsource = 's'\nas_of = 'd'\nleft_out = 'n'\ntime = '1ms'\nmemory = 'used'\n[[book.meter]]\nname = 'requests'\nrequests = 1.0\ntiers = [{ price = 1.0 }]\n";
    let own = PriceBooks::parse(own).unwrap().books.remove(0);
    assert_eq!(own.unverified().collect::<Vec<_>>(), [("requests", "all its figures")]);
}
