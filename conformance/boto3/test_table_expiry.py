"""Items that expire."""

import itertools
import time

import pytest

from expectation import refused
from server import wait_until

numbers = itertools.count(1)


@pytest.fixture
def table(dynamodb):
    return dynamodb.create_table(
        TableName=f"expiring-{next(numbers)}", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "group")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[{"IndexName": "by-group", "Projection": {"ProjectionType": "ALL"},
                                 "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}]}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"})["TableDescription"]["TableName"]


def status(dynamodb, table):
    return dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]


def enable(dynamodb, table, attribute="at", enabled=True):
    wanted = {"Enabled": enabled, "AttributeName": attribute}
    answer = dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)
    assert answer["TimeToLiveSpecification"] == wanted
    wait_until(lambda: status(dynamodb, table)["TimeToLiveStatus"] == ("ENABLED" if enabled else "DISABLED"))


def put(dynamodb, table, key, second):
    dynamodb.put_item(TableName=table, Item={"pk": {"S": key}, "group": {"S": "all"}, "at": {"N": str(second)}})


def keys(dynamodb, table, **index):
    return {item["pk"]["S"] for item in dynamodb.scan(TableName=table, **index)["Items"]}


def test_items_are_deleted_when_they_expire(zerun, dynamodb, table):
    now = int(time.time())
    put(dynamodb, table, "before", now - 60)
    enable(dynamodb, table)
    assert status(dynamodb, table) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "at"}
    put(dynamodb, table, "after", now - 60)
    put(dynamodb, table, "later", now + 3600)
    put(dynamodb, table, "ancient", now - 6 * 366 * 24 * 3600)
    wait_until(lambda: keys(dynamodb, table) == {"later", "ancient"})
    assert keys(dynamodb, table, IndexName="by-group") == {"later", "ancient"}
    streams = zerun.client("dynamodbstreams")
    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    removed = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        found = streams.get_records(ShardIterator=at["ShardIterator"])["Records"]
        removed += [record for record in found if record["eventName"] == "REMOVE"]
    assert {record["dynamodb"]["OldImage"]["pk"]["S"] for record in removed} == {"before", "after"}
    for record in removed:
        told = {name.lower(): value for name, value in record["userIdentity"].items()}
        assert told == {"type": "Service", "principalid": "dynamodb.amazonaws.com"}


def test_a_time_to_live_is_ended(dynamodb, table):
    with refused("ValidationException", status=400, naming="TimeToLive is already disabled"):
        enable(dynamodb, table, enabled=False)
    assert status(dynamodb, table) == {"TimeToLiveStatus": "DISABLED"}
    enable(dynamodb, table)
    with refused("ValidationException", status=400, naming="TimeToLive is already enabled"):
        enable(dynamodb, table)
    with refused("ValidationException", status=400, naming="current AttributeName is at"):
        enable(dynamodb, table, "other")
    enable(dynamodb, table, enabled=False)
    enable(dynamodb, table, "other")
    with refused("ResourceNotFoundException", status=400):
        status(dynamodb, "nothing-of-that-name")
