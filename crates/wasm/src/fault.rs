use crate::state::MemoryExceeded;
use wasmtime::{Error, PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

/// Why a guest gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It ended itself; zero only where an answer was due.
    #[error("exit status {0}")]
    Exit(i32),
    /// It did what no program may do. The kernel would have sent a process this signal; the words say more.
    #[error("{words}")]
    Trap { signal: i32, words: String },
    /// It asked for more memory than it may have.
    #[error("out of memory")]
    Memory,
    /// It answered an HTTP request with one of WASI's error codes, or not at all.
    #[error("{0}")]
    NoAnswer(String),
    /// All slots are taken. Trying later can succeed.
    #[error("too many components run at once")]
    Busy,
    /// The host is to blame.
    #[error("{0}")]
    Host(String),
}

const SIGILL: i32 = 4;
const SIGABRT: i32 = 6;
const SIGFPE: i32 = 8;
const SIGSEGV: i32 = 11;

/// Of what is told of a trap, frames included; they name the guest's own functions, at any length.
const WORDS_BYTES_MAX: usize = 8 << 10;

impl Fault {
    pub(crate) fn of(error: &Error) -> Fault {
        if let Some(I32Exit(status)) = error.downcast_ref() {
            return Fault::Exit(*status);
        }
        if error.is::<MemoryExceeded>() {
            return Fault::Memory;
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Fault::Busy;
        }
        Fault::Trap { signal: error.downcast_ref().map_or(SIGABRT, signal), words: words(error) }
    }
}

fn signal(trap: &Trap) -> i32 {
    match trap {
        Trap::StackOverflow
        | Trap::MemoryOutOfBounds
        | Trap::TableOutOfBounds
        | Trap::IndirectCallToNull
        | Trap::NullReference
        | Trap::ArrayOutOfBounds => SIGSEGV,
        Trap::IntegerOverflow | Trap::IntegerDivisionByZero | Trap::BadConversionToInteger => SIGFPE,
        Trap::UnreachableCodeReached | Trap::BadSignature => SIGILL,
        _ => SIGABRT,
    }
}

/// The trap first, then where it happened.
fn words(error: &Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let mut words = String::new();
    for cause in causes.iter().rev() {
        if !words.is_empty() {
            words.push('\n');
        }
        words.push_str(cause);
    }
    words.truncate(words.floor_char_boundary(WORDS_BYTES_MAX));
    words
}
