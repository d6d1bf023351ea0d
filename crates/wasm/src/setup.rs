//! How code is compiled and run. Compiler and machine must agree on it, or the one's work is of no use to the
//! other: [`fingerprint`] tells.

use crate::state::RESOURCES_MAX;
use nix::sys::resource::{Resource, getrlimit};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result};

/// What code may take of its stack; the rest is for what the host does on its behalf.
const STACK_BYTES: usize = 1 << 20;
const STACK_BYTES_WITH_HOST: usize = 2 << 20;

/// Frames of a trap that are told.
const FRAMES_MAX: Option<NonZeroUsize> = NonZeroUsize::new(16);

/// Parts of one component: interpreters of dynamic languages are linked from dozens of modules that share a
/// memory.
const MODULES_MAX: u32 = 64;
const MEMORIES_MAX: u32 = 4;
const TABLES_MAX: u32 = 64;
/// On average: most components are one module and a few adapters.
const MODULES_USUAL: u32 = 12;
const TABLES_USUAL: u32 = 4;
const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Address space that one memory is given, so that no access has to be checked against its size.
const MEMORY_BYTES_MAX: usize = 1 << 32;

/// Slots whose mappings are kept for the program that had them last.
const WARM_SLOTS: u32 = 64;

/// Of a slot's memory, what is overwritten with zeros for the next guest rather than given back: little programs
/// need no other, and writing is faster than faults.
const RESIDENT_BYTES: usize = 128 << 10;

/// # Errors
/// This machine cannot run compiled code.
pub fn compiler() -> Result<Engine> {
    Engine::new(&settings())
}

/// With slots for `guests` at once, in address space alone.
///
/// # Errors
/// As [`compiler`], or there is not as much address space.
pub fn runner(guests: u32) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(guests)
        .total_stacks(guests)
        .total_core_instances(guests.saturating_mul(MODULES_USUAL).max(MODULES_MAX))
        .total_memories(guests.saturating_mul(2))
        .total_tables(guests.saturating_mul(TABLES_USUAL).max(TABLES_MAX))
        .max_core_instances_per_component(MODULES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_tables_per_module(16)
        .max_memories_per_module(1)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .max_unused_warm_slots(WARM_SLOTS)
        .linear_memory_keep_resident(RESIDENT_BYTES)
        .table_keep_resident(RESIDENT_BYTES);
    let mut settings = settings();
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&settings)
}

fn settings() -> Config {
    let mut config = Config::new();
    config
        // A guest gives its thread back, and can be ended, wherever it is in a loop.
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(STACK_BYTES_WITH_HOST)
        .wasm_backtrace_max_frames(FRAMES_MAX)
        .memory_reservation(MEMORY_BYTES_MAX as u64)
        .wasm_component_model(true)
        .wasm_memory64(false)
        .wasm_multi_memory(false);
    config
}

/// Changes with the version of the engine, its settings and what the processor can do.
pub fn fingerprint(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Guests whose descriptors, if each holds as many as it may, are half of what this process may have. At least 16.
pub(crate) fn guests_for_descriptors() -> u32 {
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or_default();
    u32::try_from(soft / 2 / RESOURCES_MAX as u64).unwrap_or(u32::MAX).max(16)
}
