//! WebAssembly components, run in this process under limits: one fresh instance for each event.
//!
//! ```text
//! component ─ a process of its own compiles it ─ machine code on disk ─ mapped ─ Program
//!                                                      event + Setting ─ Guest ─ Answer, Usage
//! ```
//!
//! A guest has its memory, what it is handed, a clock and randomness. It has no file but those of the
//! directories it may read, no socket, no process and no thread; what it asks for beyond is refused by name.
//! Guests run on threads of their own and give them up every few milliseconds, so that none that never ends
//! holds up anybody else.
//!
//! Knows no function: `pool` brings the two together.

mod answer;
mod compiled;
mod compiler;
mod fault;
mod guest;
mod machine;
mod program;
mod programs;
mod setup;
mod state;
mod streams;
mod usage;

pub use answer::Answer;
pub use compiler::{COMPILE_ARGUMENT, compile_main};
pub use fault::Fault;
pub use guest::{Begins, Guest, Setting};
pub use machine::{Config, Event, LoadError, Machine};
pub use program::{Program, Refusal, World};
pub use streams::{Listener, Stream};
pub use usage::Usage;
