"""Topics, and the queues and functions that are subscribed to them."""

import json

import pytest
from botocore.exceptions import ClientError

from expectation import refused
from packing import zip_of
from server import ROLE, document, wait_until

ACCOUNT = "000000000000"


@pytest.fixture(scope="module")
def sns(zerun):
    return zerun.client("sns")


@pytest.fixture(scope="module")
def sqs(zerun):
    return zerun.client("sqs")


@pytest.fixture
def house(sns, sqs, request):
    return House(sns, sqs, request.node.name.replace("[", "-").replace("]", ""))


class House:
    """Topics and queues of one test."""

    def __init__(self, sns, sqs, name):
        self.sns, self.sqs, self.name = sns, sqs, name[:60]

    def topic(self, name="topic", **attributes):
        ending = ".fifo" if "FifoTopic" in attributes else ""
        return self.sns.create_topic(Name=f"{self.name}-{name}{ending}", Attributes=attributes)["TopicArn"]

    def queue(self, topic, name="queue", lets_in=True, **attributes):
        """A queue that lets the topic in: its URL and its ARN."""
        ending = ".fifo" if "FifoQueue" in attributes else ""
        url = self.sqs.create_queue(QueueName=f"{self.name}-{name}"[-70:] + ending, Attributes=attributes)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        if lets_in:
            policy = document({
                "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}})
            self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return url, arn

    def subscribed(self, topic, name="queue", queue=None, **attributes):
        """The URL of a subscribed queue, and the subscription's ARN."""
        url, arn = self.queue(topic, name, **(queue or {}))
        made = self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        return url, made["SubscriptionArn"]

    def take(self, url, count=1):
        """So many messages, and no more."""
        found = []
        wait_until(lambda: (found.extend(self.receive(url, wait=1)) or len(found) >= count), what=f"{count} in {url}")
        found.extend(self.receive(url, wait=0))
        assert len(found) == count, found
        return found

    def receive(self, url, wait):
        found = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait, MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"]).get("Messages", [])
        for one in found:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found


def text(value):
    return {"DataType": "String", "StringValue": value}


def test_a_message_comes_as_a_document_or_by_itself(house, sns):
    topic = house.topic()
    whole, subscription = house.subscribed(topic, "whole")
    raw, _ = house.subscribed(topic, "raw", RawMessageDelivery="true")
    attributes = {"a": text("b"), "bytes": {"DataType": "Binary", "BinaryValue": b"\xff"}}
    published = sns.publish(TopicArn=topic, Subject="About", Message="hällo", MessageAttributes=attributes)

    (one,) = house.take(whole)
    told = json.loads(one["Body"])
    unsubscribe = told.pop("UnsubscribeURL")
    assert unsubscribe.endswith(f"/?Action=Unsubscribe&SubscriptionArn={subscription}")
    assert told.pop("Timestamp").endswith("Z")
    assert told == {
        "Type": "Notification", "MessageId": published["MessageId"], "TopicArn": topic, "Subject": "About",
        "Message": "hällo",
        "MessageAttributes": {"a": {"Type": "String", "Value": "b"}, "bytes": {"Type": "Binary", "Value": "/w=="}}}
    assert "MessageAttributes" not in one

    (one,) = house.take(raw)
    assert one["Body"] == "hällo"
    assert one["MessageAttributes"]["a"]["StringValue"] == "b"
    assert one["MessageAttributes"]["bytes"]["BinaryValue"] == b"\xff"


def test_each_protocol_can_be_told_something_else(house, sns):
    topic = house.topic()
    url, _ = house.subscribed(topic, RawMessageDelivery="true")
    for message, expected in [({"default": "all", "sqs": "queues"}, "queues"), ({"default": "all", "sms": "x"}, "all")]:
        sns.publish(TopicArn=topic, Message=json.dumps(message), MessageStructure="json")
        assert house.take(url)[0]["Body"] == expected
    for message in ("no json", json.dumps({"sqs": "x"}), json.dumps({"default": 1})):
        with refused("InvalidParameter", status=400, naming="Message Structure"):
            sns.publish(TopicArn=topic, Message=message, MessageStructure="json")


def test_a_topic_s_attributes(house, sns):
    topic = house.topic(DisplayName="Mine")
    told = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (told["DisplayName"], told["Owner"], told["TopicArn"]) == ("Mine", ACCOUNT, topic)
    (statement,) = json.loads(told["Policy"])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Yours")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Yours"
    # The same topic once more, and one that is another.
    assert house.topic(DisplayName="Yours") == topic
    with refused("InvalidParameter", status=400, naming="Topic already exists with different attributes"):
        house.topic(DisplayName="Other")
    for name, value in [("KmsMasterKeyId", "alias/aws/sns"), ("HTTPSuccessFeedbackRoleArn", "arn:aws:iam::0:role/x"),
                        ("TracingConfig", "Active"), ("ArchivePolicy", '{"MessageRetentionPeriod": 1}')]:
        with refused("InvalidParameter", status=400, naming=f"{name} is not supported"):
            sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)
    with refused("InvalidParameter", status=400, naming="AttributeName"):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Colour", AttributeValue="red")
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)
    with refused("NotFound", status=404, naming="Topic does not exist"):
        sns.get_topic_attributes(TopicArn=topic)


