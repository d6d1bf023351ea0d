"""The older protocol of queues: forms in, XML out, and what tells clients of the newer one the older one's codes."""

from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from botocore import xform_name

from expectation import refused
from http_client import request, signed_headers

SPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@pytest.fixture(scope="module")
def sqs(zerun):
    return zerun.client("sqs")


@pytest.fixture
def ask(zerun):
    def ask(path="/", host=None, headers=None, **form):
        body = urlencode({"Version": "2012-11-05"} | form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
        headers = signed_headers(zerun, "sqs", "POST", path, body=body, headers=headers, host=host)
        return request(zerun.endpoint, "POST", path, headers=headers, body=body, host=host)
    return ask


def xml(answer, status=200):
    assert answer.status == status, answer.text
    return ElementTree.fromstring(answer.text)


def text(root, path):
    found = root.find("/".join(SPACE + step for step in path.split("/")))
    assert found is not None, ElementTree.tostring(root)
    return found.text


def test_a_message_in_the_query_protocol(zerun, ask):
    made = xml(ask(Action="CreateQueue", QueueName="forms", **{
        "Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "40", "Tag.1.Key": "team", "Tag.1.Value": "a"}))
    assert made.tag == f"{SPACE}CreateQueueResponse"
    url = text(made, "CreateQueueResult/QueueUrl")
    assert url == f"{zerun.endpoint}/000000000000/forms" and text(made, "ResponseMetadata/RequestId")
    path = urlsplit(url).path
    # To the queue's own address, which need not be told once more.
    sent = xml(ask(path, Action="SendMessage", MessageBody="a <b> & c", **{
        "MessageAttribute.1.Name": "k", "MessageAttribute.1.Value.DataType": "String",
        "MessageAttribute.1.Value.StringValue": "v"}))
    received = xml(ask(path, Action="ReceiveMessage", MaxNumberOfMessages="10", **{
        "AttributeName.1": "All", "MessageAttributeName.1": "All"}))
    message = received.find(f"{SPACE}ReceiveMessageResult/{SPACE}Message")
    assert text(message, "Body") == "a <b> & c"
    assert text(message, "MessageId") == text(sent, "SendMessageResult/MessageId")
    assert text(message, "MD5OfMessageAttributes") == text(sent, "SendMessageResult/MD5OfMessageAttributes")
    assert text(message, "MessageAttribute/Name") == "k"
    assert text(message, "MessageAttribute/Value/StringValue") == "v"
    named = {text(one, "Name"): text(one, "Value") for one in message.findall(f"{SPACE}Attribute")}
    assert named["ApproximateReceiveCount"] == "1" and "SentTimestamp" in named
    told = xml(ask(path, Action="GetQueueAttributes", **{"AttributeName.1": "All"}))
    named = {text(one, "Name"): text(one, "Value")
             for one in told.findall(f"{SPACE}GetQueueAttributesResult/{SPACE}Attribute")}
    assert (named["VisibilityTimeout"], named["ApproximateNumberOfMessagesNotVisible"]) == ("40", "1")
    gone = xml(ask(path, Action="DeleteMessageBatch", **{
        "DeleteMessageBatchRequestEntry.1.Id": "one",
        "DeleteMessageBatchRequestEntry.1.ReceiptHandle": text(message, "ReceiptHandle"),
        "DeleteMessageBatchRequestEntry.2.Id": "two",
        "DeleteMessageBatchRequestEntry.2.ReceiptHandle": "none"}))
    assert text(gone, "DeleteMessageBatchResult/DeleteMessageBatchResultEntry/Id") == "one"
    assert text(gone, "DeleteMessageBatchResult/BatchResultErrorEntry/Code") == "ReceiptHandleIsInvalid"
    tags = xml(ask(path, Action="ListQueueTags"))
    assert text(tags, "ListQueueTagsResult/Tag/Key") == "team"
    listed = xml(ask(Action="ListQueues", QueueNamePrefix="forms"))
    assert text(listed, "ListQueuesResult/QueueUrl") == url
    assert xml(ask(Action="DeleteQueue", QueueUrl=url)).tag == f"{SPACE}DeleteQueueResponse"


def test_errors_have_the_protocol_s_codes(zerun, ask, sqs):
    missing = xml(ask("/000000000000/none", Action="SendMessage", MessageBody="a"), 400)
    assert text(missing, "Error/Code") == "AWS.SimpleQueueService.NonExistentQueue"
    assert text(missing, "Error/Type") == "Sender"
    body = b'{"QueueName": "none"}'
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.GetQueueUrl"}
    headers = signed_headers(zerun, "sqs", "POST", "/", body=body, headers=headers)
    answer = request(zerun.endpoint, "POST", "/", headers=headers, body=body)
    assert answer.status == 400 and answer.json()["__type"].endswith("QueueDoesNotExist")
    assert answer.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    unknown = xml(ask(Action="Fly"), 400)
    assert text(unknown, "Error/Code") == "InvalidAction"


def test_a_queue_s_address_is_the_one_that_the_client_used(ask):
    for host in ("sqs.us-east-1.localhost:4566", "sqs.localhost", "cloud.example:8080"):
        made = xml(ask(host=host, Action="CreateQueue", QueueName="hosts"))
        assert text(made, "CreateQueueResult/QueueUrl") == f"http://{host}/000000000000/hosts"
        sent = xml(ask("/000000000000/hosts", host=host, Action="SendMessage", MessageBody="a"))
        assert text(sent, "SendMessageResult/MessageId")


@pytest.mark.parametrize("action, given, missing", [
    ("SendMessage", {}, "MessageBody"), ("DeleteMessage", {}, "ReceiptHandle"), ("GetQueueUrl", {}, "QueueName"),
    ("CreateQueue", {}, "QueueName"), ("SendMessageBatch", {}, "Entries"),
    ("ChangeMessageVisibility", {"ReceiptHandle": "r"}, "VisibilityTimeout"),
])
def test_what_a_request_lacks_is_named(zerun, ask, action, given, missing):
    url = zerun.client("sqs").create_queue(QueueName="lacks")["QueueUrl"]
    of_queue = {} if missing == "QueueName" else {"QueueUrl": url}
    answer = xml(ask(urlsplit(url).path if of_queue else "/", Action=action, **given), 400)
    assert text(answer, "Error/Code") == "MissingParameter"
    assert text(answer, "Error/Message") == f"The request must contain the parameter {missing}."
    json_client = zerun.client("sqs", parameter_validation=False)
    with refused("MissingParameter", status=400, naming=f"must contain the parameter {missing}."):
        getattr(json_client, xform_name(action))(**of_queue, **given)
