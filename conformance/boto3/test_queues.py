"""Queues and messages, as the official client sees them."""

import hashlib
import itertools
import json
import struct
import threading
import time

import pytest

from expectation import refused
from server import wait_until

numbers = itertools.count(1)


def fails(code, call, *arguments, naming=None, **params):
    with refused(code, naming=naming):
        call(*arguments, **params)


@pytest.fixture(scope="module")
def sqs(zerun):
    return zerun.client("sqs")


@pytest.fixture
def make(sqs):
    def make(suffix="", tags=None, **attributes):
        attributes = {name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()}
        return sqs.create_queue(QueueName=f"queue-{next(numbers)}{suffix}", Attributes=attributes,
                                tags=tags or {})["QueueUrl"]
    return make


@pytest.fixture
def queue(make):
    return make()


@pytest.fixture
def fifo(make):
    return make(".fifo", FifoQueue="true")


def attributes(sqs, url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names or ["All"]).get("Attributes", {})


def arn(sqs, url):
    return attributes(sqs, url, "QueueArn")["QueueArn"]


def counts(sqs, url):
    told = attributes(sqs, url)
    return tuple(int(told[f"ApproximateNumberOfMessages{what}"]) for what in ("", "Delayed", "NotVisible"))


def received(sqs, url, **more):
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more).get("Messages", [])


def bodies(sqs, url, **more):
    return [one["Body"] for one in received(sqs, url, **more)]


def digest(attributes):
    """As documented, worked out here."""
    def part(data):
        return struct.pack("!I", len(data)) + data

    md5 = hashlib.md5()
    for name in sorted(attributes):
        one = attributes[name]
        is_binary = one["DataType"].startswith("Binary")
        md5.update(part(name.encode()) + part(one["DataType"].encode()) + bytes([2 if is_binary else 1]))
        md5.update(part(one["BinaryValue"] if is_binary else one["StringValue"].encode()))
    return md5.hexdigest()


# Queues


def test_a_queue_s_life(zerun, sqs):
    url = sqs.create_queue(QueueName="life", Attributes={"DelaySeconds": "1"}, tags={"team": "a"})["QueueUrl"]
    assert url == f"{zerun.endpoint}/000000000000/life"
    assert sqs.create_queue(QueueName="life", Attributes={"DelaySeconds": "1"})["QueueUrl"] == url
    fails("QueueAlreadyExists", sqs.create_queue, QueueName="life", Attributes={"DelaySeconds": "2"})
    assert sqs.get_queue_url(QueueName="life")["QueueUrl"] == url
    assert url in sqs.list_queues(QueueNamePrefix="lif")["QueueUrls"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "a"}
    sqs.tag_queue(QueueUrl=url, Tags={"cost": "b"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["team", "none"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"cost": "b"}
    sqs.delete_queue(QueueUrl=url)
    for gone in (lambda: sqs.get_queue_url(QueueName="life"), lambda: sqs.delete_queue(QueueUrl=url),
                 lambda: sqs.send_message(QueueUrl=url, MessageBody="a"), lambda: received(sqs, url),
                 lambda: attributes(sqs, url), lambda: sqs.purge_queue(QueueUrl=url)):
        fails("AWS.SimpleQueueService.NonExistentQueue", gone)
    fails("AWS.SimpleQueueService.QueueDeletedRecently", sqs.create_queue, QueueName="life")


def test_attributes_are_read_as_they_were_written(sqs, make):
    written = {"DelaySeconds": "5", "MaximumMessageSize": "2048", "MessageRetentionPeriod": "600",
               "ReceiveMessageWaitTimeSeconds": "3", "VisibilityTimeout": "60", "SqsManagedSseEnabled": "false"}
    url = make(**written)
    told = attributes(sqs, url)
    assert told.items() >= written.items()
    assert told["QueueArn"] == f"arn:aws:sqs:us-east-1:000000000000:{url.rsplit('/', 1)[1]}"
    assert abs(int(told["CreatedTimestamp"]) - time.time()) < 3600
    assert counts(sqs, url) == (0, 0, 0)
    changed = written | {"DelaySeconds": "6"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "6"})
    assert attributes(sqs, url).items() >= changed.items()
    assert attributes(sqs, url, "DelaySeconds") == {"DelaySeconds": "6"}
    assert attributes(sqs, url, "Policy") == {}
    fails("InvalidAttributeName", attributes, sqs, url, "None")


@pytest.mark.parametrize(("name", "value"), [
    ("DelaySeconds", "901"), ("MaximumMessageSize", "1023"), ("MaximumMessageSize", "1048577"),
    ("MessageRetentionPeriod", "59"), ("ReceiveMessageWaitTimeSeconds", "21"), ("VisibilityTimeout", "43201"),
    ("VisibilityTimeout", "-1"), ("VisibilityTimeout", "x"), ("Policy", "{"), ("SqsManagedSseEnabled", "maybe")])
def test_an_attribute_s_value_is_checked(sqs, queue, name, value):
    before = attributes(sqs, queue)
    fails("InvalidAttributeValue", sqs.set_queue_attributes, QueueUrl=queue, Attributes={name: value})
    assert attributes(sqs, queue) == before


def test_what_is_not_there_is_refused_by_name(sqs, queue):
    fails("InvalidAttributeName", sqs.set_queue_attributes, QueueUrl=queue, Attributes={"Colour": "red"})
    fails("InvalidAttributeName", sqs.set_queue_attributes, QueueUrl=queue,
          Attributes={"ContentBasedDeduplication": "true"})
    fails("ValidationException", sqs.set_queue_attributes, naming="KmsMasterKeyId", QueueUrl=queue,
          Attributes={"KmsMasterKeyId": "alias/aws/sqs"})


@pytest.mark.parametrize("name", ["", "a b", "x" * 81, "a.b", "a.fifo"])
def test_a_queue_s_name_is_checked(sqs, name):
    fails("InvalidParameterValue", sqs.create_queue, QueueName=name)


def test_queues_are_listed_in_pages(sqs):
    made = [sqs.create_queue(QueueName=f"page-{number}")["QueueUrl"] for number in range(5)]
    pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix="page-", PaginationConfig={"PageSize": 2}))
    assert [len(page["QueueUrls"]) for page in pages] == [2, 2, 1]
    assert [url for page in pages for url in page["QueueUrls"]] == made
    fails("InvalidParameterValue", sqs.list_queues, NextToken="none", MaxResults=1)
    fails("InvalidParameterValue", sqs.list_queues, MaxResults=1001)


