use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::fchown;
use std::os::unix::net::UnixStream;
use tokio::net::unix::pipe;

/// The descriptors of one process: ours, and the other ends, which it gets.
pub(crate) struct Streams {
    pub(crate) ours: Ends,
    stdout: OwnedFd,
    stderr: OwnedFd,
    channel: Option<UnixStream>,
}

pub(crate) struct Ends {
    pub(crate) stdout: pipe::Receiver,
    pub(crate) stderr: pipe::Receiver,
    pub(crate) channel: Option<UnixStream>,
}

impl Streams {
    /// `owner`: the user inside, where that is not our own.
    pub(crate) fn make(owner: Option<u32>, with_channel: bool) -> io::Result<Streams> {
        let ((stdout, stdout_in), (stderr, stderr_in)) = (pipe2(OFlag::O_CLOEXEC)?, pipe2(OFlag::O_CLOEXEC)?);
        if let Some(uid) = owner {
            // Programs open /dev/stdout and /dev/stderr again, which takes the right to the pipe itself.
            for end in [&stdout_in, &stderr_in] {
                fchown(end, Some(uid), Some(uid))?;
            }
        }
        let (ours, theirs) = with_channel.then(UnixStream::pair).transpose()?.unzip();
        if let Some(channel) = &ours {
            channel.set_nonblocking(true)?;
        }
        let ours = Ends {
            stdout: pipe::Receiver::from_owned_fd(stdout)?,
            stderr: pipe::Receiver::from_owned_fd(stderr)?,
            channel: ours,
        };
        Ok(Streams { ours, stdout: stdout_in, stderr: stderr_in, channel: theirs })
    }

    /// Standard output, standard error, and the channel if there is one.
    pub(crate) fn theirs(&self) -> Vec<BorrowedFd<'_>> {
        let outputs = [self.stdout.as_fd(), self.stderr.as_fd()];
        outputs.into_iter().chain(self.channel.as_ref().map(AsFd::as_fd)).collect()
    }
}
