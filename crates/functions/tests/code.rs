//! The life of unpacked code: shared by content, kept while named, swept afterwards, made again if lost.

mod support;

use bytes::Bytes;
use functions::{CodeUpdate, FunctionsError, Invocation, LayerId, NewFunction, NewLayerVersion};
use names::{Key, Keyspace, Qualifier};
use support::{World, id, invocation, new_function, until, zip};

fn update(name: &str, code: Bytes) -> CodeUpdate {
    CodeUpdate {
        id: id(name),
        code: functions::NewCode::Zip(code),
        publish: false,
        dry_run: false,
        revision_id: None,
    }
}

async fn until_unpacked(world: &World, count: usize) {
    until(&format!("{count} unpacked pieces"), async || world.unpacked().len() == count).await;
}

/// Archives that are named, and archives that wait for their removal.
async fn blobs(world: &World) -> (usize, usize) {
    let count = async |keyspace| world.kv.range(Key::new(keyspace).range(), 100).await.unwrap().len();
    (count(Keyspace::BlobNamed).await, count(Keyspace::BlobForgotten).await)
}

#[tokio::test]
async fn the_same_code_is_kept_once_and_goes_with_its_last_use() {
    let world = World::new();
    world.create("one").await;
    world.create("two").await;
    assert_eq!(world.unpacked().len(), 1);
    assert_eq!(blobs(&world).await, (1, 0));
    world.functions.delete_function(id("one"), None).await.unwrap();
    assert_eq!(world.unpacked().len(), 1);
    world.functions.delete_function(id("two"), None).await.unwrap();
    until_unpacked(&world, 0).await;
    assert_eq!(blobs(&world).await, (0, 1));
}

#[tokio::test]
async fn a_published_version_keeps_its_code_when_latest_changes() {
    let world = World::new();
    world.create("thumb").await;
    world.functions.publish_version(id("thumb"), None, None, None).await.unwrap();
    world.functions.update_function_code(update("thumb", zip("two"))).await.unwrap();
    world.functions.update_function_code(update("thumb", zip("three"))).await.unwrap();
    until_unpacked(&world, 2).await;
    world.functions.delete_function(id("thumb"), None).await.unwrap();
    until_unpacked(&world, 0).await;
}

#[tokio::test]
async fn a_function_keeps_a_deleted_layer() {
    let world = World::new();
    let layer = LayerId { account: id("x").account, region: id("x").region, name: "layer".to_owned() };
    let new = NewLayerVersion {
        id: layer.clone(),
        code: zip("layer"),
        description: String::new(),
        license: String::new(),
        runtimes: Vec::new(),
        architectures: Vec::new(),
    };
    world.functions.publish_layer_version(new).await.unwrap();
    let layers = vec![layer.version_arn(1).to_string()];
    let new = NewFunction { layers, ..new_function("thumb", zip("code")) };
    world.functions.create_function(new).await.unwrap();
    world.functions.delete_layer_version(layer, 1).await.unwrap();
    world.functions.invoke(invocation("thumb")).await.unwrap();
    let spec = world.instances.seen.borrow()[0].spec.clone();
    assert!(spec.layer_dirs[0].join("index.js").is_file());
    world.functions.delete_function(id("thumb"), None).await.unwrap();
    until_unpacked(&world, 0).await;
}

#[tokio::test]
async fn refused_creations_leave_nothing() {
    let world = World::new();
    let refused = [
        NewFunction {
            layers: vec!["arn:aws:lambda:us-east-1:000000000000:layer:no:1".to_owned()],
            ..new_function("a", zip("a"))
        },
        NewFunction { memory_mb: 1, ..new_function("b", zip("b")) },
        NewFunction { runtime: "python3.9".to_owned(), ..new_function("c", zip("c")) },
        NewFunction { role: "nobody".to_owned(), ..new_function("d", zip("d")) },
        new_function("e", Bytes::from_static(b"no archive")),
    ];
    for new in refused {
        let name = new.id.name.clone();
        let answer = world.functions.create_function(new).await;
        assert!(matches!(answer, Err(FunctionsError::Invalid(_))), "{name}: {answer:?}");
    }
    until_unpacked(&world, 0).await;
    assert_eq!(blobs(&world).await, (0, 0));
}

