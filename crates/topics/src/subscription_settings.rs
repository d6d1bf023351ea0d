//! A subscription's attributes, as callers write and read them.
//! <https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html>

use crate::redrive::Redrive;
use crate::settings::truth;
use crate::{Filter, Protocol, Scope, TopicId, TopicsError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SubscriptionSettings {
    pub raw: bool,
    /// As it was given.
    pub filter: Option<String>,
    pub scope: Scope,
    pub redrive: Option<Redrive>,
}

impl SubscriptionSettings {
    /// # Errors
    /// `InvalidParameter`, `NotHonoured`.
    pub fn new(
        topic: &TopicId,
        protocol: Protocol,
        given: &BTreeMap<String, String>,
    ) -> Result<SubscriptionSettings, TopicsError> {
        let mut settings = SubscriptionSettings::default();
        // The scope says how the policy is read.
        let scope_first = given.iter().filter(|(name, _)| *name == "FilterPolicyScope");
        for (name, value) in scope_first.chain(given.iter().filter(|(name, _)| *name != "FilterPolicyScope"))
        {
            settings.set(topic, protocol, name, value).map_err(|error| match error {
                TopicsError::InvalidParameter(what) => TopicsError::reason("Attributes", what),
                other => other,
            })?;
        }
        Ok(settings)
    }

    /// # Errors
    /// `InvalidParameter`, `NotHonoured`.
    pub fn set(
        &mut self,
        topic: &TopicId,
        protocol: Protocol,
        name: &str,
        value: &str,
    ) -> Result<(), TopicsError> {
        let not_here = |why| Err(TopicsError::NotHonoured(name.to_owned(), why));
        match name {
            "RawMessageDelivery" => {
                let raw = truth(name, value)?;
                if raw && protocol == Protocol::Lambda {
                    return Err(TopicsError::invalid(format!(
                        "Delivery protocol [{}] does not support raw message delivery.",
                        protocol.as_str()
                    )));
                }
                self.raw = raw;
            }
            "FilterPolicy" => {
                let is_none = value.is_empty() || value.trim() == "{}";
                if !is_none {
                    Filter::parse(value, self.scope)?;
                }
                self.filter = (!is_none).then(|| value.to_owned());
            }
            "FilterPolicyScope" => {
                let scope = match value {
                    "MessageAttributes" => Scope::Attributes,
                    "MessageBody" => Scope::Body,
                    _ => {
                        return Err(TopicsError::invalid(format!(
                            "FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or \
                             MessageAttributes"
                        )));
                    }
                };
                if let Some(filter) = &self.filter {
                    Filter::parse(filter, scope)?;
                }
                self.scope = scope;
            }
            "RedrivePolicy" => self.redrive = Redrive::parse(value, topic)?,
            "DeliveryPolicy" if value.is_empty() => {}
            "DeliveryPolicy" => return not_here("it is for HTTP endpoints, which are not there yet"),
            "SubscriptionRoleArn" => return not_here("nothing delivers to Firehose"),
            "ReplayPolicy" if value.is_empty() => {}
            "ReplayPolicy" => return not_here("messages are not archived"),
            _ => return Err(TopicsError::invalid("AttributeName")),
        }
        Ok(())
    }

    /// Those that are kept, by name.
    pub fn shown(&self) -> BTreeMap<String, String> {
        let mut shown = BTreeMap::from([("RawMessageDelivery".to_owned(), self.raw.to_string())]);
        if let Some(filter) = &self.filter {
            shown.insert("FilterPolicy".to_owned(), filter.clone());
            shown.insert("FilterPolicyScope".to_owned(), self.scope.as_str().to_owned());
        }
        if let Some(redrive) = &self.redrive {
            shown.insert("RedrivePolicy".to_owned(), redrive.text());
        }
        shown
    }
}
