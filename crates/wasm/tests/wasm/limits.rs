use crate::fixture::{World, input, setting};
use clock::Clock;
use std::time::Duration;
use wasm::Fault;

const LOOP: &str = "(func $run (result i32) (loop $l (br $l)) (i32.const 0))";

#[tokio::test]
async fn memory_is_limited_and_told() {
    let world = World::new();
    let bomb = world.command(
        r#"(func $run (result i32)
             (loop $more (drop (memory.grow (i32.const 16))) (br $more))
             (i32.const 0))"#,
    );
    let ran = world.run(&bomb, input("")).await;
    assert_eq!(ran.answer.unwrap_err(), Fault::Memory);
    assert_eq!(ran.usage.memory_bytes, 64 << 20);
    let frugal =
        world.command("(func $run (result i32) (i32.lt_s (memory.grow (i32.const 160)) (i32.const 0)))");
    let ran = world.run(&frugal, input("")).await;
    assert_eq!(ran.usage.memory_bytes >> 20, 10);
    ran.output();
    let small = world.command("(func $run (result i32) (i32.const 0))");
    let ran = world.run_with(&small, input(""), |setting| setting.memory_bytes = 1 << 16).await;
    assert_eq!(ran.answer.unwrap_err(), Fault::Memory, "it has two pages to begin with");
}

#[tokio::test]
async fn a_guest_without_end_is_ended_and_holds_up_nobody() {
    let world = World::new();
    let (endless, quick) = (world.command(LOOP), world.command("(func $run (result i32) (i32.const 0))"));
    let program = world.machine.program(&endless).await.unwrap();
    let clock = Clock::real();
    // More than there are threads.
    let mut guests: Vec<_> =
        (0..7).map(|_| world.machine.start(&program, setting().0, input(""), Box::new(|_| true))).collect();
    for guest in &mut guests {
        guest.initialised().await.unwrap();
        assert!(clock.timeout(Duration::from_millis(5), guest.answer()).await.is_none());
    }
    world.run(&quick, input("")).await.output();
    for guest in guests {
        let usage = guest.end().await;
        assert!(usage.cpu > Duration::ZERO, "{usage:?}");
    }
    world.run(&quick, input("")).await.output();
}

#[tokio::test]
async fn a_start_function_without_end_is_ended_too() {
    let world = World::new();
    let endless =
        world.command("(func $run (result i32) (i32.const 0)) (func $s (loop $l (br $l))) (start $s)");
    let program = world.machine.program(&endless).await.unwrap();
    let mut guest = world.machine.start(&program, setting().0, input(""), Box::new(|_| true));
    assert!(Clock::real().timeout(Duration::from_millis(20), guest.initialised()).await.is_none());
    guest.end().await;
}

#[tokio::test]
async fn slots_are_bounded_and_come_back() {
    let world = World::new();
    let program = world.machine.program(&world.command(LOOP)).await.unwrap();
    for _ in 0..2 {
        let mut guests: Vec<_> = (0..8)
            .map(|_| world.machine.start(&program, setting().0, input(""), Box::new(|_| true)))
            .collect();
        for guest in &mut guests {
            guest.initialised().await.unwrap();
        }
        let mut ninth = world.machine.start(&program, setting().0, input(""), Box::new(|_| true));
        assert_eq!(ninth.initialised().await.unwrap_err(), Fault::Busy);
        for guest in guests {
            guest.end().await;
        }
    }
}
