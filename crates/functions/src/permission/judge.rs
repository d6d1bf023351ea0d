use super::{PolicyRecord, record};
use crate::{FunctionId, keys, lookup};
use access::Principal;
use access::policy::{
    Context, Named, PolicyDocument, PolicyKind, PolicySet, Request, ResourceFacts, evaluate,
};
use kv::{KvError, Read};
use names::{AccountId, Arn, Qualifier};

/// What a caller that is no principal of any account wants to do.
#[derive(Debug, Clone, Default)]
pub struct Use<'a> {
    /// Without `lambda:`.
    pub action: &'a str,
    /// A service such as `s3.amazonaws.com`; `None` for anybody.
    pub service: Option<&'a str>,
    pub source_arn: Option<&'a str>,
    pub source_account: Option<&'a AccountId>,
    /// `NONE` or `AWS_IAM` for calls through a function URL.
    pub function_url_auth_type: Option<&'a str>,
}

/// Whether the resource policy of exactly this qualifier lets a stranger do what is `wanted`, as the
/// caller's transaction sees it. Without a function or a policy, nobody may do anything.
///
/// # Errors
/// The store failed.
pub async fn allows(
    from: &impl Read,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
    wanted: &Use<'_>,
) -> Result<bool, KvError> {
    let key = keys::policy(id, &lookup::qualifier_text(qualifier));
    let policy = record(from, key).await?;
    Ok(policy.is_some_and(|policy| policy.allows(&id.arn_with(qualifier), wanted)))
}

impl PolicyRecord {
    /// The policy as decisions read it. A statement that is none (an older program took principals as they came)
    /// allows nothing.
    pub(crate) fn document(&self, resource: &str) -> Option<PolicyDocument> {
        let whole = self.to_json(resource).to_string();
        if let Ok(document) = PolicyDocument::parse(&whole, PolicyKind::Resource) {
            return Some(document);
        }
        let statements = self.statements.iter().filter(|statement| statement.read(resource).is_some());
        let rest = PolicyRecord { statements: statements.cloned().collect(), ..PolicyRecord::default() };
        PolicyDocument::parse(&rest.to_json(resource).to_string(), PolicyKind::Resource).ok()
    }

    /// Whether it lets a stranger do what is `wanted` to the resource that it is of.
    pub fn allows(&self, resource: &Arn, wanted: &Use<'_>) -> bool {
        self.document(&resource.to_string()).is_some_and(|document| wanted.is_allowed(&document, resource))
    }
}

