"""What came of asynchronous invocations is told to queues, and what is given up becomes a dead letter."""

import itertools
import json
import re

import pytest

from expectation import refused
from server import document, wait_until

numbers = itertools.count(1)

TWICE = {"index.js": "exports.handler = async (event) => ({ twice: event.n * 2 });"}
FAILS = {"index.js": "exports.handler = async () => { throw new Error('no'); };"}


@pytest.fixture(scope="module")
def sqs(zerun):
    return zerun.client("sqs")


@pytest.fixture
def queue(sqs):
    """A queue: its URL and its ARN."""
    url = sqs.create_queue(QueueName=f"told-{next(numbers)}")["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture
def weak(zerun):
    """The ARN of a role with the statements that `allow` gives it, and `allow`."""
    iam, name = zerun.client("iam"), f"weak-{next(numbers)}"
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def allow(*statements):
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document(*statements))

    return arn, allow


def take(sqs, url):
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10, MessageAttributeNames=["All"],
                                MessageSystemAttributeNames=["All"]).get("Messages", [])
    for one in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return found


def invoke(lam, name, event):
    accepted = lam.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    return accepted["ResponseMetadata"]["RequestId"]


def settle(lam, name, **destinations):
    config = {on: {"Destination": arn} for on, arn in destinations.items()}
    return lam.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0, DestinationConfig=config)


