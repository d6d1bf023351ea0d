use super::MalformedPolicy;
use super::condition::Condition;
use super::parse;
use super::pattern::Pattern;
use super::principal::{PrincipalElement, PrincipalName};
use super::template::Template;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A policy, read and compiled. What it means never changes, so that it can be shared and kept.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyDocument {
    pub(super) kind: PolicyKind,
    pub(super) version: Version,
    pub(super) id: Option<String>,
    pub(super) statements: Vec<Statement>,
}

/// What a policy is attached to, which decides what may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// Of a user, group or role; also a permissions boundary or a session policy.
    Identity,
    /// Of a bucket, function, queue, …: says who, with `Principal`.
    Resource,
    /// Of a role: who may assume it. Has no `Resource`, since that is the role.
    Trust,
    /// Of an account, like a service control policy of Organizations: the most that anybody may.
    Guardrail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Also of a policy without a version; knows no variables.
    V2008,
    V2012,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) principal: Option<PrincipalElement>,
    pub(super) actions: Actions,
    /// `None` in a trust policy: whatever it is attached to.
    pub(super) resources: Option<Resources>,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Actions {
    pub(super) negated: bool,
    /// Lower-cased, with the text that was written.
    pub(super) patterns: Box<[(Box<str>, Pattern)]>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resources {
    pub(super) negated: bool,
    pub(super) patterns: Box<[Template]>,
}

impl PolicyDocument {
    /// # Errors
    /// No JSON, a key twice in one object, more than `POLICY_BYTES_MAX` or `POLICY_DEPTH_MAX`; an element that
    /// is missing, not allowed in this kind of policy, unknown, or without sense: in IAM's words.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, MalformedPolicy> {
        parse::document(text, kind)
    }

    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    pub fn version(&self) -> Version {
        self.version
    }

    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Condition keys that the policy reads in conditions and variables: lower-cased, in order, each once.
    pub fn context_keys(&self) -> BTreeSet<String> {
        let of_statement = |statement: &Statement| -> Vec<String> {
            let resources = statement.resources.iter().flat_map(|resources| &resources.patterns);
            let in_resources = resources.flat_map(Template::keys);
            let in_conditions = statement.conditions.iter().flat_map(Condition::keys);
            in_resources.chain(in_conditions).map(str::to_owned).collect()
        };
        self.statements.iter().flat_map(of_statement).collect()
    }

    /// Users, roles, sessions and unique ids that it names as principals; neither accounts nor everybody.
    pub fn aws_principals(&self) -> impl Iterator<Item = &str> {
        let elements = self.statements.iter().filter_map(|statement| statement.principal.as_ref());
        elements.flat_map(|element| &element.names).filter_map(|name| match name {
            PrincipalName::Aws(name) => Some(&**name),
            _ => None,
        })
    }

    /// Lets principals be meant by other names, such as unique ids.
    pub(crate) fn pin(&mut self, names: &BTreeMap<String, String>) {
        let elements = self.statements.iter_mut().filter_map(|statement| statement.principal.as_mut());
        for name in elements.flat_map(|element| &mut element.names) {
            if let PrincipalName::Aws(name) = name
                && let Some(other) = names.get(&**name)
            {
                *name = other.as_str().into();
            }
        }
    }

    /// The policy in one certain form: lists always as lists, elements in the reference's order.
    pub fn to_json(&self) -> String {
        let mut policy = Map::new();
        let version = match self.version {
            Version::V2008 => "2008-10-17",
            Version::V2012 => "2012-10-17",
        };
        policy.insert("Version".to_owned(), json!(version));
        if let Some(id) = &self.id {
            policy.insert("Id".to_owned(), json!(id));
        }
        policy.insert("Statement".to_owned(), self.statements.iter().map(Statement::to_value).collect());
        Value::Object(policy).to_string()
    }
}

impl Statement {
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    pub fn effect(&self) -> Effect {
        self.effect
    }

    fn to_value(&self) -> Value {
        let mut statement = Map::new();
        let mut put = |key: &str, value: Value| statement.insert(key.to_owned(), value);
        if let Some(sid) = &self.sid {
            put("Sid", json!(sid));
        }
        put("Effect", json!(if self.effect == Effect::Allow { "Allow" } else { "Deny" }));
        if let Some(principal) = &self.principal {
            put(if principal.negated { "NotPrincipal" } else { "Principal" }, principal.to_value());
        }
        let actions = self.actions.patterns.iter().map(|(text, _)| &**text);
        put(if self.actions.negated { "NotAction" } else { "Action" }, actions.collect());
        if let Some(resources) = &self.resources {
            let texts = resources.patterns.iter().map(|template| &*template.text);
            put(if resources.negated { "NotResource" } else { "Resource" }, texts.collect());
        }
        if !self.conditions.is_empty() {
            put("Condition", conditions_value(&self.conditions));
        }
        Value::Object(statement)
    }
}

fn conditions_value(conditions: &[Condition]) -> Value {
    let mut operators = Map::new();
    for condition in conditions {
        let keys = operators.entry(&*condition.operator_name).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = keys {
            let values = condition.values.iter().map(|value| &*value.text);
            keys.insert(condition.key_name.to_string(), values.collect());
        }
    }
    Value::Object(operators)
}
