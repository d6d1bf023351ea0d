"""The changes of tables, read as DynamoDB Streams."""

import itertools

import pytest

from expectation import refused

numbers = itertools.count(1)
PK = {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
      "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}


def make(dynamodb, **changed):
    wanted = {"TableName": f"streamed-{next(numbers)}", "BillingMode": "PAY_PER_REQUEST"} | changed
    made = dynamodb.create_table(**wanted)["TableDescription"]
    dynamodb.get_waiter("table_exists").wait(TableName=wanted["TableName"], WaiterConfig={"Delay": 1})
    return made


@pytest.fixture
def streams(zerun):
    return zerun.client("dynamodbstreams")


def streamed(dynamodb, view="NEW_AND_OLD_IMAGES", **changed):
    return make(dynamodb, **PK, StreamSpecification={"StreamEnabled": True, "StreamViewType": view}, **changed)


def shards(streams, arn):
    return streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]


def records(streams, arn, **bounds):
    """All records of a stream, shard by shard."""
    found = []
    for shard in shards(streams, arn):
        at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        at = at["ShardIterator"]
        while at:
            page = streams.get_records(ShardIterator=at, **bounds)
            found += page["Records"]
            at = page.get("NextShardIterator") if page["Records"] else None
    return found


def item(key, **more):
    return {"pk": {"S": key}} | more


