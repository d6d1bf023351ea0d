use crate::link::Started;
use crate::streams::Ends;
use std::os::unix::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

/// A program running in a sandbox. Dropping it ends nothing.
#[derive(Debug)]
pub struct Process {
    /// End of file comes when the process and every descendant that inherited it have closed it.
    ///
    /// Must be read or dropped: a full pipe (64 KiB) stops the writer.
    pub stdout: Option<pipe::Receiver>,
    pub stderr: Option<pipe::Receiver>,
    channel: Option<UnixStream>,
    pid: i32,
    exit: Result<Exit, oneshot::Receiver<Exit>>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    pub status: ExitStatus,
    /// The kernel's out-of-memory killer struck in this sandbox while the process ran: at the process
    /// itself or at another one in there.
    pub oom_killed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    Code(i32),
    Signal(i32),
}

impl ExitStatus {
    pub fn success(self) -> bool {
        self == ExitStatus::Code(0)
    }
}

impl Process {
    pub(crate) fn new(started: Started, ends: Ends) -> Self {
        let Ends { stdout, stderr, channel } = ends;
        Process {
            stdout: Some(stdout),
            stderr: Some(stderr),
            channel,
            pid: started.pid,
            exit: Err(started.exit),
        }
    }

    /// Our end of the channel, for a command that asked for one; the second call gives none. Non-blocking, as
    /// tokio wants it. What comes out of it is as hostile as all that a sandbox says.
    pub fn take_channel(&mut self) -> Option<UnixStream> {
        self.channel.take()
    }

    /// Process id inside the sandbox.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Waits for the end of this process (not of its descendants). Cancel-safe, and may be asked again.
    ///
    /// When the whole sandbox ends first, the kernel has killed the process: `Signal(9)`.
    pub async fn wait(&mut self) -> Exit {
        match &mut self.exit {
            Ok(exit) => *exit,
            Err(receiver) => {
                let killed = Exit { status: ExitStatus::Signal(libc::SIGKILL), oom_killed: false };
                let exit = receiver.await.unwrap_or(killed);
                self.exit = Ok(exit);
                exit
            }
        }
    }
}
