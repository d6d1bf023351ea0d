use pool::{
    AnswerSink, InstanceKind, InvokeError, InvokeRequest, Outcome, ProvisionStatus, SnapshotFailure,
    VersionSpec,
};
use runtime::RuntimeId;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What runs versions: the pool of sandboxes, or in tests a closure.
pub trait Instances: Send + Sync + 'static {
    /// One event for an instance of `spec`.
    ///
    /// # Errors
    /// No instance answered; errors of the code itself are outcomes.
    fn invoke(
        &self,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
    ) -> Boxed<'_, Result<Outcome, InvokeError>>;

    /// As [`Instances::invoke`]; an answer that is there before the invocation's end goes to `sink`. Of one
    /// that goes there piece by piece, the outcome has no payload.
    ///
    /// # Errors
    /// As [`Instances::invoke`].
    fn invoke_into(
        &self,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
        sink: AnswerSink,
    ) -> Boxed<'_, Result<Outcome, InvokeError>>;

    /// Ends every idle instance of a function (unqualified ARN), or of one version of it, and every busy one
    /// after its event.
    fn drain<'a>(&'a self, function_arn: &'a str, version: Option<&'a str>) -> Boxed<'a, ()>;

    /// From now on, so many initialised instances of each of these versions, and of no other of the function.
    fn provision(&self, function_arn: &str, versions: Vec<(Arc<VersionSpec>, u32)>);

    /// What became of that for one version.
    fn provisioned(&self, function_arn: &str, version: &str) -> ProvisionStatus;

    /// Initialises an instance of `spec` ahead, and goes on doing so whenever one is used.
    ///
    /// # Errors
    /// There is none.
    fn snapshot(&self, spec: Arc<VersionSpec>) -> Boxed<'_, Result<(), SnapshotFailure>>;

    /// An instance of this kind may be needed soon.
    fn expect(&self, kind: &InstanceKind);

    /// This unpacked code and these layers may be needed soon: what takes long to make of them is begun.
    fn prepare(&self, code_dir: &Path, layer_dirs: &[PathBuf]);

    /// # Errors
    /// This machine cannot run `runtime`; the text names what it can, and is fit to be shown.
    fn check_runtime(&self, runtime: &RuntimeId) -> Result<(), String>;
}
