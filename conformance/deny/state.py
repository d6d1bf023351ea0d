"""All that an account holds, as far as anybody can see, to tell whether refused requests changed anything."""

from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

# What changes by being used, not by being written.
OF_USE = ("ResponseMetadata", "RoleLastUsed", "PasswordLastUsed", "LastModifiedInvocation")


def state(server, *, without_users=()):
    """Everything listed and read by root; `without_users`: those whose policies the test itself changes."""
    iam, s3, lam, db, sqs, sns = (
        server.client(service) for service in ("iam", "s3", "lambda", "dynamodb", "sqs", "sns"))
    details = pages(iam, "get_account_authorization_details")
    users = [page["UserDetailList"] for page in details]
    names = [user["UserName"] for of_page in users for user in of_page if user["UserName"] not in without_users]
    for page in details:
        page["UserDetailList"] = [one for one in page["UserDetailList"] if one["UserName"] not in without_users]
    functions = [one["FunctionArn"] for page in pages(lam, "list_functions") for one in page["Functions"]]
    buckets = [one["Name"] for one in s3.list_buckets()["Buckets"]]
    with ThreadPoolExecutor(8) as pool:
        return {
            "iam": plain(details),
            "aliases": iam.list_account_aliases()["AccountAliases"],
            "keys": list(pool.map(lambda name: plain(iam.list_access_keys(UserName=name)), names)),
            "functions": list(pool.map(lambda arn: of_function(lam, arn), functions)),
            "layers": plain(pages(lam, "list_layers")),
            "mappings": [(plain(one), told(lambda: lam.list_tags(Resource=one["EventSourceMappingArn"])))
                         for page in pages(lam, "list_event_source_mappings")
                         for one in page["EventSourceMappings"]],
            "tables": [of_table(db, name) for page in pages(db, "list_tables") for name in page["TableNames"]],
            "queues": of_queues(sqs),
            "topics": of_topics(sns),
            "buckets": list(pool.map(lambda name: of_bucket(s3, name), buckets)),
        }


def of_function(lam, arn):
    def ask(method, **more):
        return lambda: getattr(lam, method)(FunctionName=arn, **more)

    return arn, [told(call) for call in (
        ask("get_function_configuration"), lambda: lam.list_tags(Resource=arn), ask("list_versions_by_function"),
        ask("list_aliases"), ask("get_policy"), ask("get_function_concurrency"), ask("list_function_url_configs"),
        ask("list_function_event_invoke_configs"), ask("get_function_recursion_config"))]


def of_table(db, name):
    told_of = db.describe_table(TableName=name)["Table"]
    arn = told_of["TableArn"]
    return plain(told_of), plain(pages(db, "scan", TableName=name)), [
        told(lambda: db.list_tags_of_resource(ResourceArn=arn)),
        told(lambda: db.get_resource_policy(ResourceArn=arn)),
        told(lambda: db.describe_time_to_live(TableName=name)),
        told(lambda: db.list_backups(TableName=name)),
        told(lambda: [one["ExportArn"] for one in db.list_exports(TableArn=arn)["ExportSummaries"]]),
        told(lambda: db.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
             ["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"])]


def of_queues(sqs):
    """How much is in queues that messages are being moved between changes by itself."""
    found, moving = [], set()
    for url in [url for page in pages(sqs, "list_queues") for url in page.get("QueueUrls", [])]:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        moves = sqs.list_message_move_tasks(SourceArn=attributes["QueueArn"])["Results"]
        moving |= {one[name] for one in moves for name in ("SourceArn", "DestinationArn")}
        found.append((attributes, [one["Status"] for one in moves], [
            told(lambda: sqs.list_queue_tags(QueueUrl=url)),
            told(lambda: sqs.list_dead_letter_source_queues(QueueUrl=url))]))
    for attributes, _, _ in found:
        if attributes["QueueArn"] in moving:
            for name in [name for name in attributes if name.startswith("ApproximateNumber")]:
                del attributes[name]
    return found


def of_topics(sns):
    arns = [one["TopicArn"] for page in pages(sns, "list_topics") for one in page["Topics"]]
    subscriptions = [one["SubscriptionArn"] for page in pages(sns, "list_subscriptions") for one in page["Subscriptions"]]
    return [(sns.get_topic_attributes(TopicArn=arn)["Attributes"], told(lambda: sns.list_tags_for_resource(ResourceArn=arn)))
            for arn in arns], [told(lambda: sns.get_subscription_attributes(SubscriptionArn=arn)) for arn in subscriptions]


def of_bucket(s3, name):
    def ask(method, **more):
        return lambda: getattr(s3, method)(Bucket=name, **more)

    uploads = s3.list_multipart_uploads(Bucket=name).get("Uploads", [])
    parts = [told(ask("list_parts", Key=one["Key"], UploadId=one["UploadId"])) for one in uploads]
    keys = [one["Key"] for page in pages(s3, "list_objects_v2", Bucket=name) for one in page.get("Contents", [])]
    tags = [told(ask("get_object_tagging", Key=key)) for key in keys]
    return name, plain(pages(s3, "list_objects_v2", Bucket=name)), tags, parts, [
        told(ask(method)) for method in ("get_bucket_tagging", "get_bucket_notification_configuration")]


def pages(client, method, **params):
    return list(client.get_paginator(method).paginate(**params))


def told(call):
    """What is answered, or that there is nothing."""
    try:
        return plain(call())
    except ClientError as error:
        return error.response["Error"]["Code"]


def plain(value):
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name not in OF_USE}
    return [plain(one) for one in value] if isinstance(value, list) else value