def test_bad_names_are_refused(sns):
    for name in ("a b", "x" * 257, "a.fifo", "ä"):
        with refused("InvalidParameter", status=400, naming="Topic Name"):
            sns.create_topic(Name=name)
    with refused("InvalidParameter", status=400, naming="Fifo Topic names must end with .fifo"):
        sns.create_topic(Name="a", Attributes={"FifoTopic": "true"})
    with refused("InvalidParameter", status=400, naming="TopicArn"):
        sns.get_topic_attributes(TopicArn="orders")


def test_subscriptions(house, sns):
    topic = house.topic()
    url, arn = house.queue(topic)
    first = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    assert first.startswith(f"{topic}:")
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"] == first
    with refused("InvalidParameter", status=400, naming="Subscription already exists with different attributes"):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    told = sns.get_subscription_attributes(SubscriptionArn=first)["Attributes"]
    assert told == {
        "SubscriptionArn": first, "TopicArn": topic, "Owner": ACCOUNT, "Protocol": "sqs", "Endpoint": arn,
        "RawMessageDelivery": "false", "PendingConfirmation": "false", "ConfirmationWasAuthenticated": "true",
        "SubscriptionPrincipal": f"arn:aws:iam::{ACCOUNT}:root"}
    listed = {"SubscriptionArn": first, "Owner": ACCOUNT, "Protocol": "sqs", "Endpoint": arn, "TopicArn": topic}
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == [listed]
    every = [one for page in sns.get_paginator("list_subscriptions").paginate() for one in page["Subscriptions"]]
    assert listed in every
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsConfirmed"], counts["SubscriptionsPending"]) == ("1", "0")

    sns.unsubscribe(SubscriptionArn=first)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    with refused("NotFound", status=404, naming="Subscription does not exist"):
        sns.get_subscription_attributes(SubscriptionArn=first)
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsConfirmed"], counts["SubscriptionsDeleted"]) == ("0", "1")


@pytest.mark.parametrize("protocol", ["sms", "application", "firehose", "email", "email-json", "http", "https"])
def test_protocols_that_are_not_here_are_named(house, sns, protocol):
    with refused("InvalidParameter", status=400, naming=f"Protocol {protocol} is not supported"):
        sns.subscribe(TopicArn=house.topic(), Protocol=protocol, Endpoint="x")


