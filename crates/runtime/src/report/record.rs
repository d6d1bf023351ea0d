//! Events as JSON.

use super::event::{Event, Failure, Init, Report, RuntimeDone, Span, Status, SubscriptionApi};
use super::{megabytes, milliseconds};
use clock::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// One line of a JSON log, and one element of what a telemetry subscriber is sent.
pub fn document(at: Timestamp, kind: &str, record: &Value) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        time: String,
        r#type: &'a str,
        record: &'a Value,
    }
    let document = Document { time: at.to_iso8601(), r#type: kind, record };
    // JSON values have a form in JSON.
    serde_json::to_string(&document).unwrap_or_default()
}

impl Event<'_> {
    /// `platform.start` and its kin.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::InitStart { .. } => "platform.initStart",
            Event::InitRuntimeDone { .. } => "platform.initRuntimeDone",
            Event::InitReport { .. } => "platform.initReport",
            Event::RestoreStart { .. } => "platform.restoreStart",
            Event::RestoreRuntimeDone { .. } => "platform.restoreRuntimeDone",
            Event::RestoreReport { .. } => "platform.restoreReport",
            Event::Start { .. } => "platform.start",
            Event::RuntimeDone(_) => "platform.runtimeDone",
            Event::End { .. } => "platform.end",
            Event::Report(_) => "platform.report",
            Event::Fault { .. } => "platform.fault",
            Event::Extension { .. } => "platform.extension",
            Event::Subscription { api: SubscriptionApi::Telemetry, .. } => "platform.telemetrySubscription",
            Event::Subscription { api: SubscriptionApi::Logs, .. } => "platform.logsSubscription",
            Event::LogsDropped { .. } => "platform.logsDropped",
        }
    }

    pub fn record(&self) -> Value {
        match self {
            Event::InitStart {
                init,
                runtime_version,
                runtime_arn,
                function_name,
                function_version,
                instance_id,
                memory_mb,
            } => {
                let mut record = of_init(*init);
                let start = started(
                    runtime_version,
                    runtime_arn,
                    function_name,
                    function_version,
                    instance_id,
                    *memory_mb,
                );
                record.extend(start);
                Value::Object(record)
            }
            Event::InitRuntimeDone { init, status, error_type } => {
                let mut record = of_init(*init);
                add_status(&mut record, *status, *error_type);
                Value::Object(record)
            }
            Event::InitReport { init, status, error_type, duration } => {
                let mut record = of_init(*init);
                add_status(&mut record, *status, *error_type);
                record.insert("metrics".to_owned(), duration_metrics(*duration));
                Value::Object(record)
            }
            Event::RestoreStart {
                runtime_version,
                runtime_arn,
                function_name,
                function_version,
                instance_id,
                memory_mb,
            } => Value::Object(started(
                runtime_version,
                runtime_arn,
                function_name,
                function_version,
                instance_id,
                *memory_mb,
            )),
            Event::RestoreRuntimeDone { status, error_type } => {
                let mut record = Map::new();
                add_status(&mut record, *status, *error_type);
                Value::Object(record)
            }
            Event::RestoreReport { status, error_type, duration } => {
                let mut record = Map::new();
                add_status(&mut record, *status, *error_type);
                record.insert("metrics".to_owned(), duration_metrics(*duration));
                Value::Object(record)
            }
            Event::Start { request_id, version, trace_id } => {
                let mut record = object(json!({ "requestId": request_id, "version": version }));
                add_tracing(&mut record, trace_id);
                Value::Object(record)
            }
            Event::RuntimeDone(done) => done.record(),
            Event::End { request_id } => json!({ "requestId": request_id }),
            Event::Report(report) => report.record(),
            Event::Fault { text } => json!(text),
            Event::Extension { name, state, events, error_type } => {
                let events: Vec<&str> = events.split(',').filter(|event| !event.is_empty()).collect();
                let mut record = object(json!({ "name": name, "state": state, "events": events }));
                if let Some(error_type) = error_type {
                    record.insert("errorType".to_owned(), json!(error_type));
                }
                Value::Object(record)
            }
            Event::Subscription { api: _, name, types } => {
                json!({ "name": name, "state": "Subscribed", "types": types })
            }
            Event::LogsDropped { reason, records, bytes } => {
                json!({ "reason": reason, "droppedRecords": records, "droppedBytes": bytes })
            }
        }
    }
}

