;; A command (wasi:cli/run) around a guest that is put in at the end: functions of a core module that has
;;   (read ptr len) -> bytes read, 0 at the end     (write ptr len)     (log ptr len)     (exit status)
;; and must define $run, whose result is 0 for success, 1 for failure.
(component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $io-error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "input-stream" (type $input-stream (sub resource)))
    (export "output-stream" (type $output-stream (sub resource)))
    (alias outer 1 $io-error (type $outer-error))
    (export "error" (type $inner-error (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $inner-error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (type $read (result (list u8) (error $stream-error)))
    (type $written (result (error $stream-error)))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $input-stream)) (param "len" u64) (result $read)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result $written)))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin
    (alias outer 1 $input-stream (type $outer-stream))
    (export "input-stream" (type $stream (eq $outer-stream)))
    (export "get-stdin" (func (result (own $stream))))))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $outer-stream))
    (export "output-stream" (type $stream (eq $outer-stream)))
    (export "get-stdout" (func (result (own $stream))))))
  (import "wasi:cli/stderr@0.2.0" (instance $stderr
    (alias outer 1 $output-stream (type $outer-stream))
    (export "output-stream" (type $stream (eq $outer-stream)))
    (export "get-stderr" (func (result (own $stream))))))
  (import "wasi:cli/exit@0.2.0" (instance $exit
    (type $status (result))
    (export "exit" (func (param "status" $status)))))

  (core module $libc
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 65536))
    ;; Whatever is lifted lies at the second page, and is overwritten by what comes next.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (global.get $next)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $get-stdin (canon lower (func $stdin "get-stdin")))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $get-stderr (canon lower (func $stderr "get-stderr")))
  (core func $exit (canon lower (func $exit "exit")))
  (core func $blocking-read (canon lower (func $streams "[method]input-stream.blocking-read")
    (memory $memory) (realloc (func $realloc))))
  (core func $blocking-write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory $memory)))

  (core module $main
    (import "libc" "memory" (memory 2))
    (import "host" "get-stdin" (func $get-stdin (result i32)))
    (import "host" "get-stdout" (func $get-stdout (result i32)))
    (import "host" "get-stderr" (func $get-stderr (result i32)))
    (import "host" "exit" (func $host-exit (param i32)))
    (import "host" "blocking-read" (func $blocking-read (param i32 i64 i32)))
    (import "host" "blocking-write" (func $blocking-write (param i32 i32 i32 i32)))
    (global $stdin (mut i32) (i32.const -1))
    (global $stdout (mut i32) (i32.const -1))
    (global $stderr (mut i32) (i32.const -1))
    ;; The results of calls lie at 65000.
    (func $read (param $ptr i32) (param $len i32) (result i32)
      (if (i32.eq (global.get $stdin) (i32.const -1)) (then (global.set $stdin (call $get-stdin))))
      (call $blocking-read (global.get $stdin) (i64.extend_i32_u (local.get $len)) (i32.const 65000))
      (if (result i32) (i32.load8_u (i32.const 65000))
        (then (i32.const 0))
        (else
          (memory.copy (local.get $ptr) (i32.load (i32.const 65004)) (i32.load (i32.const 65008)))
          (i32.load (i32.const 65008)))))
    (func $write (param $ptr i32) (param $len i32)
      (if (i32.eq (global.get $stdout) (i32.const -1)) (then (global.set $stdout (call $get-stdout))))
      (call $blocking-write (global.get $stdout) (local.get $ptr) (local.get $len) (i32.const 65000)))
    (func $log (param $ptr i32) (param $len i32)
      (if (i32.eq (global.get $stderr) (i32.const -1)) (then (global.set $stderr (call $get-stderr))))
      (call $blocking-write (global.get $stderr) (local.get $ptr) (local.get $len) (i32.const 65000)))
    (func $exit (param $failed i32) (call $host-exit (local.get $failed)))
    (export "run" (func $run))
    GUEST)
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "host" (instance
      (export "get-stdin" (func $get-stdin))
      (export "get-stdout" (func $get-stdout))
      (export "get-stderr" (func $get-stderr))
      (export "exit" (func $exit))
      (export "blocking-read" (func $blocking-read))
      (export "blocking-write" (func $blocking-write))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $run (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $run)))
