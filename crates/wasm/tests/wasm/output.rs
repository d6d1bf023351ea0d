use crate::fixture::{World, input};
use wasm::{Answer, Fault, World as Kind};

const ECHO: &str = r#"
    (func $run (result i32) (local $len i32)
      (loop $more
        (local.set $len (call $read (i32.const 0) (i32.const 4096)))
        (call $write (i32.const 0) (local.get $len))
        (call $log (i32.const 0) (local.get $len))
        (br_if $more (local.get $len)))
      (i32.const 0))"#;

#[tokio::test]
async fn a_command_answers_what_it_writes_and_logs_the_rest() {
    let world = World::new();
    let echo = world.command(ECHO);
    assert_eq!(world.machine.program(&echo).await.unwrap().world(), Kind::Command);
    let ran = world.run(&echo, input("{\"a\":1}\n")).await;
    assert_eq!(ran.log, "{\"a\":1}\n");
    assert!(ran.usage.memory_bytes >= 2 << 16 && ran.usage.cpu.as_nanos() > 0, "{:?}", ran.usage);
    assert_eq!(ran.output(), b"{\"a\":1}\n");
}

#[tokio::test]
async fn each_guest_is_a_new_one() {
    let world = World::new();
    // Counts in its memory how often it ran.
    let counter = world.command(
        r#"(func $run (result i32)
             (i32.store8 (i32.const 8) (i32.add (i32.load8_u (i32.const 8)) (i32.const 49)))
             (call $write (i32.const 8) (i32.const 1))
             (i32.const 0))"#,
    );
    for _ in 0..20 {
        assert_eq!(world.run(&counter, input("")).await.output(), b"1");
    }
}

#[tokio::test]
async fn ends_are_told_apart() {
    let world = World::new();
    let check = async |guest: &str, expected: Fault| {
        let ran = world.run(&world.command(guest), input("")).await;
        assert_eq!(ran.answer.unwrap_err(), expected, "{guest}");
    };
    check("(func $run (result i32) (i32.const 1))", Fault::Exit(1)).await;
    check("(func $run (result i32) (call $exit (i32.const 1)) (i32.const 0))", Fault::Exit(1)).await;
    let ran = world
        .run(&world.command("(func $run (result i32) (call $exit (i32.const 0)) (i32.const 1))"), input(""))
        .await;
    assert_eq!(ran.output(), b"");
    for (guest, signal, words) in [
        ("(func $run (result i32) unreachable)", 4, "unreachable"),
        ("(func $run (result i32) (i32.load (i32.const -8)))", 11, "out of bounds memory access"),
        ("(func $run (result i32) (i32.div_u (i32.const 1) (i32.const 0)))", 8, "divide by zero"),
        ("(func $run (result i32) (call $run))", 11, "call stack exhausted"),
        // In a start function: before there is anything to ask.
        ("(func $run (result i32) (i32.const 0)) (func $s unreachable) (start $s)", 4, "unreachable"),
    ] {
        let ran = world.run(&world.command(guest), input("")).await;
        match ran.answer {
            Err(Fault::Trap { signal: found, words: said }) => {
                assert_eq!(found, signal, "{guest}");
                assert!(said.contains(words), "{said}");
            }
            other => panic!("{guest}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_counted_and_not_kept() {
    let world = World::new();
    let flood = world.command(
        r#"(func $run (result i32) (local $left i32)
             (local.set $left (i32.const 512))
             (loop $more
               (call $write (i32.const 0) (i32.const 4096))
               (local.set $left (i32.sub (local.get $left) (i32.const 1)))
               (br_if $more (local.get $left)))
             (i32.const 0))"#,
    );
    match world.run(&flood, input("")).await.answer {
        Ok(Answer::TooLarge(bytes)) => assert_eq!(bytes, 512 * 4096),
        other => panic!("{other:?}"),
    }
}
