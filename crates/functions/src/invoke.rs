use crate::code::Pin;
use crate::remembered::Target;
use crate::{
    Configuration, EGRESS_TAG, FunctionId, FunctionRecord, Functions, FunctionsError, StreamedAnswer,
    Version, lineage, lookup,
};
use bytes::Bytes;
use names::Qualifier;
use pool::{AnswerSink, Detached, EarlyAnswer, InvokeError, InvokeRequest, Outcome, VersionSpec};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// One event for a function, whoever sent it.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub id: FunctionId,
    pub qualifier: Option<Qualifier>,
    /// A UUID.
    pub request_id: String,
    /// JSON.
    pub payload: Bytes,
    /// JSON, already decoded from base64.
    pub client_context: Option<String>,
    pub trace_id: Option<String>,
    /// The answer is to come with its log and figures, and so not before the end of the invocation, which
    /// extensions can put off. Otherwise it comes as soon as the code has given it
    /// (<https://aws.amazon.com/blogs/compute/performance-and-functionality-improvements-for-aws-lambda-extensions/>).
    pub until_end: bool,
}

/// Of the event of a synchronous invocation.
pub const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;

/// What a function answered with.
#[derive(Debug)]
pub enum Answer {
    /// Everything at once. A streaming function that failed before its first byte answers so too.
    Whole(Outcome),
    Streamed(StreamedAnswer),
}

/// An invocation under way.
pub(crate) type Running = JoinHandle<Result<Outcome, InvokeError>>;

pub(crate) async fn outcome(running: Running) -> Result<Outcome, FunctionsError> {
    match running.await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(FunctionsError::Internal(format!("an invocation ended early: {error}"))),
    }
}

/// A version, with what else of its function matters to its instances.
pub(crate) struct Runnable {
    pub version: Version,
    pub configuration: Configuration,
    pub reserved_concurrency: Option<u32>,
    /// The function's tag.
    pub egress: Option<String>,
}

impl Runnable {
    pub fn of(record: &FunctionRecord, version: Version, configuration: Configuration) -> Self {
        let egress = record.tags.get(EGRESS_TAG).cloned();
        Runnable { version, configuration, reserved_concurrency: record.reserved_concurrency, egress }
    }
}

impl Functions {
    /// Runs the function and waits for its answer. An error of the code is an [`Outcome`] too.
    ///
    /// Dropping the future gives the answer up; the code may run on until its timeout.
    ///
    /// # Errors
    /// `NotFound`; `TooLarge` for more than 6 MiB; `Recursive` for one that a loop makes; `Invoke` when no
    /// instance answered.
    pub async fn invoke(&self, invocation: Invocation) -> Result<Outcome, FunctionsError> {
        let (sink, expected) = match invocation.until_end {
            true => (None, None),
            false => Some(pool::answer_whole()).unzip(),
        };
        let mut running = Detached::new(self.begin(invocation, "Invoke", sink).await?);
        let Some(expected) = expected else { return Ok(running.await?) };
        let mut early = std::pin::pin!(expected.begun());
        let ended = tokio::select! {
            biased;
            early = &mut early => match early {
                Some(EarlyAnswer::Whole(outcome)) => return Ok(outcome),
                // Whoever takes no stream is given none.
                Some(EarlyAnswer::Stream(_)) | None => return Ok(running.await?),
            },
            ended = &mut running => ended,
        };
        // Both at once: what went to the caller is the answer.
        match early.await {
            Some(EarlyAnswer::Whole(outcome)) => Ok(outcome),
            Some(EarlyAnswer::Stream(_)) | None => Ok(ended?),
        }
    }

    /// Runs the function and hands its answer on while it is being written, if it is streamed.
    ///
    /// Dropping the future or the answer gives the answer up, as with [`Functions::invoke`].
    ///
    /// # Errors
    /// As [`Functions::invoke`], before anything was answered.
    pub async fn invoke_streaming(&self, invocation: Invocation) -> Result<Answer, FunctionsError> {
        let until_end = invocation.until_end;
        let (sink, expected) = pool::answer_stream();
        let running = tokio::spawn(self.begin(invocation, "InvokeWithResponseStream", Some(sink)).await?);
        match expected.begun().await {
            Some(EarlyAnswer::Stream(stream)) => Ok(Answer::Streamed(StreamedAnswer { stream, running })),
            Some(EarlyAnswer::Whole(outcome)) if !until_end => Ok(Answer::Whole(outcome)),
            Some(EarlyAnswer::Whole(_)) | None => outcome(running).await.map(Answer::Whole),
        }
    }