def test_bad_subscriptions_are_refused(house, sns):
    topic = house.topic()
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:a"
    for protocol, endpoint, attributes, words in [
        ("pigeon", "x", {}, "does not support this protocol string: pigeon"),
        ("sqs", "http://x/a", {}, "SQS endpoint ARN"),
        ("sqs", f"{queue}.fifo", {}, "FIFO SQS Queues can not be subscribed to standard SNS topics"),
        ("lambda", queue, {}, "Lambda endpoint ARN"),
        ("sqs", queue, {"Colour": "red"}, "AttributeName"),
        ("sqs", queue, {"RawMessageDelivery": "perhaps"}, "RawMessageDelivery"),
        ("sqs", queue, {"FilterPolicy": "{"}, "FilterPolicy: failed to parse JSON"),
        ("sqs", queue, {"FilterPolicy": '{"a": {"b": [1]}}'}, "does not support nested filter policy"),
        ("sqs", queue, {"FilterPolicyScope": "Subject"}, "FilterPolicyScope"),
        ("sqs", queue, {"RedrivePolicy": '{"deadLetterTargetArn": "x"}'}, "RedrivePolicy"),
        ("sqs", queue, {"DeliveryPolicy": "{}"}, "DeliveryPolicy is not supported"),
    ]:
        with refused("InvalidParameter", status=400, naming=words):
            sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_filters_decide_by_attributes_and_by_bodies(house, sns):
    topic = house.topic()
    by_attributes, first = house.subscribed(topic, "attributes", RawMessageDelivery="true",
                                            FilterPolicy='{"kind": [{"prefix": "or"}]}')
    by_body, _ = house.subscribed(topic, "body", RawMessageDelivery="true", FilterPolicyScope="MessageBody",
                                  FilterPolicy='{"order": {"price": [{"numeric": [">", 10]}]}}')
    everything, _ = house.subscribed(topic, "everything", RawMessageDelivery="true")
    bodies = [json.dumps({"order": {"price": price}}) for price in (5, 15)]
    sns.publish(TopicArn=topic, Message=bodies[0], MessageAttributes={"kind": text("order")})
    sns.publish(TopicArn=topic, Message=bodies[1], MessageAttributes={"kind": text("other")})
    assert sorted(one["Body"] for one in house.take(everything, 2)) == sorted(bodies)
    assert [one["Body"] for one in house.take(by_attributes)] == bodies[:1]
    assert [one["Body"] for one in house.take(by_body)] == bodies[1:]

    # Another filter counts from then on; an empty one lets everything through.
    sns.set_subscription_attributes(SubscriptionArn=first, AttributeName="FilterPolicy", AttributeValue="{}")
    assert "FilterPolicy" not in sns.get_subscription_attributes(SubscriptionArn=first)["Attributes"]
    sns.publish(TopicArn=topic, Message="all")
    assert house.take(by_attributes)[0]["Body"] == "all"


