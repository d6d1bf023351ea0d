use super::LinkedService;

/// Names as the services' own guides give them, e.g.
/// <https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html>.
#[rustfmt::skip]
pub(super) const LINES: &[LinkedService] = &[
    one("apidestinations.events.amazonaws.com", "AWSServiceRoleForAmazonEventBridgeApiDestinations"),
    several("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"),
    one("contributorinsights.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBCloudWatchContributorInsights"),
    one("dynamodb.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"),
    one("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    one("ecs.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_ECSService"),
    one("elasticache.amazonaws.com", "AWSServiceRoleForElastiCache"),
    one("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
    one("email.cognito-idp.amazonaws.com", "AWSServiceRoleForAmazonCognitoIdpEmailService"),
    one("es.amazonaws.com", "AWSServiceRoleForAmazonElasticsearchService"),
    one("kinesisreplication.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBKinesisDataStreamsReplication"),
    one("lambda.amazonaws.com", "AWSServiceRoleForLambda"),
    one("lambda.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency"),
    one("logger.cloudfront.amazonaws.com", "AWSServiceRoleForCloudFrontLogger"),
    one("opensearchservice.amazonaws.com", "AWSServiceRoleForAmazonOpenSearchService"),
    one("ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway"),
    one("rds.amazonaws.com", "AWSServiceRoleForRDS"),
    one("rds.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_RDSCluster"),
    one("replication.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBReplication"),
    one("replicator.lambda.amazonaws.com", "AWSServiceRoleForLambdaReplicator"),
    one("schemas.amazonaws.com", "AWSServiceRoleForSchemas"),
    one("ssm.amazonaws.com", "AWSServiceRoleForAmazonSSM"),
];

const fn one(principal: &'static str, role: &'static str) -> LinkedService {
    LinkedService { principal, role, takes_suffix: false }
}

const fn several(principal: &'static str, role: &'static str) -> LinkedService {
    LinkedService { principal, role, takes_suffix: true }
}
