/// The figures of [`Stats`] that are asked for after every invocation: reading all of them takes longer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub memory_peak_bytes: Option<u64>,
    pub cpu_usec: Option<u64>,
    pub oom_kills: Option<u64>,
}

/// What a sandbox used so far. A figure the host cannot tell (no such cgroup controller) is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Most memory since the start or the last `Sandbox::reset_memory_peak`,
    /// as the kernel accounts it: anonymous memory, kernel memory and page cache.
    pub memory_peak_bytes: Option<u64>,
    pub memory_now_bytes: Option<u64>,
    pub cpu_usec: Option<u64>,
    /// Processes the kernel ended for lack of memory, ever.
    pub oom_kills: Option<u64>,
    pub pids: Option<u64>,
}
