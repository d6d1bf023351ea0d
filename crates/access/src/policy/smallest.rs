use super::verdict::{Decision, Layer, Verdict};
use super::{PrincipalKind, Request};
use serde_json::{Map, Value, json};

impl Verdict {
    /// The smallest statement that, in a policy of the [`missing`](Verdict::missing) layer, would allow the
    /// request there: this action on this resource, and in a policy that names principals, this principal.
    ///
    /// `None` where no statement would help: what is allowed needs none, and an explicit deny yields to none.
    pub fn smallest_statement(&self, request: &Request<'_>) -> Option<String> {
        let layer = self.missing.filter(|_| self.decision == Decision::ImplicitDeny)?;
        let mut statement = Map::new();
        statement.insert("Effect".to_owned(), json!("Allow"));
        if matches!(layer, Layer::Resource | Layer::Trust) {
            statement.insert("Principal".to_owned(), principal(request));
        }
        statement.insert("Action".to_owned(), json!(request.action));
        if layer != Layer::Trust {
            statement.insert("Resource".to_owned(), json!(literally(&request.resource.arn)));
        }
        Some(Value::Object(statement).to_string())
    }
}

fn principal(request: &Request<'_>) -> Value {
    let account = || request.principal.account.as_ref().map_or("", |account| account.as_str());
    match &request.principal.kind {
        PrincipalKind::Root => json!({ "AWS": format!("arn:aws:iam::{}:root", account()) }),
        PrincipalKind::User { arn, .. } | PrincipalKind::FederatedUser { arn, .. } => json!({ "AWS": arn }),
        PrincipalKind::RoleSession { role_arn, .. } => json!({ "AWS": role_arn }),
        PrincipalKind::Service(name) => json!({ "Service": name }),
        PrincipalKind::WebIdentity { provider } => json!({ "Federated": provider }),
        PrincipalKind::Anonymous => json!("*"),
    }
}

/// A name may have characters in it that a policy would read as more than themselves.
fn literally(arn: &str) -> String {
    if arn == "*" {
        return arn.to_owned();
    }
    arn.replace("${", "${$}{").replace('?', "${?}").replace('*', "${*}")
}
