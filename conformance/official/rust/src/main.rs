//! What the tests in test_official.py ask of a function that is written with AWS's own crate.

use lambda_runtime::streaming::{Body, channel};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, MetadataPrelude, StreamResponse, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Deserialize)]
struct Event {
    kind: String,
    #[serde(default)]
    name: String,
}

#[derive(Debug)]
struct Refused(String);

impl From<Refused> for Diagnostic {
    fn from(refused: Refused) -> Self {
        Diagnostic { error_type: "refused".into(), error_message: format!("no {}", refused.0) }
    }
}

async fn handle(event: LambdaEvent<Event>) -> Result<Value, Refused> {
    let context = event.context;
    match event.payload.kind.as_str() {
        "greet" => {
            let name = event.payload.name;
            println!("greets {name}");
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Ok(json!({
                "greeting": format!("hello {name}"),
                "id": context.request_id,
                "arn": context.invoked_function_arn,
                "left": i128::from(context.deadline) - now.as_millis() as i128,
                "function": context.env_config.function_name,
                "memory": context.env_config.memory,
                "handler": std::env::var("_HANDLER").unwrap_or_default(),
            }))
        }
        "own error" => Err(Refused(event.payload.name)),
        "panic" => panic!("at once"),
        "wait" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(Value::Null)
        }
        _ => Ok(Value::Null),
    }
}

async fn stream(event: LambdaEvent<Value>) -> Result<StreamResponse<Body>, Error> {
    let of_url = event.payload.get("requestContext").is_some();
    let pieces = event.payload.get("pieces").and_then(Value::as_u64).unwrap_or(100);
    let fails = event.payload.get("fails") == Some(&Value::Bool(true));
    let (mut sender, body) = channel();
    tokio::spawn(async move {
        for _ in 0..pieces {
            if sender.send_data("x".repeat(1024).into()).await.is_err() {
                return;
            }
        }
        if fails {
            sender.send_error(lambda_runtime_api_client::Error::new("no more pieces"));
        }
    });
    let mut metadata_prelude = MetadataPrelude::default();
    if of_url {
        metadata_prelude.status_code = 201.try_into()?;
        metadata_prelude.headers.insert("content-type", "text/plain".parse()?);
        metadata_prelude.headers.insert("x-own", "yes".parse()?);
        metadata_prelude.cookies.push("a=b".to_owned());
    }
    Ok(StreamResponse { metadata_prelude, stream: body })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var("_HANDLER").is_ok_and(|handler| handler == "stream") {
        lambda_runtime::run(service_fn(stream)).await
    } else {
        lambda_runtime::run(service_fn(handle)).await
    }
}
