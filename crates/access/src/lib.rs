//! Who may do what: accounts, keys and sessions, and one [`Decision`] for every request.
//!
//! ```text
//! access key id (+ session token) ──Access::credential──▶ secret and Principal
//! Principal + action + resources ──Access::authorize──▶ Decision
//! ```
//!
//! Invariant: no operation reaches a service before [`Access::authorize`] allowed it. A request without
//! credentials is not outside of this rule: it is a [`Principal::Anonymous`], which is denied.

mod account;
mod accounts;
mod assume_role;
mod authorize;
mod cipher;
mod credential;
mod decision;
mod denial_id;
mod error;
mod explanation;
mod facts;
mod guardrails;
pub mod iam;
mod master_key;
pub mod policy;
mod principal;
mod session;
pub mod simulate;
mod store;
mod tokens;
mod web_identity;

pub use account::{Account, AccountSettings, KeyPair, WELL_KNOWN_KEY};
pub use assume_role::{AssumeError, AssumeRole, AssumeRoleWithWebIdentity, Assumed, NewFederated};
pub use authorize::{Asked, Sent};
pub use credential::{Credential, CredentialError, Secret};
pub use decision::{Decision, Resource, admit};
pub use denial_id::{DenialIds, DenialRef};
pub use error::AccessError;
pub use explanation::{Denial, Explanation};
pub use guardrails::Guardrails;
pub use iam::{Iam, IamError};
pub use master_key::MasterKey;
pub use principal::{Federated, IamUser, Owner, Principal, Session, SessionPolicies, Validity, WebIdentity};
pub use session::{
    SESSION_LIFETIME_MAX, SessionCredentials, SessionRequest, SessionSubject, TOKEN_LIFETIME_MAX,
};
pub use store::{Access, FirstStart};
pub use web_identity::Issuers;
