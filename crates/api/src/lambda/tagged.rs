//! What can have tags, by the ARN that requests about tags name.

use super::event_source_mapping;
use super::target::{Target, whole};
use crate::{ApiError, Call};
use access::Resource;
use std::collections::BTreeMap;
use triggers::MappingId;

pub(super) enum Tagged {
    Function(Target),
    Mapping(MappingId),
}

impl Tagged {
    /// # Errors
    /// It is no ARN of either, or one of another region.
    pub fn named(call: &Call, arn: &str) -> Result<Tagged, ApiError> {
        match event_source_mapping::of_arn(call, arn)? {
            Some(id) => Ok(Tagged::Mapping(id)),
            None => Ok(Tagged::Function(whole(call, arn)?)),
        }
    }

    /// What `access` decides on.
    pub fn resources(&self) -> Vec<Resource> {
        match self {
            Tagged::Function(target) => target.resources(),
            Tagged::Mapping(id) => vec![Resource::new(id.arn())],
        }
    }

    /// # Errors
    /// There is no such thing; the store fails.
    pub async fn tags(self, call: &Call) -> Result<BTreeMap<String, String>, ApiError> {
        match self {
            Tagged::Function(target) => Ok(call.services.functions.list_tags(target.id).await?),
            Tagged::Mapping(id) => Ok(call.services.mappings.get(id).await?.tags),
        }
    }

    /// # Errors
    /// There is no such thing, the tags cannot be, or there are too many; the store fails.
    pub async fn tag(self, call: &Call, tags: BTreeMap<String, String>) -> Result<(), ApiError> {
        match self {
            Tagged::Function(target) => Ok(call.services.functions.tag_function(target.id, tags).await?),
            Tagged::Mapping(id) => Ok(call.services.mappings.tag(id, tags).await?),
        }
    }

    /// # Errors
    /// There is no such thing; the store fails.
    pub async fn untag(self, call: &Call, keys: Vec<String>) -> Result<(), ApiError> {
        match self {
            Tagged::Function(target) => Ok(call.services.functions.untag_function(target.id, keys).await?),
            Tagged::Mapping(id) => Ok(call.services.mappings.untag(id, keys).await?),
        }
    }
}