def test_a_table_tells_of_its_stream(dynamodb, streams):
    made = streamed(dynamodb)
    assert made["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    arn = made["LatestStreamArn"]
    assert arn == f"{made['TableArn']}/stream/{made['LatestStreamLabel']}"
    told = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert told["StreamStatus"] == "ENABLED" and told["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert told["TableName"] == made["TableName"] and told["KeySchema"] == made["KeySchema"]
    assert all("EndingSequenceNumber" not in shard["SequenceNumberRange"] for shard in told["Shards"])
    listed = streams.list_streams(TableName=made["TableName"])["Streams"]
    assert listed == [{"StreamArn": arn, "TableName": made["TableName"], "StreamLabel": made["LatestStreamLabel"]}]
    assert "LatestStreamArn" not in make(dynamodb, **PK)


def test_changes_are_told_with_their_images(dynamodb, streams):
    made = streamed(dynamodb)
    table = made["TableName"]
    dynamodb.put_item(TableName=table, Item=item("a", n={"N": "1"}))
    dynamodb.put_item(TableName=table, Item=item("a", n={"N": "1.0"}))
    dynamodb.update_item(TableName=table, Key=item("a"), UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}})
    with refused("ConditionalCheckFailedException"):
        dynamodb.delete_item(TableName=table, Key=item("a"), ConditionExpression="attribute_not_exists(pk)")
    dynamodb.delete_item(TableName=table, Key=item("a"))
    dynamodb.delete_item(TableName=table, Key=item("a"))
    found = records(streams, made["LatestStreamArn"], Limit=1)
    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    images = [(record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")) for record in found]
    first, second = item("a", n={"N": "1"}), item("a", n={"N": "2"})
    assert images == [(None, first), (first, second), (second, None)]
    assert len({record["eventID"] for record in found}) == 3
    for record in found:
        told = record["dynamodb"]
        assert told["Keys"] == item("a") and told["StreamViewType"] == "NEW_AND_OLD_IMAGES"
        assert record["eventSource"] == "aws:dynamodb" and record["awsRegion"] == "us-east-1"
        assert told["SizeBytes"] > 0 and told["ApproximateCreationDateTime"].microsecond == 0
        assert "userIdentity" not in record
    numbers = [record["dynamodb"]["SequenceNumber"] for record in found]
    assert numbers == sorted(numbers) and all(21 <= len(number) <= 40 for number in numbers)


@pytest.mark.parametrize("view, images", [
    ("KEYS_ONLY", set()), ("NEW_IMAGE", {"NewImage"}), ("OLD_IMAGE", {"OldImage"}), ("NEW_AND_OLD_IMAGES", {"OldImage", "NewImage"})])
def test_a_view_holds_what_it_says(dynamodb, streams, view, images):
    made = streamed(dynamodb, view)
    for number in "12":
        dynamodb.put_item(TableName=made["TableName"], Item=item("a", n={"N": number}))
    last = records(streams, made["LatestStreamArn"])[-1]["dynamodb"]
    assert {name for name in last if name.endswith("Image")} == images


def test_an_iterator_begins_where_it_is_told(dynamodb, streams):
    made = streamed(dynamodb, "KEYS_ONLY")
    arn, table = made["LatestStreamArn"], made["TableName"]
    for number in "123":
        dynamodb.put_item(TableName=table, Item=item("a", n={"N": number}))
    found = records(streams, arn)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in found]
    shard = next(shard["ShardId"] for shard in shards(streams, arn)
                 if streams.get_records(ShardIterator=streams.get_shard_iterator(
                     StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"])["Records"])

    def begin(kind, **more):
        at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]
        page = streams.get_records(ShardIterator=at)
        return [record["dynamodb"]["SequenceNumber"] for record in page["Records"]], page["NextShardIterator"]

    assert begin("AT_SEQUENCE_NUMBER", SequenceNumber=numbers[1])[0] == numbers[1:]
    assert begin("AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[1])[0] == numbers[2:]
    none, following = begin("LATEST")
    assert none == []
    dynamodb.put_item(TableName=table, Item=item("a", n={"N": "4"}))
    assert len(streams.get_records(ShardIterator=following)["Records"]) == 1
    for kind, more in (("AT_SEQUENCE_NUMBER", {}), ("LATEST", {"SequenceNumber": numbers[0]}),
                       ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "9" * 21})):
        with refused("ValidationException", status=400):
            begin(kind, **more)


def test_what_is_no_iterator_is_refused(dynamodb, streams):
    made = streamed(dynamodb, "KEYS_ONLY")
    other = streamed(dynamodb, "KEYS_ONLY")
    arn = made["LatestStreamArn"]
    shard = shards(streams, arn)[0]["ShardId"]
    good = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    spoiled = good[:-1] + ("A" if good[-1] != "A" else "Q")
    for bad in ("nothing", spoiled, good.replace(arn, other["LatestStreamArn"])):
        with refused("ValidationException", status=400):
            streams.get_records(ShardIterator=bad)
    for limit in (1001, 100_000):
        with refused("ValidationException", status=400, naming="1000"):
            streams.get_records(ShardIterator=good, Limit=limit)
    with refused("ResourceNotFoundException", status=400):
        streams.get_shard_iterator(StreamArn=arn, ShardId="shardId-00000000000000000000-00000000", ShardIteratorType="LATEST")
    with refused("ResourceNotFoundException", status=400):
        streams.describe_stream(StreamArn=arn[:-3] + "999")
    with refused("ValidationException", status=400):
        streams.describe_stream(StreamArn=made["TableArn"])


def test_a_stream_can_be_read_when_its_table_is_gone(dynamodb, streams):
    made = streamed(dynamodb)
    arn = made["LatestStreamArn"]
    dynamodb.put_item(TableName=made["TableName"], Item=item("a"))
    dynamodb.delete_table(TableName=made["TableName"])
    told = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert told["StreamStatus"] == "DISABLED"
    assert all("EndingSequenceNumber" in shard["SequenceNumberRange"] for shard in told["Shards"])
    assert [record["eventName"] for record in records(streams, arn)] == ["INSERT"]
    again = streamed(dynamodb, TableName=made["TableName"])
    pages = [streams.list_streams(TableName=made["TableName"], Limit=1)]
    pages.append(streams.list_streams(TableName=made["TableName"], ExclusiveStartStreamArn=pages[0]["LastEvaluatedStreamArn"]))
    assert [page["Streams"][0]["StreamArn"] for page in pages] == [arn, again["LatestStreamArn"]]
    assert records(streams, again["LatestStreamArn"]) == []


def test_shards_are_told_in_pages(dynamodb, streams):
    arn = streamed(dynamodb)["LatestStreamArn"]
    whole = [shard["ShardId"] for shard in shards(streams, arn)]
    found, after = [], {}
    while True:
        page = streams.describe_stream(StreamArn=arn, Limit=3, **after)["StreamDescription"]
        found += [shard["ShardId"] for shard in page["Shards"]]
        if "LastEvaluatedShardId" not in page:
            break
        after = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}
    assert found == whole and len(whole) == len(set(whole)) > 1
    children = streams.describe_stream(StreamArn=arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": whole[0]})
    assert children["StreamDescription"]["Shards"] == []


@pytest.mark.parametrize("given", [{"StreamEnabled": True}, {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}])
def test_what_is_no_stream_is_refused(dynamodb, given):
    with refused("ValidationException", status=400, naming="StreamViewType"):
        make(dynamodb, **PK, StreamSpecification=given)


def test_a_stream_is_switched_on_and_off(dynamodb, streams):
    table = make(dynamodb, **PK)["TableName"]
    on = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    with refused("ValidationException", status=400, naming="no stream"):
        dynamodb.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    dynamodb.put_item(TableName=table, Item=item("before"))
    first = dynamodb.update_table(TableName=table, StreamSpecification=on)["TableDescription"]["LatestStreamArn"]
    with refused("ValidationException", status=400, naming="already has an enabled stream"):
        dynamodb.update_table(TableName=table, StreamSpecification=on)
    dynamodb.put_item(TableName=table, Item=item("during"))
    told = dynamodb.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})["TableDescription"]
    assert told["LatestStreamArn"] == first and "StreamSpecification" not in told
    dynamodb.put_item(TableName=table, Item=item("after"))
    assert [record["dynamodb"]["Keys"] for record in records(streams, first)] == [item("during")]
    second = dynamodb.update_table(TableName=table, StreamSpecification=on)["TableDescription"]["LatestStreamArn"]
    assert second != first and records(streams, second) == []


def test_changes_and_their_places_are_durable(zerun, dynamodb, streams):
    made = streamed(dynamodb)
    arn = made["LatestStreamArn"]
    for key in "abcdefgh":
        dynamodb.put_item(TableName=made["TableName"], Item=item(key))
    before = records(streams, arn)
    places = [streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST")
              for shard in shards(streams, arn)]
    zerun.kill()
    zerun.start()
    dynamodb, streams = zerun.client("dynamodb"), zerun.client("dynamodbstreams")
    assert records(streams, arn) == before and len(before) == 8
    dynamodb.put_item(TableName=made["TableName"], Item=item("i"))
    found = [record for place in places for record in streams.get_records(ShardIterator=place["ShardIterator"])["Records"]]
    assert [record["dynamodb"]["Keys"] for record in found] == [item("i")]
