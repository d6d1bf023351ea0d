"""Batches of items, the capacity that they take, and item collections."""

import pytest

from expectation import refused
from tables import LOCAL, key, make, user


@pytest.fixture
def table(dynamodb):
    """A new table with the key pk (S), sk (N)."""
    return make(dynamodb)["TableName"]


def put(number, **attributes):
    return {"PutRequest": {"Item": key(number) | attributes}}


def test_items_are_written_and_read_in_batches(dynamodb, table):
    other = make(dynamodb)["TableName"]
    dynamodb.put_item(TableName=other, Item=key(9))
    told = dynamodb.batch_write_item(
        RequestItems={table: [put(n, a={"S": "x" * n}, b={"N": "1"}) for n in range(1, 24)],
                      other: [put(1), {"DeleteRequest": {"Key": key(9)}}]},
        ReturnConsumedCapacity="TOTAL")
    assert told["UnprocessedItems"] == {} and "ItemCollectionMetrics" not in told
    assert {one["TableName"]: one["CapacityUnits"] for one in told["ConsumedCapacity"]} == {table: 23, other: 2}
    found = dynamodb.batch_get_item(
        RequestItems={table: {"Keys": [key(n) for n in (3, 99, 1)], "ProjectionExpression": "#a, sk",
                              "ExpressionAttributeNames": {"#a": "a"}, "ConsistentRead": True},
                      other: {"Keys": [key(1), key(9)]}},
        ReturnConsumedCapacity="INDEXES")
    assert found["UnprocessedKeys"] == {}
    assert sorted(found["Responses"][table], key=str) == sorted(
        [{"a": {"S": "xxx"}, "sk": {"N": "3"}}, {"a": {"S": "x"}, "sk": {"N": "1"}}], key=str)
    assert found["Responses"][other] == [key(1)]
    assert {one["TableName"]: one["Table"]["CapacityUnits"] for one in found["ConsumedCapacity"]} == {table: 3, other: 1}


def test_the_resource_writes_in_batches(zerun, dynamodb, table):
    with zerun.session().resource("dynamodb", endpoint_url=zerun.endpoint).Table(table).batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"pk": "p", "sk": number})
        batch.delete_item(Key={"pk": "p", "sk": 0})
    assert dynamodb.scan(TableName=table, Select="COUNT")["Count"] == 59


@pytest.mark.parametrize("call, naming", [
    (lambda db, table: db.batch_get_item(RequestItems={table: {"Keys": [key(1), key("1.0")]}}),
     "Provided list of item keys contains duplicates"),
    (lambda db, table: db.batch_write_item(RequestItems={table: [put(1), {"DeleteRequest": {"Key": key(1)}}]}),
     "Provided list of item keys contains duplicates"),
    (lambda db, table: db.batch_get_item(RequestItems={table: {"Keys": [key(n) for n in range(101)]}}),
     "Too many items requested for the BatchGetItem call"),
    (lambda db, table: db.batch_write_item(RequestItems={table: [put(n) for n in range(26)]}),
     "Too many items requested for the BatchWriteItem call"),
    (lambda db, table: db.batch_write_item(RequestItems={table: [put(2), {"PutRequest": {"Item": {"pk": {"S": "p"}}}}]}),
     "The provided key element does not match the schema"),
    (lambda db, table: db.batch_get_item(RequestItems={table: {"Keys": [{"pk": {"S": "p"}}]}}),
     "The provided key element does not match the schema"),
    (lambda db, table: db.batch_write_item(RequestItems={table: [put(2), {}]}), "Supplied WriteRequest is empty"),
    (lambda db, table: db.batch_write_item(RequestItems={table: [put(2), put(3, much={"S": "x" * 410_000})]}),
     "Item size has exceeded the maximum allowed size"),
])
def test_a_batch_that_cannot_be_does_nothing(dynamodb, table, call, naming):
    with refused("ValidationException", status=400, naming=naming):
        call(dynamodb, table)
    assert dynamodb.scan(TableName=table)["Count"] == 0


def test_a_batch_about_a_table_that_is_not_there_does_nothing(dynamodb, table):
    with refused("ResourceNotFoundException", status=400, naming="Requested resource not found"):
        dynamodb.batch_write_item(RequestItems={table: [put(1)], "nowhere": [put(1)]})
    assert dynamodb.scan(TableName=table)["Count"] == 0


def test_what_is_too_much_for_one_answer_is_left_to_the_next(dynamodb, table):
    for n in range(45):
        dynamodb.put_item(TableName=table, Item=key(n) | {"much": {"S": "x" * 390_000}})
    asked, found, rounds = {table: {"Keys": [key(n) for n in range(45)], "ConsistentRead": True}}, [], 0
    while asked:
        told = dynamodb.batch_get_item(RequestItems=asked)
        found += told["Responses"].get(table, [])
        asked, rounds = told["UnprocessedKeys"], rounds + 1
        assert not asked or asked[table]["ConsistentRead"]
    assert rounds == 2 and sorted(int(item["sk"]["N"]) for item in found) == list(range(45))


