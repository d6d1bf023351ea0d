//! Starts init processes from one long-lived thread.
//!
//! A parent-death signal is bound to the *thread* that started the child, so the starter must live as
//! long as the host. And a threaded process must not fork: the child here shares our memory until it
//! executes (as `posix_spawn` does), on a stack of its own, and makes only plain system calls.

use crate::control::{self, CONTROL_FD};
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

/// An init just started, waiting for its setup.
pub(crate) struct Spawned {
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
    pub(crate) control: OwnedFd,
}

struct Job {
    namespaces: libc::c_int,
    answer: mpsc::SyncSender<io::Result<Spawned>>,
}

/// All that a sandbox has of its own.
pub(crate) const SANDBOX: libc::c_int = libc::CLONE_NEWPID | TEMPLATE;

/// A template's processes must come into other PID namespaces, which is only possible from the host's.
pub(crate) const TEMPLATE: libc::c_int =
    libc::CLONE_NEWNS | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;

pub(crate) struct Spawner {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Spawner {
    /// `tasks` is the cgroup v1 file that the thread joins, so that its children are born in that group.
    pub(crate) fn start(init: &Path, user_namespace: bool, tasks: Option<PathBuf>) -> io::Result<Self> {
        let program = fs::File::open(init)?;
        // Out of the way of CONTROL_FD, which the child takes before it executes the program.
        let program = fcntl(&program, FcntlArg::F_DUPFD_CLOEXEC(CONTROL_FD + 1))?;
        // SAFETY: just made, and ours alone.
        let program = unsafe { OwnedFd::from_raw_fd(program) };
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = thread::Builder::new().name("sandbox-spawner".into()).spawn(move || {
            if let Some(tasks) = tasks
                && let Err(error) = fs::write(&tasks, "0")
            {
                tracing::warn!(%error, "sandbox inits stay in the server's cgroup");
            }
            while let Ok(Job { namespaces, answer }) = queue.recv() {
                // A creator that went away drops what it was sent, and with it the init.
                let _ = answer.send(spawn(program.as_raw_fd(), namespaces, user_namespace));
            }
        })?;
        Ok(Spawner { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Blocks for the start of one process (about a millisecond) in new `namespaces`.
    pub(crate) fn spawn(&self, namespaces: libc::c_int) -> io::Result<Spawned> {
        let (answer, result) = mpsc::sync_channel(1);
        let gone = || io::Error::other("the spawner thread is gone");
        let job = Job { namespaces, answer };
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        result.recv().map_err(|_| gone())?
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

const STACK_BYTES: usize = 64 * 1024;

/// All that the child needs, prepared before it exists: it must not allocate.
struct Child {
    program: RawFd,
    control: RawFd,
    argv: [*const libc::c_char; 3],
    envp: [*const libc::c_char; 1],
    /// Lines for `/proc/self/uid_map` and `gid_map`, when there is a user namespace.
    maps: Option<(CString, CString)>,
}

fn spawn(program: RawFd, namespaces: libc::c_int, user_namespace: bool) -> io::Result<Spawned> {
    let (ours, theirs) = control::pair()?;
    let (name, word) = (c"zerun", c"sandbox-init");
    // SAFETY: these two calls only read this process's ids.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    let maps = user_namespace
        .then(|| -> io::Result<_> {
            let line = |id: u32| CString::new(format!("0 {id} 1\n")).map_err(io::Error::other);
            Ok((line(uid)?, line(gid)?))
        })
        .transpose()?;
    let mut child = Child {
        program,
        control: theirs.as_raw_fd(),
        argv: [name.as_ptr(), word.as_ptr(), std::ptr::null()],
        envp: [std::ptr::null()],
        maps,
    };
    let mut flags = namespaces | libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    if user_namespace {
        flags |= libc::CLONE_NEWUSER;
    }
    let mut stack = vec![0u128; STACK_BYTES / size_of::<u128>()];
    let mut pidfd: RawFd = -1;
    // A signal handler must not run in the child while it shares our memory.
    let mut before = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before))?;
    // SAFETY: the stack outlives the child's use of it (CLONE_VFORK suspends us until it executes or
    // exits), `child` likewise; the child calls only async-signal-safe functions.
    let pid = unsafe {
        libc::clone(
            become_init,
            stack.as_mut_ptr_range().end.cast(),
            flags,
            (&raw mut child).cast(),
            &raw mut pidfd,
        )
    };
    let result = if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
    result?;
    // SAFETY: CLONE_PIDFD stored a new descriptor there.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Spawned { pid, pidfd, control: ours })
}

/// Runs in the child, on borrowed memory: system calls only, no allocation, no locks.
extern "C" fn become_init(child: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `spawn` passes a valid `Child` and waits for us.
    unsafe {
        let child = &*child.cast::<Child>();
        if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) != 0 {
            return 120;
        }
        if let Some((uid_map, gid_map)) = &child.maps {
            let written = write_file(c"/proc/self/setgroups", c"deny")
                && write_file(c"/proc/self/uid_map", uid_map)
                && write_file(c"/proc/self/gid_map", gid_map);
            if !written {
                return 121;
            }
        }
        // dup2 clears close-on-exec, except when both are the same descriptor.
        let kept = if child.control == CONTROL_FD {
            libc::fcntl(CONTROL_FD, libc::F_SETFD, 0)
        } else {
            libc::dup2(child.control, CONTROL_FD)
        };
        if kept < 0 {
            return 122;
        }
        libc::execveat(
            child.program,
            c"".as_ptr(),
            child.argv.as_ptr().cast(),
            child.envp.as_ptr().cast(),
            libc::AT_EMPTY_PATH,
        );
        123
    }
}

/// # Safety
/// Only plain system calls on its own arguments: safe wherever those are.
unsafe fn write_file(path: &std::ffi::CStr, text: &std::ffi::CStr) -> bool {
    // SAFETY: both strings are NUL-terminated and live through the calls.
    unsafe {
        let fd = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return false;
        }
        let length = text.to_bytes().len();
        let written = libc::write(fd, text.as_ptr().cast(), length);
        libc::close(fd);
        usize::try_from(written) == Ok(length)
    }
}
