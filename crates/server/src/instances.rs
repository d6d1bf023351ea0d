//! Where functions meet the pool, and the pool meets what is above it.

use crate::listener::{self, ListenerConfig};
use access::{Access, Session, SessionRequest, SessionSubject};
use api::Front;
use functions::Instances;
use meters::{Ending, Metered, Meters, Used};
use names::Arn;
use pool::{
    AnswerSink, CredentialError, CredentialSource, Credentials, Endpoint, InstanceKind, InstanceSource,
    InvokeError, InvokeRequest, Metering, Outcome, Pool, ProvisionStatus, SnapshotFailure, VersionSpec,
};
use runtime::{RuntimeId, Runtimes};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::net::TcpStream;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The pool as functions use it.
pub struct PooledInstances {
    pub pool: Pool,
    pub runtimes: Runtimes,
    pub meters: Meters,
}

impl Instances for PooledInstances {
    fn invoke(
        &self,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
    ) -> Boxed<'_, Result<Outcome, InvokeError>> {
        let bytes = request.payload.len();
        Box::pin(self.counted(spec.clone(), bytes, self.pool.invoke(spec, request)))
    }

    fn invoke_into(
        &self,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
        sink: AnswerSink,
    ) -> Boxed<'_, Result<Outcome, InvokeError>> {
        let bytes = request.payload.len();
        Box::pin(self.counted(spec.clone(), bytes, self.pool.invoke_into(spec, request, sink)))
    }

    fn drain<'a>(&'a self, function_arn: &'a str, version: Option<&'a str>) -> Boxed<'a, ()> {
        Box::pin(self.pool.drain(function_arn, version))
    }

    fn provision(&self, function_arn: &str, versions: Vec<(Arc<VersionSpec>, u32)>) {
        self.pool.provision(function_arn, versions);
    }

    fn provisioned(&self, function_arn: &str, version: &str) -> ProvisionStatus {
        self.pool.provisioned(function_arn, version)
    }

    fn expect(&self, kind: &InstanceKind) {
        self.pool.expect(kind);
    }

    fn prepare(&self, code_dir: &Path, layer_dirs: &[PathBuf]) {
        self.pool.prepare(code_dir, layer_dirs);
    }

    fn snapshot(&self, spec: Arc<VersionSpec>) -> Boxed<'_, Result<(), SnapshotFailure>> {
        Box::pin(self.pool.snapshot(spec))
    }

    fn check_runtime(&self, runtime: &RuntimeId) -> Result<(), String> {
        // Waits only when it is asked before the search at the start has ended.
        tokio::task::block_in_place(|| self.runtimes.check(runtime)).map_err(|missing| missing.to_string())
    }
}

impl PooledInstances {
    /// Its callers drive it to its end, whether anybody waits for the answer or not.
    async fn counted(
        &self,
        spec: Arc<VersionSpec>,
        request_bytes: usize,
        invocation: impl Future<Output = Result<Outcome, InvokeError>>,
    ) -> Result<Outcome, InvokeError> {
        let counting = self.meters.begin(&metered(&spec));
        let answer = invocation.await;
        counting.end(&metered(&spec), ending(&answer, request_bytes as u64));
        answer
    }
}

fn metered(spec: &VersionSpec) -> Metered<'_> {
    Metered {
        function_arn: &spec.function_arn,
        account: &spec.account_id,
        region: &spec.region,
        function: &spec.function_name,
        version: &spec.version,
        memory_mb: spec.memory_mb,
    }
}

fn ending(answer: &Result<Outcome, InvokeError>, request_bytes: u64) -> Ending {
    match answer {
        Ok(outcome) => {
            let Metering { duration, billed, init, cpu, cold, source, .. } = outcome.metering;
            let provisioned = source == InstanceSource::Provisioned;
            let spillover = source == InstanceSource::Spillover;
            let memory_peak_bytes = outcome.metering.max_memory_bytes;
            // What was streamed is not in the outcome.
            let response_bytes = outcome.metering.streamed_bytes + outcome.payload.len() as u64;
            let used = Used {
                duration,
                billed,
                init,
                cpu,
                memory_peak_bytes,
                cold,
                provisioned,
                spillover,
                request_bytes,
                response_bytes,
            };
            if outcome.function_error.is_some() { Ending::Failed(used) } else { Ending::Answered(used) }
        }
        Err(InvokeError::Throttled(_)) => Ending::Throttled,
        Err(InvokeError::RestoreFailed | InvokeError::RestoreTimedOut) => {
            Ending::Failed(Used { request_bytes, ..Used::default() })
        }
        Err(_) => Ending::Unavailable,
    }
}

/// The front door as code in a sandbox reaches it: the same pipeline, the same signatures.
///
/// The pool is built before the front door that stands above it; until that is set, connections are
/// closed, which no function lives early enough to see.
///
/// Front door and pool hold each other through it: [`FrontInside::close`] ends that, or neither, nor the
/// control groups that the pool's host keeps, would ever go.
#[derive(Default)]
pub struct FrontInside {
    front: RwLock<Option<(Front, ListenerConfig)>>,
}

impl FrontInside {
    pub fn open(&self, front: Front, config: ListenerConfig) {
        *self.front.write().unwrap_or_else(PoisonError::into_inner) = Some((front, config));
    }

    /// When no function is left that could reach it.
    pub fn close(&self) {
        *self.front.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Endpoint for FrontInside {
    fn serve(&self, stream: TcpStream) -> Boxed<'static, ()> {
        let front = self.front.read().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            if let Some((front, config)) = front {
                // The address inside the sandbox says nothing out here.
                let peer = stream.peer_addr().unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
                listener::serve_stream(front, stream, peer, &config).await;
            }
        })
    }
}

/// Sessions of the functions' roles.
pub struct RoleSessions {
    pub access: Access,
}

impl CredentialSource for RoleSessions {
    fn credentials<'a>(&'a self, spec: &'a VersionSpec) -> Boxed<'a, Result<Credentials, CredentialError>> {
        Box::pin(self.session(spec))
    }
}

impl RoleSessions {
    async fn session(&self, spec: &VersionSpec) -> Result<Credentials, CredentialError> {
        let refused = |error: &dyn std::fmt::Display| CredentialError::Failed(error.to_string());
        let role_arn = Arn::parse(&spec.role_arn).map_err(|error| refused(&error))?;
        let role = self.access.iam().role_policies(&role_arn).await.map_err(|error| refused(&error))?;
        let trusts = self.access.trusts_service(&role_arn, "lambda.amazonaws.com").await;
        let Some(role) = role.filter(|_| !matches!(trusts, Ok(false))) else {
            let why = format!(
                "The role defined for the function cannot be assumed by Lambda. There is no {role_arn}, or it does \
                 not trust lambda.amazonaws.com."
            );
            return Err(CredentialError::RoleRefused(why));
        };
        trusts.map_err(|error| refused(&error))?;
        let session = Session {
            function_arn: Arn::parse(&spec.function_arn).ok(),
            ..Session::of_role(role_arn, &role.identity.id, spec.function_name.to_string())
        };
        let session = self.access.session(SessionRequest {
            account: spec.account_id.clone(),
            subject: SessionSubject::Role(Box::new(session)),
            lifetime: access::SESSION_LIFETIME_MAX,
        });
        let session = session.map_err(|error| refused(&error))?;
        Ok(Credentials {
            access_key_id: session.access_key_id,
            secret_access_key: session.secret_access_key.expose().to_owned(),
            session_token: session.session_token.expose().to_owned(),
            expires: session.expires,
        })
    }
}
