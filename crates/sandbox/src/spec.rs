use crate::SandboxError;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};

/// What a sandbox is given. Everything in it holds from before the first instruction of user code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    /// Names the sandbox's cgroup: 1–64 of `a-z A-Z 0-9 - _`, unique among the live sandboxes of a host.
    pub id: String,
    pub root: RootSpec,
    /// Size of the private `/tmp` in bytes, at least 1 MiB. Full means `ENOSPC` to the function alone.
    pub tmp_bytes: u64,
    /// Memory of all user processes together in bytes, at least 16 MiB; no swap on top.
    pub memory_bytes: u64,
    pub cpu: CpuSpec,
    /// Most processes and threads at once (1–32768), as Lambda's 1,024.
    pub pids_max: u32,
    /// Most open descriptors of one process, as Lambda's 1,024.
    pub nofile: u64,
    /// Seen inside by `gethostname`; 1–64 of `a-z A-Z 0-9 - .`.
    pub hostname: String,
    /// Listening sockets to make inside the network namespace (at most 16, in this order); the host
    /// serves them, see `Sandbox::take_listeners`.
    pub listen: Vec<SocketAddr>,
    /// Lines of `/etc/hosts` beside `localhost` (at most 64).
    pub host_names: Vec<(String, IpAddr)>,
    /// A way out of the network namespace, see `Sandbox::take_tun`; without it there is none.
    pub tun: Option<Tun>,
}

/// An interface that everything goes to which is not for the sandbox itself. The host reads the packets, so
/// that nothing leaves but what the host lets out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tun {
    /// The sandbox's own addresses, each alone in its network.
    pub v4: Ipv4Addr,
    pub v6: Ipv6Addr,
    /// Largest packet in bytes, at least 1280.
    pub mtu: u16,
    /// Whom programs ask for addresses of names.
    pub nameserver: IpAddr,
}

/// The read-only tree that user code sees as `/`.
///
/// Always there: `/proc` (own processes only), a minimal `/dev`, `/tmp`, `/etc` with the sandbox's own
/// `passwd`, `group`, `hosts`, `resolv.conf` and `nsswitch.conf`. Never there: `/sys` devices, `/home`,
/// `/root`, `/var` of the host.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RootSpec {
    /// A directory of the host that is the whole root, instead of everything below. It must have
    /// [`IMAGE_DIRECTORIES`] and [`IMAGE_FILES`], where the sandbox's own are mounted, and be readable by others
    /// as `binds` must.
    pub image: Option<PathBuf>,
    /// The host's `/usr`, `/lib*`, `/bin`, `/sbin` and the shareable part of its `/etc`.
    pub host_os: bool,
    /// Host paths made visible inside, read-only, no set-uid, no devices. At most 64.
    ///
    /// What is bound must be readable by others (`o+r`, directories `o+rx`), because the user's uid
    /// owns nothing of it; the directories *above* `source` need not be.
    pub binds: Vec<Bind>,
    /// Empty directories, for later `Sandbox::bind`s or because programs expect
    /// them.
    pub directories: Vec<PathBuf>,
    /// Link path and what it points to.
    pub symlinks: Vec<(PathBuf, PathBuf)>,
}

/// Real directories, no links, that an image's root has.
pub const IMAGE_DIRECTORIES: [&str; 5] = ["dev", "etc", "proc", "sys", "tmp"];
/// The same for files.
pub const IMAGE_FILES: [&str; 6] =
    ["etc/group", "etc/hostname", "etc/hosts", "etc/nsswitch.conf", "etc/passwd", "etc/resolv.conf"];

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bind {
    /// Absolute path on the host, a directory or a file.
    pub source: PathBuf,
    /// Absolute path inside; missing parents are made.
    pub target: PathBuf,
}

/// CPU in proportion to memory, as Lambda gives it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CpuSpec {
    /// A hard ceiling in thousandths of a CPU (at least 10); without it the share is only a weight, and
    /// idle CPU may be used.
    pub quota_millis: Option<u32>,
    /// Another weight than memory gives: that of so many thousandths of a CPU (at least 1). Low for what
    /// is prepared while others work.
    pub weight_millis: Option<u32>,
}

