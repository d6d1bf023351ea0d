#![no_main]

mod tables;

libfuzzer_sys::fuzz_target!(|input: (&str, &[u8])| {
    tables::round(&tables::query::OPERATION, input.0, input.1);
});