    /// The invocation itself, to be run to its end even when the caller has gone: until then, nothing that
    /// replaces the code meanwhile may sweep it.
    async fn begin(
        &self,
        invocation: Invocation,
        operation: &str,
        sink: Option<AnswerSink>,
    ) -> Result<impl Future<Output = Result<Outcome, InvokeError>> + Send + use<>, FunctionsError> {
        if invocation.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(too_large(invocation.payload.len(), PAYLOAD_BYTES_MAX, operation));
        }
        let Invocation { id, qualifier, .. } = &invocation;
        let qualifier = qualifier.as_ref();
        let target = self.remembered.target(&self.kv, id, qualifier).await?;
        let trace_id = invocation.trace_id.as_deref();
        lineage::check(trace_id, id, &target.record)?;
        let trace_id = lineage::advanced(trace_id, id, &self.clock);
        let (spec, pins) = self.runs_from(id, qualifier, &target).await?;
        let request = InvokeRequest {
            request_id: invocation.request_id,
            payload: invocation.payload,
            invoked_arn: invocation.id.arn_with(invocation.qualifier.as_ref()).to_string(),
            client_context: invocation.client_context,
            cognito_identity: None,
            wants_tail: invocation.until_end,
            trace_id: Some(trace_id),
        };
        let instances = self.instances.clone();
        Ok(async move {
            let outcome = match sink {
                None => instances.invoke(spec, request).await,
                Some(sink) => instances.invoke_into(spec, request, sink).await,
            };
            drop(pins);
            outcome
        })
    }

    /// What an event for `target` runs from. Its code stays unpacked as long as the pins live.
    pub(crate) async fn runs_from(
        &self,
        id: &FunctionId,
        qualifier: Option<&Qualifier>,
        target: &Arc<Target>,
    ) -> Result<(Arc<VersionSpec>, Vec<Pin>), FunctionsError> {
        let (version, configuration) = self.route(target, id, qualifier)?;
        let pins: Vec<_> = configuration.codes().map(|code| self.code.pin(&code.sha256)).collect();
        let remembered = target.spec(version).filter(|_| self.remembered.is_current(id, qualifier, target));
        if let Some(spec) = remembered {
            return Ok((spec, pins));
        }
        let runnable = Runnable::of(&target.record, version, configuration.clone());
        self.check_state(id, &runnable)?;
        let spec = Arc::new(Box::pin(self.spec(id, runnable)).await?);
        target.remember_spec(version, &spec);
        Ok((spec, pins))
    }

    /// Checks all that an invocation needs before code would run.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn invoke_dry(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
    ) -> Result<(), FunctionsError> {
        self.choose(&id, qualifier.as_ref()).await.map(|_| ())
    }

    pub(crate) async fn choose(
        &self,
        id: &FunctionId,
        qualifier: Option<&Qualifier>,
    ) -> Result<Runnable, FunctionsError> {
        let target = self.remembered.target(&self.kv, id, qualifier).await?;
        let (version, configuration) = self.route(&target, id, qualifier)?;
        Ok(Runnable::of(&target.record, version, configuration.clone()))
    }

    fn route<'a>(
        &self,
        target: &'a Target,
        id: &FunctionId,
        qualifier: Option<&Qualifier>,
    ) -> Result<(Version, &'a Configuration), FunctionsError> {
        let routed = target.route(qualifier, self.clock.random_u64());
        routed.ok_or_else(|| lookup::missing(id, qualifier))
    }

    /// Unpacked, in the order in which they are merged.
    pub(crate) async fn layer_dirs(
        &self,
        configuration: &Configuration,
    ) -> Result<Vec<PathBuf>, FunctionsError> {
        let mut layer_dirs = Vec::with_capacity(configuration.layers.len());
        for layer in &configuration.layers {
            layer_dirs.push(self.code.directory(&layer.code).await?);
        }
        Ok(layer_dirs)
    }

    /// What an instance of it needs; unpacks its code if need be.
    ///
    /// # Errors
    /// The code cannot be had; `Invalid` for a tag that this server does not admit any more.
    pub(crate) async fn spec(
        &self,
        id: &FunctionId,
        runnable: Runnable,
    ) -> Result<VersionSpec, FunctionsError> {
        let Runnable { version, configuration, reserved_concurrency, egress } = runnable;
        let layer_dirs = self.layer_dirs(&configuration).await?;
        let account_concurrency = self.config.account_concurrency.of(&id.account);
        let unreserved = self.unreserved.of(&self.kv, account_concurrency, &id.account, &id.region).await?;
        let (image, code_dir) = match configuration.code.image {
            Some(_) => {
                let (image, root) = self.code.image(&configuration.code).await?;
                (Some(configuration.image_config.program(&image)), root)
            }
            None => (None, self.code.directory(&configuration.code).await?),
        };
        Ok(VersionSpec {
            function_arn: id.arn().to_string(),
            function_name: id.name.clone(),
            version: version.to_string(),
            account_id: id.account.clone(),
            region: id.region.clone(),
            image,
            code_dir,
            layer_dirs,
            runtime: configuration.runtime,
            handler: configuration.handler,
            environment: configuration.environment.variables().clone(),
            memory_mb: configuration.memory_mb,
            timeout: Duration::from_secs(configuration.timeout_s.into()),
            tmp_mb: configuration.tmp_mb,
            role_arn: configuration.role,
            // A tag changes without the configuration.
            revision: match &egress {
                None => configuration.revision_id,
                Some(tag) => format!("{} {tag}", configuration.revision_id),
            },
            egress: crate::egress::policy(&self.config, egress.as_deref())?,
            reserved_concurrency,
            unreserved_concurrency: unreserved,
            log_group: configuration.logging.group(id),
            log_format: configuration.logging.format,
            snap_start: configuration.snap_start && version != Version::Latest,
        })
    }
}

pub(crate) fn too_large(bytes: usize, max: usize, operation: &str) -> FunctionsError {
    FunctionsError::TooLarge(format!(
        "{bytes} byte payload is too large for the {operation} operation (limit {max} bytes)"
    ))
}
