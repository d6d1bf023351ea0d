//! Sources are read in the role of the function that they are read for.

use super::{Mapping, MappingError, Mappings, Source};
use crate::role_rights::InRole;

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

    /// The first of the actions that the function's role may not do, and the role.
    ///
    /// # Errors
    /// As [`Mappings::refusal`].
    pub(super) async fn denied(
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
