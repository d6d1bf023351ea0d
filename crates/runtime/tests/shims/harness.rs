use bytes::Bytes;
use clock::Clock;
use runtime::api::{ErrorReport, Initialised, Invocation, Pending, Reply, RuntimeApi, StreamEnd};
use serde_json::Value;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

/// Long enough for an interpreter on a busy machine; a test that gets here has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// One process running a handler.
pub struct Process {
    api: RuntimeApi,
    child: Child,
    events: u32,
    _task: tempfile::TempDir,
}

pub struct Program<'a> {
    pub argv: &'a [&'a str],
    /// Path and text of each file of the code.
    pub files: &'a [(&'a str, &'a str)],
    pub handler: &'a str,
    pub env: &'a [(&'a str, &'a str)],
}

impl Process {
    pub fn start(program: &Program) -> Self {
        let task = tempfile::tempdir().unwrap();
        for (name, text) in program.files {
            let path = task.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let api = RuntimeApi::start(listener, Clock::real()).unwrap();
        let shims = Path::new(env!("CARGO_MANIFEST_DIR")).join("shims");
        let child = Command::new(program.argv[0])
            .args(program.argv[1..].iter().map(|arg| arg.replace("SHIMS", shims.to_str().unwrap())))
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("LAMBDA_TASK_ROOT", task.path())
            .env("_HANDLER", program.handler)
            .env("AWS_LAMBDA_FUNCTION_NAME", "square")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/square")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(program.env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Process { api, child, events: 0, _task: task }
    }

    pub async fn initialised(&mut self) -> Initialised {
        let api = &self.api;
        let clock = Clock::real();
        let found = clock.timeout(PATIENCE, async {
            tokio::select! {
                found = api.initialised() => Some(found),
                _ = self.child.wait() => None,
            }
        });
        match found.await {
            Some(Some(found)) => found,
            other => panic!("{other:?}: {}", self.output().await),
        }
    }

    pub async fn init_error(&mut self) -> Value {
        match self.initialised().await {
            Initialised::Failed(report) => document(&report),
            Initialised::Ready => panic!("it started"),
        }
    }

    /// Hands over `event`, which ends the process instead of being answered.
    pub async fn exit_on(&mut self, event: &str) -> ExitStatus {
        let _pending = self.hand(event).await;
        self.exit().await
    }

    /// Hands over `event` and reads the stream that it is answered with: content type, bytes, end.
    pub async fn stream(&mut self, event: &str) -> (String, Bytes, StreamEnd) {
        let Reply::Stream(stream) = self.invoke(event).await else { panic!("no stream") };
        let content_type = stream.content_type.clone();
        let (body, _, end) = stream.collect(1 << 20).await;
        (content_type, body, end)
    }

    /// Hands over `event` and waits for the answer.
    pub async fn invoke(&mut self, event: &str) -> Reply {
        let mut pending = self.hand(event).await;
        match Clock::real().timeout(PATIENCE, pending.reply()).await {
            Some(reply) => reply,
            None => panic!("no answer: {}", self.output().await),
        }
    }

    async fn hand(&mut self, event: &str) -> Pending {
        self.initialised().await;
        let clock = Clock::real();
        clock.timeout(PATIENCE, self.api.idle()).await.expect("idle again");
        self.events += 1;
        self.api
            .invoke(Invocation {
                request_id: format!("00000000-0000-4000-8000-{:012}", self.events),
                payload: event.to_owned().into(),
                deadline: clock.now() + Duration::from_secs(20),
                invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:square:live".into(),
                trace_id: "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".into(),
                client_context: Some(r#"{"custom":{"k":"v"},"client":{"app_title":"t"}}"#.into()),
                cognito_identity: None,
            })
            .unwrap()
    }

    /// The answer's JSON.
    pub async fn result(&mut self, event: &str) -> Value {
        match self.invoke(event).await {
            Reply::Response { body, .. } => serde_json::from_slice(&body).unwrap(),
            other => panic!("{other:?}: {}", self.output().await),
        }
    }

    /// The error document.
    pub async fn error(&mut self, event: &str) -> Value {
        match self.invoke(event).await {
            Reply::Error(report) => document(&report),
            other => panic!("{other:?}: {}", self.output().await),
        }
    }

    pub async fn exit(&mut self) -> ExitStatus {
        Clock::real().timeout(PATIENCE, self.child.wait()).await.expect("it exits").unwrap()
    }

    /// Ends the process; everything it wrote.
    pub async fn output(&mut self) -> String {
        let _ = self.child.start_kill();
        let mut text = Vec::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_end(&mut text).await.unwrap();
        }
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_end(&mut text).await.unwrap();
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn document(report: &ErrorReport) -> Value {
    serde_json::from_slice(&report.body).unwrap()
}