/// A program to run in a sandbox.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Command {
    /// The first is the program's absolute path inside the sandbox. There is no search along `PATH`.
    pub argv: Vec<String>,
    /// The whole environment: nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Absolute, inside the sandbox.
    pub cwd: PathBuf,
    /// Whether the program gets [`CHANNEL_FD`](crate::CHANNEL_FD), a stream socket whose other end is
    /// [`Process::take_channel`](crate::Process::take_channel).
    pub channel: bool,
}

/// Shows the program only: arguments and environment may hold secrets.
impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Command").field("program", &self.argv.first()).field("cwd", &self.cwd).finish()
    }
}

/// 1,769 MB of memory buy one CPU
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
const MEMORY_BYTES_PER_CPU: u64 = 1769 * 1024 * 1024;

/// `cpu.shares` of one whole CPU.
const SHARES_PER_CPU: u64 = 1024;

impl Spec {
    /// The cgroup v1 `cpu.shares` for this much memory, within the kernel's 2–262144.
    pub fn cpu_shares(&self) -> u64 {
        self.cpu.shares(self.memory_bytes)
    }

    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let name_of = |text: &str, extra: &[char]| {
            (1..=64).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(&c))
        };
        let invalid = |what: String| Err(SandboxError::Invalid(what));
        if !name_of(&self.id, &['-', '_']) {
            return invalid(format!("id {:?} is not 1-64 of a-z A-Z 0-9 - _", self.id));
        }
        if !name_of(&self.hostname, &['-', '.']) {
            return invalid(format!("hostname {:?} is not 1-64 of a-z A-Z 0-9 - .", self.hostname));
        }
        if self.tmp_bytes < 1 << 20 || self.tmp_bytes > 1 << 44 {
            return invalid(format!("tmp_bytes {} is not between 1 MiB and 16 TiB", self.tmp_bytes));
        }
        if !(1..=32_768).contains(&self.pids_max) {
            return invalid(format!("pids_max {} is not 1-32768", self.pids_max));
        }
        if !(16..=1 << 20).contains(&self.nofile) {
            return invalid(format!("nofile {} is not between 16 and 1048576", self.nofile));
        }
        if self.listen.len() > 16 || self.host_names.len() > 64 {
            return invalid("more than 16 listeners or 64 host names".into());
        }
        if self.tun.as_ref().is_some_and(|tun| tun.mtu < 1280) {
            return invalid("a packet of less than 1280 bytes is too small for IPv6".into());
        }
        if let Some((name, _)) = self.host_names.iter().find(|(name, _)| !name_of(name, &['-', '.', '_'])) {
            return invalid(format!("host name {name:?} is not 1-64 of a-z A-Z 0-9 - . _"));
        }
        check_limits(self.memory_bytes, &self.cpu)?;
        self.root.check()
    }
}

pub(crate) fn check_limits(memory_bytes: u64, cpu: &CpuSpec) -> Result<(), SandboxError> {
    let invalid = |what: String| Err(SandboxError::Invalid(what));
    if !(16 << 20..=1 << 44).contains(&memory_bytes) {
        return invalid(format!("memory_bytes {memory_bytes} is not between 16 MiB and 16 TiB"));
    }
    if cpu.quota_millis.is_some_and(|millis| millis < 10) {
        return invalid("a CPU quota below 10 thousandths cannot make progress".into());
    }
    if cpu.weight_millis == Some(0) {
        return invalid("a CPU weight of nothing cannot make progress".into());
    }
    Ok(())
}

impl CpuSpec {
    /// The weight as cgroup v1 `cpu.shares`, within the kernel's 2–262144.
    pub(crate) fn shares(&self, memory_bytes: u64) -> u64 {
        let shares = match self.weight_millis {
            Some(millis) => u64::from(millis) * SHARES_PER_CPU / 1000,
            None => memory_bytes.saturating_mul(SHARES_PER_CPU) / MEMORY_BYTES_PER_CPU,
        };
        shares.clamp(2, 262_144)
    }
}

