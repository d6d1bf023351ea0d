//! Who may do what: accounts, keys and sessions, and one [`Decision`] for every request.
//!
//! ```text
//! access key id (+ session token) ──Access::credential──▶ secret and Principal
//! Principal + action + resources ──decide──▶ Decision
//! ```
//!
//! Invariant: no operation reaches a service before [`decide`] allowed it. A request without
//! credentials is not outside of this rule: it is a [`Principal::Anonymous`], which is denied.

mod decision;
mod principal;

pub use decision::{Decision, Request, Resource, decide};
pub use principal::{Owner, Principal, Session};
