//! Sources are read in the role of the function that they are read for.

use super::{Mapping, MappingError, Mappings, Source};
use crate::role_rights::InRole;
use queues::QueueId;

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
        let refused = |(action, role): (&str, String)| source.refusal(&mapping.source_arn, action, &role);
        Ok(self.denied(mapping, &mapping.source_arn, source.actions()).await?.map(refused))
    }

    /// Why the function's role may not send to the queue; `None` where it may.
    ///
    /// # Errors
    /// As [`Mappings::refusal`].
    pub(super) async fn may_not_tell(
        &self,
        mapping: &Mapping,
        queue: &QueueId,
    ) -> Result<Option<String>, MappingError> {
        let arn = queue.arn().to_string();
        let refused = |(_, role): (&str, String)| {
            format!(
                "The function execution role does not have permissions to call SendMessage on SQS, the destination. \
                 (The role {role} may not do so with {arn}.)"
            )
        };
        Ok(self.denied(mapping, &arn, &["sqs:SendMessage"]).await?.map(refused))
    }

    /// The first of the actions that the function's role may not do, and the role.
    async fn denied(
        &self,
        mapping: &Mapping,
        resource: &str,
        actions: &'static [&'static str],
    ) -> Result<Option<(&'static str, String)>, MappingError> {
        let unreadable = || MappingError::Invalid(format!("{} is no function", mapping.function_arn));
        let (id, qualifier) = mapping.function().ok_or_else(unreadable)?;
        let of = id.clone();
        let role = self.0.functions.get_function(id, qualifier).await?.described.configuration.role;
        let denied = self.0.rights.denied(InRole { role: &role, of: &of, resource, actions }).await?;
        Ok(denied.map(|action| (action, role)))
    }
}
