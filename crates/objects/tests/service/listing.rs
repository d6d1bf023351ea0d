//! Listings against what they are defined to be.

use crate::{World, bucket};
use objects::{IncomingBody, ListObjects, ObjectPage};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;

fn request(prefix: &str, delimiter: Option<&str>, after: Option<String>, max: usize) -> ListObjects {
    ListObjects {
        bucket: bucket(),
        prefix: prefix.to_owned(),
        delimiter: delimiter.map(str::to_owned),
        after,
        max,
    }
}

/// The whole listing by definition: keys and common prefixes in one order.
fn defined(keys: &BTreeSet<String>, prefix: &str, delimiter: Option<&str>) -> Vec<(bool, String)> {
    let mut entries: Vec<(bool, String)> = Vec::new();
    for key in keys {
        let Some(rest) = key.strip_prefix(prefix) else { continue };
        let rolled = delimiter.filter(|delimiter| !delimiter.is_empty()).and_then(|delimiter| {
            rest.find(delimiter).map(|at| format!("{prefix}{}{delimiter}", &rest[..at]))
        });
        let entry = rolled.map_or_else(|| (false, key.clone()), |common| (true, common));
        if entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
    entries
}

fn entries(page: &ObjectPage) -> Vec<(bool, String)> {
    let keys = page.objects.iter().map(|object| (false, object.key.clone()));
    let common = page.common_prefixes.iter().map(|common| (true, common.clone()));
    let mut all: Vec<_> = keys.chain(common).collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

#[test]
fn pages_of_any_size_give_the_whole_listing_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let part = prop::sample::select(vec!["a", "b", "/", "//", "é", "\u{0}", "\u{10FFFF}", "0", "~", " "]);
    let name = prop::collection::vec(part.clone(), 1..6).prop_map(|parts| parts.concat());
    let names = prop::collection::btree_set(name, 0..40);
    let some = prop::collection::vec(part, 0..3).prop_map(|parts| parts.concat());
    let delimiter = prop::option::of(prop::sample::select(vec!["/", "a", "//", "", "é"]));
    let mut runner = TestRunner::new(Config { cases: 64, ..Config::default() });
    runner
        .run(&(names, some, delimiter, 1..8_usize), |(names, prefix, delimiter, max)| {
            runtime.block_on(async {
                let world = World::new().await;
                for name in &names {
                    world.put(name, "x").await.unwrap();
                }
                let mut seen = Vec::new();
                let mut after = None;
                loop {
                    let page =
                        world.objects.list_objects(request(&prefix, delimiter, after, max)).await.unwrap();
                    let entries = entries(&page);
                    prop_assert!(entries.len() <= max);
                    prop_assert!(page.next.is_none() || entries.len() == max);
                    seen.extend(entries);
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                prop_assert_eq!(seen, defined(&names, &prefix, delimiter));
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn a_common_prefix_is_skipped_and_not_scanned() {
    let world = World::new().await;
    for directory in 0..5 {
        for file in 0..250 {
            world.put(&format!("d{directory}/{file:03}"), "").await.unwrap();
        }
    }
    world.put("z", "").await.unwrap();
    let page = world.objects.list_objects(request("", Some("/"), None, 1000)).await.unwrap();
    assert_eq!(page.common_prefixes, ["d0/", "d1/", "d2/", "d3/", "d4/"]);
    assert_eq!(page.objects.len(), 1);
    let inside = world.objects.list_objects(request("d3/", Some("/"), None, 2000)).await.unwrap();
    assert_eq!(inside.objects.len(), 250);
    let all = world.objects.list_objects(request("", None, None, 2000)).await.unwrap();
    assert_eq!((all.objects.len(), all.next.as_deref()), (1000, Some("d3/249")));
    let none = world.objects.list_objects(request("", None, None, 0)).await.unwrap();
    assert_eq!(none, ObjectPage::default());
}

#[tokio::test]
async fn a_listing_begins_after_a_key_that_need_not_be_there() {
    let world = World::new().await;
    for name in ["a", "b/1", "b/2", "c"] {
        world.objects.put_object(crate::put(name), IncomingBody::from_bytes("")).await.unwrap();
    }
    let list = async |prefix: &str, delimiter, after: &str| {
        let page = world.objects.list_objects(request(prefix, delimiter, Some(after.to_owned()), 10)).await;
        entries(&page.unwrap()).into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list("", None, "aa").await, "b/1 b/2 c");
    assert_eq!(list("", None, "b/1").await, "b/2 c");
    assert_eq!(list("", Some("/"), "a").await, "b/ c");
    assert_eq!(list("", Some("/"), "b/").await, "c");
    assert_eq!(list("", Some("/"), "b/1").await, "b/ c", "a key of it lies after");
    assert_eq!(list("b/", Some("/"), "b/").await, "b/1 b/2");
    assert_eq!(list("b/", None, "zzz").await, "");
    assert_eq!(list("", None, "").await, "a b/1 b/2 c");
}
