"""A request for each operation: made from botocore's model of it, and where that does not say enough, written here.

A new operation needs a case here only where a required member of its input is neither listed in `MEMBERS` nor one that
the model makes plain (a number, a choice, a truth value, a list or structure of such). It fails the sweep until then.
"""

import inspect
import json
from dataclasses import dataclass, field

import botocore.session

from deny.things import ACCOUNT, NO_PERMISSION, trust
from packing import zip_of

MODELS = botocore.session.get_session()

# What required members are, of any operation of the service. The values are asked for once for each operation.
MEMBERS = {
    "iam": {
        "UserName": lambda t: t.user(),
        "RoleName": lambda t: t.role(),
        "GroupName": lambda t: t.group(),
        "PolicyArn": lambda t: t.policy(),
        "PolicyName": lambda t: "inline",
        "PolicyDocument": lambda t: NO_PERMISSION,
        "PolicyInputList": lambda t: [NO_PERMISSION],
        "PolicySourceArn": lambda t: t.user_arn(),
        "PermissionsBoundary": lambda t: t.policy(),
        "OpenIDConnectProviderArn": lambda t: t.provider(),
        "ClientID": lambda t: "new",
        "ThumbprintList": lambda t: ["1" * 40],
        "ActionNames": lambda t: ["s3:GetObject"],
        "VersionId": lambda t: "v1",
        "Tags": lambda t: [{"Key": "new", "Value": "b"}],
        "TagKeys": lambda t: ["team"],
        "Description": lambda t: "new",
    },
    "lambda": {
        "FunctionName": lambda t: t.function(),
        "Name": lambda t: "live",
        "Qualifier": lambda t: "live",
        "FunctionVersion": lambda t: "1",
        "LayerName": lambda t: t.layer(),
        "VersionNumber": lambda t: 1,
        "Resource": lambda t: t.own_function(),
        "Tags": lambda t: {"new": "b"},
        "TagKeys": lambda t: ["team"],
        "StatementId": lambda t: "sid",
        "UUID": lambda t: t.mapping(),
    },
    "s3": {
        "Bucket": lambda t: t.bucket(),
        "Key": lambda t: t.object(),
        "CopySource": lambda t: f"{t.bucket()}/{t.object()}",
        "Tagging": lambda t: {"TagSet": [{"Key": "new", "Value": "b"}]},
        "NotificationConfiguration": lambda t: {},
    },
    "dynamodb": {
        "TableName": lambda t: t.table(),
        "Key": lambda t: t.key_of_item(),
        "Item": lambda t: t.key_of_item() | {"spoiled": {"BOOL": True}},
        "ResourceArn": lambda t: t.table(),
        "Tags": lambda t: [{"Key": "new", "Value": "b"}],
        "TagKeys": lambda t: ["team"],
        "BackupArn": lambda t: t.backup(),
        "BackupName": lambda t: "new",
        "TargetTableName": lambda t: t.name(),
        "ExportArn": lambda t: t.export(),
        "ImportArn": lambda t: t.table_import(),
        "StreamArn": lambda t: t.stream(),
        "ShardId": lambda t: t.shard(),
        "ShardIterator": lambda t: t.shard_iterator(),
    },
    "sqs": {
        "QueueUrl": lambda t: t.queue(),
        "QueueName": lambda t: t.queue().rsplit("/", 1)[1],
        "MessageBody": lambda t: "spoiled",
        "Tags": lambda t: {"new": "b"},
        "TagKeys": lambda t: ["team"],
        "Label": lambda t: "new",
        "AWSAccountIds": lambda t: ["222222222222"],
        "Actions": lambda t: ["SendMessage"],
        "Attributes": lambda t: {"VisibilityTimeout": "31"},
        "SourceArn": lambda t: t.dead_letters(),
    },
    "sns": {
        "TopicArn": lambda t: t.topic(),
        "ResourceArn": lambda t: t.own_topic(),
        "SubscriptionArn": lambda t: t.subscription(),
        "Name": lambda t: t.name(),
        "Message": lambda t: "spoiled",
        "Tags": lambda t: [{"Key": "new", "Value": "b"}],
        "TagKeys": lambda t: ["team"],
        "Label": lambda t: "new",
        "AWSAccountId": lambda t: ["222222222222"],
        "ActionName": lambda t: ["Publish"],
        "AttributeName": lambda t: "DisplayName",
        "Protocol": lambda t: "sqs",
    },
    "sts": {
        "RoleSessionName": lambda t: "session",
    },
}


