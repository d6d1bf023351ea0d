use bytes::Bytes;
use clock::Clock;
use runtime::Conversation;
use runtime::api::{ErrorReport, Initialised, Invocation, Reply, RuntimeApi, StreamEnd};
use runtime::channel::{Channel, DESCRIPTOR_VARIABLE};
use serde_json::Value;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

/// Long enough for an interpreter on a busy machine; a test that gets here has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a process speaks with the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the Runtime API.
    Http,
    /// By a channel, started for its function.
    Channel,
    /// By a channel, started before there was a function.
    Generic,
}

/// Each of the functions as a test, for every [`Way`].
#[macro_export]
macro_rules! in_every_way {
    ($($name:ident),* $(,)?) => {
        $crate::in_every_way!(@ http, Http, $($name),*);
        $crate::in_every_way!(@ channel, Channel, $($name),*);
        $crate::in_every_way!(@ generic, Generic, $($name),*);
    };
    (@ $module:ident, $way:ident, $($name:ident),*) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name($crate::harness::Way::$way).await;
                }
            )*
        }
    };
}

/// One process running a handler.
pub struct Process {
    api: RuntimeApi,
    channel: Option<Channel>,
    child: Child,
    events: u32,
    task: tempfile::TempDir,
}

pub struct Program<'a> {
    pub way: Way,
    pub argv: &'a [&'a str],
    /// Path and text of each file of the code.
    pub files: &'a [(&'a str, &'a str)],
    pub handler: &'a str,
    /// `ROOT` stands for the code's directory.
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
        let root = task.path().to_str().unwrap();
        let mut environment = vec![
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("LAMBDA_TASK_ROOT", root),
            ("_HANDLER", program.handler),
            ("AWS_LAMBDA_FUNCTION_NAME", "square"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/square"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
        ];
        let env: Vec<_> =
            program.env.iter().map(|(name, value)| (*name, value.replace("ROOT", root))).collect();
        environment.extend(env.iter().map(|(name, value)| (*name, value.as_str())));
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(program.argv[0]);
        command
            .args(program.argv[1..].iter().map(|arg| arg.replace("SHIMS", shims.to_str().unwrap())))
            .env_clear()
            .env("PATH", &path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut channel = None;
        if program.way != Way::Http {
            let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            channel = Some(Channel::new(ours).unwrap());
            command.stdin(std::os::fd::OwnedFd::from(theirs)).env(DESCRIPTOR_VARIABLE, "0");
        }
        match &mut channel {
            Some(channel) if program.way == Way::Generic => {
                environment.extend([("PATH", path.as_str()), ("PYTHONDONTWRITEBYTECODE", "1")]);
                let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                channel.specialise(&environment.iter().map(owned).collect::<Vec<_>>());
            }
            _ => drop(command.current_dir(root).envs(environment.iter().copied())),
        }
        let child = command.spawn().unwrap();
        Process { api, channel, child, events: 0, task }
    }

    pub async fn initialised(&mut self) -> Initialised {
        let mut conversation = Conversation::of(&self.api, self.channel.as_mut());
        let clock = Clock::real();
        let found = clock.timeout(PATIENCE, async {
            tokio::select! {
                // A process that says why it cannot start ends right after.
                biased;
                found = conversation.initialised() => Some(found.unwrap()),
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
        let invocation = self.invocation(event).await;
        let mut conversation = Conversation::of(&self.api, self.channel.as_mut());
        let mut pending = conversation.invoke(invocation).unwrap();
        let exit = async {
            tokio::select! {
                reply = pending.reply() => panic!("{reply:?}"),
                exit = self.child.wait() => exit.unwrap(),
            }
        };
        Clock::real().timeout(PATIENCE, exit).await.expect("it exits")
    }

    /// Hands over `event` and reads the stream that it is answered with: content type, bytes, end.
    pub async fn stream(&mut self, event: &str) -> (String, Bytes, StreamEnd) {
        let Reply::Stream(stream) = self.invoke(event).await else { panic!("no stream") };
        let content_type = stream.content_type.clone();
        let mut conversation = Conversation::of(&self.api, self.channel.as_mut());
        let read = async { tokio::join!(stream.collect(1 << 20), conversation.idle()) };
        let ((body, _, end), idle) = Clock::real().timeout(PATIENCE, read).await.expect("it ends");
        idle.unwrap();
        (content_type, body, end)
    }

    /// Hands over `event` and waits for the answer.
    pub async fn invoke(&mut self, event: &str) -> Reply {
        let invocation = self.invocation(event).await;
        let mut conversation = Conversation::of(&self.api, self.channel.as_mut());
        let mut pending = conversation.invoke(invocation).unwrap();
        match Clock::real().timeout(PATIENCE, pending.reply()).await {
            Some(reply) => reply,
            None => panic!("no answer: {}", self.output().await),
        }
    }

    /// Waits until the process wants one.
    async fn invocation(&mut self, event: &str) -> Invocation {
        self.initialised().await;
        let mut conversation = Conversation::of(&self.api, self.channel.as_mut());
        Clock::real().timeout(PATIENCE, conversation.idle()).await.expect("idle again").unwrap();
        self.events += 1;
        Invocation {
            request_id: format!("00000000-0000-4000-8000-{:012}", self.events),
            payload: event.to_owned().into(),
            deadline: Clock::real().now() + Duration::from_secs(20),
            invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:square:live".into(),
            trace_id: "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".into(),
            client_context: Some(r#"{"custom":{"k":"v"},"client":{"app_title":"t"}}"#.into()),
            cognito_identity: None,
            takes_stream: false,
        }
    }

    /// The answer's JSON.
    pub async fn result(&mut self, event: &str) -> Value {
        match self.invoke(event).await {
            Reply::Response { body, .. } => serde_json::from_slice(&body).unwrap(),
            other => panic!("{other:?}: {}", self.output().await),
        }
    }

    /// The answer's JSON, with `ROOT` for the code's directory.
    pub async fn portable_result(&mut self, event: &str) -> Value {
        let text = self.result(event).await.to_string().replace(self.task.path().to_str().unwrap(), "ROOT");
        serde_json::from_str(&text).unwrap()
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
