use crate::SandboxError;
use crate::control::Order;
use crate::link::Link;
use std::net::TcpStream;

/// Makes sockets of the host that connect inside one sandbox. Cheap to clone.
///
/// It keeps the conversation with the sandbox's init open: drop it with the sandbox.
#[derive(Clone)]
pub struct Sockets(pub(crate) Link);

impl Sockets {
    /// A new TCP socket over IPv4 in the sandbox's network namespace: not connected, non-blocking. It may be
    /// had while the sandbox is frozen; then whoever it connects to answers later.
    ///
    /// # Errors
    /// `Gone`; `Host` when there is none to be had.
    pub async fn tcp(&self) -> Result<TcpStream, SandboxError> {
        let (_, descriptors) = self.0.ask_for(Order::Socket, &[]).await?;
        let socket = descriptors.into_iter().next();
        socket.map(TcpStream::from).ok_or_else(|| SandboxError::Gone("its init gave no socket".into()))
    }
}
