"""What requests of the sweep name: made by root, each when it is first asked for, so that none of them is missing.

A refusal must come from permissions. Cases whose control destroys or changes a thing get one of their own.
"""

import itertools
import json
from functools import cache

from botocore.exceptions import ClientError

from packing import zip_of
from server import document, wait_until

ACCOUNT = "000000000000"
REGION = "us-east-1"
NO_PERMISSION = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Action": "*", "Resource": "*"}]})


def trust(principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]})


class Things:
    def __init__(self, server, runtime):
        self.iam, self.s3, self.lam, self.db, self.sqs, self.sns = (
            server.client(service) for service in ("iam", "s3", "lambda", "dynamodb", "sqs", "sns"))
        self.server = server
        self.runtime = runtime
        self.numbers = itertools.count()

    def name(self, kind="new"):
        return f"deny-{kind}-{next(self.numbers)}"

    # IAM

    def user(self, *, boundary=False, attached=False, inline=False):
        name = self.name("user")
        bound = {"PermissionsBoundary": self.policy()} if boundary else {}
        self.iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "a"}], **bound)
        if attached:
            self.iam.attach_user_policy(UserName=name, PolicyArn=self.policy())
        if inline:
            self.iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=NO_PERMISSION)
        return name

    def user_arn(self):
        return self.iam.get_user(UserName=self.user())["User"]["Arn"]

    def key(self):
        """A user and their access key's id."""
        name = self.user()
        return name, self.iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]

    def denial(self):
        """The encoded message of somebody's denial."""
        key = self.iam.create_access_key(UserName=self.user())["AccessKey"]
        stranger = self.server.client("iam", keys=(key["AccessKeyId"], key["SecretAccessKey"]))
        try:
            stranger.list_users()
        except ClientError as denied:
            return denied.response["Error"]["Message"].split()[-1]
        raise AssertionError("somebody without a policy may list users")

    def role(self, *, boundary=False, attached=False, inline=False, trusts=None):
        name = self.name("role")
        bound = {"PermissionsBoundary": self.policy()} if boundary else {}
        trusted = trust(trusts or {"Service": "lambda.amazonaws.com"})
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, Tags=[{"Key": "team", "Value": "a"}],
                             **bound)
        if attached:
            self.iam.attach_role_policy(RoleName=name, PolicyArn=self.policy())
        if inline:
            self.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=NO_PERMISSION)
        return name

    @cache
    def function_role(self):
        return f"arn:aws:iam::{ACCOUNT}:role/{self.role()}"

    def assumable_role(self):
        return f"arn:aws:iam::{ACCOUNT}:role/{self.role(trusts={'AWS': ACCOUNT})}"

    def service_linked_role(self, service):
        return self.iam.create_service_linked_role(AWSServiceName=service)["Role"]["RoleName"]

    def deletion(self, service):
        """The id of the deletion of a service-linked role."""
        return self.iam.delete_service_linked_role(RoleName=self.service_linked_role(service))["DeletionTaskId"]

    def group(self, *, member=None, attached=False, inline=False):
        name = self.name("group")
        self.iam.create_group(GroupName=name)
        if member:
            self.iam.add_user_to_group(GroupName=name, UserName=member)
        if attached:
            self.iam.attach_group_policy(GroupName=name, PolicyArn=self.policy())
        if inline:
            self.iam.put_group_policy(GroupName=name, PolicyName="inline", PolicyDocument=NO_PERMISSION)
        return name

    def own_policy(self):
        """A policy that is nobody else's, with two versions."""
        arn = self.iam.create_policy(PolicyName=self.name("policy"), PolicyDocument=NO_PERMISSION,
                                     Tags=[{"Key": "team", "Value": "a"}])["Policy"]["Arn"]
        self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=NO_PERMISSION)
        return arn

    @cache
    def policy(self):
        return self.own_policy()

    def own_provider(self):
        url = f"https://{self.name('issuer')}.example"
        made = self.iam.create_open_id_connect_provider(Url=url, ClientIDList=["a"], Tags=[{"Key": "team", "Value": "a"}])
        return made["OpenIDConnectProviderArn"]

    @cache
    def provider(self):
        return self.own_provider()

    # Lambda

    @cache
    def function(self):
        """The ARN of a function that has everything that can be read of one."""
        arn = self.own_function()
        self.alias(arn)
        self.lam.create_function_url_config(FunctionName=arn, AuthType="AWS_IAM")
        self.lam.put_function_event_invoke_config(FunctionName=arn, MaximumRetryAttempts=0)
        self.lam.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=5)
        self.permission(arn)
        return arn

    def own_function(self):
        name = self.name("function")
        code = zip_of({"index.py": "def handler(event, context):\n    return 1\n"})
        self.lam.create_function(FunctionName=name, Runtime=self.runtime, Handler="index.handler", Timeout=10,
                                 Role=self.function_role(), Code={"ZipFile": code}, Tags={"team": "a"})
        wait_until(lambda: self.lam.get_function_configuration(FunctionName=name)["State"] == "Active",
                   what=f"{name} is active")
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"

    def with_url(self):
        arn = self.own_function()
        self.lam.create_function_url_config(FunctionName=arn, AuthType="AWS_IAM")
        return arn

    def with_event_config(self):
        arn = self.own_function()
        self.lam.put_function_event_invoke_config(FunctionName=arn, MaximumRetryAttempts=0)
        return arn

    def with_reserve(self):
        arn = self.own_function()
        self.lam.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=2)
        return arn

    def with_alias(self):
        return self.alias(self.own_function())

    @cache
    def with_provisioned(self):
        arn = self.with_alias()
        self.provision(arn)
        return arn

    def provision(self, arn):
        self.lam.put_provisioned_concurrency_config(FunctionName=arn, Qualifier="live",
                                                    ProvisionedConcurrentExecutions=1)
        return arn

    def alias(self, arn):
        """Gives a function a version and the alias `live` of it."""
        self.lam.publish_version(FunctionName=arn)
        self.lam.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
        return arn

    def permission(self, arn):
        self.lam.add_permission(FunctionName=arn, StatementId="sid", Action="lambda:InvokeFunction",
                                Principal="s3.amazonaws.com")
        return arn

    def layer(self):
        """The ARN of a layer with a version 1."""
        content = {"ZipFile": zip_of({"python/one.py": "ONE = 1\n"})}
        return self.lam.publish_layer_version(LayerName=self.name("layer"), Content=content)["LayerArn"]

    def shared_layer(self):
        """A layer whose version 1 is shared, by the statement `sid`."""
        arn = self.layer()
        self.lam.add_layer_version_permission(LayerName=arn, VersionNumber=1, StatementId="sid",
                                              Action="lambda:GetLayerVersion", Principal="222222222222")
        return arn

    # S3

    def own_bucket(self):
        name = self.name("bucket")
        self.s3.create_bucket(Bucket=name)
        return name

    @cache
    def bucket(self):
        name = self.own_bucket()
        self.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "team", "Value": "a"}]})
        return name

    def object(self, body=b"what nobody else may read"):
        key = self.name("object")
        self.s3.put_object(Bucket=self.bucket(), Key=key, Body=body, Tagging="team=a")
        return key

    def upload(self):
        """A multipart upload with one part, to be completed."""
        at = {"Bucket": self.bucket(), "Key": self.name("upload")}
        at["UploadId"] = self.s3.create_multipart_upload(**at)["UploadId"]
        etag = self.s3.upload_part(**at, PartNumber=1, Body=b"part")["ETag"]
        return at, {"Parts": [{"PartNumber": 1, "ETag": etag}]}

    # Tables

    def own_table(self):
        """By its ARN, with an item and a tag."""
        made = self.db.create_table(
            TableName=self.name("table"), BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "team", "Value": "a"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])["TableDescription"]
        self.db.put_item(TableName=made["TableName"], Item=self.key_of_item() | {"secret": {"S": "nobody else's"}})
        return made["TableArn"]

    @cache
    def table(self):
        return self.own_table()

    @cache
    def stream(self):
        """A stream's ARN."""
        made = self.db.create_table(
            TableName=self.name("streamed"), BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})["TableDescription"]
        return made["LatestStreamArn"]

    def mapping(self):
        """The UUID of an event source mapping that reads nothing."""
        return self.lam.create_event_source_mapping(**self.new_mapping(), Tags={"team": "a"})["UUID"]

    def new_mapping(self):
        function = self.own_function()
        self.iam.put_role_policy(
            RoleName=self.lam.get_function_configuration(FunctionName=function)["Role"].split("/")[-1],
            PolicyName="reads", PolicyDocument=document({"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}))
        return {"FunctionName": function, "EventSourceArn": self.stream(), "StartingPosition": "LATEST",
                "Enabled": False}

    def own_backup(self):
        """A backup's ARN, all of it there."""
        made = self.db.create_backup(TableName=self.table(), BackupName="backup")["BackupDetails"]["BackupArn"]
        wait_until(lambda: self.db.describe_backup(BackupArn=made)["BackupDescription"]["BackupDetails"]["BackupStatus"]
                   == "AVAILABLE")
        return made

    @cache
    def backup(self):
        return self.own_backup()

    def recoverable_table(self):
        table = self.own_table()
        self.db.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        return table

    @cache
    def export(self):
        """An export's ARN, all of it written."""
        made = self.db.export_table_to_point_in_time(TableArn=self.recoverable_table(), S3Bucket=self.own_bucket())
        arn = made["ExportDescription"]["ExportArn"]
        wait_until(lambda: self.db.describe_export(ExportArn=arn)["ExportDescription"]["ExportStatus"] == "COMPLETED")
        return arn

    @cache
    def table_import(self):
        """An import's ARN, of nothing."""
        made = self.db.import_table(S3BucketSource={"S3Bucket": self.own_bucket()}, InputFormat="DYNAMODB_JSON",
                                    TableCreationParameters=self.imported())
        arn = made["ImportTableDescription"]["ImportArn"]
        wait_until(lambda: self.db.describe_import(ImportArn=arn)["ImportTableDescription"]["ImportStatus"] == "COMPLETED")
        return arn

    def imported(self):
        """What a table is made of that is imported."""
        return {"TableName": self.name("imported"), "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}

    @cache
    def shard(self):
        told = self.server.client("dynamodbstreams").describe_stream(StreamArn=self.stream())
        return told["StreamDescription"]["Shards"][0]["ShardId"]

    @cache
    def shard_iterator(self):
        return self.server.client("dynamodbstreams").get_shard_iterator(
            StreamArn=self.stream(), ShardId=self.shard(), ShardIteratorType="LATEST")["ShardIterator"]

    def key_of_item(self):
        return {"pk": {"S": "item"}}

    # Queues

    def own_queue(self, **attributes):
        """A queue's URL, with a message and a tag."""
        url = self.sqs.create_queue(QueueName=self.name("queue"), Attributes=attributes, tags={"team": "a"})["QueueUrl"]
        self.sqs.send_message(QueueUrl=url, MessageBody="nobody else's")
        return url

    @cache
    def queue(self):
        return self.own_queue()

    def queue_arn(self, url):
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def receipt(self, url):
        """Of a message that is in flight."""
        received = self.sqs.receive_message(QueueUrl=url, VisibilityTimeout=40000)
        return received["Messages"][0]["ReceiptHandle"]

    def dead_letters(self):
        """The ARN of a queue that takes another one's dead letters."""
        arn = self.queue_arn(self.own_queue())
        self.own_queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}))
        return arn

    def move(self):
        """The handle of a move of messages that takes long."""
        arn = self.dead_letters()
        url = self.sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"]
        for _ in range(100):
            self.sqs.send_message_batch(
                QueueUrl=url, Entries=[{"Id": str(number), "MessageBody": "a"} for number in range(10)])
        elsewhere = self.queue_arn(self.own_queue())
        return self.sqs.start_message_move_task(
            SourceArn=arn, DestinationArn=elsewhere, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]

    # Topics

    def own_topic(self):
        """A topic's ARN, with a tag."""
        return self.sns.create_topic(Name=self.name("topic"), Tags=[{"Key": "team", "Value": "a"}])["TopicArn"]

    @cache
    def topic(self):
        return self.own_topic()

    def own_subscription(self):
        """The ARN of a subscription of a queue that does not exist."""
        endpoint = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name('none')}"
        return self.sns.subscribe(TopicArn=self.own_topic(), Protocol="sqs", Endpoint=endpoint)["SubscriptionArn"]

    @cache
    def subscription(self):
        return self.own_subscription()
