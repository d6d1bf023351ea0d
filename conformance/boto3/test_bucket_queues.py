"""Buckets that tell queues what happens in them."""

import json

import pytest

from expectation import refused
from server import document, wait_until


@pytest.fixture(scope="module")
def sqs(zerun):
    return zerun.client("sqs")


@pytest.fixture
def queue(sqs, bucket):
    """A queue that lets the bucket in: its URL and its ARN."""
    url = sqs.create_queue(QueueName=f"told-by-{bucket}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    let_in(sqs, url, arn, f"arn:aws:s3:::{bucket}")
    return url, arn


def let_in(sqs, url, arn, source):
    policy = document({
        "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": "000000000000"}}})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def notify(s3, bucket, arn, **more):
    given = {"Id": "told", "QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]} | more
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [given]})
    return given


def take(sqs, url):
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10,
                                MessageSystemAttributeNames=["All"]).get("Messages", [])
    for one in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return [json.loads(one["Body"]) for one in found]


def test_a_queue_is_told_what_happens_in_a_bucket(s3, sqs, bucket, queue):
    url, arn = queue
    rules = {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"}]}}
    given = notify(s3, bucket, arn, Filter=rules)
    told = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert told["QueueConfigurations"] == [given] and "LambdaFunctionConfigurations" not in told
    test = take(sqs, url)
    assert [(one["Event"], one["Bucket"]) for one in test] == [("s3:TestEvent", bucket)]
    s3.put_object(Bucket=bucket, Key="out", Body=b"x")
    s3.put_object(Bucket=bucket, Key="in/a b", Body=b"12345")
    record = take(sqs, url)[0]["Records"][0]
    assert (record["eventName"], record["eventSource"]) == ("ObjectCreated:Put", "aws:s3")
    assert record["s3"]["object"]["key"] == "in/a+b" and record["s3"]["object"]["size"] == 5
    assert record["s3"]["configurationId"] == "told"
    s3.delete_object(Bucket=bucket, Key="in/a b")
    assert take(sqs, url)[0]["Records"][0]["eventName"] == "ObjectRemoved:Delete"
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


def test_the_queues_policy_must_let_the_bucket_in(zerun, s3, sqs, bucket, queue):
    url, arn = queue
    unpoliced = sqs.create_queue(QueueName=f"closed-to-{bucket}")["QueueUrl"]
    closed = sqs.get_queue_attributes(QueueUrl=unpoliced, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for wrong in (closed, f"{arn}-none", f"{arn}.fifo"):
        with refused("InvalidArgument", status=400, naming="Unable to validate the following destination"):
            notify(s3, bucket, wrong)
    with refused("InvalidArgument", status=400, naming="not well formed"):
        notify(s3, bucket, "arn:aws:lambda:us-east-1:000000000000:function:f")
    notify(s3, bucket, arn)
    assert take(sqs, url)
    # What the policy says is asked again at each event.
    let_in(sqs, url, arn, "arn:aws:s3:::another")
    s3.put_object(Bucket=bucket, Key="unseen", Body=b"x")
    wait_until(lambda: "no policy lets the bucket send" in zerun.last_words(), what="the refusal in the log")
    let_in(sqs, url, arn, f"arn:aws:s3:::{bucket}")
    s3.put_object(Bucket=bucket, Key="seen", Body=b"x")
    keys = [record["s3"]["object"]["key"] for event in take(sqs, url) for record in event["Records"]]
    assert keys == ["seen"]


def test_a_function_and_a_queue_may_both_be_told(s3, sqs, lam, bucket, queue, function):
    url, arn = queue
    name = function({"index.js": "exports.handler = async (event) => event;"})
    lam.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    target = lam.get_function_configuration(FunctionName=name)["FunctionArn"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={
        "QueueConfigurations": [{"Id": "q", "QueueArn": arn, "Events": ["s3:ObjectRemoved:*"]}],
        "LambdaFunctionConfigurations": [{"Id": "f", "LambdaFunctionArn": target, "Events": ["s3:ObjectCreated:*"]}]})
    take(sqs, url)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="k")
    assert [event["Records"][0]["eventName"] for event in take(sqs, url)] == ["ObjectRemoved:Delete"]


def test_events_are_kept_over_a_kill(fresh_zerun):
    s3, sqs = fresh_zerun.client("s3"), fresh_zerun.client("sqs")
    s3.create_bucket(Bucket="killed")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    let_in(sqs, url, arn, "arn:aws:s3:::killed")
    notify(s3, "killed", arn)
    assert take(sqs, url)
    for number in range(30):
        s3.put_object(Bucket="killed", Key=f"k{number}", Body=b"x")
    fresh_zerun.kill()
    fresh_zerun.start()
    sqs, seen = fresh_zerun.client("sqs"), []
    url = sqs.get_queue_url(QueueName="told")["QueueUrl"]
    wait_until(lambda: seen.extend(take(sqs, url)) or len(seen) >= 30, what="all events")
    keys = [event["Records"][0]["s3"]["object"]["key"] for event in seen]
    assert sorted(keys) == sorted(f"k{number}" for number in range(30))
