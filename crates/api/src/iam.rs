//! Users, groups, roles and policies, spoken as IAM.

pub mod model;

mod document;
mod error;
mod managed_policy;
mod paging;
mod resources;
mod role;
mod tags;

mod attach_role_policy;
mod create_policy;
mod create_policy_version;
mod create_role;
mod create_service_linked_role;
mod delete_policy;
mod delete_policy_version;
mod delete_role;
mod delete_role_permissions_boundary;
mod delete_role_policy;
mod delete_service_linked_role;
mod detach_role_policy;
mod get_policy;
mod get_policy_version;
mod get_role;
mod get_role_policy;
mod get_service_linked_role_deletion_status;
mod list_attached_role_policies;
mod list_entities_for_policy;
mod list_instance_profiles_for_role;
mod list_policies;
mod list_policy_tags;
mod list_policy_versions;
mod list_role_policies;
mod list_role_tags;
mod list_roles;
mod put_role_permissions_boundary;
mod put_role_policy;
mod set_default_policy_version;
mod tag_policy;
mod tag_role;
mod untag_policy;
mod untag_role;
mod update_assume_role_policy;
mod update_role;
mod update_role_description;
