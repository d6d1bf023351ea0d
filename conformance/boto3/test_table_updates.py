"""Tables that change: indexes made and deleted while they are used, throughput, billing, protection."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from expectation import refused
from server import wait_until

numbers = itertools.count(1)

BY_N = {"IndexName": "by-n", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [
    {"AttributeName": "n", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}]}
N = [{"AttributeName": "n", "AttributeType": "N"}]


def make(dynamodb, **changed):
    wanted = {
        "TableName": f"changing-{next(numbers)}", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    } | changed
    return dynamodb.create_table(**wanted)["TableDescription"]["TableName"]


@pytest.fixture
def table(dynamodb):
    return make(dynamodb)


def index_of(dynamodb, table):
    return dynamodb.describe_table(TableName=table)["Table"].get("GlobalSecondaryIndexes", [None])[0]


def is_active(dynamodb, table):
    told = dynamodb.describe_table(TableName=table)["Table"]
    return told["TableStatus"] == "ACTIVE" and all(
        index["IndexStatus"] == "ACTIVE" for index in told.get("GlobalSecondaryIndexes", []))


def put_all(dynamodb, table, count):
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda i: dynamodb.put_item(TableName=table, Item={"pk": {"S": f"i{i}"}, "n": {"N": str(i % 7)}}), range(count)))


def counted(dynamodb, table):
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table, IndexName="by-n", KeyConditionExpression="n = :n", ExpressionAttributeValues={":n": {"N": "3"}})
    return sum(page["Count"] for page in pages)


def test_an_index_is_added_and_deleted_online(dynamodb, table):
    put_all(dynamodb, table, 70)
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "no number"}, "n": {"S": "x"}})
    told = dynamodb.update_table(TableName=table, AttributeDefinitions=N, GlobalSecondaryIndexUpdates=[{"Create": BY_N}])
    told = told["TableDescription"]
    assert told["TableStatus"] == "UPDATING"
    [index] = told["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["Backfilling"]) == ("CREATING", True)
    wait_until(lambda: is_active(dynamodb, table), what="the index")
    index = index_of(dynamodb, table)
    assert index["ItemCount"] == 70 and "Backfilling" not in index
    assert counted(dynamodb, table) == 10
    with refused("ValidationException", naming="already exists"):
        dynamodb.update_table(TableName=table, AttributeDefinitions=N, GlobalSecondaryIndexUpdates=[{"Create": BY_N}])
    told = dynamodb.update_table(TableName=table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-n"}}])
    assert told["TableDescription"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    wait_until(lambda: index_of(dynamodb, table) is None, what="the end of the index")
    assert len(dynamodb.describe_table(TableName=table)["Table"]["AttributeDefinitions"]) == 1
    with refused("ValidationException", naming="does not have the specified index: by-n"):
        counted(dynamodb, table)
    with refused("ResourceNotFoundException"):
        dynamodb.update_table(TableName=table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-n"}}])


def test_an_index_outlives_the_server_while_it_is_made(fresh_zerun):
    dynamodb = fresh_zerun.client("dynamodb")
    table = make(dynamodb)
    put_all(dynamodb, table, 2_100)
    dynamodb.update_table(TableName=table, AttributeDefinitions=N, GlobalSecondaryIndexUpdates=[{"Create": BY_N}])
    fresh_zerun.kill()
    fresh_zerun.start()
    dynamodb = fresh_zerun.client("dynamodb")
    wait_until(lambda: is_active(dynamodb, table), what="the index")
    assert index_of(dynamodb, table)["ItemCount"] == 2_100
    assert counted(dynamodb, table) == 300


def test_throughput_and_billing_change(dynamodb):
    units = {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10}
    table = make(dynamodb, BillingMode="PROVISIONED", ProvisionedThroughput=units)
    with refused("ValidationException", naming="will not change"):
        dynamodb.update_table(TableName=table, ProvisionedThroughput=units)
    told = dynamodb.update_table(TableName=table, ProvisionedThroughput=units | {"ReadCapacityUnits": 20})["TableDescription"]
    assert told["ProvisionedThroughput"]["ReadCapacityUnits"] == 20
    assert told["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0 and "LastIncreaseDateTime" in told["ProvisionedThroughput"]
    for read in (19, 18, 17, 16):
        told = dynamodb.update_table(TableName=table, ProvisionedThroughput=units | {"ReadCapacityUnits": read})["TableDescription"]
    assert told["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 4
    with refused("LimitExceededException", naming="Provisioned throughput decreases are limited"):
        dynamodb.update_table(TableName=table, ProvisionedThroughput=units)
    told = dynamodb.update_table(TableName=table, BillingMode="PAY_PER_REQUEST")["TableDescription"]
    assert told["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert told["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    with refused("ValidationException", naming="must both be specified"):
        dynamodb.update_table(TableName=table, BillingMode="PROVISIONED")


def test_on_demand_throughput_is_bounded_where_it_is_asked_for(dynamodb):
    table = make(dynamodb, OnDemandThroughput={"MaxReadRequestUnits": 1},
                 WarmThroughput={"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000})
    told = dynamodb.describe_table(TableName=table)["Table"]
    assert told["OnDemandThroughput"] == {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": -1}
    assert told["WarmThroughput"] == {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "large"}, "x": {"S": "x" * 390_000}})
    read = {"TableName": table, "Key": {"pk": {"S": "large"}}, "ConsistentRead": True}
    for _ in range(4):  # 96 units each, of a burst of 300
        dynamodb.get_item(**read)
    with refused("ProvisionedThroughputExceededException", naming="maximum OnDemandThroughput"):
        dynamodb.get_item(**read)
    dynamodb.update_table(TableName=table, OnDemandThroughput={"MaxReadRequestUnits": -1})
    dynamodb.get_item(**read)
    assert "OnDemandThroughput" not in dynamodb.describe_table(TableName=table)["Table"]


def test_protection_and_class_change(dynamodb, table):
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
    with refused("ValidationException", naming="protected against deletion"):
        dynamodb.delete_table(TableName=table)
    told = dynamodb.update_table(TableName=table, TableClass="STANDARD_INFREQUENT_ACCESS", DeletionProtectionEnabled=False)
    assert told["TableDescription"]["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    dynamodb.delete_table(TableName=table)


@pytest.mark.parametrize("change, code, naming", [
    ({}, "ValidationException", "At least one of"),
    ({"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}, "ValidationException", "ReplicaUpdates"),
    ({"SSESpecification": {"Enabled": True}}, "ValidationException", "SSESpecification"),
    ({"GlobalSecondaryIndexUpdates": [{"Create": BY_N}]}, "ValidationException", "not defined in AttributeDefinitions"),
    ({"GlobalSecondaryIndexUpdates": [{}]}, "ValidationException", "One of Create, Update and Delete"),
    ({"GlobalSecondaryIndexUpdates": [{"Create": BY_N}, {"Create": BY_N | {"IndexName": "other"}}], "AttributeDefinitions": N},
     "LimitExceededException", "Only 1 online index"),
])
def test_what_is_no_change_is_refused(dynamodb, table, change, code, naming):
    with refused(code, status=400, naming=naming):
        dynamodb.update_table(TableName=table, **change)
