"""Tables and their items, with boto3's client and its resource."""

import zlib
from decimal import Decimal

import boto3.dynamodb.conditions as conditions
import pytest

from expectation import refused
from tables import key, make


@pytest.fixture
def table(dynamodb):
    """A new table with the key pk (S), sk (N)."""
    return make(dynamodb)["TableName"]


def test_a_table_is_what_it_was_made(dynamodb):
    made = make(dynamodb, Tags=[{"Key": "team", "Value": "a"}], DeletionProtectionEnabled=True)
    name = made["TableName"]
    told = dynamodb.describe_table(TableName=name)["Table"]
    assert told["TableStatus"] == "ACTIVE" and told["ItemCount"] == 0 and told["TableSizeBytes"] == 0
    assert told["TableArn"] == f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}"
    assert told["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    assert told["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert dynamodb.describe_table(TableName=told["TableArn"])["Table"] == told
    tags = dynamodb.list_tags_of_resource(ResourceArn=told["TableArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]
    dynamodb.tag_resource(ResourceArn=told["TableArn"], Tags=[{"Key": "stage", "Value": "b"}])
    dynamodb.untag_resource(ResourceArn=told["TableArn"], TagKeys=["team"])
    assert dynamodb.list_tags_of_resource(ResourceArn=told["TableArn"])["Tags"] == [{"Key": "stage", "Value": "b"}]
    with refused("ResourceInUseException", status=400, naming=f"Table already exists: {name}"):
        make(dynamodb, TableName=name)
    with refused("ValidationException", status=400, naming="protected against deletion"):
        dynamodb.delete_table(TableName=name)


def test_a_table_that_is_deleted_is_gone_with_its_items(dynamodb, table):
    assert dynamodb.delete_table(TableName=table)["TableDescription"]["TableStatus"] == "DELETING"
    dynamodb.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    with refused("ResourceNotFoundException", status=400, naming=f"Requested resource not found: Table: {table} not found"):
        dynamodb.describe_table(TableName=table)
    with refused("ResourceNotFoundException", status=400):
        dynamodb.delete_table(TableName=table)


def test_tables_are_listed_by_name(dynamodb):
    names = sorted(make(dynamodb, TableName=f"listed-{letter}")["TableName"] for letter in "cab")
    pages = dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2})
    found = [name for page in pages for name in page["TableNames"] if name.startswith("listed-")]
    assert found == names


@pytest.mark.parametrize("changed, naming", [
    ({"TableName": "no"}, "at least 3 characters"),
    ({"TableName": "with space"}, "[a-zA-Z0-9_.-]+"),
    ({"KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}]}, "not a HASH key type"),
    ({"KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}]}, "not defined in AttributeDefinitions"),
    ({"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}, "does not exactly match number of attributes"),
    ({"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}]}, "same name"),
    ({"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "M"}]}, "enum value set: [S, N, B]"),
    ({"BillingMode": "PROVISIONED"}, "ReadCapacityUnits and WriteCapacityUnits must both be specified"),
    ({"LocalSecondaryIndexes": [{"IndexName": "by-x", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [
        {"AttributeName": "sk", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}]}]}, "same leading hash key"),
])
def test_what_is_no_table_is_refused(dynamodb, changed, naming):
    with refused("ValidationException", status=400, naming=naming):
        make(dynamodb, **changed)


EVERYTHING = {
    "pk": {"S": "every"}, "sk": {"N": "1"}, "s": {"S": "größe"}, "n": {"N": "-12.5"}, "b": {"B": b"\x00\xff"},
    "yes": {"BOOL": True}, "nothing": {"NULL": True}, "m": {"M": {"a": {"L": [{"S": ""}, {"N": "0"}]}}},
    "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2.5"]}, "bs": {"BS": [b"a", b"b"]},
}


def sorted_sets(item):
    return {name: {kind: sorted(value) if kind in ("SS", "NS", "BS") else value for kind, value in typed.items()}
            for name, typed in item.items()}


def test_every_type_comes_back_as_it_was(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=EVERYTHING)
    found = dynamodb.get_item(TableName=table, Key=key(1, "every"), ConsistentRead=True)["Item"]
    assert sorted_sets(found) == EVERYTHING
    assert "Item" not in dynamodb.get_item(TableName=table, Key=key(2, "every"))
    part = dynamodb.get_item(TableName=table, Key=key(1, "every"), ProjectionExpression="#m.a[1], s",
                             ExpressionAttributeNames={"#m": "m"})["Item"]
    assert part == {"m": {"M": {"a": {"L": [{"N": "0"}]}}}, "s": {"S": "größe"}}
    assert dynamodb.get_item(TableName=table, Key=key(1, "every"), AttributesToGet=["n"])["Item"] == {"n": {"N": "-12.5"}}


def test_answers_carry_their_checksum(dynamodb, table):
    bodies = []
    dynamodb.meta.events.register("after-call.dynamodb", lambda http_response, **_: bodies.append(http_response))
    dynamodb.get_item(TableName=table, Key=key(1))
    with refused("ValidationException"):
        dynamodb.get_item(TableName=table, Key={})
    assert [int(body.headers["x-amz-crc32"]) for body in bodies] == [zlib.crc32(body.content) for body in bodies]
    assert len(bodies) == 2


def test_the_resource_counts_in_decimals(zerun, dynamodb, table):
    items = zerun.session().resource("dynamodb", endpoint_url=zerun.endpoint).Table(table)
    items.put_item(Item={"pk": "r", "sk": 1, "price": Decimal("9.99"), "tags": {"x", "y"}, "list": [1, None, {"a": True}]})
    changed = items.update_item(Key={"pk": "r", "sk": 1}, UpdateExpression="SET price = price + :more, #l[3] = :last ADD seen :one",
                                ExpressionAttributeNames={"#l": "list"}, ReturnValues="ALL_NEW",
                                ExpressionAttributeValues={":more": Decimal("0.01"), ":last": "z", ":one": 1})["Attributes"]
    assert changed == {"pk": "r", "sk": 1, "price": 10, "tags": {"x", "y"}, "list": [1, None, {"a": True}, "z"], "seen": 1}
    found = items.query(KeyConditionExpression=conditions.Key("pk").eq("r") & conditions.Key("sk").between(0, 5),
                        FilterExpression=conditions.Attr("price").gt(9))["Items"]
    assert found == [changed]


def test_a_write_happens_only_under_its_condition(dynamodb, table):
    put = {"TableName": table, "Item": key(1) | {"v": {"N": "1"}}}
    dynamodb.put_item(**put, ConditionExpression="attribute_not_exists(pk)")
    with refused("ConditionalCheckFailedException", status=400, naming="The conditional request failed") as caught:
        dynamodb.put_item(**put, ConditionExpression="attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.response["Item"] == put["Item"]
    with refused("ConditionalCheckFailedException", status=400):
        dynamodb.update_item(TableName=table, Key=key(1), UpdateExpression="SET v = :n", ConditionExpression="v > :n",
                             ExpressionAttributeValues={":n": {"N": "5"}})
    with refused("ConditionalCheckFailedException", status=400):
        dynamodb.delete_item(TableName=table, Key=key(1), Expected={"v": {"Value": {"N": "2"}}})
    old = dynamodb.delete_item(TableName=table, Key=key(1), Expected={"v": {"Value": {"N": "1"}}}, ReturnValues="ALL_OLD")
    assert old["Attributes"] == put["Item"]
    assert "Attributes" not in dynamodb.delete_item(TableName=table, Key=key(1), ReturnValues="ALL_OLD")


def test_a_partition_is_read_in_order_and_in_pages(dynamodb, table):
    for number in (10, -1, 2, 0.5, 100):
        dynamodb.put_item(TableName=table, Item=key(number) | {"even": {"BOOL": number % 2 == 0}})
    dynamodb.put_item(TableName=table, Item=key(3, "other"))
    query = {"TableName": table, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}

    def numbers_of(items):
        return [float(item["sk"]["N"]) for item in items]

    assert numbers_of(dynamodb.query(**query)["Items"]) == [-1, 0.5, 2, 10, 100]
    assert numbers_of(dynamodb.query(**query, ScanIndexForward=False)["Items"]) == [100, 10, 2, 0.5, -1]
    for forward in (True, False):
        pages = dynamodb.get_paginator("query").paginate(**query, ScanIndexForward=forward, PaginationConfig={"PageSize": 2})
        found = [number for page in pages for number in numbers_of(page["Items"])]
        assert found == sorted([10, -1, 2, 0.5, 100], reverse=not forward)
    first = dynamodb.query(**query, Limit=2)
    assert (first["Count"], first["ScannedCount"], first["LastEvaluatedKey"]) == (2, 2, key("0.5"))
    filtered = dynamodb.query(**query | {"ExpressionAttributeValues": {":p": {"S": "p"}, ":t": {"BOOL": True}}},
                              FilterExpression="even = :t", Select="COUNT")
    assert (filtered["Count"], filtered["ScannedCount"]) == (3, 5) and "Items" not in filtered
    low = dynamodb.query(TableName=table, KeyConditionExpression="pk = :p AND sk < :n",
                         ExpressionAttributeValues={":p": {"S": "p"}, ":n": {"N": "2"}})
    assert numbers_of(low["Items"]) == [-1, 0.5]
    with refused("ValidationException", status=400, naming="outside query boundaries"):
        dynamodb.query(**query, ExclusiveStartKey=key(3, "other"))


def test_segments_divide_a_scan(dynamodb, table):
    keys = {f"partition-{number}" for number in range(60)}
    for name in keys:
        dynamodb.put_item(TableName=table, Item=key(1, name))
    assert {item["pk"]["S"] for item in dynamodb.scan(TableName=table)["Items"]} == keys
    parts = []
    for segment in range(4):
        pages = dynamodb.get_paginator("scan").paginate(TableName=table, Segment=segment, TotalSegments=4,
                                                        PaginationConfig={"PageSize": 7})
        parts.append([item["pk"]["S"] for page in pages for item in page["Items"]])
    assert all(parts) and sorted(name for part in parts for name in part) == sorted(keys)
    told = dynamodb.describe_table(TableName=table)["Table"]
    assert (told["ItemCount"], told["TableSizeBytes"]) == (60, sum(len("pk") + len(name) + len("sk") + 2 for name in keys))


def test_pages_end_at_a_mebibyte(dynamodb, table):
    for number in range(8):
        dynamodb.put_item(TableName=table, Item=key(number) | {"much": {"S": "x" * 300_000}})
    first = dynamodb.scan(TableName=table, ReturnConsumedCapacity="TOTAL")
    assert first["Count"] == 4 and first["LastEvaluatedKey"] == key(3)
    assert first["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 146.5}
    with refused("ValidationException", status=400, naming="Item size has exceeded the maximum allowed size"):
        dynamodb.put_item(TableName=table, Item=key(9) | {"much": {"S": "x" * 409_600}})


def indexed(dynamodb):
    keys = [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    by_size = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "size", "KeyType": "RANGE"}]
    return make(
        dynamodb,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind}
                              for name, kind in (("pk", "S"), ("sk", "N"), ("kind", "S"), ("size", "N"))],
        GlobalSecondaryIndexes=[{"IndexName": "by-kind", "KeySchema": keys,
                                 "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]}}],
        LocalSecondaryIndexes=[{"IndexName": "by-size", "KeySchema": by_size, "Projection": {"ProjectionType": "KEYS_ONLY"}}],
    )["TableName"]


def test_indexes_follow_their_table(dynamodb):
    table = indexed(dynamodb)
    for number in range(6):
        dynamodb.put_item(TableName=table, Item=key(number) | {
            "kind": {"S": "even" if number % 2 == 0 else "odd"}, "size": {"N": str(-number)}, "name": {"S": f"n{number}"},
            "more": {"S": "o"}})
    dynamodb.put_item(TableName=table, Item=key(9))

    def of_kind(kind, **more):
        found = dynamodb.query(TableName=table, IndexName="by-kind", KeyConditionExpression="kind = :k",
                               ExpressionAttributeValues={":k": {"S": kind}}, **more)
        return [item["name"]["S"] for item in found["Items"]]

    assert of_kind("even") == ["n0", "n2", "n4"]
    dynamodb.update_item(TableName=table, Key=key(2), UpdateExpression="SET kind = :k", ExpressionAttributeValues={":k": {"S": "odd"}})
    dynamodb.update_item(TableName=table, Key=key(4), UpdateExpression="REMOVE kind")
    dynamodb.delete_item(TableName=table, Key=key(0))
    assert (of_kind("even"), of_kind("odd")) == ([], ["n1", "n2", "n3", "n5"])
    by_size = dynamodb.query(TableName=table, IndexName="by-size", KeyConditionExpression="pk = :p",
                             ExpressionAttributeValues={":p": {"S": "p"}})["Items"]
    assert [item["size"]["N"] for item in by_size] == ["-5", "-4", "-3", "-2", "-1"]
    assert all(set(item) == {"pk", "sk", "size"} for item in by_size)
    whole = dynamodb.query(TableName=table, IndexName="by-size", Select="ALL_ATTRIBUTES", KeyConditionExpression="pk = :p",
                           ExpressionAttributeValues={":p": {"S": "p"}}, Limit=1)
    assert whole["Items"][0]["more"] == {"S": "o"}
    assert set(whole["LastEvaluatedKey"]) == {"pk", "sk", "size"}
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, IndexName="by-kind", PaginationConfig={"PageSize": 1})
    assert sum(page["Count"] for page in pages) == 4
    with refused("ValidationException", status=400, naming="does not project [more]"):
        of_kind("odd", ProjectionExpression="more")
    with refused("ValidationException", status=400, naming="Consistent reads are not supported"):
        of_kind("odd", ConsistentRead=True)
    with refused("ValidationException", status=400, naming="Type mismatch for Index Key kind"):
        dynamodb.put_item(TableName=table, Item=key(1) | {"kind": {"N": "1"}})
    counts = {index["IndexName"]: index["ItemCount"] for index in dynamodb.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]}
    assert counts == {"by-kind": 4}


@pytest.mark.parametrize("call, naming", [
    (lambda db, table: db.get_item(TableName=table, Key={"pk": {"S": "p"}}), "The provided key element does not match the schema"),
    (lambda db, table: db.put_item(TableName=table, Item={"pk": {"S": "p"}}), "Missing the key sk in the item"),
    (lambda db, table: db.put_item(TableName=table, Item={"pk": {"S": ""}, "sk": {"N": "1"}}), "empty string value. Key: pk"),
    (lambda db, table: db.put_item(TableName=table, Item=key(1) | {"s": {"SS": []}}), "empty"),
    (lambda db, table: db.put_item(TableName=table, Item=key("1e126")), "magnitude larger than supported range"),
    (lambda db, table: db.update_item(TableName=table, Key=key(1), UpdateExpression="SET sk = :v",
                                      ExpressionAttributeValues={":v": {"N": "1"}}), "This attribute is part of the key"),
    (lambda db, table: db.update_item(TableName=table, Key=key(1), UpdateExpression="SET name = :v",
                                      ExpressionAttributeValues={":v": {"N": "1"}}), "reserved keyword: name"),
    (lambda db, table: db.update_item(TableName=table, Key=key(1), UpdateExpression="SET a.b = :v",
                                      ExpressionAttributeValues={":v": {"N": "1"}}), "invalid for update"),
    (lambda db, table: db.scan(TableName=table, FilterExpression="a = :v", ExpressionAttributeValues={":v": {"N": "1"}, ":w": {"N": "2"}}),
     "unused in expressions: keys: {:w}"),
    (lambda db, table: db.query(TableName=table), "Either the KeyConditions or KeyConditionExpression"),
    (lambda db, table: db.put_item(TableName=table, Item=key(1), ReturnValues="ALL_NEW"), "can only be ALL_OLD or NONE"),
])
def test_what_cannot_be_is_refused_in_the_services_words(dynamodb, table, call, naming):
    with refused("ValidationException", status=400, naming=naming):
        call(dynamodb, table)


def test_tables_are_durable_and_their_permissions_asked(zerun, dynamodb, iam, table):
    with refused("ResourceNotFoundException", status=400, naming="Requested resource not found"):
        dynamodb.get_item(TableName="nowhere", Key=key(1))
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", '
        f'"Resource": "arn:aws:dynamodb:*:*:table/{table}"}}]}}'))
    made = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = zerun.client("dynamodb", keys=(made["AccessKeyId"], made["SecretAccessKey"]))
    assert "Item" not in reader.get_item(TableName=table, Key=key(1))
    with refused("AccessDeniedException", status=400, naming="dynamodb:PutItem"):
        reader.put_item(TableName=table, Item=key(1))


def test_provisioned_throughput_is_kept_to(dynamodb):
    table = make(dynamodb, BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    told = dynamodb.describe_table(TableName=table["TableName"])["Table"]["ProvisionedThroughput"]
    assert (told["ReadCapacityUnits"], told["WriteCapacityUnits"]) == (1, 1)
    # Five minutes' worth may be taken at once, and overdrawn once.
    big = {"TableName": table["TableName"], "Item": key(1) | {"much": {"S": "x" * 390_000}}}
    dynamodb.put_item(**big)
    with refused("ProvisionedThroughputExceededException", status=400, naming="provisioned throughput for the table"):
        dynamodb.put_item(**big)
    assert dynamodb.get_item(TableName=table["TableName"], Key=key(1))["Item"] == big["Item"]