def test_an_address_that_is_none(zerun, sqs):
    fails("InvalidAddress", sqs.send_message, QueueUrl=f"{zerun.endpoint}/not-a-queue", MessageBody="a")


# Messages


def test_a_message_with_all_it_can_carry(sqs, queue):
    carried = {"a": {"DataType": "String", "StringValue": "ä"}, "b.c": {"DataType": "Number.int", "StringValue": "7"},
               "x": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"}}
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    body = "a\tb\r\n<&>\"ä😀"
    sent = sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=carried, MessageSystemAttributes=trace)
    assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()
    assert sent["MD5OfMessageAttributes"] == digest(carried)
    assert sent["MD5OfMessageSystemAttributes"] == digest(trace)
    (one,) = received(sqs, queue, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"],
                      VisibilityTimeout=0)
    assert (one["Body"], one["MessageId"], one["MessageAttributes"]) == (body, sent["MessageId"], carried)
    assert one["MD5OfMessageAttributes"] == digest(carried)
    told = one["Attributes"]
    assert told["ApproximateReceiveCount"] == "1" and told["SenderId"]
    assert told["AWSTraceHeader"] == trace["AWSTraceHeader"]["StringValue"]
    assert int(told["SentTimestamp"]) <= int(told["ApproximateFirstReceiveTimestamp"])
    (some,) = received(sqs, queue, MessageAttributeNames=["b.*"], AttributeNames=["SenderId"])
    assert set(some["MessageAttributes"]) == {"b.c"} and set(some["Attributes"]) == {"SenderId"}
    assert some["MD5OfMessageAttributes"] == digest({"b.c": carried["b.c"]})


