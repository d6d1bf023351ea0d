use crate::front::note::Trail;
use crate::s3::Signature;
use crate::{ApiError, Body, resource_policies};
use access::iam::LoadedPolicy;
use access::policy::{Context, PolicyDocument};
use access::{Access, Asked, Decision, Principal, Resource, Sent};
use audit::Log;
use blob::Blobs;
use clock::{Clock, Timestamp};
use functions::Functions;
use http::HeaderMap;
use kv::Kv;
use names::{AccountId, Region};
use objects::Objects;
use queues::Queues;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use tables::Tables;
use topics::Topics;
use triggers::{Destinations, Mappings};

/// The rooms below, as operations reach them. Built once by the server.
#[derive(Clone)]
pub struct Services {
    pub clock: Clock,
    pub kv: Kv,
    pub blobs: Blobs,
    pub access: Access,
    pub objects: Objects,
    pub functions: Functions,
    pub audit: Log,
    pub tables: Tables,
    pub queues: Queues,
    pub topics: Topics,
    pub mappings: Mappings,
    pub destinations: Destinations,
    /// The first base domain that is configured: what host names in printed URLs end with.
    pub base_domain: String,
}

/// One authenticated request, as its operation sees it.
pub struct Call {
    pub services: Arc<Services>,
    pub principal: Principal,
    /// The principal's account; the root account for the anonymous, who are denied before any service
    /// is reached.
    pub account: AccountId,
    /// The region that the request was signed for.
    pub region: Region,
    /// What the caller sees as `x-amzn-RequestId` or `x-amz-request-id`.
    pub request_id: String,
    /// The `Host` as the client wrote it, without a scheme.
    pub host: String,
    /// `http://<host>`: what URLs in answers must begin with, so that the client can follow them.
    pub endpoint: String,
    pub source_ip: IpAddr,
    pub user_agent: String,
    /// When the request arrived.
    pub now: Timestamp,
    pub headers: HeaderMap,
    /// The raw query string, without `?`.
    pub query: String,
    /// Of S3's requests, where there is one.
    pub(crate) signature: Option<Signature>,
    /// Of the operation's resources, which the caller may not act on; see [`crate::Operation::PARTIAL`].
    pub denied: BTreeSet<usize>,
    /// The verified payload of operations whose input has a payload of bytes; empty for all others,
    /// whose document is already in their input.
    pub body: Body,
    /// For the audit log.
    pub(crate) trail: Trail,
}

impl Call {
    /// Asks whether the caller may.
    ///
    /// # Errors
    /// They may not, or it cannot be known.
    pub(crate) async fn authorize(
        &self,
        action: &str,
        resources: &[Resource],
        mut context: Context,
    ) -> Result<(), ApiError> {
        if let Some(signature) = self.signature {
            signature.describe(self.now, &mut context);
            if let Some(sum) = self.header("x-amz-content-sha256") {
                context.set("s3:x-amz-content-sha256", sum);
            }
        }
        let shared = resource_policies::of(&self.services, &self.principal, action, resources).await?;
        match self.decide(action, resources, context, &shared).await? {
            Decision::Deny(denial) => Err(ApiError::from(denial)),
            Decision::Allow { because } => {
                tracing::debug!(request_id = self.request_id, action, because, "allowed");
                Ok(())
            }
        }
    }

    /// Whether the caller could do this if the resources had `policy` as their own.
    ///
    /// # Errors
    /// It cannot be known.
    pub(crate) async fn would_allow(
        &self,
        action: &str,
        resources: &[Resource],
        policy: PolicyDocument,
    ) -> Result<bool, ApiError> {
        let policy = Arc::new(policy);
        let of = |resource: &Resource| Some(resource_policies::loaded(&resource.arn, policy.clone()));
        let shared: Vec<_> = resources.iter().map(of).collect();
        Ok(self.decide(action, resources, Context::new(), &shared).await?.is_allowed())
    }

    async fn decide(
        &self,
        action: &str,
        resources: &[Resource],
        context: Context,
        shared: &[Option<LoadedPolicy>],
    ) -> Result<Decision, ApiError> {
        let sent = Sent {
            at: self.now,
            source_ip: self.source_ip,
            user_agent: &self.user_agent,
            region: &self.region,
        };
        let asked = Asked { principal: &self.principal, action, resources, sent: &sent, context, shared };
        self.services.access.authorize(asked).await.map_err(ApiError::internal)
    }

    /// The first value of a header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The whole payload.
    ///
    /// # Errors
    /// `too_large` when it is longer than `max` bytes; else why it could not be read or verified.
    pub async fn take_body(&mut self, max: usize, too_large: ApiError) -> Result<bytes::Bytes, ApiError> {
        std::mem::take(&mut self.body).collect(max, too_large).await
    }
}