def test_a_batch_is_published_as_far_as_it_can(house, sns):
    topic = house.topic()
    url, _ = house.subscribed(topic, RawMessageDelivery="true")
    entries = [{"Id": str(number), "Message": f"m{number}"} for number in range(9)]
    entries.append({"Id": "bad", "Message": "x", "Subject": "two\nlines"})
    told = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [one["Id"] for one in told["Successful"]] == [str(number) for number in range(9)]
    (failed,) = told["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "InvalidParameter", True)
    assert {one["Body"] for one in house.take(url, 9)} == {f"m{number}" for number in range(9)}
    one = {"Id": "a", "Message": "x"}
    for entries, code in [
        ([], "EmptyBatchRequest"), ([one | {"Id": str(number)} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([one, one], "BatchEntryIdsNotDistinct"), ([one | {"Id": "a b"}], "InvalidBatchEntryId"),
        ([one | {"Id": str(number), "Message": "x" * 140_000} for number in range(2)], "BatchRequestTooLong"),
    ]:
        with refused(code, status=400):
            sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)


def test_bad_messages_are_refused(house, sns):
    topic = house.topic()
    for message, words in [
        ({"Message": ""}, "Empty message"),
        ({"Message": "x" * (256 * 1024 + 1)}, "Message too long"),
        ({"Message": "x", "Subject": ""}, "Subject"),
        ({"Message": "x", "Subject": "s" * 101}, "Subject"),
        ({"Message": "x", "MessageStructure": "xml"}, "MessageStructure"),
        ({"Message": "x", "MessageDeduplicationId": "1"}, "MessageDeduplicationId"),
    ]:
        with refused("InvalidParameter", status=400, naming=words):
            sns.publish(TopicArn=topic, **message)
    for attribute in ({"DataType": "String", "StringValue": ""}, {"DataType": "Text", "StringValue": "x"},
                      {"DataType": "Number", "StringValue": "x"}):
        with refused("ParameterValueInvalid", status=400):
            sns.publish(TopicArn=topic, Message="x", MessageAttributes={"a": attribute})
    with refused("InvalidParameter", status=400, naming="PhoneNumber"):
        sns.publish(PhoneNumber="+1234567890", Message="x")
    with refused("NotFound", status=404):
        sns.publish(TopicArn=f"{topic}-gone", Message="x")


def test_fifo_topics_keep_order_and_publish_once(house, sns):
    topic = house.topic(FifoTopic="true", ContentBasedDeduplication="true")
    url, _ = house.subscribed(topic, queue={"FifoQueue": "true"}, RawMessageDelivery="true")
    standard, _ = house.subscribed(topic, "standard", RawMessageDelivery="true")
    first = [sns.publish(TopicArn=topic, Message=f"m{number}", MessageGroupId="g") for number in range(5)]
    again = sns.publish(TopicArn=topic, Message="m0", MessageGroupId="g")
    assert again["SequenceNumber"] == first[0]["SequenceNumber"]
    numbers = [one["SequenceNumber"] for one in first]
    assert numbers == sorted(numbers) and all(len(number) == 20 for number in numbers)
    taken = house.take(url, 5)
    assert [one["Body"] for one in taken] == [f"m{number}" for number in range(5)]
    assert {one["Attributes"]["MessageGroupId"] for one in taken} == {"g"}
    assert len(house.take(standard, 5)) == 5
    with refused("InvalidParameter", status=400, naming="MessageGroupId parameter is required"):
        sns.publish(TopicArn=topic, Message="x")
    with refused("InvalidParameter", status=400, naming="Only SQS queues"):
        sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f")
    strict = house.topic("strict", FifoTopic="true")
    with refused("InvalidParameter", status=400, naming="ContentBasedDeduplication"):
        sns.publish(TopicArn=strict, Message="x", MessageGroupId="g")


def test_ids_can_be_told_apart_by_groups(house, sns):
    topic = house.topic(FifoTopic="true", FifoThroughputScope="MessageGroup")
    sent = [sns.publish(TopicArn=topic, Message="x", MessageGroupId=group, MessageDeduplicationId="1")
            for group in ("a", "b", "a")]
    assert sent[0]["MessageId"] == sent[2]["MessageId"] != sent[1]["MessageId"]


def test_what_cannot_be_delivered_becomes_a_dead_letter(house, sns):
    topic = house.topic()
    dead, arn = house.queue(topic, "dead")
    redrive = json.dumps({"deadLetterTargetArn": arn})
    # The queue's policy lets nobody in.
    closed, subscription = house.subscribed(topic, queue={"lets_in": False}, RedrivePolicy=redrive)
    told = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert json.loads(told["RedrivePolicy"]) == {"deadLetterTargetArn": arn}
    published = sns.publish(TopicArn=topic, Message="lost")
    (one,) = house.take(dead)
    assert json.loads(one["Body"])["MessageId"] == published["MessageId"]
    assert house.receive(closed, wait=0) == []


def test_policies_let_other_accounts_publish(house, sns):
    topic = house.topic()
    sns.add_permission(TopicArn=topic, Label="them", AWSAccountId=["222222222222"], ActionName=["Publish"])
    statements = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]
    assert statements[1] == {
        "Sid": "them", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::222222222222:root"]},
        "Action": ["SNS:Publish"], "Resource": topic}
    with refused("InvalidParameter", status=400):
        sns.add_permission(TopicArn=topic, Label="them", AWSAccountId=["222222222222"], ActionName=["Publish"])
    with refused("InvalidParameter", status=400):
        sns.add_permission(TopicArn=topic, Label="more", AWSAccountId=["222222222222"], ActionName=["ListTopics"])
    sns.remove_permission(TopicArn=topic, Label="them")
    sns.remove_permission(TopicArn=topic, Label="__default_statement_ID")
    assert json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"] == []
    sns.publish(TopicArn=topic, Message="x")
    with refused("InvalidParameter", status=400, naming="Policy statement action out of service scope"):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document({
            "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": topic}))


def test_tags(house, sns):
    topic = house.topic()
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "team", "Value": "a"}, {"Key": "x", "Value": "y"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["x", "none"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "team", "Value": "a"}]
    with refused("ResourceNotFound", status=404):
        sns.list_tags_for_resource(ResourceArn=f"{topic}-gone")


