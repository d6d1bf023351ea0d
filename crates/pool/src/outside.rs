use crate::VersionSpec;
use clock::Timestamp;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The platform's front door as code inside a sandbox reaches it (`AWS_ENDPOINT_URL`).
pub trait Endpoint: Send + Sync + 'static {
    /// Serves one connection until it closes. Dropping the future closes it; that happens when the
    /// instance ends.
    fn serve(&self, stream: tokio::net::TcpStream) -> Boxed<'static, ()>;
}

/// Makes the session that an instance's code signs its calls with.
pub trait CredentialSource: Send + Sync + 'static {
    /// Called once for every new instance, with `spec.role_arn` naming the role.
    fn credentials<'a>(&'a self, spec: &'a VersionSpec) -> Boxed<'a, Result<Credentials, CredentialError>>;
}

#[derive(Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    /// The instance takes no new invocation that could outlive this, and is replaced.
    pub expires: Timestamp,
}

/// Never shows the secret or the token.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// No session could be made for the function's role; the messages are fit for the function's owner.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CredentialError {
    /// There is no such role, or it does not trust the service.
    #[error("{0}")]
    RoleRefused(String),
    #[error("no credentials for the function's role: {0}")]
    Failed(String),
}