impl Use<'_> {
    /// Strangers have no policies of their own: the resource's decides alone.
    pub(crate) fn is_allowed(&self, document: &PolicyDocument, resource: &Arn) -> bool {
        let principal = match self.service {
            Some(service) => Principal::Service(service.to_owned()),
            None => Principal::Anonymous,
        };
        let mut context = Context::new();
        principal.describe(None, &mut context);
        if let Some(arn) = self.source_arn {
            context.set("aws:SourceArn", arn);
        }
        if let Some(account) = self.source_account {
            context.set("aws:SourceAccount", account.as_str());
        }
        if let Some(kind) = self.function_url_auth_type {
            context.set("lambda:FunctionUrlAuthType", kind);
        }
        context.set("lambda:InvokedViaFunctionUrl", self.function_url_auth_type.is_some().to_string());
        let resource_facts =
            ResourceFacts { arn: resource.to_string(), account: AccountId::parse(&resource.account).ok() };
        let policy = Named { name: "resource policy", document };
        let policies = PolicySet { resource: Some(&policy), ..PolicySet::default() };
        evaluate(&Request {
            principal: &principal.facts(),
            action: &format!("lambda:{}", self.action),
            resource: &resource_facts,
            context: &context,
            policies: &policies,
        })
        .is_allowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Statement;

    fn arn() -> Arn {
        Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:thumb").unwrap()
    }

    fn statement(principal: &str) -> Statement {
        Statement {
            sid: "s3".to_owned(),
            action: "lambda:InvokeFunction".to_owned(),
            principal: principal.to_owned(),
            source_arn: None,
            source_account: None,
            function_url_auth_type: None,
            invoked_via_function_url: None,
        }
    }

    fn record(statements: &[Statement]) -> PolicyRecord {
        PolicyRecord { statements: statements.to_vec(), revision_id: String::new() }
    }

    #[test]
    fn a_statement_allows_what_it_says_and_no_more() {
        let account = AccountId::root();
        let policy = record(&[Statement {
            source_arn: Some("arn:aws:s3:::p?oto*".to_owned()),
            source_account: Some(account.to_string()),
            ..statement("s3.amazonaws.com")
        }]);
        let wanted = Use {
            action: "InvokeFunction",
            service: Some("s3.amazonaws.com"),
            source_arn: Some("arn:aws:s3:::photos"),
            source_account: Some(&account),
            function_url_auth_type: None,
        };
        assert!(policy.allows(&arn(), &wanted));
        assert!(!policy.allows(&arn(), &Use { action: "InvokeFunctionUrl", ..wanted.clone() }));
        assert!(!policy.allows(&arn(), &Use { service: Some("sns.amazonaws.com"), ..wanted.clone() }));
        assert!(!policy.allows(&arn(), &Use { service: None, ..wanted.clone() }));
        assert!(!policy.allows(&arn(), &Use { source_arn: Some("arn:aws:s3:::other"), ..wanted.clone() }));
        assert!(!policy.allows(&arn(), &Use { source_arn: None, ..wanted.clone() }));
        assert!(!policy.allows(&arn(), &Use { source_account: None, ..wanted }));
    }

    #[test]
    fn the_public_comes_in_by_a_url_that_is_said_to_be_public() {
        let url = Statement {
            action: "lambda:InvokeFunctionUrl".to_owned(),
            function_url_auth_type: Some("NONE".to_owned()),
            ..statement("*")
        };
        let wanted =
            Use { action: "InvokeFunctionUrl", function_url_auth_type: Some("NONE"), ..Use::default() };
        assert!(record(std::slice::from_ref(&url)).allows(&arn(), &wanted));
        assert!(!record(&[statement("*")]).allows(&arn(), &wanted));
        assert!(!record(&[statement("000000000000")]).allows(&arn(), &wanted));
        let by_iam = Use { function_url_auth_type: Some("AWS_IAM"), ..wanted.clone() };
        assert!(!record(&[url]).allows(&arn(), &by_iam));
        let via = Statement { invoked_via_function_url: Some(true), ..statement("*") };
        let invoke = Use { action: "InvokeFunction", ..Use::default() };
        assert!(!record(std::slice::from_ref(&via)).allows(&arn(), &invoke));
        assert!(record(&[via]).allows(&arn(), &Use { action: "InvokeFunction", ..wanted }));
    }

    #[test]
    fn a_statement_that_is_none_allows_nothing_and_spoils_no_other() {
        let wanted = Use { action: "InvokeFunction", service: Some("s3.amazonaws.com"), ..Use::default() };
        let bad = Statement { sid: "bad".to_owned(), ..statement("nobody at all") };
        assert!(!record(std::slice::from_ref(&bad)).allows(&arn(), &wanted));
        assert!(record(&[bad.clone(), statement("s3.amazonaws.com")]).allows(&arn(), &wanted));
        assert!(bad.check().is_err());
        for principal in [
            "*",
            "111122223333",
            "s3.amazonaws.com",
            "arn:aws:iam::111122223333:role/a/b",
            "AIDAABCDEFGHIJKLMNOPQ",
        ] {
            assert!(statement(principal).check().is_ok(), "{principal}");
        }
        for principal in ["", "a", "arn:aws:iam::111122223333:role/*", "arn:aws:s3:::photos"] {
            assert!(statement(principal).check().is_err(), "{principal}");
        }
    }
}
