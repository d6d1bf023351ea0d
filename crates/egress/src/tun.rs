use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use tokio::io::unix::AsyncFd;

/// The host's end of a sandbox's only interface to the outside: whole IP packets, one at a time.
pub(crate) struct Tun(AsyncFd<OwnedFd>);

impl Tun {
    /// `device` must be non-blocking. Must be called inside a tokio runtime.
    pub(crate) fn new(device: OwnedFd) -> io::Result<Self> {
        // SAFETY: it owns a valid descriptor, which we neither replace nor close while it is registered.
        Ok(Tun(unsafe { AsyncFd::register(device) }?))
    }

    /// Waits until there is a packet.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.0.readable().await.map(|mut ready| ready.retain_ready())
    }

    /// Waits for the next packet; its length in `buffer`.
    pub(crate) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.0.readable().await?;
            if let Ok(result) = ready.try_io(|device| read(device.get_ref(), buffer)) {
                return result;
            }
        }
    }

    /// A packet that is there now.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        read(self.0.get_ref(), buffer)
    }

    /// A packet that the kernel has no room for is lost, as on any network.
    pub(crate) fn write(&self, packet: &[u8]) {
        // SAFETY: a valid buffer and a descriptor of ours.
        let written = unsafe { libc::write(self.0.as_raw_fd(), packet.as_ptr().cast(), packet.len()) };
        if written < 0 {
            let error = io::Error::last_os_error();
            // EIO: the interface is going down with its sandbox.
            if error.kind() != ErrorKind::WouldBlock {
                tracing::trace!(%error, "a packet for a sandbox is lost");
            }
        }
    }
}

fn read(device: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        // SAFETY: a valid buffer and a descriptor of ours.
        let count = unsafe { libc::read(device.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
        match usize::try_from(count) {
            Ok(count) => return Ok(count),
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}