#[tokio::test]
async fn lost_and_left_over_directories_are_put_right() {
    let world = World::new();
    world.create("thumb").await;
    let code = world.directory.path().join("code");
    let unpacked = world.unpacked().remove(0);
    std::fs::remove_dir_all(code.join(&unpacked)).unwrap();
    for left_over in ["deadbeef", ".new-unfinished"] {
        std::fs::create_dir(code.join(left_over)).unwrap();
    }
    let world = world.restarted();
    world.functions.sweep().await.unwrap();
    assert!(world.unpacked().is_empty());
    world.functions.invoke(invocation("thumb")).await.unwrap();
    let spec = world.instances.seen.borrow()[0].spec.clone();
    assert_eq!(spec.code_dir, code.join(unpacked));
    assert_eq!(std::fs::read_to_string(spec.code_dir.join("index.js")).unwrap(), "exports.handler");
}

#[tokio::test]
async fn many_at_once_with_the_same_code_agree() {
    let world = World::new();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..16 {
        let functions = world.functions.clone();
        tasks.spawn(async move {
            let name = format!("f{number}");
            functions.create_function(new_function(&name, zip("same"))).await.unwrap();
            if number % 2 == 0 {
                functions.delete_function(id(&name), None).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(world.unpacked().len(), 1);
    for number in (1..16).step_by(2) {
        world.functions.invoke(invocation(&format!("f{number}"))).await.unwrap();
        world.functions.delete_function(id(&format!("f{number}")), None).await.unwrap();
    }
    until_unpacked(&world, 0).await;
    assert_eq!(blobs(&world).await.0, 0);
}

#[tokio::test]
async fn copies_of_an_earlier_boot_are_not_trusted() {
    let world = World::new();
    world.create("thumb").await;
    let code = world.directory.path().join("code");
    let copy = code.join(world.unpacked().remove(0)).join("index.js");
    // As a power cut may leave it.
    std::fs::write(&copy, "").unwrap();
    std::fs::write(code.join(".boot"), "another").unwrap();
    let world = world.restarted();
    world.functions.invoke(invocation("thumb")).await.unwrap();
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "exports.handler");
    world.functions.sweep().await.unwrap();
    assert_eq!(world.unpacked().len(), 1);
}

#[tokio::test]
async fn an_invocation_sees_what_was_acknowledged_before_it() {
    let world = World::new();
    world.create("thumb").await;
    let qualified = |qualifier| Invocation { qualifier: Some(qualifier), ..invocation("thumb") };
    for round in 1..=3 {
        let code = zip(&format!("code {round}"));
        world.functions.update_function_code(update("thumb", code)).await.unwrap();
        world.functions.publish_version(id("thumb"), None, None, None).await.unwrap();
        let number = Qualifier::Version(round as u64);
        for each in
            [invocation("thumb"), qualified(number), qualified(Qualifier::Latest), invocation("thumb")]
        {
            world.functions.invoke(each).await.unwrap();
        }
        let seen = world.instances.wait_for(round * 4).await;
        let latest: Vec<_> = seen.iter().rev().take(4).map(|seen| seen.spec.code_dir.clone()).collect();
        assert!(latest.iter().all(|directory| *directory == latest[0]), "{latest:?}");
        assert!(round == 1 || seen[round * 4 - 5].spec.code_dir != latest[0]);
        assert_eq!(seen[round * 4 - 3].spec.version, round.to_string());
    }
    world.functions.delete_function(id("thumb"), None).await.unwrap();
    for gone in [invocation("thumb"), qualified(Qualifier::Version(1))] {
        assert!(matches!(world.functions.invoke(gone).await, Err(FunctionsError::NotFound(_))));
    }
}
