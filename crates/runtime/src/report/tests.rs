use super::*;
use clock::Timestamp;
use serde_json::json;

const TRACE: &str = "Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=1";

fn report() -> Report<'static> {
    Report {
        request_id: "id",
        duration: Duration::from_micros(1234),
        billed: billed(Duration::from_micros(1234)),
        memory_mb: 128,
        max_memory_bytes: 44 << 20,
        init: None,
        restore: None,
        failure: None,
        trace_id: TRACE,
    }
}

fn line(event: Event) -> String {
    event.line().unwrap_or_default()
}

#[test]
fn reports_have_the_shape_that_parsers_know() {
    let report = report();
    let base = "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 44 MB\t";
    assert_eq!(line(Event::Report(report)), base);
    let cold = Report { init: Some(Duration::from_millis(100)), ..report };
    assert_eq!(line(Event::Report(cold)), format!("{base}Init Duration: 100.00 ms\t"));
    let restore = Restore { duration: Duration::from_millis(10), billed: Duration::from_millis(2) };
    let restored = Report { restore: Some(restore), ..report };
    assert_eq!(
        line(Event::Report(restored)),
        format!("{base}Restore Duration: 10.00 ms\tBilled Restore Duration: 2 ms\t")
    );
    let timeout = Report { failure: Some(Failure::Timeout), ..report };
    assert_eq!(line(Event::Report(timeout)), format!("{base}Status: timeout\t"));
    let killed = Report {
        failure: Some(Failure::Error { error_type: "Runtime.ExitError" }),
        max_memory_bytes: 129 << 20,
        ..report
    };
    assert!(
        line(Event::Report(killed))
            .ends_with("Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime.ExitError\t")
    );
    let of_code = Report { failure: Some(Failure::OfCode { error_type: "Function.Unknown" }), ..report };
    assert_eq!(line(Event::Report(of_code)), base);
    assert_eq!(billed(Duration::ZERO), Duration::from_millis(1));
    assert_eq!(billed(Duration::from_millis(7)), Duration::from_millis(7));
}

#[test]
fn starts_extensions_and_subscriptions_have_lines_too() {
    let init = Init { kind: InitKind::OnDemand, phase: InitPhase::Init };
    let duration = Duration::from_micros(1_236_040);
    let failed =
        Event::InitReport { init, status: Status::Error, error_type: Some("Extension.Crash"), duration };
    assert_eq!(
        line(failed),
        "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: error\tError Type: Extension.Crash"
    );
    let timeout = Event::InitReport { init, status: Status::Timeout, error_type: None, duration };
    assert_eq!(line(timeout), "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: timeout");
    let fine = Event::InitReport { init, status: Status::Success, error_type: None, duration };
    assert_eq!(fine.line(), None);
    let prepared = Init { kind: InitKind::SnapStart, ..init };
    let fine = Event::InitReport { init: prepared, status: Status::Success, error_type: None, duration };
    assert_eq!(line(fine), "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init");
    let restored = Event::RestoreReport { status: Status::Success, error_type: None, duration };
    assert_eq!(line(restored), "RESTORE_REPORT Restore Duration: 1236.04 ms");
    let extension =
        Event::Extension { name: "agent", state: "Ready", events: "INVOKE,SHUTDOWN", error_type: None };
    assert_eq!(line(extension), "EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE,SHUTDOWN]");
    let types = ["platform".to_owned(), "function".to_owned()];
    let subscribed = |api| Event::Subscription { api, name: "agent", types: &types };
    assert_eq!(
        line(subscribed(SubscriptionApi::Telemetry)),
        "TELEMETRY\tName: agent\tState: Subscribed\tTypes: [Platform, Function]"
    );
    assert_eq!(
        line(subscribed(SubscriptionApi::Logs)),
        "LOGS\tName: agent\tState: Subscribed\tTypes: [platform,function]"
    );
}

#[test]
fn records_have_the_documented_members() {
    let cold = Report { init: Some(Duration::from_millis(100)), ..report() };
    let tracing = json!({"type": "X-Amzn-Trace-Id", "value": TRACE, "spanId": "0efbd19962d95b05"});
    let event = Event::Report(cold);
    assert_eq!(event.kind(), "platform.report");
    assert_eq!(
        event.record(),
        json!({
            "requestId": "id",
            "status": "success",
            "metrics": {"durationMs": 1.234, "billedDurationMs": 2, "memorySizeMB": 128,
                        "maxMemoryUsedMB": 44, "initDurationMs": 100.0},
            "tracing": tracing,
        })
    );
    let spans =
        [Span { name: "responseLatency", start: Timestamp::EPOCH, duration: Duration::from_millis(1) }];
    let done = RuntimeDone {
        request_id: "id",
        status: Status::Failure,
        error_type: Some("Runtime.ExitError"),
        duration: Duration::from_millis(140),
        produced_bytes: Some(16),
        spans: &spans,
        trace_id: "",
    };
    assert_eq!(
        Event::RuntimeDone(done).record(),
        json!({
            "requestId": "id",
            "status": "failure",
            "errorType": "Runtime.ExitError",
            "metrics": {"durationMs": 140.0, "producedBytes": 16},
            "spans": [{"name": "responseLatency", "start": "1970-01-01T00:00:00.000Z", "durationMs": 1.0}],
        })
    );
    assert_eq!(
        document(Timestamp::EPOCH, "platform.end", &Event::End { request_id: "id" }.record()),
        r#"{"time":"1970-01-01T00:00:00.000Z","type":"platform.end","record":{"requestId":"id"}}"#
    );
}
