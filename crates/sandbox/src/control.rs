//! What host and init say to each other, over a sequenced-packet socket pair.
//!
//! One packet is one message: JSON, with descriptors beside it. The init's end is descriptor
//! [`CONTROL_FD`]; when the host's end closes, for whatever reason, the init ends itself and with it
//! every process of its PID namespace.

use crate::{Command, Layer, LayerReport, Spec};
use nix::cmsg_space;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recv, recvmsg, sendmsg,
    socketpair,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;

pub(crate) const CONTROL_FD: RawFd = 3;

/// Below the default send buffer of a socket (208 KiB), so that a packet always fits.
pub(crate) const MESSAGE_BYTES_MAX: usize = 160 * 1024;

/// Descriptors beside one message: 16 listeners and a device, 16 mounts, or a handful of cgroup files.
const DESCRIPTORS_MAX: usize = 24;

/// Most mounts or links in one order.
pub(crate) const BINDS_MAX: usize = 16;

#[derive(Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) order: Order,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Order {
    /// Descriptors: the entrance of each hierarchy (`cgroups` of them), then `freezer.state` if
    /// `freezer`.
    Setup(Box<Setup>),
    /// Descriptors: standard output, standard error, and the channel if the command has one.
    Exec(Command),
    /// Descriptors: as many detached mounts as points. Then the links are made.
    Bind {
        points: Vec<MountPoint>,
        /// Link path and what it points to.
        links: Vec<(PathBuf, PathBuf)>,
    },
    Signal {
        pid: i32,
        signal: i32,
    },
    KillAll,
    /// A TCP socket of the network namespace.
    Socket,
    /// Asks for the descriptors with which a process comes in from outside: [`PASSAGE`], then the plan's.
    Passage,
    /// A process has come in that way: its end is to be told.
    Adopt {
        pid: i32,
    },
    /// Instead of a setup: becomes a template, and speaks [`TemplateWord`]s from then on. Descriptor: where the
    /// program's outputs go.
    Template(Box<Setup>, Box<Command>),
}

/// What comes before a plan's own descriptors when an init answers [`Order::Passage`].
pub(crate) const PASSAGE: [&str; 6] = ["plan", "pid", "mnt", "net", "ipc", "uts"];

/// What a template, or the process that it forked, says. Each in its own socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TemplateWord {
    /// It waits for orders.
    Ready,
    /// The forked process is enclosed; its id inside.
    Started(i32),
    Failed(Failure),
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TemplateOrder {
    /// To a template. Descriptors: the socket for the answer, standard output, standard error, the channel; then
    /// those that the sandbox's init gave.
    Fork,
    /// To what it forked, which waits for that until its end can be told.
    Run,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct MountPoint {
    pub(crate) target: PathBuf,
    pub(crate) directory: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) spec: Spec,
    pub(crate) uid: u32,
    pub(crate) privileged: bool,
    /// Whether there is a PID namespace of its own: not for a template.
    pub(crate) own_pids: bool,
    /// An empty directory on the host to build the root on.
    pub(crate) staging: PathBuf,
    pub(crate) tmp: TmpPlan,
    pub(crate) may_lack: Vec<Layer>,
    pub(crate) cgroups: usize,
    pub(crate) freezer: bool,
    /// Host path and path inside of the sandbox's own cgroup directories.
    pub(crate) cgroup_views: Vec<(PathBuf, PathBuf)>,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum TmpPlan {
    /// A file system image on disk: copy `template` into an unnamed file in `directory`.
    Disk { template: PathBuf, directory: PathBuf },
    /// A tmpfs, for the reason given.
    Memory { because: String },
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Event {
    Reply { id: u64, result: Result<Reply, Failure> },
    Exited { pid: i32, status: i32 },
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Reply {
    /// Descriptors: the listeners, then the TUN device if there is one.
    Ready(Vec<LayerReport>),
    Started {
        pid: i32,
    },
    /// Descriptor: the socket, if that was asked for.
    Done,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) layer: Option<Layer>,
    pub(crate) what: String,
    /// An `errno`, or 0 when it was not a system call that failed.
    pub(crate) errno: i32,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>, error: &io::Error) -> Self {
        Failure { layer: None, what: what.into(), errno: error.raw_os_error().unwrap_or(0) }
    }

    pub(crate) fn source(&self) -> io::Error {
        match self.errno {
            0 => io::Error::other("refused"),
            errno => io::Error::from_raw_os_error(errno),
        }
    }
}

pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

pub(crate) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let bytes = serde_json::to_vec(message).map_err(io::Error::other)?;
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(io::Error::from_raw_os_error(libc::E2BIG));
    }
    Ok(bytes)
}

/// `EAGAIN` on a non-blocking socket whose peer does not read.
pub(crate) fn send_bytes(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let rights = if raw.is_empty() { &rights[..0] } else { &rights[..] };
    loop {
        match sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], rights, MsgFlags::MSG_NOSIGNAL, None)
        {
            Err(nix::Error::EINTR) => {}
            result => return result.map(drop).map_err(io::Error::from),
        }
    }
}

pub(crate) fn send(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    send_bytes(socket, &encode(message)?, descriptors)
}

/// `None` when the other end is closed.
pub(crate) fn receive<T: DeserializeOwned>(socket: BorrowedFd<'_>) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    // Of its size: a buffer for the largest would cost fresh pages with each message, and a launcher, which has
    // none to spare, receives on the way to every cold start.
    let mut bytes = match next_length(socket)? {
        0 => return Ok(None),
        length => vec![0; length.min(MESSAGE_BYTES_MAX)],
    };
    let mut space = cmsg_space!([RawFd; DESCRIPTORS_MAX]);
    let (length, descriptors, truncated) = loop {
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        match recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut space), flags) {
            Err(nix::Error::EINTR) => {}
            // A peer that died with unread messages.
            Err(nix::Error::ECONNRESET) => return Ok(None),
            Err(error) => return Err(error.into()),
            Ok(message) => {
                let mut descriptors = Vec::new();
                for control in message.cmsgs()? {
                    if let ControlMessageOwned::ScmRights(raw) = control {
                        // SAFETY: the kernel just installed these descriptors for us alone.
                        descriptors.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
                    }
                }
                let cut = MsgFlags::MSG_TRUNC | MsgFlags::MSG_CTRUNC;
                break (message.bytes, descriptors, message.flags.intersects(cut));
            }
        }
    };
    if length == 0 {
        return Ok(None);
    }
    if truncated {
        return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
    }
    let message = bytes.get(..length).unwrap_or_default();
    Ok(Some((serde_json::from_slice(message).map_err(io::Error::other)?, descriptors)))
}

/// Waits for the next message, if the socket blocks; 0 when the other end is closed.
fn next_length(socket: BorrowedFd<'_>) -> io::Result<usize> {
    loop {
        match recv(socket.as_raw_fd(), &mut [], MsgFlags::MSG_PEEK | MsgFlags::MSG_TRUNC) {
            Err(nix::Error::EINTR) => {}
            // A peer that died with unread messages.
            Err(nix::Error::ECONNRESET) => return Ok(0),
            result => return result.map_err(io::Error::from),
        }
    }
}
