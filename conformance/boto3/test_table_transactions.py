"""Transactions over several items and tables."""

import json
import threading

import pytest
from botocore.exceptions import ClientError

from expectation import refused
from tables import LOCAL, key, make, user


@pytest.fixture
def table(dynamodb):
    """A new table with the key pk (S), sk (N)."""
    return make(dynamodb)["TableName"]


def put(table, number, **more):
    attributes = more.pop("attributes", {})
    return {"Put": {"TableName": table, "Item": key(number) | attributes} | more}


def cancelled(call):
    with pytest.raises(ClientError) as caught:
        call()
    told = caught.value.response
    assert told["Error"]["Code"] == "TransactionCanceledException", told
    codes = ", ".join(reason["Code"] for reason in told["CancellationReasons"])
    assert told["Error"]["Message"] == (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]")
    return told["CancellationReasons"]


def test_all_or_nothing(dynamodb, table):
    other = make(dynamodb)["TableName"]
    dynamodb.put_item(TableName=table, Item=key(1) | {"n": {"N": "1"}})
    dynamodb.put_item(TableName=table, Item=key(2))
    dynamodb.put_item(TableName=other, Item=key(1))
    actions = [
        {"Update": {"TableName": table, "Key": key(1), "UpdateExpression": "ADD n :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}}}},
        {"Delete": {"TableName": table, "Key": key(2)}},
        put(other, 3, ConditionExpression="attribute_not_exists(pk)"),
        {"ConditionCheck": {"TableName": other, "Key": key(1), "ConditionExpression": "attribute_exists(pk)"}}]
    told = dynamodb.transact_write_items(TransactItems=actions, ReturnConsumedCapacity="TOTAL")
    taken = {one["TableName"]: (one["CapacityUnits"], one["WriteCapacityUnits"]) for one in told["ConsumedCapacity"]}
    assert taken == {table: (4, 4), other: (4, 4)}
    found = dynamodb.transact_get_items(ReturnConsumedCapacity="TOTAL", TransactItems=[
        {"Get": {"TableName": table, "Key": key(1), "ProjectionExpression": "n"}},
        {"Get": {"TableName": table, "Key": key(2)}}, {"Get": {"TableName": other, "Key": key(3)}}])
    assert found["Responses"] == [{"Item": {"n": {"N": "2"}}}, {}, {"Item": key(3)}]
    taken = {one["TableName"]: (one["CapacityUnits"], one["ReadCapacityUnits"]) for one in found["ConsumedCapacity"]}
    assert taken == {table: (4, 4), other: (2, 2)}
    # Now key 3 is there.
    actions[2]["Put"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    reasons = cancelled(lambda: dynamodb.transact_write_items(TransactItems=actions))
    assert reasons == [{"Code": "None"}, {"Code": "None"},
                       {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": key(3)},
                       {"Code": "None"}]
    assert dynamodb.get_item(TableName=table, Key=key(1))["Item"]["n"] == {"N": "2"}


def test_reasons_say_what_is_wrong_with_each_action(dynamodb):
    table = make(dynamodb, **LOCAL)["TableName"]
    reasons = cancelled(lambda: dynamodb.transact_write_items(TransactItems=[
        put(table, 1), put(table, 2, attributes={"at": {"N": "1"}}),
        {"Update": {"TableName": table, "Key": key(3), "UpdateExpression": "SET a = b"}},
        {"Delete": {"TableName": table, "Key": {"pk": {"S": "p"}}}},
        {"Update": {"TableName": table, "Key": key(4), "UpdateExpression": "SET #a = :n",
                    "ExpressionAttributeNames": {"#a": "at"}, "ExpressionAttributeValues": {":n": {"N": "1"}}}}]))
    assert [reason["Code"] for reason in reasons] == ["None"] + 4 * ["ValidationError"]
    assert [reason["Message"] for reason in reasons[1:]] == [
        "One or more parameter values were invalid: Type mismatch for Index Key at Expected: S Actual: N IndexName: by-at",
        "The provided expression refers to an attribute that does not exist in the item",
        "The provided key element does not match the schema",
        "The update expression attempted to update the secondary index key to unsupported type"]
    assert dynamodb.scan(TableName=table)["Count"] == 0
    reasons = cancelled(lambda: dynamodb.transact_get_items(TransactItems=[
        {"Get": {"TableName": table, "Key": key(1)}}, {"Get": {"TableName": table, "Key": {"pk": {"S": "p"}}}}]))
    assert [reason["Code"] for reason in reasons] == ["None", "ValidationError"]


@pytest.mark.parametrize("call, naming", [
    (lambda db, table: db.transact_write_items(TransactItems=[put(table, 1), {"Delete": {"TableName": table, "Key": key(1)}}]),
     "Transaction request cannot include multiple operations on one item"),
    (lambda db, table: db.transact_write_items(TransactItems=[put(table, n) for n in range(101)]),
     "Member must have length less than or equal to 100"),
    (lambda db, table: db.transact_write_items(TransactItems=[put(table, 1) | {"Delete": {"TableName": table, "Key": key(1)}}]),
     "TransactItems can only contain one of Check, Put, Update or Delete"),
    (lambda db, table: db.transact_write_items(TransactItems=[put(table, 1, ConditionExpression="a =")]),
     "Invalid ConditionExpression: Syntax error"),
    (lambda db, table: db.transact_write_items(TransactItems=[
        put(table, n, attributes={"much": {"S": "x" * 390_000}}) for n in range(11)]), "exceeds the maximum allowed size of 4 MB"),
    (lambda db, table: db.transact_write_items(TransactItems=[put(table, 1)], ClientRequestToken="x" * 37),
     "less than or equal to 36"),
])
def test_a_transaction_that_cannot_be_does_nothing(dynamodb, table, call, naming):
    with refused("ValidationException", status=400, naming=naming):
        call(dynamodb, table)
    assert dynamodb.scan(TableName=table)["Count"] == 0


def test_a_transaction_that_is_sent_again_is_not_done_again(fresh_zerun):
    dynamodb = fresh_zerun.client("dynamodb")
    table = make(dynamodb)["TableName"]
    add = {"Update": {"TableName": table, "Key": key(1), "UpdateExpression": "ADD n :one",
                      "ExpressionAttributeValues": {":one": {"N": "1"}}}}
    ask = {"TransactItems": [add], "ClientRequestToken": "once", "ReturnConsumedCapacity": "TOTAL"}
    first = dynamodb.transact_write_items(**ask)["ConsumedCapacity"][0]
    assert first["WriteCapacityUnits"] == 2 and "ReadCapacityUnits" not in first
    again = dynamodb.transact_write_items(**ask)["ConsumedCapacity"][0]
    assert again["ReadCapacityUnits"] == 2 and "WriteCapacityUnits" not in again
    fresh_zerun.kill()
    fresh_zerun.start()
    dynamodb = fresh_zerun.client("dynamodb")
    dynamodb.transact_write_items(**ask)
    assert dynamodb.get_item(TableName=table, Key=key(1))["Item"]["n"] == {"N": "1"}
    with refused("IdempotentParameterMismatchException", status=400):
        dynamodb.transact_write_items(**ask | {"TransactItems": [put(table, 1)]})
    # One that failed is no transaction: the token is free.
    missing = put(table, 2, ConditionExpression="attribute_exists(pk)")
    cancelled(lambda: dynamodb.transact_write_items(TransactItems=[missing], ClientRequestToken="failed"))
    dynamodb.put_item(TableName=table, Item=key(2))
    dynamodb.transact_write_items(TransactItems=[missing], ClientRequestToken="failed")


def test_each_action_has_its_own_permission(zerun, dynamodb, iam, table):
    dynamodb.put_item(TableName=table, Item=key(1))
    check = {"ConditionCheck": {"TableName": table, "Key": key(1), "ConditionExpression": "attribute_exists(pk)"}}
    writer = user(zerun, iam, "writer", Action=["dynamodb:PutItem", "dynamodb:GetItem"])
    writer.transact_write_items(TransactItems=[put(table, 2)])
    with refused("AccessDeniedException", status=400, naming="dynamodb:ConditionCheckItem"):
        writer.transact_write_items(TransactItems=[put(table, 2), check])
    writer.transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": key(1)}}])
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    inside = user(zerun, iam, "inside", Action=["dynamodb:*"], Condition={
        "ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems", "TransactGetItems"]}})
    inside.transact_write_items(TransactItems=[put(table, 3), check])
    with refused("AccessDeniedException", status=400, naming="dynamodb:PutItem"):
        inside.put_item(TableName=table, Item=key(3))


def test_money_moves_and_is_never_lost(zerun, dynamodb, table):
    """Transfers by many clients at once: the sum stays, and nobody is in debt."""
    for n in range(4):
        dynamodb.put_item(TableName=table, Item=key(n) | {"n": {"N": "20"}})

    def move(client, seed):
        for turn in range(15):
            source, target = (seed + turn) % 4, (seed * 3 + turn * 2 + 1) % 4
            if source == target:
                continue
            more = {"TableName": table, "ExpressionAttributeValues": {":m": {"N": "7"}}}
            actions = [
                {"Update": more | {"Key": key(source), "UpdateExpression": "SET n = n - :m", "ConditionExpression": "n >= :m"}},
                {"Update": more | {"Key": key(target), "UpdateExpression": "SET n = n + :m"}}]
            try:
                client.transact_write_items(TransactItems=actions)
            except client.exceptions.TransactionCanceledException as error:
                codes = [reason["Code"] for reason in error.response["CancellationReasons"]]
                if codes != ["ConditionalCheckFailed", "None"]:
                    failures.append(codes)

    failures = []
    threads = [threading.Thread(target=move, args=(zerun.client("dynamodb"), seed)) for seed in range(6)]
    for thread in threads:
        thread.start()
    sums = []
    while any(thread.is_alive() for thread in threads):
        found = dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": key(n)}} for n in range(4)])
        balances = [int(one["Item"]["n"]["N"]) for one in found["Responses"]]
        sums.append((sum(balances), min(balances) >= 0))
    for thread in threads:
        thread.join()
    assert not failures and set(sums) <= {(80, True)}, json.dumps([failures, sums])


def test_what_the_store_cannot_take_at_once_is_told_so(dynamodb):
    # Nearly 4 MB, which 20 indexes hold a copy of each.
    table = make(dynamodb, GlobalSecondaryIndexes=[
        {"IndexName": f"index-{number}", "Projection": {"ProjectionType": "ALL"},
         "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}]}
        for number in range(20)])["TableName"]
    items = [put(table, number, attributes={"text": {"S": "x" * 390_000}}) for number in range(10)]
    with refused("ValidationException", naming="too large for one transaction"):
        dynamodb.transact_write_items(TransactItems=items)
    assert dynamodb.scan(TableName=table, Select="COUNT")["Count"] == 0
    dynamodb.transact_write_items(TransactItems=items[:5])
    assert dynamodb.query(TableName=table, IndexName="index-19", KeyConditionExpression="sk = :three",
                          ExpressionAttributeValues={":three": {"N": "3"}})["Count"] == 1
