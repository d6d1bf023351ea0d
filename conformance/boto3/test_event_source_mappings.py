"""Functions driven by the changes of tables: the API of event source mappings, and what functions are handed."""

import json

import pytest

from driven import Driven, Fed, numbers
from expectation import refused
from packing import zip_of
from server import ROLE, document, wait_until


@pytest.fixture
def driven(lam, dynamodb, python_runtime):
    return Driven(lam, dynamodb, python_runtime)


def test_the_changes_of_a_table_run_a_function(driven, lam, dynamodb):
    driven.put("before", n="1")
    made = driven.map(BatchSize=10)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert made["State"] == "Creating" and made["BatchSize"] == 10 and made["EventSourceArn"] == driven.stream
    assert made["FunctionArn"].endswith(f":function:{driven.name}")
    driven.put("before", n="2")
    dynamodb.delete_item(TableName=driven.name, Key={"pk": {"S": "before"}})
    wait_until(lambda: len(driven.records()) == 3, what="three changes")
    records = sorted(driven.records(), key=lambda record: record["dynamodb"]["SequenceNumber"])
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    first = records[0]
    assert first["eventSource"] == "aws:dynamodb" and first["eventVersion"] == "1.1"
    assert first["awsRegion"] == "us-east-1" and first["eventSourceARN"] == driven.stream
    told = first["dynamodb"]
    assert told["Keys"] == {"pk": {"S": "before"}} and told["NewImage"] == {"pk": {"S": "before"}, "n": {"S": "1"}}
    assert told["StreamViewType"] == "NEW_AND_OLD_IMAGES" and told["SizeBytes"] > 0
    assert isinstance(told["ApproximateCreationDateTime"], (int, float)) and len(told["SequenceNumber"]) == 21
    assert records[1]["dynamodb"]["OldImage"]["n"] == {"S": "1"} and "NewImage" not in records[2]["dynamodb"]
    now = wait_until(lambda: (got := lam.get_event_source_mapping(UUID=made["UUID"]))["LastProcessingResult"] == "OK"
                     and got, what="a result")
    assert now["State"] == "Enabled" and now["StartingPosition"] == "TRIM_HORIZON"
    # A place that is kept: nothing is handed over twice.
    driven.put("later")
    wait_until(lambda: "later" in driven.keys(), what="a later change")
    assert len(driven.records()) == 4


def test_latest_begins_with_what_comes(driven):
    driven.put("before")
    driven.map(StartingPosition="LATEST")
    driven.put("after")
    wait_until(lambda: driven.keys(), what="the change after")
    assert driven.keys() == ["after"]