def user_with(**what):
    return lambda t: {"UserName": t.user(**what)}


def role_with(**what):
    return lambda t: {"RoleName": t.role(**what)}


def group_with(**what):
    return lambda t: {"GroupName": t.group(**what)}


def uploading(*members):
    def make(t):
        at, parts = t.upload()
        return at | ({"MultipartUpload": parts} if "MultipartUpload" in members else {})
    return make


def of_key(t):
    name, key = t.key()
    return {"UserName": name, "AccessKeyId": key}


def member_of_group(t):
    user = t.user()
    return {"UserName": user, "GroupName": t.group(member=user)}


def policy_of_table(principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "dynamodb:ListStreams", "Resource": "*"}]})


def with_policy(t):
    arn = t.own_table()
    t.db.put_resource_policy(ResourceArn=arn, Policy=policy_of_table(t.user_arn()))
    return {"ResourceArn": arn}


def of_receipt(**more):
    def make(t):
        url = t.own_queue()
        return {"QueueUrl": url, "ReceiptHandle": t.receipt(url)} | more
    return make


def of_receipts(**more):
    def make(t):
        made = of_receipt()(t)
        return {"QueueUrl": made["QueueUrl"],
                "Entries": [{"Id": "1", "ReceiptHandle": made["ReceiptHandle"]} | more]}
    return make


def own_queue(t):
    return {"QueueUrl": t.own_queue()}


def with_permission(t):
    url = t.own_queue()
    t.sqs.add_permission(QueueUrl=url, Label="sid", AWSAccountIds=["222222222222"], Actions=["SendMessage"])
    return {"QueueUrl": url, "Label": "sid"}


def own_topic(t):
    return {"TopicArn": t.own_topic()}


def with_topic_permission(t):
    arn = t.own_topic()
    t.sns.add_permission(TopicArn=arn, Label="sid", AWSAccountId=["222222222222"], ActionName=["Publish"])
    return {"TopicArn": arn, "Label": "sid"}


def to_delete(t):
    """A policy without a second version, which could not be deleted with one."""
    arn = t.own_policy()
    t.iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    return {"PolicyArn": arn}


def attached(kind, member):
    def make(t):
        return {member: getattr(t, kind)(attached=True), "PolicyArn": t.policy()}
    return make


def new_function(t):
    return {"FunctionName": t.name(), "Runtime": t.runtime, "Handler": "index.handler", "Role": t.function_role(),
            "Code": {"ZipFile": zip_of({"index.py": "def handler(event, context):\n    return 1\n"})}}


@dataclass
class Written:
    """What cannot be read from the model. `params` are laid over what can."""

    params: object = lambda t: {}
    # What the request asks for beside its operation's own action, as AWS documents it.
    further: list = field(default_factory=list)
    # Run by root before the control: what the request needs and other requests take away.
    before: object = lambda t: None
    # Another account's request, where the same one would only make something there.
    foreign: object = None
    # Why somebody of another account may do it, and is told of this account.
    open_to_others: str = ""
    # Why no policy can forbid it.
    free: str = ""
    # Why clients sign it with nothing: what it shows instead proves nothing here, whoever asks.
    unsigned: str = ""


TAGS = [{"Key": "team", "Value": "b"}]
INTO_A_TABLE = [f"dynamodb:{name}" for name in (
    "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")]
