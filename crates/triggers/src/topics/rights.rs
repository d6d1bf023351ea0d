use access::policy::{
    Context, Named, PolicyDocument, PolicySet, PrincipalFacts, PrincipalKind, Request, ResourceFacts,
    evaluate,
};
use names::{AccountId, Arn};

/// Whether a resource's policy lets a service do `action` to it, on behalf of what has the ARN `source`.
pub(crate) fn lets_in(
    policy: &PolicyDocument,
    (service, action): (&str, &str),
    resource: &Arn,
    source: &Arn,
    source_account: &AccountId,
) -> bool {
    let arn = resource.to_string();
    let principal = PrincipalFacts {
        kind: PrincipalKind::Service(service.to_owned()),
        account: None,
        canonical_user_id: None,
    };
    let mut context = Context::new();
    context.set("aws:SourceArn", source.to_string());
    context.set("aws:SourceAccount", source_account.as_str());
    context.set("aws:PrincipalServiceName", service);
    let account = AccountId::parse(&resource.account).ok();
    let facts = ResourceFacts { arn: arn.clone(), account };
    let named = Named { name: &arn, document: policy };
    let request = Request {
        principal: &principal,
        action,
        resource: &facts,
        context: &context,
        policies: &PolicySet { resource: Some(&named), ..PolicySet::default() },
    };
    evaluate(&request).is_allowed()
}