def test_filters_let_through_what_they_name(driven):
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": [{"prefix": "want"}]}}}}
    made = driven.map(FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    assert json.loads(made["FilterCriteria"]["Filters"][0]["Pattern"]) == pattern
    for number in range(20):
        driven.put(f"p{number}", kind="wanted" if number % 2 else "other")
    driven.put("p1", kind="wanted again")
    driven.put("last", kind="wanted")
    wait_until(lambda: "last" in driven.keys(), what="the last one")
    wait_until(lambda: len(driven.keys()) == 11, what="all that are wanted")
    assert driven.keys() == sorted([f"p{number}" for number in range(1, 20, 2)] + ["last"])


def test_batches_wait_to_be_full(driven):
    driven.map(BatchSize=5, MaximumBatchingWindowInSeconds=30)
    for number in range(60):
        driven.put("same", n=str(number))
    wait_until(lambda: len(driven.records()) == 60, what="all changes")
    assert [len(event["Records"]) for event in driven.notes()] == [5] * 12
    in_order = sorted(driven.records(), key=lambda record: record["dynamodb"]["SequenceNumber"])
    assert [record["dynamodb"]["NewImage"]["n"]["S"] for record in in_order] == [str(n) for n in range(60)]


def test_what_fails_is_given_up_after_its_attempts(driven, lam):
    driven.put("same", fails="yes")
    driven.put("same", n="behind")
    made = driven.map(BatchSize=1, MaximumRetryAttempts=2)
    wait_until(lambda: driven.keys(), what="the change behind")
    assert len(driven.notes("failed")) == 3
    assert [record["dynamodb"]["NewImage"]["n"]["S"] for record in driven.records()] == ["behind"]
    assert lam.get_event_source_mapping(UUID=made["UUID"])["MaximumRetryAttempts"] == 2


def test_who_is_to_know_of_discarded_records_is_told(driven, lam, sqs):
    url = sqs.create_queue(QueueName=f"discarded-{driven.name}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    driven.put("same", fails="yes")
    for wrong in (f"{arn}-none", "arn:aws:sns:us-east-1:000000000000:t", arn.replace("000000000000", "222222222222")):
        with refused("InvalidParameterValueException", naming="destination"):
            driven.map(DestinationConfig={"OnFailure": {"Destination": wrong}})
    made = driven.map(BatchSize=1, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": arn}})
    assert made["DestinationConfig"]["OnFailure"]["Destination"] == arn
    message = wait_until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages"), what="the record")
    told = json.loads(message[0]["Body"])
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert told["requestContext"]["approximateInvokeCount"] == 2
    assert told["requestContext"]["functionArn"] == made["FunctionArn"]
    assert told["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    info = told["DDBStreamBatchInfo"]
    assert info["batchSize"] == 1 and info["streamArn"] == driven.stream and info["shardId"].startswith("shardId-")
    failed = driven.records("failed")[0]["dynamodb"]["SequenceNumber"]
    assert info["startSequenceNumber"] == info["endSequenceNumber"] == failed


def test_a_failing_batch_is_halved_until_the_one_to_blame_is_found(driven):
    for number in range(8):
        driven.put("same", n=str(number), **({"fails": "yes"} if number == 5 else {}))
    driven.map(BatchSize=8, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
    wait_until(lambda: len(driven.records()) == 7, what="all but one")
    done = sorted(record["dynamodb"]["NewImage"]["n"]["S"] for record in driven.records())
    assert done == ["0", "1", "2", "3", "4", "6", "7"]


def test_a_function_tells_which_records_failed(driven, lam):
    lam.update_function_configuration(FunctionName=driven.name, Environment={
        "Variables": {"NOTES": f"{driven.name}-notes", "REPORTS": "yes"}})
    lam.get_waiter("function_updated_v2").wait(FunctionName=driven.name, WaiterConfig={"Delay": 1})
    for number in range(6):
        driven.put("same", n=str(number), **({"fails": "yes"} if number == 3 else {}))
    made = driven.map(BatchSize=6, MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert made["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    driven.put("same", n="behind")
    wait_until(lambda: driven.keys(), what="what comes behind")
    first, *again = sorted(driven.notes("some failed"), key=lambda event: -len(event["Records"]))
    assert len(first["Records"]) == 6
    # What was before the first that failed is not handed over again.
    assert {event["Records"][0]["dynamodb"]["NewImage"]["n"]["S"] for event in again} == {"3"}


def test_partitions_are_worked_on_at_once_and_each_in_order(driven):
    driven.map(BatchSize=4, ParallelizationFactor=10)
    for number in range(120):
        driven.put(f"p{number % 12}", n=str(number))
    wait_until(lambda: len(driven.records()) == 120, what="all changes", seconds_max=60)
    for partition in range(12):
        own = [r for r in driven.records() if r["dynamodb"]["Keys"]["pk"]["S"] == f"p{partition}"]
        assert len(own) == 10


def test_mappings_are_listed_changed_and_deleted(driven, lam):
    made = driven.map(Enabled=False)
    assert made["State"] == "Creating"
    assert lam.get_event_source_mapping(UUID=made["UUID"])["State"] == "Disabled"
    with refused("ResourceConflictException", status=409, naming=made["UUID"]):
        driven.map()
    for asked in ({"FunctionName": driven.name}, {"EventSourceArn": driven.stream}):
        listed = lam.list_event_source_mappings(**asked)["EventSourceMappings"]
        assert [one["UUID"] for one in listed] == [made["UUID"]], asked
    pages = lam.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 1})
    assert made["UUID"] in [one["UUID"] for page in pages for one in page["EventSourceMappings"]]
    driven.put("waits")
    changed = lam.update_event_source_mapping(UUID=made["UUID"], Enabled=True, BatchSize=7, MaximumRetryAttempts=3,
                                              MaximumRecordAgeInSeconds=60, ParallelizationFactor=2)
    assert changed["State"] == "Updating" and changed["BatchSize"] == 7
    now = lam.get_event_source_mapping(UUID=made["UUID"])
    assert (now["State"], now["MaximumRetryAttempts"], now["MaximumRecordAgeInSeconds"]) == ("Enabled", 3, 60)
    wait_until(lambda: driven.keys() == ["waits"], what="the change that waited")
    assert lam.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"
    for call in (lam.get_event_source_mapping, lam.delete_event_source_mapping, lam.update_event_source_mapping):
        with refused("ResourceNotFoundException", status=404):
            call(UUID=made["UUID"])
    driven.map(StartingPosition="LATEST")


def test_a_role_that_may_not_read_is_told_so(driven, lam, iam):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = iam.create_role(RoleName="reads-little", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    notes = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
    iam.put_role_policy(RoleName="reads-little", PolicyName="notes", PolicyDocument=document(notes))
    lam.update_function_configuration(FunctionName=driven.name, Role=role)
    lam.get_waiter("function_updated_v2").wait(FunctionName=driven.name, WaiterConfig={"Delay": 1})
    with refused("InvalidParameterValueException", status=400, naming="Cannot access stream"):
        driven.map()
    reads = {"Effect": "Allow", "Action": ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream",
                                           "dynamodb:ListStreams"], "Resource": driven.stream}
    iam.put_role_policy(RoleName="reads-little", PolicyName="reads", PolicyDocument=document(reads))
    made = driven.map()
    driven.put("first")
    wait_until(lambda: driven.keys() == ["first"], what="the first change")
    # What is taken away holds for what comes.
    iam.delete_role_policy(RoleName="reads-little", PolicyName="reads")
    driven.put("second")
    wait_until(lambda: "Cannot access" in lam.get_event_source_mapping(UUID=made["UUID"])["LastProcessingResult"],
               what="the refusal")
    assert driven.keys() == ["first"]
    iam.put_role_policy(RoleName="reads-little", PolicyName="reads", PolicyDocument=document(reads))
    wait_until(lambda: driven.keys() == ["first", "second"], what="the second change")


@pytest.mark.parametrize("wrong, naming", [
    ({"EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}, "Unrecognized event source"),
    ({"EventSourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/t"}, "Unrecognized event source"),
    ({"EventSourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2026-01-01T00:00:00.000"},
     "Stream not found"),
    ({"StartingPosition": "AT_TIMESTAMP"}, "starting position"),
    ({"BatchSize": 10001}, "10000"),
    ({"FilterCriteria": {"Filters": [{"Pattern": "{\"a\": 1}"}]}}, "Invalid filter pattern definition"),
    ({"FilterCriteria": {"Filters": [{"Pattern": "{\"a\": [1]}"}] * 6}}, "at most 5"),
    ({"MaximumRecordAgeInSeconds": 5}, "MaximumRecordAgeInSeconds"),
    ({"TumblingWindowInSeconds": 901}, "TumblingWindowInSeconds"),
    ({"TumblingWindowInSeconds": 30, "ParallelizationFactor": 2}, "ParallelizationFactor"),
    ({"ProvisionedPollerConfig": {"MinimumPollers": 2}}, "ProvisionedPollerConfig"),
    ({"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"}, "KMSKeyArn"),
    ({"Topics": ["t"]}, "Topics"),
])
def test_what_cannot_be_is_refused(driven, lam, wrong, naming):
    asked = {"EventSourceArn": driven.stream, "StartingPosition": "LATEST", "FunctionName": driven.name} | wrong
    with refused("InvalidParameterValueException", "ValidationException", "NotImplemented", naming=naming):
        lam.create_event_source_mapping(**asked)


def test_a_function_that_is_not_there_has_no_mapping(driven, lam):
    with refused("ResourceNotFoundException", status=404):
        lam.create_event_source_mapping(EventSourceArn=driven.stream, StartingPosition="LATEST", FunctionName="none")
    with refused("InvalidParameterValueException", status=400, naming="StartingPosition"):
        lam.create_event_source_mapping(EventSourceArn=driven.stream, FunctionName=driven.name)


def test_a_kill_loses_no_change(fresh_zerun, python_runtime):
    driven = Driven(fresh_zerun.client("lambda"), fresh_zerun.client("dynamodb"), python_runtime)
    driven.map(BatchSize=3)
    for round in range(3):
        for number in range(20):
            driven.put(f"r{round}-{number}")
        fresh_zerun.kill()
        fresh_zerun.start()
        driven.lam, driven.dynamodb = fresh_zerun.client("lambda"), fresh_zerun.client("dynamodb")
    expected = {f"r{round}-{number}" for round in range(3) for number in range(20)}
    wait_until(lambda: set(driven.keys()) == expected, what="all changes", seconds_max=60)


@pytest.fixture(scope="module")
def sqs(zerun):
    return zerun.client("sqs")


def test_messages_of_a_queue_run_a_function(lam, sqs, python_runtime):
    fed = Fed(lam, sqs, python_runtime)
    made = fed.map()
    assert (made["State"], made["BatchSize"], made["EventSourceArn"]) == ("Creating", 10, fed.arn)
    assert "StartingPosition" not in made and "ParallelizationFactor" not in made
    sent = fed.send("hello", MessageAttributes={"colour": {"DataType": "String", "StringValue": "red"},
                                                "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}})
    wait_until(fed.records, what="the message")
    record = fed.seen[0]
    assert record["messageId"] == sent["MessageId"] and record["body"] == "hello"
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert record["md5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert record["eventSource"] == "aws:sqs" and record["eventSourceARN"] == fed.arn
    assert record["awsRegion"] == "us-east-1" and record["receiptHandle"]
    assert record["messageAttributes"]["colour"]["stringValue"] == "red"
    assert record["messageAttributes"]["raw"] == {"binaryValue": "AAE=", "dataType": "Binary",
                                                  "stringListValues": [], "binaryListValues": []}
    assert record["attributes"]["ApproximateReceiveCount"] == "1" and record["attributes"]["SentTimestamp"].isdigit()
    for number in range(100):
        fed.send(str(number))
    wait_until(lambda: len(fed.records()) == 101, what="all messages")
    wait_until(fed.is_empty, what="the queue to be empty")
    assert sorted(map(int, fed.bodies()[1:])) == list(range(100))


def test_a_group_of_a_fifo_queue_is_handed_over_in_order(lam, sqs, python_runtime):
    fed = Fed(lam, sqs, python_runtime, FifoQueue="true", ContentBasedDeduplication="true")
    fed.map(BatchSize=3)
    for number in range(60):
        fed.send(json.dumps([number % 3, number]), MessageGroupId=f"g{number % 3}")
    wait_until(lambda: len(fed.records()) == 60, what="all messages", seconds_max=60)
    wait_until(fed.is_empty, what="the queue to be empty")
    records = sorted(fed.seen, key=lambda record: int(record["attributes"]["ApproximateFirstReceiveTimestamp"]))
    for group in range(3):
        own = [r for r in records if r["attributes"]["MessageGroupId"] == f"g{group}"]
        received = [(int(r["attributes"]["ApproximateFirstReceiveTimestamp"]), json.loads(r["body"])[1]) for r in own]
        assert received == sorted(received), received


def test_messages_that_fail_come_again_and_then_are_dead(lam, sqs, python_runtime):
    dead = sqs.create_queue(QueueName=f"dead-{next(numbers)}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    fed = Fed(lam, sqs, python_runtime, {"REPORTS": "yes"}, VisibilityTimeout="20",
              RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2}))
    fed.map(FunctionResponseTypes=["ReportBatchItemFailures"], BatchSize=10)
    sqs.send_message_batch(QueueUrl=fed.url, Entries=[
        {"Id": str(number), "MessageBody": "fail" if number == 4 else str(number)} for number in range(10)])
    wait_until(lambda: len(fed.records()) == 9, what="all that do not fail")
    # It is not waited for: its lease is ended by hand, as often as it may be received.
    wait_until(lambda: not fed.is_empty(dead), what="the dead letter", seconds_max=90)
    found = sqs.receive_message(QueueUrl=dead, MessageSystemAttributeNames=["All"])["Messages"]
    assert [one["Body"] for one in found] == ["fail"]
    assert sorted(fed.bodies()) == sorted(str(n) for n in range(10) if n != 4)


def test_filters_see_the_body_and_delete_what_nobody_wants(lam, sqs, python_runtime):
    fed = Fed(lam, sqs, python_runtime)
    fed.map(FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"kind": ["wanted"]}})}]})
    for number in range(10):
        fed.send(json.dumps({"kind": "wanted" if number % 2 else "other", "number": number}))
    fed.send("no JSON at all")
    wait_until(lambda: len(fed.records()) == 5, what="what is wanted")
    wait_until(fed.is_empty, what="the queue to be empty")
    assert sorted(json.loads(body)["number"] for body in fed.bodies()) == [1, 3, 5, 7, 9]


def test_what_queues_do_not_have_is_refused(lam, sqs, iam, python_runtime):
    fed = Fed(lam, sqs, python_runtime)
    for wrong, naming in [
        ({"StartingPosition": "LATEST"}, "StartingPosition"), ({"BatchSize": 11}, "batch window"),
        ({"BisectBatchOnFunctionError": True}, "BisectBatchOnFunctionError"),
        ({"EventSourceArn": f"{fed.arn}-none"}, "NonExistentQueue"),
        ({"ParallelizationFactor": 2}, "ParallelizationFactor"),
        ({"TumblingWindowInSeconds": 30}, "TumblingWindowInSeconds"),
        ({"MaximumRetryAttempts": 2}, "MaximumRetryAttempts"),
        ({"MaximumRecordAgeInSeconds": 60}, "MaximumRecordAgeInSeconds"),
        ({"DestinationConfig": {"OnFailure": {"Destination": fed.arn}}}, "DestinationConfig"),
    ]:
        asked = {"FunctionName": fed.name, "EventSourceArn": fed.arn} | wrong
        with refused("InvalidParameterValueException", "ValidationException", naming=naming):
            lam.create_event_source_mapping(**asked)
    sqs.set_queue_attributes(QueueUrl=fed.url, Attributes={"VisibilityTimeout": "5"})
    with refused("InvalidParameterValueException", naming="less than Function timeout: 20 seconds"):
        fed.map()
    sqs.set_queue_attributes(QueueUrl=fed.url, Attributes={"VisibilityTimeout": "30"})
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = iam.create_role(RoleName="receives-nothing", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    lam.update_function_configuration(FunctionName=fed.name, Role=role)
    with refused("InvalidParameterValueException", naming="permissions to call ReceiveMessage on SQS"):
        fed.map(ScalingConfig={"MaximumConcurrency": 2})


def test_a_full_batch_may_wait_and_be_large(lam, sqs, python_runtime):
    fed = Fed(lam, sqs, python_runtime)
    for number in range(25):
        fed.send(str(number))
    made = fed.map(BatchSize=100, MaximumBatchingWindowInSeconds=2, ScalingConfig={"MaximumConcurrency": 2})
    assert made["ScalingConfig"] == {"MaximumConcurrency": 2}
    wait_until(lambda: len(fed.records()) == 25, what="all messages")
    wait_until(fed.is_empty, what="the queue to be empty")


# Sends what it is handed to where it came from, and counts.
LOOPS = """
import os
import boto3

sqs = boto3.client("sqs")

def handler(event, context):
    for record in event["Records"]:
        sqs.send_message(QueueUrl=os.environ["OWN"], MessageBody=str(int(record["body"]) + 1))
        sqs.send_message(QueueUrl=os.environ["NOTES"], MessageBody=record["body"])
"""


def test_a_loop_over_a_queue_is_stopped(lam, sqs, python_runtime):
    own, notes = (sqs.create_queue(QueueName=f"loop-{name}")["QueueUrl"] for name in ("own", "notes"))
    arn = sqs.get_queue_attributes(QueueUrl=own, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    lam.create_function(FunctionName="loops", Runtime=python_runtime, Handler="app.handler", Role=ROLE, Timeout=20,
                        MemorySize=512, Code={"ZipFile": zip_of({"app.py": LOOPS})},
                        Environment={"Variables": {"OWN": own, "NOTES": notes}})
    lam.get_waiter("function_active_v2").wait(FunctionName="loops", WaiterConfig={"Delay": 1})
    made = lam.create_event_source_mapping(FunctionName="loops", EventSourceArn=arn)
    # What a stranger says of the chain is not believed.
    sqs.send_message(QueueUrl=own, MessageBody="0", MessageSystemAttributes={"AWSTraceHeader": {
        "DataType": "String", "StringValue": "Root=1-65f0c0de-000000000000000000000001;Lineage=00000000:99"}})

    def noted():
        told = sqs.get_queue_attributes(QueueUrl=notes, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        return int(told["ApproximateNumberOfMessages"])

    wait_until(lambda: noted() >= 16, what="the first chain")
    # Another chain takes as long as it takes to see that the first one does not go on.
    sqs.send_message(QueueUrl=own, MessageBody="100")
    wait_until(lambda: noted() >= 32, what="the second chain")
    lam.delete_event_source_mapping(UUID=made["UUID"])
    assert noted() == 32
