use clock::Clock;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use wasm::{Answer, Config, Event, Fault, Machine, Setting, Stream, Usage};

/// A machine with a directory of its own.
pub struct World {
    pub machine: Machine,
    pub dir: tempfile::TempDir,
}

/// What became of one guest.
pub struct Ran {
    pub answer: Result<Answer, Fault>,
    pub usage: Usage,
    pub log: String,
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        World { machine: machine(&dir), dir }
    }

    /// A command whose core module has these functions besides those of `guests/command.wat`.
    pub fn command(&self, guest: &str) -> PathBuf {
        self.component(include_str!("../guests/command.wat"), guest)
    }

    /// As [`World::command`], of `guests/http.wat`.
    pub fn http(&self, guest: &str) -> PathBuf {
        self.component(include_str!("../guests/http.wat"), guest)
    }

    fn component(&self, around: &str, guest: &str) -> PathBuf {
        self.file(&wat::parse_str(around.replace("GUEST", guest)).unwrap())
    }

    pub fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(Clock::real().random_token(12));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub async fn run(&self, component: &std::path::Path, event: Event) -> Ran {
        self.run_with(component, event, |_| {}).await
    }

    pub async fn run_with(
        &self,
        component: &std::path::Path,
        event: Event,
        change: impl FnOnce(&mut Setting),
    ) -> Ran {
        let program = self.machine.program(component).await.unwrap();
        let (mut setting, log) = setting();
        change(&mut setting);
        let mut guest = self.machine.start(&program, setting, event, Box::new(|_| true));
        let answer = match guest.initialised().await {
            Ok(_) => guest.answer().await,
            Err(fault) => Err(fault),
        };
        let usage = guest.end().await;
        let log = String::from_utf8(std::mem::take(&mut *log.lock().unwrap())).unwrap();
        Ran { answer, usage, log }
    }
}

impl Ran {
    pub fn output(self) -> Vec<u8> {
        match self.answer {
            Ok(Answer::Output(output)) => output.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    pub fn response(self) -> ::http::Response<bytes::Bytes> {
        match self.answer {
            Ok(Answer::Response(response)) => response,
            other => panic!("{other:?}"),
        }
    }
}

pub fn machine(dir: &tempfile::TempDir) -> Machine {
    let config = Config {
        directory: dir.path().join("compiled"),
        compiler: env!("CARGO_BIN_EXE_wasm-probe").into(),
        guests_max: 8,
    };
    Machine::new(config, Clock::real()).unwrap()
}

/// 64 MiB, and what was logged, either stream.
pub fn setting() -> (Setting, Arc<Mutex<Vec<u8>>>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let listener = log.clone();
    let setting = Setting {
        environment: vec![("NAME".into(), "value".into())],
        arguments: vec!["program".into()],
        directories: Vec::new(),
        memory_bytes: 64 << 20,
        answer_bytes_max: 1 << 20,
        listener: Arc::new(move |_: Stream, bytes: &[u8]| listener.lock().unwrap().extend_from_slice(bytes)),
    };
    (setting, log)
}

pub fn input(text: &'static str) -> Event {
    Event::Input(text.into())
}
