//! What the host keeps for one guest.

use crate::guest::Setting;
use crate::streams::{Kept, Logged, Stream};
use crate::usage::Meter;
use bytes::Bytes;
use clock::{Clock, Moment};
use http::Request;
use rand::TryRng;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// Open files, streams, bodies and the like at once. Each may hold a descriptor or some 130 KB of the host's.
pub(crate) const RESOURCES_MAX: usize = 128;

/// What the guest may make the host copy in one call.
const CALL_BYTES_MAX: usize = 8 << 20;

/// Randomness in one call.
const RANDOM_BYTES_MAX: u64 = 1 << 20;

const BODY_CHUNK_BYTES: usize = 64 << 10;

const MODULES_MAX: usize = 256;
const MEMORIES_MAX: usize = 16;

pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    memory: Memory,
}

/// A store with nothing in it but what `setting` gives; `input` is to be read from the standard input. A
/// command's `output` is kept rather than logged.
///
/// # Errors
/// A directory cannot be opened.
pub(crate) fn store(
    engine: &Engine,
    setting: Setting,
    input: Bytes,
    output: Option<Kept>,
    meter: Arc<Meter>,
    clock: &Clock,
) -> wasmtime::Result<Store<State>> {
    let logged = |stream| Logged::new(stream, setting.listener.clone(), clock.clone());
    let mut wasi = WasiCtx::builder();
    match output {
        Some(output) => wasi.stdout(output),
        None => wasi.stdout(logged(Stream::Output)),
    };
    wasi.stdin(MemoryInputPipe::new(input))
        .stderr(logged(Stream::Error))
        .args(&setting.arguments)
        .envs(&setting.environment)
        .secure_random(Random(clock.clone()))
        .insecure_random(Random(clock.clone()))
        .insecure_random_seed(u128::from(clock.random_u64()) << 64 | u128::from(clock.random_u64()))
        .max_random_size(RANDOM_BYTES_MAX)
        .wall_clock(Time(clock.clone(), clock.moment()))
        .monotonic_clock(Time(clock.clone(), clock.moment()))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    for (directory, inside) in &setting.directories {
        wasi.preopened_dir(directory, inside, FsPerms::ReadOnly)?;
    }
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCES_MAX);
    let state = State {
        table,
        wasi: wasi.build(),
        http: WasiHttpCtx::new(),
        hooks: Hooks { listener: logged(Stream::Error), refused: 0 },
        memory: Memory { bytes: 0, bytes_max: setting.memory_bytes, meter },
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(CALL_BYTES_MAX);
    store.set_max_component_handles(RESOURCES_MAX * 4);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    Ok(store)
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// Counts all memories and tables of a store together.
struct Memory {
    bytes: usize,
    bytes_max: usize,
    meter: Arc<Meter>,
}

/// The guest asked for more than it may have.
#[derive(Debug, thiserror::Error)]
#[error("the memory limit of {0} bytes is reached")]
pub(crate) struct MemoryExceeded(usize);

impl Memory {
    fn grow(&mut self, current: usize, desired: usize) -> wasmtime::Result<bool> {
        let bytes = self.bytes.saturating_sub(current).saturating_add(desired);
        if bytes > self.bytes_max {
            self.meter.memory(self.bytes_max as u64);
            // A process is killed in its place: nobody has to expect that memory can be refused.
            return Err(MemoryExceeded(self.bytes_max).into());
        }
        self.bytes = bytes;
        self.meter.memory(bytes as u64);
        Ok(true)
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) { Ok(false) } else { self.grow(current, desired) }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bytes = |elements: usize| elements.saturating_mul(size_of::<usize>());
        if maximum.is_some_and(|maximum| desired > maximum) {
            Ok(false)
        } else {
            self.grow(bytes(current), bytes(desired))
        }
    }

    fn instances(&self) -> usize {
        MODULES_MAX
    }

    fn tables(&self) -> usize {
        MODULES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}

/// No request leaves: components have no way out yet.
struct Hooks {
    listener: Logged,
    refused: u32,
}

/// Refused requests of one event that are told.
const REFUSED_TOLD: u32 = 16;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<
        dyn Future<
                Output = Result<
                    (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>),
                    Error,
                >,
            > + Send,
    > {
        self.refused = self.refused.saturating_add(1);
        if self.refused <= REFUSED_TOLD {
            let host = request.uri().host().unwrap_or_default();
            self.listener.tell(&format!(
                "EGRESS\twasi:http/outgoing-handler to {host:.255?} was refused: components have no way out yet\n"
            ));
        }
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES
    }
}

struct Random(Clock);

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill_random(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.random_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_random(bytes);
        Ok(())
    }
}

/// With when the guest was made, from which its own clock runs.
struct Time(Clock, Moment);

const MILLISECOND: Duration = Duration::from_millis(1);

impl HostWallClock for Time {
    fn resolution(&self) -> Duration {
        MILLISECOND
    }

    fn now(&self) -> Duration {
        self.0.now().since(clock::Timestamp::EPOCH)
    }
}

impl HostMonotonicClock for Time {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.since(self.1).as_nanos()).unwrap_or(u64::MAX)
    }
}
