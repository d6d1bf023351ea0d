use crate::fixture::{World, input, machine};
use wasm::LoadError;

const NOTHING: &str = "(func $run (result i32) (i32.const 0))";

#[tokio::test]
async fn what_is_no_program_is_refused_with_the_reason() {
    let world = World::new();
    let check = async |bytes: &[u8], reason: &str| match world.machine.program(&world.file(bytes)).await {
        Err(LoadError::Refused(refusal)) => assert!(refusal.0.contains(reason), "{refusal}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{reason}"),
    };
    check(b"", "no WebAssembly component").await;
    check(b"#!/bin/sh", "no WebAssembly component").await;
    check(&wat::parse_str("(module)").unwrap(), "core module").await;
    check(b"\0asm\x0d\0\x01\0 and so on", "").await;
    check(&wat::parse_str("(component)").unwrap(), "exports neither").await;
    let foreign = "(component
        (import \"acme:db/store@1.0.0\" (instance $i (export \"get\" (func))))
        (core module $m (func (export \"run\") (result i32) (i32.const 0)))
        (core instance $c (instantiate $m))
        (func $run (result (result)) (canon lift (core func $c \"run\")))
        (instance $r (export \"run\" (func $run)))
        (export \"wasi:cli/run@0.2.0\" (instance $r)))";
    check(&wat::parse_str(foreign).unwrap(), "acme:db/store").await;
}

#[tokio::test]
async fn code_is_compiled_once_and_found_again_after_a_start() {
    let world = World::new();
    let component = world.command(NOTHING);
    world.run(&component, input("")).await.output();
    let compiled = world.dir.path().join("compiled");
    let files =
        || std::fs::read_dir(&compiled).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let before = files();
    assert_eq!(before.len(), 1);
    let made = std::fs::metadata(&before[0]).unwrap().modified().unwrap();
    std::fs::write(compiled.join(".unfinished-x"), "").unwrap();
    let again = machine(&world.dir);
    again.program(&component).await.unwrap();
    assert_eq!(files(), before);
    assert_eq!(std::fs::metadata(&before[0]).unwrap().modified().unwrap(), made);
}

#[tokio::test]
async fn a_missing_file_is_not_the_components_fault() {
    let world = World::new();
    let missing = world.dir.path().join("missing");
    assert!(matches!(world.machine.program(&missing).await, Err(LoadError::Failed(_))));
}