def test_what_throughput_does_not_allow_is_left_to_the_next(dynamodb):
    slow = make(dynamodb, BillingMode="PROVISIONED",
                ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})["TableName"]
    fast = make(dynamodb)["TableName"]
    much = {"much": {"S": "x" * 390_000}}
    # Five minutes' worth may be taken at once, and overdrawn once.
    told = dynamodb.batch_write_item(RequestItems={slow: [put(1, **much), put(2), put(3)], fast: [put(1)]})
    assert told["UnprocessedItems"] == {slow: [put(2), put(3)]}
    assert dynamodb.scan(TableName=fast)["Count"] == 1
    with refused("ProvisionedThroughputExceededException", status=400):
        dynamodb.batch_write_item(RequestItems=told["UnprocessedItems"])


def test_item_collections_are_measured(dynamodb):
    table = make(dynamodb, **LOCAL)["TableName"]
    wanted = {"ItemCollectionKey": {"pk": {"S": "p"}}, "SizeEstimateRangeGB": [0.0, 1.0]}
    item = key(1) | {"at": {"S": "a"}}
    ask = {"TableName": table, "ReturnItemCollectionMetrics": "SIZE"}
    assert dynamodb.put_item(Item=item, **ask)["ItemCollectionMetrics"] == wanted
    assert dynamodb.update_item(Key=key(1), UpdateExpression="SET x = :x", ExpressionAttributeValues={":x": {"N": "1"}},
                                **ask)["ItemCollectionMetrics"] == wanted
    assert dynamodb.delete_item(Key=key(1), **ask)["ItemCollectionMetrics"] == wanted
    told = dynamodb.batch_write_item(RequestItems={table: [put(1), put(2)]}, ReturnItemCollectionMetrics="SIZE")
    assert told["ItemCollectionMetrics"] == {table: [wanted]}
    told = dynamodb.transact_write_items(ReturnItemCollectionMetrics="SIZE", TransactItems=[
        {"Put": {"TableName": table, "Item": item}}, {"Delete": {"TableName": table, "Key": key(2)}}])
    assert told["ItemCollectionMetrics"] == {table: [wanted]}
    without = make(dynamodb)["TableName"]
    assert "ItemCollectionMetrics" not in dynamodb.put_item(
        TableName=without, Item=key(1), ReturnItemCollectionMetrics="SIZE")


def test_updates_have_words_of_their_own(dynamodb):
    table = make(dynamodb, **LOCAL)["TableName"]
    with refused("ValidationException", naming="attempted to update the secondary index key to unsupported type"):
        dynamodb.update_item(TableName=table, Key=key(1), UpdateExpression="SET #a = :n",
                             ExpressionAttributeNames={"#a": "at"}, ExpressionAttributeValues={":n": {"N": "1"}})
    with refused("ValidationException", naming="Type mismatch for Index Key at Expected: S Actual: N IndexName: by-at"):
        dynamodb.put_item(TableName=table, Item=key(1) | {"at": {"N": "1"}})
    # The old parameters: what only deletes makes nothing.
    dynamodb.update_item(TableName=table, Key=key(1), AttributeUpdates={"x": {"Action": "DELETE"}})
    assert dynamodb.scan(TableName=table)["Count"] == 0
    dynamodb.update_item(TableName=table, Key=key(1), AttributeUpdates={"x": {"Action": "PUT", "Value": {"N": "1"}}})
    assert dynamodb.scan(TableName=table)["Count"] == 1


def test_policies_ask_for_leading_keys(zerun, dynamodb, iam, table):
    """As in https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html."""
    ours = user(zerun, iam, "of-p", Action=["dynamodb:*"], Condition={
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["p"]}})
    mine, other = key(1), key(1, "q")
    for call in (
            lambda k: ours.put_item(TableName=table, Item=k),
            lambda k: ours.get_item(TableName=table, Key=k),
            lambda k: ours.update_item(TableName=table, Key=k),
            lambda k: ours.query(TableName=table, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": k["pk"]}),
            lambda k: ours.batch_get_item(RequestItems={table: {"Keys": [key(2), k]}}),
            lambda k: ours.batch_write_item(RequestItems={table: [put(2), {"PutRequest": {"Item": k}}]}),
            lambda k: ours.transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": k}}]),
            lambda k: ours.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": k}}]),
            lambda k: ours.delete_item(TableName=table, Key=k)):
        call(mine)
        with refused("AccessDeniedException", status=400):
            call(other)


def test_policies_ask_for_attributes(zerun, dynamodb, iam, table):
    dynamodb.put_item(TableName=table, Item=key(1) | {"shown": {"N": "1"}, "secret": {"N": "2"}})
    reader = user(zerun, iam, "of-open", Action=["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"], Condition={
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "shown"]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}})
    assert reader.get_item(TableName=table, Key=key(1), ProjectionExpression="shown")["Item"] == {"shown": {"N": "1"}}
    reader.update_item(TableName=table, Key=key(1), UpdateExpression="SET shown = :o", ExpressionAttributeValues={":o": {"N": "2"}})
    for call in (
            lambda: reader.get_item(TableName=table, Key=key(1)),
            lambda: reader.get_item(TableName=table, Key=key(1), ProjectionExpression="secret"),
            lambda: reader.query(TableName=table, KeyConditionExpression="pk = :p", FilterExpression="secret = :s",
                                 ProjectionExpression="shown", ExpressionAttributeValues={":p": {"S": "p"}, ":s": {"N": "2"}}),
            lambda: reader.update_item(TableName=table, Key=key(1), UpdateExpression="SET shown = secret")):
        with refused("AccessDeniedException", status=400):
            call()
