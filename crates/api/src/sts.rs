//! Who am I, and whose session may I have, spoken as STS.

pub mod model;

mod error;
mod parts;

mod assume_role;
mod assume_role_with_web_identity;
mod decode_authorization_message;
mod get_access_key_info;
mod get_caller_identity;
mod get_federation_token;
mod get_session_token;