def test_nothing_is_told_that_is_not_asked_for(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="a", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    (one,) = received(sqs, queue)
    assert set(one) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


def test_a_message_of_one_mebibyte(sqs, queue):
    body = '"' * (1024 * 1024)
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    assert bodies(sqs, queue) == [body]
    fails("InvalidParameterValue", sqs.send_message, naming="1048576", QueueUrl=queue, MessageBody=body + "x")


@pytest.mark.parametrize(("code", "params"), [
    ("MissingParameter", {"MessageBody": ""}),
    ("InvalidMessageContents", {"MessageBody": "a\x01"}),
    ("InvalidMessageContents", {"MessageBody": "\ufffe"}),
    ("InvalidParameterValue", {"DelaySeconds": 901}),
    ("InvalidParameterValue", {"DelaySeconds": -1}),
    ("InvalidParameterValue", {"MessageDeduplicationId": "a"}),
    ("InvalidParameterValue", {"MessageGroupId": "a b"}),
    ("InvalidParameterValue", {"MessageAttributes": {"a": {"DataType": "Text", "StringValue": "b"}}}),
    ("InvalidParameterValue", {"MessageAttributes": {"aws.a": {"DataType": "String", "StringValue": "b"}}}),
    ("InvalidParameterValue", {"MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}}),
    ("InvalidParameterValue", {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "one"}}}),
    ("InvalidParameterValue", {"MessageAttributes": {
        str(number): {"DataType": "String", "StringValue": "b"} for number in range(11)}}),
    ("AWS.SimpleQueueService.UnsupportedOperation", {"MessageAttributes": {
        "a": {"DataType": "String", "StringListValues": ["b"]}}}),
])
def test_what_is_wrong_with_a_message_is_told(sqs, queue, code, params):
    fails(code, sqs.send_message, **({"QueueUrl": queue, "MessageBody": "a"} | params))
    assert counts(sqs, queue) == (0, 0, 0)


def test_receiving_hides_and_deleting_removes(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="a")
    (first,) = received(sqs, queue, VisibilityTimeout=1)
    assert counts(sqs, queue) == (0, 0, 1)
    (second,) = received(sqs, queue, WaitTimeSeconds=10)
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    # The older receipt deletes nothing of what somebody else has now.
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    assert counts(sqs, queue) == (0, 0, 1)
    for _ in range(2):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"])
    assert counts(sqs, queue) == (0, 0, 0)
    fails("InvalidParameterValue", sqs.change_message_visibility, QueueUrl=queue,
          ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=1)


def test_visibility_is_changed(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="a")
    (one,) = received(sqs, queue)
    change = {"QueueUrl": queue, "ReceiptHandle": one["ReceiptHandle"]}
    fails("InvalidParameterValue", sqs.change_message_visibility, VisibilityTimeout=43201, **change)
    fails("InvalidParameterValue", sqs.change_message_visibility, VisibilityTimeout=-1, **change)
    sqs.change_message_visibility(VisibilityTimeout=0, **change)
    fails("AWS.SimpleQueueService.MessageNotInflight", sqs.change_message_visibility, VisibilityTimeout=1, **change)
    assert bodies(sqs, queue) == ["a"]


def test_receipts_cannot_be_made_up(sqs, queue, make):
    sqs.send_message(QueueUrl=queue, MessageBody="a")
    (one,) = received(sqs, queue)
    handle = one["ReceiptHandle"]
    forged = handle[:-2] + ("AA" if handle[-2:] != "AA" else "BB")
    for bad in ("x", forged, handle + "A", "A" * 5000):
        fails("ReceiptHandleIsInvalid", sqs.delete_message, QueueUrl=queue, ReceiptHandle=bad)
        fails("ReceiptHandleIsInvalid", sqs.change_message_visibility, QueueUrl=queue, ReceiptHandle=bad,
                VisibilityTimeout=0)
    fails("ReceiptHandleIsInvalid", sqs.delete_message, QueueUrl=make(), ReceiptHandle=handle)
    assert counts(sqs, queue) == (0, 0, 1)


@pytest.mark.parametrize("params", [{"MaxNumberOfMessages": 0}, {"MaxNumberOfMessages": 11}, {"WaitTimeSeconds": 21},
                                    {"VisibilityTimeout": 43201}, {"ReceiveRequestAttemptId": "a"}])
def test_what_is_wrong_with_receiving_is_told(sqs, queue, params):
    fails("InvalidParameterValue", sqs.receive_message, QueueUrl=queue, **params)


def test_a_delay(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="late", DelaySeconds=1)
    assert counts(sqs, queue) == (0, 1, 0) and bodies(sqs, queue) == []
    assert bodies(sqs, queue, WaitTimeSeconds=10) == ["late"]


def test_a_long_poll_ends_with_the_first_message(zerun, sqs, queue):
    found = []
    waiting = threading.Thread(target=lambda: found.extend(bodies(zerun.client("sqs"), queue, WaitTimeSeconds=20)))
    waiting.start()
    began = time.monotonic()
    sqs.send_message(QueueUrl=queue, MessageBody="a")
    waiting.join(15)
    assert found == ["a"] and time.monotonic() - began < 15
    assert bodies(sqs, queue, WaitTimeSeconds=1) == []


def test_a_client_that_goes_away_while_it_waits_loses_no_message(zerun, sqs, queue):
    impatient = zerun.client("sqs", read_timeout=1)
    with pytest.raises(Exception, match="[Tt]imeout|timed out"):
        impatient.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
    sqs.send_message(QueueUrl=queue, MessageBody="a")
    assert bodies(sqs, queue, WaitTimeSeconds=10) == ["a"]


def test_purge(sqs, queue):
    for _ in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody="a")
    sqs.purge_queue(QueueUrl=queue)
    assert counts(sqs, queue) == (0, 0, 0)
    fails("AWS.SimpleQueueService.PurgeQueueInProgress", sqs.purge_queue, QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="b")
    assert bodies(sqs, queue) == ["b"]


