//! Who asks, in the corpus.

use access::policy::{PrincipalFacts, PrincipalKind};
use names::AccountId;
use serde_json::{Value, json};

pub const HOME: &str = "111111111111";
pub const AWAY: &str = "222222222222";

pub fn principal(name: &str) -> PrincipalFacts {
    let user = |arn: &str, id: &str| PrincipalKind::User { arn: arn.to_owned(), id: id.to_owned() };
    let session = |role: &str, id: &str, session: &str| PrincipalKind::RoleSession {
        role_arn: role.to_owned(),
        role_id: id.to_owned(),
        session_arn: session.to_owned(),
    };
    let federated = |name: &str, user: Option<&str>| PrincipalKind::FederatedUser {
        arn: format!("arn:aws:sts::{HOME}:federated-user/{name}"),
        user_arn: user.map(str::to_owned),
    };
    let identity = |provider: &str| PrincipalKind::WebIdentity { provider: provider.to_owned() };
    let (account, kind) = match name {
        "root" => (Some(HOME), PrincipalKind::Root),
        "ann" => (Some(HOME), user("arn:aws:iam::111111111111:user/ann", "AIDAANNANNANNANNANNAN")),
        "bob" => (Some(HOME), user("arn:aws:iam::111111111111:user/team/bob", "AIDABOBBOBBOBBOBBOBBO")),
        "ops" => (
            Some(HOME),
            session(
                "arn:aws:iam::111111111111:role/ops",
                "AROAOPSOPSOPSOPSOPSOP",
                "arn:aws:sts::111111111111:assumed-role/ops/shift",
            ),
        ),
        "fay" => (Some(HOME), federated("fay", Some("arn:aws:iam::111111111111:user/ann"))),
        "rex" => (Some(HOME), federated("rex", None)),
        "eve" => (Some(AWAY), user("arn:aws:iam::222222222222:user/eve", "AIDAEVEEVEEVEEVEEVEEV")),
        "visit" => (
            Some(AWAY),
            session(
                "arn:aws:iam::222222222222:role/path/visitor",
                "AROAVISITVISITVISITVI",
                "arn:aws:sts::222222222222:assumed-role/visitor/day",
            ),
        ),
        "other-root" => (Some(AWAY), PrincipalKind::Root),
        "lambda" => (None, PrincipalKind::Service("lambda.amazonaws.com".to_owned())),
        "google" => (None, identity("accounts.google.com")),
        "oidc" => (None, identity("arn:aws:iam::111111111111:oidc-provider/token.example.com")),
        "anonymous" => (None, PrincipalKind::Anonymous),
        _ => panic!("nobody is called {name}"),
    };
    PrincipalFacts {
        kind,
        account: account.map(|id| AccountId::parse(id).unwrap()),
        canonical_user_id: account.map(|id| id[..1].repeat(64)),
    }
}

/// How a Principal element of the corpus names `who`.
pub fn element(form: &str, who: &PrincipalFacts) -> Value {
    let account = who.account.as_ref().map_or(HOME, AccountId::as_str);
    match (form, &who.kind) {
        ("everyone", _) => json!("*"),
        ("account", _) => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
        ("other", _) => json!({ "AWS": "arn:aws:iam::333333333333:user/other" }),
        ("self", PrincipalKind::User { arn, .. } | PrincipalKind::FederatedUser { arn, .. }) => {
            json!({ "AWS": arn })
        }
        ("self", PrincipalKind::RoleSession { session_arn, .. }) => json!({ "AWS": session_arn }),
        ("self", PrincipalKind::Service(name)) => json!({ "Service": name }),
        ("self", PrincipalKind::WebIdentity { provider }) => json!({ "Federated": provider }),
        ("behind", PrincipalKind::RoleSession { role_arn, .. }) => json!({ "AWS": role_arn }),
        ("behind", PrincipalKind::FederatedUser { user_arn: Some(arn), .. }) => json!({ "AWS": arn }),
        ("not-self", PrincipalKind::User { arn, .. }) => {
            json!({ "AWS": [arn, format!("arn:aws:iam::{account}:root")] })
        }
        ("not-self", PrincipalKind::RoleSession { role_arn, session_arn, .. }) => {
            json!({ "AWS": [role_arn, session_arn, format!("arn:aws:iam::{account}:root")] })
        }
        ("not-ann", _) => json!({ "AWS": ["arn:aws:iam::111111111111:user/ann", HOME] }),
        _ => panic!("{form} of {who:?}"),
    }
}
