"""Functions that are driven by a source of their own, and tell what they were handed."""

import itertools
import json

from packing import zip_of
from server import ROLE

numbers = itertools.count(1)

# Notes what it is handed in a table of its own, and fails where it is told to.
NOTES = """
import json, os
import boto3

notes = boto3.client("dynamodb")

def handler(event, context):
    ids = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    failed = []
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage", {})
        if image.get("fails"):
            failed.append(record["dynamodb"]["SequenceNumber"])
            if not os.environ.get("REPORTS"):
                note(context, event, ids, "failed")
                raise ValueError("as told")
    note(context, event, ids, "some failed" if failed else "done")
    if os.environ.get("REPORTS"):
        return {"batchItemFailures": [{"itemIdentifier": id} for id in failed[:1]]}

def note(context, event, ids, outcome):
    notes.put_item(TableName=os.environ["NOTES"], Item={
        "pk": {"S": context.aws_request_id}, "outcome": {"S": outcome}, "event": {"S": json.dumps(event)}})
"""


def make_table(dynamodb, name, **more):
    """A table with one key; its stream, where it has one."""
    dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], **more)
    return dynamodb.describe_table(TableName=name)["Table"].get("LatestStreamArn")


class Driven:
    """A table with a stream, and a function that is driven by it and tells of each batch in a table of its own."""

    def __init__(self, lam, dynamodb, runtime, *, code=NOTES, variables=()):
        self.name, self.lam, self.dynamodb = f"driven-{next(numbers)}", lam, dynamodb
        self.stream = make_table(dynamodb, self.name, StreamSpecification={
            "StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
        make_table(dynamodb, f"{self.name}-notes")
        lam.create_function(FunctionName=self.name, Runtime=runtime, Handler="app.handler", Role=ROLE, Timeout=30,
                            MemorySize=512, Code={"ZipFile": zip_of({"app.py": code})},
                            Environment={"Variables": {"NOTES": f"{self.name}-notes"} | dict(variables)})
        lam.get_waiter("function_active_v2").wait(FunctionName=self.name, WaiterConfig={"Delay": 1})

    def map(self, **more):
        settings = {"StartingPosition": "TRIM_HORIZON"} | more
        return self.lam.create_event_source_mapping(FunctionName=self.name, EventSourceArn=self.stream, **settings)

    def put(self, pk, **attributes):
        item = {name: {"S": value} for name, value in attributes.items()}
        self.dynamodb.put_item(TableName=self.name, Item={"pk": {"S": pk}} | item)

    def notes(self, outcome="done"):
        """The events that came to such an end."""
        items = self.dynamodb.scan(TableName=f"{self.name}-notes", ConsistentRead=True)["Items"]
        return [json.loads(item["event"]["S"]) for item in items if item["outcome"]["S"] == outcome]

    def records(self, outcome="done"):
        return [record for event in self.notes(outcome) for record in event["Records"]]

    def keys(self, outcome="done"):
        return sorted(record["dynamodb"]["Keys"]["pk"]["S"] for record in self.records(outcome))


# Notes what it is handed in a queue of its own; fails on bodies that say so.
WORKS = """
import json, os
import boto3

sqs = boto3.client("sqs")

def handler(event, context):
    failed = []
    for record in event["Records"]:
        fails = "fail" in record["body"]
        if fails and not os.environ.get("REPORTS"):
            raise ValueError("as told")
        if fails:
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            sqs.send_message(QueueUrl=os.environ["NOTES"], MessageBody=json.dumps(record))
    return {"batchItemFailures": failed}
"""


class Fed:
    """A queue and a function that is fed from it, which tells of each message in a queue of its own."""

    def __init__(self, lam, sqs, runtime, variables=(), timeout=20, **attributes):
        self.lam, self.sqs, self.name = lam, sqs, f"fed-{next(numbers)}"
        fifo = attributes.get("FifoQueue") == "true"
        self.url = sqs.create_queue(QueueName=self.name + (".fifo" if fifo else ""), Attributes=attributes)["QueueUrl"]
        self.arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]["QueueArn"]
        self.notes = sqs.create_queue(QueueName=f"{self.name}-notes")["QueueUrl"]
        lam.create_function(FunctionName=self.name, Runtime=runtime, Handler="app.handler", Role=ROLE, Timeout=timeout,
                            MemorySize=512, Code={"ZipFile": zip_of({"app.py": WORKS})},
                            Environment={"Variables": {"NOTES": self.notes} | dict(variables)})
        lam.get_waiter("function_active_v2").wait(FunctionName=self.name, WaiterConfig={"Delay": 1})
        self.seen = []

    def map(self, **settings):
        return self.lam.create_event_source_mapping(FunctionName=self.name, EventSourceArn=self.arn, **settings)

    def send(self, body, **more):
        return self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def records(self):
        while found := self.sqs.receive_message(QueueUrl=self.notes, MaxNumberOfMessages=10).get("Messages"):
            for one in found:
                self.seen.append(json.loads(one["Body"]))
                self.sqs.delete_message(QueueUrl=self.notes, ReceiptHandle=one["ReceiptHandle"])
        return self.seen

    def bodies(self):
        return [record["body"] for record in self.records()]

    def is_empty(self, url=None):
        told = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=["All"])["Attributes"]
        return all(told[f"ApproximateNumberOfMessages{kind}"] == "0" for kind in ("", "NotVisible", "Delayed"))