# Batches


def test_batches(sqs, queue):
    entries = [{"Id": str(number), "MessageBody": f"m{number}"} for number in range(8)]
    bad = [{"Id": "bad", "MessageBody": "\x01"}, {"Id": "late", "MessageBody": "a", "DelaySeconds": 901}]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries + bad)
    assert {one["Id"] for one in answer["Successful"]} == {one["Id"] for one in entries}
    assert {(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]} == {
        ("bad", "InvalidMessageContents", True), ("late", "InvalidParameterValue", True)}
    messages = received(sqs, queue)
    assert {one["Body"] for one in messages} == {f"m{number}" for number in range(8)}
    handles = [{"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]} for number, one in enumerate(messages)]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=queue, Entries=[one | {"VisibilityTimeout": 60} for one in handles])
    assert len(changed["Successful"]) == 8
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=handles + [{"Id": "no", "ReceiptHandle": "x"}])
    assert len(deleted["Successful"]) == 8
    assert [(one["Id"], one["Code"]) for one in deleted["Failed"]] == [("no", "ReceiptHandleIsInvalid")]
    assert counts(sqs, queue) == (0, 0, 0)


def test_batches_that_are_refused_as_a_whole(sqs, queue):
    def entries(*ids):
        return [{"Id": one, "MessageBody": "a"} for one in ids]

    for code, given in [("EmptyBatchRequest", []), ("TooManyEntriesInBatchRequest", entries(*map(str, range(11)))),
                        ("BatchEntryIdsNotDistinct", entries("a", "a")), ("InvalidBatchEntryId", entries("a b")),
                        ("InvalidBatchEntryId", entries("x" * 81)),
                        ("BatchRequestTooLong", [{"Id": one, "MessageBody": "x" * 600_000} for one in "ab"])]:
        fails(f"AWS.SimpleQueueService.{code}", sqs.send_message_batch, QueueUrl=queue, Entries=given)
    for method in (sqs.delete_message_batch, sqs.change_message_visibility_batch):
        fails("AWS.SimpleQueueService.EmptyBatchRequest", method, QueueUrl=queue, Entries=[])
    assert counts(sqs, queue) == (0, 0, 0)


# FIFO


def test_fifo_keeps_the_order_of_a_group(sqs, fifo):
    def send(group, body):
        return sqs.send_message(QueueUrl=fifo, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)

    sent = [send(body[0], body) for body in ("a1", "a2", "b1", "a3")]
    order = [int(one["SequenceNumber"]) for one in sent]
    assert order == sorted(order) and len(set(order)) == 4
    again = send("a", "a1")
    assert (again["MessageId"], again["SequenceNumber"]) == (sent[0]["MessageId"], sent[0]["SequenceNumber"])
    first = sqs.receive_message(QueueUrl=fifo, MessageSystemAttributeNames=["All"])["Messages"][0]
    told = first["Attributes"]
    assert (first["Body"], told["MessageGroupId"], told["MessageDeduplicationId"]) == ("a1", "a", "a1")
    assert told["SequenceNumber"] == sent[0]["SequenceNumber"]
    assert bodies(sqs, fifo) == ["b1"] and bodies(sqs, fifo) == []
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(sqs, fifo) == ["a2", "a3"]


def test_what_fifo_needs(sqs, fifo, make):
    fails("MissingParameter", sqs.send_message, QueueUrl=fifo, MessageBody="a")
    fails("InvalidParameterValue", sqs.send_message, QueueUrl=fifo, MessageBody="a", MessageGroupId="g")
    fails("InvalidParameterValue", sqs.send_message, QueueUrl=fifo, MessageBody="a", MessageGroupId="g",
          MessageDeduplicationId="d", DelaySeconds=1)
    fails("InvalidAttributeValue", sqs.set_queue_attributes, QueueUrl=fifo,
          Attributes={"FifoThroughputLimit": "perMessageGroupId"})
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={
        "FifoThroughputLimit": "perMessageGroupId", "DeduplicationScope": "messageGroup",
        "ContentBasedDeduplication": "true"})
    for group in "ab":
        for _ in range(2):
            sqs.send_message(QueueUrl=fifo, MessageBody="same", MessageGroupId=group)
    assert counts(sqs, fifo) == (2, 0, 0)