def test_a_queue_is_told_of_success_and_of_failure(lam, sqs, function, queue):
    url, arn = queue
    good, bad = function(TWICE), function(FAILS)
    assert settle(lam, good, OnSuccess=arn)["DestinationConfig"]["OnSuccess"]["Destination"] == arn
    settle(lam, bad, OnFailure=arn)
    request_id = invoke(lam, good, {"n": 21})
    (message,) = take(sqs, url)
    told = json.loads(message["Body"])
    assert told["version"] == "1.0" and told["timestamp"].endswith("Z")
    assert told["requestContext"] == {
        "requestId": request_id, "condition": "Success", "approximateInvokeCount": 1,
        "functionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{good}:$LATEST"}
    assert told["requestPayload"] == {"n": 21} and told["responsePayload"] == {"twice": 42}
    assert told["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    invoke(lam, bad, {"n": 1})
    (message,) = take(sqs, url)
    told = json.loads(message["Body"])
    assert told["requestContext"]["condition"] == "RetriesExhausted"
    assert told["responseContext"]["functionError"] == "Unhandled"
    assert told["responsePayload"]["errorMessage"] == "no"
    # What is told can be traced, and loops counted.
    assert "Lineage=" in message["Attributes"]["AWSTraceHeader"]


def test_an_event_that_is_given_up_becomes_a_dead_letter(lam, sqs, function, queue):
    url, arn = queue
    name = function(FAILS, DeadLetterConfig={"TargetArn": arn})
    assert lam.get_function_configuration(FunctionName=name)["DeadLetterConfig"] == {"TargetArn": arn}
    lam.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    request_id = invoke(lam, name, {"n": "ü\uffff"})
    (message,) = take(sqs, url)
    assert json.loads(message["Body"]) == {"n": "ü\uffff"}
    attributes = {key: (one["DataType"], one["StringValue"]) for key, one in message["MessageAttributes"].items()}
    assert attributes == {"RequestID": ("String", request_id), "ErrorCode": ("Number", "200"),
                          "ErrorMessage": ("String", "no")}
    # A version keeps what it was published with.
    version = lam.publish_version(FunctionName=name)["Version"]
    changed = lam.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in changed
    lam.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert lam.get_function_configuration(FunctionName=name, Qualifier=version)["DeadLetterConfig"] == {"TargetArn": arn}
    lam.put_function_event_invoke_config(FunctionName=name, Qualifier=version, MaximumRetryAttempts=0)
    lam.invoke(FunctionName=name, Qualifier=version, InvocationType="Event", Payload=b"7")
    assert [message["Body"] for message in take(sqs, url)] == ["7"]


def test_topics_are_told_too(zerun, lam, sqs, function, queue):
    url, arn = queue
    sns = zerun.client("sns")
    topic = sns.create_topic(Name=f"told-{next(numbers)}")["TopicArn"]
    let_in = document({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                       "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": let_in})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    name = function(FAILS, DeadLetterConfig={"TargetArn": topic})
    settle(lam, name, OnFailure=topic)
    request_id = invoke(lam, name, {"n": 5})
    got = []
    wait_until(lambda: got.extend(take(sqs, url)) or len(got) == 2, what="two messages")
    letters = [message for message in got if "MessageAttributes" in message]
    (told,) = (json.loads(message["Body"]) for message in got if message not in letters)
    assert told["requestContext"]["requestId"] == request_id and told["requestPayload"] == {"n": 5}
    assert [json.loads(letter["Body"]) for letter in letters] == [{"n": 5}]
    assert letters[0]["MessageAttributes"]["RequestID"]["StringValue"] == request_id
    with refused("InvalidParameterValueException", naming="there is no such topic"):
        settle(lam, name, OnFailure=f"{topic}-none")


def test_buckets_are_told_of_failures(lam, s3, bucket, function):
    name, arn = function(FAILS), f"arn:aws:s3:::{bucket}"
    with refused("InvalidParameterValueException", naming="buckets for failures"):
        settle(lam, name, OnSuccess=arn)
    with refused("InvalidParameterValueException", naming="no such bucket"):
        settle(lam, name, OnFailure=f"{arn}-none")
    settle(lam, name, OnFailure=arn)
    request_id = invoke(lam, name, {"n": 5})
    listed = wait_until(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"), what="an object")
    (key,) = (one["Key"] for one in listed)
    assert re.fullmatch(rf"aws/lambda/async/{name}/(\d{{4}}/\d\d/\d\d)/[\dT.-]{{19}}-[\da-f-]{{36}}", key)
    told = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert told["requestContext"]["requestId"] == request_id and told["requestPayload"] == {"n": 5}
    assert told["responsePayload"]["errorMessage"] == "no"


def test_what_can_be_no_destination_is_refused(lam, sqs, function, queue):
    name = function(TWICE)
    url = sqs.create_queue(QueueName=f"in-order-{next(numbers)}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    fifo = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus = "arn:aws:events:us-east-1:000000000000:event-bus/default"
    for wrong, why in [(fifo, "not supported"), (f"{queue[1]}-none", "there is no such queue"), (bus, "not supported")]:
        with refused("InvalidParameterValueException", naming=why):
            settle(lam, name, OnSuccess=wrong)
        with refused("InvalidParameterValueException", naming=why):
            lam.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": wrong})
    itself = lam.get_function_configuration(FunctionName=name)["FunctionArn"]
    with refused("InvalidParameterValueException", naming="dead letter target"):
        lam.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": itself})


def test_the_functions_role_must_be_allowed_to_tell(zerun, lam, sqs, function, queue, weak):
    url, arn = queue
    role, allow = weak
    told = lam.get_function_configuration(FunctionName=function(TWICE))["FunctionArn"]
    name = function(TWICE, Role=role)
    for to, action in [(arn, "SendMessage"), (told, "InvokeFunction")]:
        with refused("InvalidParameterValueException",
                     naming=f"The function's execution role does not have permissions to call {action} on {to}"):
            settle(lam, name, OnSuccess=to)
    with refused("InvalidParameterValueException",
                 naming="The provided execution role does not have permissions to call SendMessage on SQS"):
        lam.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": arn})
    allow({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn})
    settle(lam, name, OnSuccess=arn)
    invoke(lam, name, {"n": 1})
    assert len(take(sqs, url)) == 1
    # It is asked again at each outcome, and so is the queue.
    deny = document({"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn})
    for change in [lambda: allow({"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}),
                   lambda: (allow({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}),
                            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": deny}))]:
        change()
        before = zerun.last_words().count("the role may not tell a destination")
        invoke(lam, name, {"n": 2})
        wait_until(lambda: zerun.last_words().count("the role may not tell a destination") > before,
                   what="the refusal in the log")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counted["ApproximateNumberOfMessages"] == "0"


def test_a_record_is_cut_to_what_the_queue_takes(lam, sqs, function, queue):
    url, arn = queue
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "2048"})
    name = function(TWICE)
    settle(lam, name, OnSuccess=arn)
    request_id = invoke(lam, name, {"n": 1, "long": "x" * 4096})
    (message,) = take(sqs, url)
    told = json.loads(message["Body"])
    assert told["requestContext"]["requestId"] == request_id
    assert told["requestPayload"] is None and told["responsePayload"] is None
