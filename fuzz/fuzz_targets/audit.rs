//! A file of the audit log, as a failing disk or a stranger may leave it: never a panic, never more records than
//! lines, and what is shown is the JSON that stood there.

#![no_main]

use audit::{DAMAGE_TOLD_MAX, Query, scan_text};
use libfuzzer_sys::fuzz_target;
use std::ops::ControlFlow;

fuzz_target!(|input: &[u8]| {
    let lines = input.iter().filter(|byte| **byte == b'\n').count() as u64;
    let query = Query { id: Some("a".to_owned()), ..Query::default() };
    for query in [Query::default(), query] {
        let mut shown = 0;
        let report = scan_text(input, &query, |line| {
            shown += 1;
            assert!(!line.json.contains('\n'));
            ControlFlow::Continue(())
        });
        let Ok(report) = report else { panic!("a text in memory can be read") };
        assert!(shown <= report.records && report.records <= lines);
        assert!(report.damage.len() <= DAMAGE_TOLD_MAX && report.damage.len() as u64 <= report.damages);
    }
});