# Dead letters


def test_dead_letters_go_and_come_back(sqs, make):
    dead = make()
    url = make(RedrivePolicy={"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": 1}, VisibilityTimeout="0")
    assert json.loads(attributes(sqs, url)["RedrivePolicy"]) == {
        "deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": 1}
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    sent = sqs.send_message(QueueUrl=url, MessageBody="bad")
    assert bodies(sqs, url) == ["bad"] and bodies(sqs, url) == []
    (letter,) = received(sqs, dead, MessageSystemAttributeNames=["All"], VisibilityTimeout=0)
    assert letter["MessageId"] == sent["MessageId"]
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == arn(sqs, url)
    fails("InvalidParameterValue", sqs.start_message_move_task, SourceArn=arn(sqs, url))
    fails("ResourceNotFoundException", sqs.start_message_move_task, SourceArn=arn(sqs, dead) + "-none")
    sqs.start_message_move_task(SourceArn=arn(sqs, dead))
    wait_until(lambda: sqs.list_message_move_tasks(SourceArn=arn(sqs, dead))["Results"][0]["Status"] == "COMPLETED")
    (task,) = sqs.list_message_move_tasks(SourceArn=arn(sqs, dead))["Results"]
    assert (task["ApproximateNumberOfMessagesMoved"], task["SourceArn"]) == (1, arn(sqs, dead))
    assert bodies(sqs, url) == ["bad"]


def test_a_move_is_cancelled_and_goes_on_no_more(sqs, make):
    dead, other = make(), make()
    make(RedrivePolicy={"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": 1})
    for _ in range(3):
        sqs.send_message_batch(QueueUrl=dead, Entries=[{"Id": str(one), "MessageBody": "a"} for one in range(10)])
    start = {"SourceArn": arn(sqs, dead), "DestinationArn": arn(sqs, other)}
    handle = sqs.start_message_move_task(**start, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    fails("AWS.SimpleQueueService.UnsupportedOperation", sqs.start_message_move_task, **start)
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] < 30
    wait_until(lambda: sqs.list_message_move_tasks(SourceArn=arn(sqs, dead))["Results"][0]["Status"] == "CANCELLED")
    moved = counts(sqs, other)[0]
    assert counts(sqs, dead)[0] + moved == 30 and moved < 30
    fails("InvalidParameterValue", sqs.cancel_message_move_task, TaskHandle="none")


def test_a_redrive_policy_is_checked(sqs, make):
    queue, dead, fifo = make(), make(RedriveAllowPolicy={"redrivePermission": "denyAll"}), make(".fifo", FifoQueue="true")
    taking = make()
    for policy in ("{", "[]", json.dumps({"maxReceiveCount": 1}), json.dumps({"deadLetterTargetArn": arn(sqs, taking)}),
                   json.dumps({"deadLetterTargetArn": arn(sqs, taking), "maxReceiveCount": 0}),
                   json.dumps({"deadLetterTargetArn": arn(sqs, taking) + "-none", "maxReceiveCount": 1}),
                   json.dumps({"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": 1}),
                   json.dumps({"deadLetterTargetArn": arn(sqs, fifo), "maxReceiveCount": 1})):
        fails("InvalidParameterValue", sqs.set_queue_attributes, QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    assert "RedrivePolicy" not in attributes(sqs, queue)
