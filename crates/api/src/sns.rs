//! Topics, spoken as SNS.

mod add_permission;
mod create_topic;
mod delete_topic;
pub(crate) mod error;
mod get_subscription_attributes;
mod get_topic_attributes;
mod list_subscriptions;
mod list_subscriptions_by_topic;
mod list_tags_for_resource;
mod list_topics;
mod message;
pub mod model;
mod publish;
mod publish_batch;
mod remove_permission;
mod set_subscription_attributes;
mod set_topic_attributes;
mod subscribe;
mod subscription;
mod tag_resource;
mod tags;
mod target;
mod unsubscribe;
mod untag_resource;