impl RuntimeDone<'_> {
    fn record(&self) -> Value {
        let mut record = object(json!({ "requestId": self.request_id }));
        add_status(&mut record, self.status, self.error_type);
        add_tracing(&mut record, self.trace_id);
        let mut metrics = object(duration_metrics(self.duration));
        if let Some(bytes) = self.produced_bytes {
            metrics.insert("producedBytes".to_owned(), json!(bytes));
        }
        record.insert("metrics".to_owned(), Value::Object(metrics));
        if !self.spans.is_empty() {
            record.insert("spans".to_owned(), self.spans.iter().map(Span::record).collect());
        }
        Value::Object(record)
    }
}

impl Report<'_> {
    fn record(&self) -> Value {
        let mut metrics = object(json!({
            "durationMs": rounded(self.duration),
            "billedDurationMs": whole(self.billed),
            "memorySizeMB": self.memory_mb,
            "maxMemoryUsedMB": megabytes(self.max_memory_bytes, self.memory_mb),
        }));
        if let Some(init) = self.init {
            metrics.insert("initDurationMs".to_owned(), json!(rounded(init)));
        }
        if let Some(restore) = self.restore {
            metrics.insert("restoreDurationMs".to_owned(), json!(rounded(restore.duration)));
            metrics.insert("billedRestoreDurationMs".to_owned(), json!(whole(restore.billed)));
        }
        let mut record = object(json!({ "requestId": self.request_id, "metrics": metrics }));
        let (status, error_type) = match self.failure {
            None => (Status::Success, None),
            Some(Failure::Timeout) => (Status::Timeout, None),
            Some(Failure::Error { error_type } | Failure::OfCode { error_type }) => {
                (Status::Error, Some(error_type))
            }
        };
        add_status(&mut record, status, error_type);
        add_tracing(&mut record, self.trace_id);
        Value::Object(record)
    }
}

impl Span {
    fn record(&self) -> Value {
        json!({ "name": self.name, "start": self.start.to_iso8601(), "durationMs": rounded(self.duration) })
    }
}

fn started(
    runtime_version: &str,
    runtime_arn: &str,
    function_name: &str,
    function_version: &str,
    instance_id: &str,
    memory_mb: u32,
) -> Map<String, Value> {
    object(json!({
        "runtimeVersion": runtime_version,
        "runtimeVersionArn": runtime_arn,
        "functionName": function_name,
        "functionVersion": function_version,
        "instanceId": instance_id,
        "instanceMaxMemory": memory_mb,
    }))
}

fn of_init(init: Init) -> Map<String, Value> {
    object(json!({ "initializationType": init.kind.as_str(), "phase": init.phase.as_str() }))
}

fn add_status(record: &mut Map<String, Value>, status: Status, error_type: Option<&str>) {
    record.insert("status".to_owned(), json!(status.as_str()));
    if let Some(error_type) = error_type {
        record.insert("errorType".to_owned(), json!(error_type));
    }
}

/// `spanId` is the parent that the trace names.
fn add_tracing(record: &mut Map<String, Value>, trace_id: &str) {
    if trace_id.is_empty() {
        return;
    }
    let mut tracing = object(json!({ "type": "X-Amzn-Trace-Id", "value": trace_id }));
    if let Some(span) = trace_id.split(';').find_map(|part| part.strip_prefix("Parent=")) {
        tracing.insert("spanId".to_owned(), json!(span));
    }
    record.insert("tracing".to_owned(), Value::Object(tracing));
}

fn duration_metrics(duration: Duration) -> Value {
    json!({ "durationMs": rounded(duration) })
}

/// To a thousandth of a millisecond.
fn rounded(duration: Duration) -> f64 {
    (milliseconds(duration) * 1000.0).round() / 1000.0
}

fn whole(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
