//! Sources are read in the role of the function that they are read for.

use super::{Mapping, MappingError, Mappings, Source};
use access::policy::Context;
use access::{Asked, Principal, Resource, Sent, Session, Validity};
use clock::Clock;
use names::{AccountId, Arn};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Nobody sees it.
const SESSION: Duration = Duration::from_secs(900);

impl Mappings {
    /// Why the function's role may not read the source; `None` where it may.
    ///
    /// # Errors
    /// The function is not there; the store fails.
    pub(super) async fn refusal(
        &self,
        mapping: &Mapping,
        source: &Source,
    ) -> Result<Option<String>, MappingError> {
        let unreadable = || MappingError::Invalid(format!("{} is no function", mapping.function_arn));
        let (id, qualifier) = mapping.function().ok_or_else(unreadable)?;
        let region = id.region.clone();
        let account = id.account.clone();
        let role = self.0.functions.get_function(id, qualifier).await?.described.configuration.role;
        let refused = |action: &str| Some(source.refusal(&mapping.source_arn, action, &role));
        let Ok(arn) = Arn::parse(&mapping.source_arn) else { return Ok(refused("anything")) };
        let Some(principal) = self.in_role(&role, &account).await? else { return Ok(refused("anything")) };
        let resources = [Resource::new(arn)];
        let sent = Sent {
            at: self.0.clock.now(),
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: "lambda.amazonaws.com",
            region: &region,
        };
        for action in source.actions() {
            let asked = Asked {
                principal: &principal,
                action,
                resources: &resources,
                sent: &sent,
                context: Context::new(),
                shared: &[],
            };
            if !self.0.access.authorize(asked).await.map_err(store)?.is_allowed() {
                return Ok(refused(action));
            }
        }
        Ok(None)
    }

    /// A session of the role, if there is one that functions may act in.
    async fn in_role(&self, role: &str, account: &AccountId) -> Result<Option<Principal>, MappingError> {
        let access = &self.0.access;
        let Ok(arn) = Arn::parse(role) else { return Ok(None) };
        if !access.trusts_service(&arn, "lambda.amazonaws.com").await.map_err(store)? {
            return Ok(None);
        }
        let loaded = access.iam().role_policies(&arn).await.map_err(store)?;
        let (Some(loaded), Some(account)) = (loaded, access.account(account)) else { return Ok(None) };
        let session = Session::of_role(arn, &loaded.identity.id, "event-source-mapping");
        Ok(Some(Principal::Session {
            owner: account.owner(),
            session: Box::new(session),
            validity: validity(&self.0.clock),
        }))
    }
}

fn validity(clock: &Clock) -> Validity {
    let now = clock.now();
    Validity { issued: now, expires: now + SESSION }
}

fn store(error: access::IamError) -> MappingError {
    tracing::error!(%error, "rights of an event source mapping cannot be read");
    MappingError::Invalid("rights cannot be read".to_owned())
}