def test_pages_of_topics(zerun, sns, house):
    made = {house.topic(f"page-{number:03}") for number in range(120)}
    pages = list(sns.get_paginator("list_topics").paginate())
    assert len(pages[0]["Topics"]) == 100 and "NextToken" not in pages[-1]
    listed = [one["TopicArn"] for page in pages for one in page["Topics"]]
    assert made <= set(listed) and len(set(listed)) == len(listed)
    with refused("InvalidParameter", status=400, naming="NextToken"):
        sns.list_topics(NextToken="made-up")


def test_telephones_are_not_here(sns):
    for ask in (sns.get_sms_attributes, sns.list_platform_applications, sns.list_phone_numbers_opted_out):
        with pytest.raises(ClientError) as told:
            ask()
        assert "not" in told.value.response["Error"]["Message"]
        assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 501)


# Sends what it is handed to a queue.
TELLS = """
import json, os
import boto3

def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["ANSWERS"], MessageBody=json.dumps(event))
"""


def test_a_function_is_invoked(house, sns, lam, python_runtime):
    topic = house.topic()
    dead, dead_arn = house.queue(topic, "dead")
    answers, _ = house.queue(topic, "answers")
    lam.create_function(FunctionName="told-by-topic", Runtime=python_runtime, Handler="app.handler", Role=ROLE,
                        Timeout=30, MemorySize=512, Code={"ZipFile": zip_of({"app.py": TELLS})},
                        Environment={"Variables": {"ANSWERS": answers}})
    lam.get_waiter("function_active_v2").wait(FunctionName="told-by-topic", WaiterConfig={"Delay": 1})
    target = lam.get_function_configuration(FunctionName="told-by-topic")["FunctionArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead_arn})
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=target,
                                 Attributes={"RedrivePolicy": redrive})["SubscriptionArn"]
    with refused("InvalidParameter", status=400, naming="raw message delivery"):
        sns.set_subscription_attributes(
            SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true")
    # Nothing lets the topic in yet.
    sns.publish(TopicArn=topic, Message="refused")
    assert json.loads(house.take(dead)[0]["Body"])["Message"] == "refused"
    lam.add_permission(FunctionName="told-by-topic", StatementId="sns", Action="lambda:InvokeFunction",
                       Principal="sns.amazonaws.com", SourceArn=topic)
    published = sns.publish(TopicArn=topic, Message="hello", MessageAttributes={"a": text("b")})
    (record,) = json.loads(house.take(answers)[0]["Body"])["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription
    told = record["Sns"]
    assert (told["Type"], told["MessageId"], told["TopicArn"]) == ("Notification", published["MessageId"], topic)
    assert (told["Message"], told["Subject"]) == ("hello", None)
    assert told["MessageAttributes"] == {"a": {"Type": "String", "Value": "b"}}
    assert told["UnsubscribeUrl"].endswith(subscription)


def test_a_bucket_tells_a_topic(house, sns, s3, bucket):
    topic = house.topic()
    url, _ = house.subscribed(topic, RawMessageDelivery="true")
    given = {"Id": "told", "TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}

    def notify():
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [given]})

    with refused("InvalidArgument", status=400, naming="Unable to validate the following destination"):
        notify()
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document({
        "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}}}))
    notify()
    told = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert told["TopicConfigurations"] == [given] and "QueueConfigurations" not in told
    assert json.loads(house.take(url)[0]["Body"])["Event"] == "s3:TestEvent"
    s3.put_object(Bucket=bucket, Key="a b", Body=b"12345")
    (record,) = json.loads(house.take(url)[0]["Body"])["Records"]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Put", "a+b")


def test_messages_survive_a_kill(fresh_zerun):
    sns, sqs = fresh_zerun.client("sns"), fresh_zerun.client("sqs")
    house = House(sns, sqs, "killed")
    topic = house.topic()
    urls = [house.subscribed(topic, f"queue-{number}", RawMessageDelivery="true")[0] for number in range(3)]
    sent = [f"m{number}" for number in range(30)]
    for message in sent:
        sns.publish(TopicArn=topic, Message=message)
    fresh_zerun.kill()
    fresh_zerun.start()
    house = House(fresh_zerun.client("sns"), fresh_zerun.client("sqs"), "killed")
    for url in urls:
        assert sorted(one["Body"] for one in house.take(url, 30)) == sorted(sent)