impl RootSpec {
    fn check(&self) -> Result<(), SandboxError> {
        if self.binds.len() > 64 || self.directories.len() > 64 || self.symlinks.len() > 64 {
            return Err(SandboxError::Invalid("more than 64 binds, directories or symlinks".into()));
        }
        let beside = !self.binds.is_empty() || !self.directories.is_empty() || !self.symlinks.is_empty();
        if self.image.is_some() && (self.host_os || beside) {
            return Err(SandboxError::Invalid("an image's root has nothing beside the image".into()));
        }
        if self.image.as_ref().is_some_and(|image| !image.is_absolute() || image.to_str().is_none()) {
            return Err(SandboxError::Invalid("an image's root must be an absolute UTF-8 path".into()));
        }
        let targets = self.binds.iter().map(|bind| &bind.target);
        for path in targets.chain(&self.directories).chain(self.symlinks.iter().map(|(link, _)| link)) {
            check_inside_path(path)?;
        }
        let odd = |bind: &&Bind| !bind.source.is_absolute() || bind.source.to_str().is_none();
        match self.binds.iter().find(odd) {
            Some(bind) => {
                let source = bind.source.display();
                Err(SandboxError::Invalid(format!("bind source {source} is not an absolute UTF-8 path")))
            }
            None => Ok(()),
        }
    }
}

impl Command {
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let Some(program) = self.argv.first() else {
            return Err(SandboxError::Invalid("a command needs a program".into()));
        };
        if !program.starts_with('/') || !self.cwd.is_absolute() {
            return Err(SandboxError::Invalid("program and working directory must be absolute paths".into()));
        }
        let nul = |text: &str| text.contains('\0');
        let bad_name = |name: &str| name.is_empty() || name.contains('=') || nul(name);
        if self.argv.iter().any(|argument| nul(argument))
            || self.env.iter().any(|(name, value)| bad_name(name) || nul(value))
        {
            return Err(SandboxError::Invalid(
                "NUL or a nameless variable in arguments or environment".into(),
            ));
        }
        Ok(())
    }
}

/// Absolute, UTF-8, normal components only, at least one of them, and not where the sandbox keeps its own mounts.
pub(crate) fn check_inside_path(path: &Path) -> Result<(), SandboxError> {
    let mut components = path.components();
    let absolute = components.next() == Some(Component::RootDir);
    let mut depth = 0;
    let normal = components.all(|component| {
        depth += 1;
        matches!(component, Component::Normal(_))
    });
    // `/var/tmp` is a link to `/tmp`.
    let reserved = ["/proc", "/dev", "/sys", "/tmp", "/var/tmp"].iter().any(|own| path.starts_with(own));
    if !absolute || !normal || depth == 0 || depth > 32 || reserved || path.to_str().is_none() {
        return Err(SandboxError::Invalid(format!(
            "{} cannot be a path in a sandbox's root",
            path.display()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            id: "a-1".into(),
            root: RootSpec::default(),
            tmp_bytes: 512 << 20,
            memory_bytes: 1769 << 20,
            cpu: CpuSpec::default(),
            pids_max: 1024,
            nofile: 1024,
            hostname: "sandbox".into(),
            listen: Vec::new(),
            host_names: Vec::new(),
            tun: None,
        }
    }

    #[test]
    fn shares_follow_memory() {
        for (memory_mb, shares) in [(1769, 1024), (128, 74), (3538, 2048), (1, 2)] {
            assert_eq!(Spec { memory_bytes: memory_mb << 20, ..spec() }.cpu_shares(), shares);
        }
        let cpu = CpuSpec { weight_millis: Some(500), ..CpuSpec::default() };
        assert_eq!(Spec { cpu, ..spec() }.cpu_shares(), 512);
    }

    #[test]
    fn refuses_what_it_cannot_give() {
        assert!(spec().check().is_ok());
        let bad = [
            Spec { id: "../x".into(), ..spec() },
            Spec { id: String::new(), ..spec() },
            Spec { hostname: "a b".into(), ..spec() },
            Spec { tmp_bytes: 1, ..spec() },
            Spec { memory_bytes: 1, ..spec() },
            Spec { pids_max: 0, ..spec() },
            Spec { nofile: 0, ..spec() },
            Spec { cpu: CpuSpec { quota_millis: Some(9), weight_millis: None }, ..spec() },
            Spec { cpu: CpuSpec { quota_millis: None, weight_millis: Some(0) }, ..spec() },
            Spec { host_names: vec![("a\n".into(), IpAddr::from([127, 0, 0, 1]))], ..spec() },
        ];
        for spec in bad {
            assert!(matches!(spec.check(), Err(SandboxError::Invalid(_))), "{spec:?}");
        }
        for path in ["/", "relative", "/a/../b", "/proc/x", "/tmp/x", "/var/tmp/x", "/dev"] {
            assert!(check_inside_path(Path::new(path)).is_err(), "{path}");
        }
        assert!(check_inside_path(Path::new("/var/task")).is_ok());
    }
}
