use super::Line;

/// In byte order of names.
#[rustfmt::skip]
pub(super) const LINES: &[Line] = &[
    line("/service-role/", "AWSLambdaBasicExecutionRole", 1, "2015-04-09T15:03:43Z", include_str!("AWSLambdaBasicExecutionRole.json")),
    line("/service-role/", "AWSLambdaDynamoDBExecutionRole", 1, "2015-04-09T15:09:29Z", include_str!("AWSLambdaDynamoDBExecutionRole.json")),
    line("/service-role/", "AWSLambdaKinesisExecutionRole", 2, "2018-11-19T20:09:24Z", include_str!("AWSLambdaKinesisExecutionRole.json")),
    line("/service-role/", "AWSLambdaRole", 1, "2015-02-06T18:41:28Z", include_str!("AWSLambdaRole.json")),
    line("/service-role/", "AWSLambdaSQSQueueExecutionRole", 1, "2018-06-14T21:50:45Z", include_str!("AWSLambdaSQSQueueExecutionRole.json")),
    line("/service-role/", "AWSLambdaVPCAccessExecutionRole", 3, "2024-01-05T22:38:26Z", include_str!("AWSLambdaVPCAccessExecutionRole.json")),
    line("/", "AWSLambda_FullAccess", 5, "2026-02-11T22:18:56Z", include_str!("AWSLambda_FullAccess.json")),
    line("/", "AWSLambda_ReadOnlyAccess", 2, "2023-07-27T17:32:05Z", include_str!("AWSLambda_ReadOnlyAccess.json")),
    line("/", "AWSStepFunctionsFullAccess", 1, "2017-01-11T21:51:32Z", include_str!("AWSStepFunctionsFullAccess.json")),
    line("/", "AWSXRayDaemonWriteAccess", 2, "2024-02-13T21:58:30Z", include_str!("AWSXRayDaemonWriteAccess.json")),
    line("/", "AdministratorAccess", 1, "2015-02-06T18:39:46Z", include_str!("AdministratorAccess.json")),
    line("/", "AmazonAPIGatewayInvokeFullAccess", 2, "2018-12-18T18:25:10Z", include_str!("AmazonAPIGatewayInvokeFullAccess.json")),
    line("/service-role/", "AmazonAPIGatewayPushToCloudWatchLogs", 1, "2015-11-11T23:41:46Z", include_str!("AmazonAPIGatewayPushToCloudWatchLogs.json")),
    line("/", "AmazonDynamoDBFullAccess", 15, "2021-01-29T17:38:30Z", include_str!("AmazonDynamoDBFullAccess.json")),
    line("/", "AmazonDynamoDBReadOnlyAccess", 14, "2024-03-20T15:45:01Z", include_str!("AmazonDynamoDBReadOnlyAccess.json")),
    line("/", "AmazonEventBridgeFullAccess", 4, "2022-12-01T17:00:46Z", include_str!("AmazonEventBridgeFullAccess.json")),
    line("/", "AmazonS3FullAccess", 2, "2021-09-27T20:16:37Z", include_str!("AmazonS3FullAccess.json")),
    line("/", "AmazonS3ReadOnlyAccess", 3, "2023-08-10T21:31:39Z", include_str!("AmazonS3ReadOnlyAccess.json")),
    line("/", "AmazonSNSFullAccess", 1, "2015-02-06T18:41:05Z", include_str!("AmazonSNSFullAccess.json")),
    line("/", "AmazonSQSFullAccess", 1, "2015-02-06T18:41:07Z", include_str!("AmazonSQSFullAccess.json")),
    line("/", "AmazonSSMReadOnlyAccess", 1, "2015-05-29T17:44:19Z", include_str!("AmazonSSMReadOnlyAccess.json")),
    line("/", "CloudWatchLogsFullAccess", 3, "2025-05-20T17:07:06Z", include_str!("CloudWatchLogsFullAccess.json")),
    line("/", "IAMFullAccess", 2, "2019-06-21T19:40:00Z", include_str!("IAMFullAccess.json")),
    line("/", "IAMReadOnlyAccess", 4, "2018-01-25T19:11:27Z", include_str!("IAMReadOnlyAccess.json")),
    line("/", "PowerUserAccess", 12, "2026-02-12T17:59:14Z", include_str!("PowerUserAccess.json")),
    line("/", "SecretsManagerReadWrite", 6, "2026-08-25T23:37:10Z", include_str!("SecretsManagerReadWrite.json")),
];

const fn line(
    path: &'static str,
    name: &'static str,
    version: u32,
    made: &'static str,
    text: &'static str,
) -> Line {
    Line { path, name, version, made, text }
}