FREE = "everybody may ask who they are, and for temporary credentials of their own"

WRITTEN = {
    "iam:CreateAccountAlias": Written(lambda t: {"AccountAlias": "deny-made"},
                                      foreign=lambda t: {"AccountAlias": "deny-theirs"}),
    "iam:DeleteAccountAlias": Written(lambda t: {"AccountAlias": "deny-alias"},
                                      before=lambda t: t.iam.create_account_alias(AccountAlias="deny-alias")),
    "iam:CreateAccessKey": Written(user_with()),
    "iam:DeleteAccessKey": Written(of_key),
    "iam:UpdateAccessKey": Written(lambda t: of_key(t) | {"Status": "Inactive"}),
    "iam:GetAccessKeyLastUsed": Written(lambda t: {"AccessKeyId": t.key()[1]}),
    "iam:ListAccessKeys": Written(user_with()),
    "iam:GetUser": Written(user_with()),
    "iam:CreateUser": Written(lambda t: {"UserName": t.name(), "Tags": TAGS}, further=["iam:TagUser"]),
    "iam:CreateGroup": Written(lambda t: {"GroupName": t.name()}),
    "iam:CreateRole": Written(lambda t: {
        "RoleName": t.name(), "AssumeRolePolicyDocument": trust({"Service": "lambda.amazonaws.com"}), "Tags": TAGS},
        further=["iam:TagRole"]),
    "iam:CreatePolicy": Written(lambda t: {"PolicyName": t.name(), "Tags": TAGS}, further=["iam:TagPolicy"]),
    "iam:CreateOpenIDConnectProvider": Written(lambda t: {"Url": f"https://{t.name()}.example"}),
    "iam:DeleteOpenIDConnectProvider": Written(lambda t: {"OpenIDConnectProviderArn": t.own_provider()}),
    "iam:CreatePolicyVersion": Written(lambda t: {"PolicyArn": t.own_policy()}),
    "iam:DeletePolicyVersion": Written(lambda t: {"PolicyArn": t.own_policy(), "VersionId": "v2"}),
    "iam:SetDefaultPolicyVersion": Written(lambda t: {"PolicyArn": t.own_policy(), "VersionId": "v2"}),
    "iam:DeletePolicy": Written(to_delete),
    "iam:TagPolicy": Written(lambda t: {"PolicyArn": t.own_policy()}),
    "iam:UntagPolicy": Written(lambda t: {"PolicyArn": t.own_policy()}),
    "iam:CreateServiceLinkedRole": Written(lambda t: {"AWSServiceName": "ecs.amazonaws.com"}),
    "iam:DeleteServiceLinkedRole": Written(
        lambda t: {"RoleName": t.service_linked_role("elasticache.amazonaws.com")}),
    "iam:GetServiceLinkedRoleDeletionStatus": Written(
        lambda t: {"DeletionTaskId": t.deletion("es.amazonaws.com")}),
    "iam:GetCredentialReport": Written(before=lambda t: t.iam.generate_credential_report()),
    "iam:UpdateAssumeRolePolicy": Written(lambda t: {"PolicyDocument": trust({"Service": "s3.amazonaws.com"})}),
    "iam:RemoveUserFromGroup": Written(member_of_group),
    "iam:UpdateUser": Written(lambda t: {"NewPath": "/moved/"}),
    "iam:UpdateGroup": Written(lambda t: {"NewPath": "/moved/"}),
    "iam:GetUserPolicy": Written(user_with(inline=True)),
    "iam:DeleteUserPolicy": Written(user_with(inline=True)),
    "iam:GetRolePolicy": Written(role_with(inline=True)),
    "iam:DeleteRolePolicy": Written(role_with(inline=True)),
    "iam:GetGroupPolicy": Written(group_with(inline=True)),
    "iam:DeleteGroupPolicy": Written(group_with(inline=True)),
    "iam:DetachUserPolicy": Written(attached("user", "UserName")),
    "iam:DetachRolePolicy": Written(attached("role", "RoleName")),
    "iam:DetachGroupPolicy": Written(attached("group", "GroupName")),
    "iam:DeleteUserPermissionsBoundary": Written(user_with(boundary=True)),
    "iam:DeleteRolePermissionsBoundary": Written(role_with(boundary=True)),

    "lambda:CreateEventSourceMapping": Written(
        lambda t: t.new_mapping() | {"Tags": {"team": "a"}}, further=["lambda:TagResource"]),
    "lambda:CreateFunction": Written(
        lambda t: new_function(t) | {"Tags": {"team": "a"}}, further=["iam:PassRole", "lambda:TagResource"]),
    "lambda:UpdateFunctionCode": Written(lambda t: {
        "FunctionName": t.own_function(), "ZipFile": zip_of({"index.py": "def handler(e, c):\n    return 2\n"})}),
    "lambda:UpdateFunctionConfiguration": Written(
        lambda t: {"FunctionName": t.own_function(), "Role": t.function_role()}, further=["iam:PassRole"]),
    "lambda:DeleteFunction": Written(lambda t: {"FunctionName": t.own_function()}),
    "lambda:PublishVersion": Written(lambda t: {"FunctionName": t.own_function()}),
    "lambda:CreateAlias": Written(lambda t: {"Name": "other"}),
    "lambda:DeleteAlias": Written(lambda t: {"FunctionName": t.with_alias()}),
    "lambda:AddPermission": Written(lambda t: {
        "StatementId": "new", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}),
    "lambda:RemovePermission": Written(lambda t: {"FunctionName": t.permission(t.own_function())}),
    "lambda:CreateFunctionUrlConfig": Written(lambda t: {"FunctionName": t.own_function()}),
    "lambda:DeleteFunctionUrlConfig": Written(lambda t: {"FunctionName": t.with_url()}),
    "lambda:PutFunctionConcurrency": Written(lambda t: {"ReservedConcurrentExecutions": 6}),
    "lambda:DeleteFunctionConcurrency": Written(lambda t: {"FunctionName": t.with_reserve()}),
    "lambda:PutFunctionEventInvokeConfig": Written(lambda t: {"MaximumRetryAttempts": 1}),
    "lambda:UpdateFunctionEventInvokeConfig": Written(lambda t: {"MaximumRetryAttempts": 2}),
    "lambda:DeleteFunctionEventInvokeConfig": Written(lambda t: {"FunctionName": t.with_event_config()}),
    "lambda:PutProvisionedConcurrencyConfig": Written(lambda t: {
        "FunctionName": t.with_alias(), "ProvisionedConcurrentExecutions": 1}),
    "lambda:GetProvisionedConcurrencyConfig": Written(lambda t: {"FunctionName": t.with_provisioned()}),
    "lambda:DeleteProvisionedConcurrencyConfig": Written(lambda t: {"FunctionName": t.provision(t.with_alias())}),
    "lambda:GetLayerVersionByArn": Written(lambda t: {"Arn": f"{t.layer()}:1"}),
    "lambda:AddLayerVersionPermission": Written(lambda t: {
        "StatementId": "new", "Action": "lambda:GetLayerVersion", "Principal": "222222222222"}),
    "lambda:RemoveLayerVersionPermission": Written(lambda t: {"LayerName": t.shared_layer()}),
    "lambda:GetLayerVersionPolicy": Written(lambda t: {"LayerName": t.shared_layer()}),
    "lambda:PublishLayerVersion": Written(lambda t: {
        "LayerName": t.name(), "Content": {"ZipFile": zip_of({"python/two.py": "TWO = 2\n"})}}),

    "s3:CreateBucket": Written(
        lambda t: {"Bucket": t.name(), "CreateBucketConfiguration": {"Tags": TAGS}}, further=["s3:TagResource"],
        foreign=lambda t: {"Bucket": t.bucket()}),
    "s3:DeleteBucket": Written(lambda t: {"Bucket": t.own_bucket()}),
    "s3:DeleteBucketTagging": Written(lambda t: {"Bucket": t.own_bucket()}),
    "s3:PutBucketTagging": Written(lambda t: {"Bucket": t.own_bucket()}),
    "s3:PutObject": Written(lambda t: {"Body": b"spoiled", "Tagging": "team=b"}, further=["s3:PutObjectTagging"]),
    "s3:CreateMultipartUpload": Written(lambda t: {"Tagging": "team=b"}, further=["s3:PutObjectTagging"]),
    # The object that is copied has tags, which go along.
    "s3:CopyObject": Written(
        lambda t: {"Key": t.name()}, further=["s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging"]),
    "s3:DeleteObjects": Written(lambda t: {"Delete": {"Objects": [{"Key": t.object()}]}}),
    "s3:GetObjectAttributes": Written(lambda t: {"ObjectAttributes": ["ETag"]}),
    "s3:AbortMultipartUpload": Written(uploading()),
    "s3:ListParts": Written(uploading()),
    "s3:CompleteMultipartUpload": Written(uploading("MultipartUpload")),
    "s3:UploadPart": Written(lambda t: uploading()(t) | {"PartNumber": 2, "Body": b"spoiled"}),
    "s3:UploadPartCopy": Written(lambda t: uploading()(t) | {"PartNumber": 2}, further=["s3:GetObject"]),

    "dynamodb:ExecuteStatement": Written(lambda t: {
        "Statement": f"SELECT * FROM \"{t.table()}\" WHERE pk = 'item'"}),
    "dynamodb:BatchExecuteStatement": Written(lambda t: {"Statements": [
        {"Statement": f"SELECT * FROM \"{t.table()}\" WHERE pk = ?", "Parameters": [{"S": "item"}]}]}),
    "dynamodb:ExecuteTransaction": Written(lambda t: {"TransactStatements": [
        {"Statement": f"SELECT * FROM \"{t.table()}\" WHERE pk = 'item'"}]}),
    "dynamodb:BatchGetItem": Written(lambda t: {"RequestItems": {t.table(): {"Keys": [t.key_of_item()]}}}),
    "dynamodb:BatchWriteItem": Written(lambda t: {
        "RequestItems": {t.table(): [{"PutRequest": {"Item": t.key_of_item() | {"spoiled": {"BOOL": True}}}}]}}),
    "dynamodb:TransactGetItems": Written(lambda t: {
        "TransactItems": [{"Get": {"TableName": t.table(), "Key": t.key_of_item()}}]}),
    "dynamodb:TransactWriteItems": Written(lambda t: {
        "TransactItems": [
            {"Put": {"TableName": t.table(), "Item": t.key_of_item() | {"spoiled": {"BOOL": True}}}},
            {"Update": {"TableName": t.own_table(), "Key": t.key_of_item(), "UpdateExpression": "SET a = :a",
                        "ExpressionAttributeValues": {":a": {"BOOL": True}}}},
            {"Delete": {"TableName": t.own_table(), "Key": t.key_of_item()}},
            {"ConditionCheck": {"TableName": t.own_table(), "Key": t.key_of_item(),
                                "ConditionExpression": "attribute_exists(pk)"}}]},
        further=["dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"]),
    "dynamodb:CreateTable": Written(lambda t: {
        "TableName": t.name(), "BillingMode": "PAY_PER_REQUEST", "Tags": TAGS,
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}, further=["dynamodb:TagResource"]),
    "dynamodb:DeleteTable": Written(lambda t: {"TableName": t.own_table()}),
    "dynamodb:DeleteItem": Written(lambda t: {"TableName": t.own_table()}),
    "dynamodb:UntagResource": Written(lambda t: {"ResourceArn": t.own_table()}),
    "dynamodb:UpdateItem": Written(lambda t: {
        "UpdateExpression": "SET spoiled = :yes", "ExpressionAttributeValues": {":yes": {"BOOL": True}}}),
    "dynamodb:UpdateTable": Written(lambda t: {"TableName": t.own_table(), "DeletionProtectionEnabled": True}),
    "dynamodb:PutResourcePolicy": Written(lambda t: {"ResourceArn": t.own_table(), "Policy": policy_of_table(t.user_arn())}),
    "dynamodb:GetResourcePolicy": Written(with_policy),
    "dynamodb:DeleteResourcePolicy": Written(with_policy),
    "dynamodb:Query": Written(lambda t: {
        "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "item"}}}),

    "dynamodb:DeleteBackup": Written(lambda t: {"BackupArn": t.own_backup()}),
    "dynamodb:RestoreTableFromBackup": Written(further=INTO_A_TABLE),
    "dynamodb:RestoreTableToPointInTime": Written(
        lambda t: {"SourceTableArn": t.recoverable_table(), "UseLatestRestorableTime": True}, further=INTO_A_TABLE),
    "dynamodb:ExportTableToPointInTime": Written(
        lambda t: {"TableArn": t.recoverable_table(), "S3Bucket": t.bucket()},
        further=["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectAcl"]),
    "dynamodb:ImportTable": Written(lambda t: {
        "S3BucketSource": {"S3Bucket": t.bucket(), "S3KeyPrefix": "none"}, "InputFormat": "DYNAMODB_JSON",
        "TableCreationParameters": t.imported()}, further=["s3:GetObject", "s3:ListBucket"]),
    "dynamodb:UpdateContinuousBackups": Written(lambda t: {"TableName": t.own_table()}),
    "dynamodb:CreateBackup": Written(lambda t: {"TableName": t.own_table()}),
    "dynamodb:GetShardIterator": Written(lambda t: {"ShardIteratorType": "LATEST"}),
    "dynamodb:UpdateTimeToLive": Written(lambda t: {
        "TableName": t.own_table(), "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "at"}}),

    "sqs:AddPermission": Written(own_queue),
    "sqs:CancelMessageMoveTask": Written(lambda t: {"TaskHandle": t.move()}),
    "sqs:ChangeMessageVisibility": Written(of_receipt(VisibilityTimeout=40)),
    "sqs:ChangeMessageVisibilityBatch": Written(of_receipts(VisibilityTimeout=40)),
    "sqs:CreateQueue": Written(lambda t: {"QueueName": t.name(), "tags": {"team": "b"}}, further=["sqs:TagQueue"]),
    "sqs:DeleteMessage": Written(of_receipt()),
    "sqs:DeleteMessageBatch": Written(of_receipts()),
    "sqs:DeleteQueue": Written(own_queue),
    "sqs:PurgeQueue": Written(own_queue),
    "sqs:RemovePermission": Written(with_permission),
    "sqs:SendMessage": Written(own_queue),
    "sqs:SendMessageBatch": Written(lambda t: {"Entries": [{"Id": "1", "MessageBody": "spoiled"}]}),
    "sqs:SetQueueAttributes": Written(own_queue),
    "sqs:StartMessageMoveTask": Written(
        lambda t: {"DestinationArn": t.queue_arn(t.queue())},
        further=["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]),
    "sqs:UntagQueue": Written(own_queue),

    "sns:AddPermission": Written(own_topic),
    "sns:CreateTopic": Written(lambda t: {"Tags": TAGS}, further=["sns:TagResource"]),
    "sns:DeleteTopic": Written(own_topic),
    "sns:Publish": Written(lambda t: {"TopicArn": t.topic()}),
    "sns:PublishBatch": Written(lambda t: {"PublishBatchRequestEntries": [{"Id": "1", "Message": "spoiled"}]}),
    "sns:RemovePermission": Written(with_topic_permission),
    "sns:SetSubscriptionAttributes": Written(lambda t: {
        "SubscriptionArn": t.own_subscription(), "AttributeName": "RawMessageDelivery", "AttributeValue": "true"}),
    "sns:SetTopicAttributes": Written(lambda t: own_topic(t) | {"AttributeValue": "spoiled"}),
    "sns:Subscribe": Written(lambda t: {"Endpoint": t.queue_arn(t.queue())}),
    "sns:Unsubscribe": Written(lambda t: {"SubscriptionArn": t.own_subscription()}),

    "sts:AssumeRole": Written(lambda t: {"RoleArn": t.assumable_role()}),
    "sts:AssumeRoleWithWebIdentity": Written(
        lambda t: {"RoleArn": t.assumable_role(), "WebIdentityToken": "no.such.token"},
        unsigned="the token is the proof"),
    "sts:DecodeAuthorizationMessage": Written(lambda t: {"EncodedMessage": t.denial()}),
    "sts:GetCallerIdentity": Written(free=FREE),
    "sts:GetSessionToken": Written(free=FREE),
    "sts:GetFederationToken": Written(lambda t: {"Name": "guest"}),
    "sts:GetAccessKeyInfo": Written(
        lambda t: {"AccessKeyId": t.key()[1]},
        open_to_others="it tells the account of any key, which is what it is for"),
}


class NoCase(AssertionError):
    """An operation that nobody wrote a request for."""


@dataclass
class Case:
    """One operation's request."""

    service: str
    operation: str
    action: str
    written: Written
    params: dict
    # What botocore calls the service: two of its own may share a name here.
    client: str

    @property
    def id(self):
        return f"{self.service}:{self.operation}"

    @property
    def actions(self):
        return [self.action, *self.written.further]

    @property
    def method(self):
        return botocore.xform_name(self.operation)

    def foreign(self, things):
        """The request as another account sends it, and whether it names something of this account."""
        params = self.params | (self.written.foreign(things) if self.written.foreign else {})
        of_s3 = self.service == "s3" and "Bucket" in params
        return params, of_s3 or ACCOUNT in json.dumps(params, default=repr) or "AccessKeyId" in params


def case_of(line, things):
    """The case of a line of `zerun operations --format json`."""
    service, operation = line["service"], line["operation"]
    client = client_of(service, operation)
    shape = MODELS.get_service_model(client).operation_model(operation).input_shape
    written = WRITTEN.get(f"{service}:{operation}", Written())
    params = written.params(things)
    unknown = set(params) - set(shape.members if shape else [])
    assert not unknown, f"{service}:{operation} has no member {unknown}"
    for name in shape.required_members if shape else []:
        if name not in params:
            params[name] = value(service, operation, name, shape.members[name], things)
    return Case(service, operation, line["action"], written, params, client)


def client_of(service, operation):
    """Streams are signed, and named in policies, as tables are."""
    clients = {"dynamodb": ["dynamodb", "dynamodbstreams"]}.get(service, [service])
    return next(client for client in clients if operation in MODELS.get_service_model(client).operation_names)


def value(service, operation, name, shape, things):
    """A value for a required member, by its name or by its shape."""
    known = MEMBERS.get(service, {}).get(name)
    if known:
        return known(things)
    match shape.type_name:
        case "string" if shape.enum:
            return shape.enum[0]
        case "integer" | "long":
            return shape.metadata.get("min", 1)
        case "boolean":
            return True
        case "list":
            return [value(service, operation, name, shape.member, things)]
        case "structure":
            return {one: value(service, operation, f"{name}.{one}", shape.members[one], things)
                    for one in shape.required_members}
    raise NoCase(f"{service}:{operation} has no case: what is its {name}? Write it in {inspect.getfile(Written)}")
