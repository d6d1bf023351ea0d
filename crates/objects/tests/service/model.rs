//! Random operations give what a map gives.

use crate::{World, bucket, get, key, pattern, put};
use bytes::Bytes;
use objects::{
    Caller, CopyObject, CopySource, EtagCondition, IncomingBody, ListObjects, ReadConditions, Wanted,
    WriteConditions,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Step {
    Put { key: usize, size: usize },
    Create { key: usize, size: usize },
    Delete { key: usize },
    Copy { from: usize, to: usize },
    Get { key: usize },
    List,
}

const KEYS: [&str; 6] = ["a", "a/", "a/b", "b", "é/ü", "z z"];
const SIZES: [usize; 4] = [0, 5, 32 * 1024, 40_000];

fn step() -> impl Strategy<Value = Step> {
    let (key, to, size) = (0..KEYS.len(), 0..KEYS.len(), prop::sample::select(SIZES.to_vec()));
    prop_oneof![
        3 => (key.clone(), size.clone()).prop_map(|(key, size)| Step::Put { key, size }),
        1 => (key.clone(), size).prop_map(|(key, size)| Step::Create { key, size }),
        2 => key.clone().prop_map(|key| Step::Delete { key }),
        1 => (key.clone(), to).prop_map(|(from, to)| Step::Copy { from, to }),
        2 => key.prop_map(|key| Step::Get { key }),
        1 => Just(Step::List),
    ]
}

#[test]
fn the_service_is_a_map() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 48, ..Config::default() });
    runner
        .run(&prop::collection::vec(step(), 1..40), |steps| {
            runtime.block_on(async {
                let world = World::new().await;
                let mut model = BTreeMap::new();
                for step in &steps {
                    take(&world, &mut model, step).await?;
                }
                let on_disk = model.values().filter(|bytes: &&Bytes| bytes.len() > 32 * 1024).count();
                prop_assert_eq!(world.files_left().await, on_disk, "no byte is left that no object has");
                Ok(())
            })
        })
        .unwrap();
}

async fn take(
    world: &World,
    model: &mut BTreeMap<&'static str, Bytes>,
    step: &Step,
) -> Result<(), TestCaseError> {
    match *step {
        Step::Put { key, size } => {
            world.put(KEYS[key], pattern(size)).await.unwrap();
            model.insert(KEYS[key], pattern(size));
        }
        Step::Create { key, size } => {
            let mut request = put(KEYS[key]);
            request.conditions.if_none_match = Some(EtagCondition::Any);
            let made = world.objects.put_object(request, IncomingBody::from_bytes(pattern(size))).await;
            prop_assert_eq!(made.is_err(), model.contains_key(KEYS[key]));
            model.entry(KEYS[key]).or_insert_with(|| pattern(size));
        }
        Step::Delete { key } => {
            world.delete(KEYS[key]).await.unwrap();
            model.remove(KEYS[key]);
        }
        Step::Copy { from, to } => {
            let request = CopyObject {
                bucket: bucket(),
                key: key(KEYS[to]),
                source: CopySource {
                    bucket: bucket(),
                    key: key(KEYS[from]),
                    conditions: ReadConditions::default(),
                },
                attributes: Some(Default::default()),
                tags: None,
                checksum_algorithm: None,
                conditions: WriteConditions::default(),
                caller: Caller::default(),
            };
            let copied = world.objects.copy_object(request).await;
            let source = model.get(KEYS[from]).cloned();
            prop_assert_eq!(copied.is_ok(), source.is_some());
            if let Some(bytes) = source {
                model.insert(KEYS[to], bytes);
            }
        }
        Step::Get { key } => {
            let found = world.get(KEYS[key]).await.ok().map(|(_, bytes)| bytes);
            prop_assert_eq!(found, model.get(KEYS[key]).cloned());
            let head = world.objects.head_object(get(KEYS[key], Wanted::Whole)).await;
            let size = head.ok().map(|found| found.info.size);
            prop_assert_eq!(size, model.get(KEYS[key]).map(|bytes| bytes.len() as u64));
        }
        Step::List => {
            let request = ListObjects {
                bucket: bucket(),
                prefix: String::new(),
                delimiter: None,
                after: None,
                max: 1000,
            };
            let page = world.objects.list_objects(request).await.unwrap();
            let listed: Vec<_> =
                page.objects.iter().map(|object| (object.key.as_str(), object.size)).collect();
            let expected: Vec<_> = model.iter().map(|(name, bytes)| (*name, bytes.len() as u64)).collect();
            prop_assert_eq!(listed, expected);
        }
    }
    Ok(())
}
