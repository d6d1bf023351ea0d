"""Tables as they were: point-in-time recovery, backups on demand, and tables made of them."""

import time
from datetime import datetime, timedelta, timezone

import pytest

import tables
from expectation import refused
from server import wait_until

INDEXES = {
    "AttributeDefinitions": tables.LOCAL["AttributeDefinitions"],
    "LocalSecondaryIndexes": tables.LOCAL["LocalSecondaryIndexes"],
    "GlobalSecondaryIndexes": [{"IndexName": "by-sk", "Projection": {"ProjectionType": "ALL"},
                                "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}]}],
}


def put(dynamodb, table, number, value):
    dynamodb.put_item(TableName=table, Item=tables.key(number) | {"at": {"S": f"t{number}"}, "v": {"S": value}})


def values(dynamodb, table, **index):
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, **index)
    return {int(item["sk"]["N"]): item["v"]["S"] for page in pages for item in page["Items"]}


def recover(dynamodb, table, enabled=True, **more):
    answer = dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification={
        "PointInTimeRecoveryEnabled": enabled} | more)
    return answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]


def active(dynamodb, table):
    def told():
        found = dynamodb.describe_table(TableName=table)["Table"]
        return found if found["TableStatus"] == "ACTIVE" else None
    return wait_until(told)


def available(dynamodb, arn):
    def told():
        found = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]
        return found if found["BackupDetails"]["BackupStatus"] == "AVAILABLE" else None
    return wait_until(told)


def backed_up(dynamodb, table):
    arn = dynamodb.create_backup(TableName=table, BackupName="nightly")["BackupDetails"]["BackupArn"]
    return available(dynamodb, arn)


def test_a_table_is_restored_as_it_was_a_second_ago(dynamodb):
    table = tables.make(dynamodb, **INDEXES)["TableName"]
    for number in range(5):
        put(dynamodb, table, number, "old")
    told = recover(dynamodb, table, RecoveryPeriodInDays=7)
    assert told["PointInTimeRecoveryStatus"] == "ENABLED" and told["RecoveryPeriodInDays"] == 7
    assert dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]["ContinuousBackupsStatus"] == "ENABLED"
    # The next second: what is written from then on is after the moment.
    moment = int(time.time()) + 1
    wait_until(lambda: time.time() >= moment + 1)
    put(dynamodb, table, 0, "new")
    put(dynamodb, table, 9, "new")
    dynamodb.delete_item(TableName=table, Key=tables.key(1))
    now = values(dynamodb, table)
    made = dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=f"{table}-then",
                                                   RestoreDateTime=datetime.fromtimestamp(moment, timezone.utc))
    assert made["TableDescription"]["TableStatus"] == "CREATING"
    restored = active(dynamodb, f"{table}-then")
    assert restored["RestoreSummary"]["RestoreInProgress"] is False
    assert restored["RestoreSummary"]["SourceTableArn"].endswith(f"table/{table}")
    assert restored["ItemCount"] == 5 and restored["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    then = {number: "old" for number in range(5)}
    assert values(dynamodb, f"{table}-then") == values(dynamodb, f"{table}-then", IndexName="by-sk") == then
    found = dynamodb.query(TableName=f"{table}-then", IndexName="by-at", KeyConditionExpression="pk = :p AND #at > :t",
                           ExpressionAttributeNames={"#at": "at"}, ExpressionAttributeValues={":p": {"S": "p"}, ":t": {"S": "t2"}})
    assert found["Count"] == 2
    dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=f"{table}-now", UseLatestRestorableTime=True)
    active(dynamodb, f"{table}-now")
    assert values(dynamodb, f"{table}-now") == values(dynamodb, table) == now
    # Restored item collections are counted on.
    written = dynamodb.put_item(TableName=f"{table}-now", Item=tables.key(20), ReturnItemCollectionMetrics="SIZE")
    assert written["ItemCollectionMetrics"]["SizeEstimateRangeGB"][0] >= 0


def test_what_cannot_be_restored_is_refused(dynamodb):
    table = tables.make(dynamodb)["TableName"]
    ask = {"SourceTableName": table, "TargetTableName": f"{table}-r"}
    with refused("PointInTimeRecoveryUnavailableException", status=400):
        dynamodb.restore_table_to_point_in_time(**ask, UseLatestRestorableTime=True)
    recover(dynamodb, table)
    for at in (timedelta(days=-1), timedelta(days=1)):
        with refused("InvalidRestoreTimeException", status=400):
            dynamodb.restore_table_to_point_in_time(**ask, RestoreDateTime=datetime.now(timezone.utc) + at)
    with refused("TableAlreadyExistsException", status=400):
        dynamodb.restore_table_to_point_in_time(**ask | {"TargetTableName": table}, UseLatestRestorableTime=True)
    with refused("ValidationException", status=400):
        dynamodb.restore_table_to_point_in_time(**ask)
    with refused("TableNotFoundException", status=400):
        dynamodb.restore_table_to_point_in_time(**ask | {"SourceTableName": "nothing"}, UseLatestRestorableTime=True)
    with refused("ValidationException", status=400, naming="35"):
        recover(dynamodb, table, RecoveryPeriodInDays=36)
    assert recover(dynamodb, table, enabled=False)["PointInTimeRecoveryStatus"] == "DISABLED"
    with refused("TableNotFoundException", status=400):
        dynamodb.describe_continuous_backups(TableName="nothing")


def test_a_backup_outlives_its_table(dynamodb):
    table = tables.make(dynamodb, **INDEXES)["TableName"]
    for number in range(5):
        put(dynamodb, table, number, "old")
    told = backed_up(dynamodb, table)
    details, arn = told["BackupDetails"], told["BackupDetails"]["BackupArn"]
    assert details["BackupName"] == "nightly" and details["BackupType"] == "USER" and details["BackupSizeBytes"] > 0
    assert told["SourceTableDetails"]["ItemCount"] == 5 and told["SourceTableDetails"]["TableName"] == table
    features = told["SourceTableFeatureDetails"]
    assert [index["IndexName"] for index in features["GlobalSecondaryIndexes"] + features["LocalSecondaryIndexes"]] == ["by-sk", "by-at"]
    put(dynamodb, table, 0, "new")
    dynamodb.delete_table(TableName=table)
    dynamodb.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    dynamodb.restore_table_from_backup(
        TargetTableName=table, BackupArn=arn, GlobalSecondaryIndexOverride=[], BillingModeOverride="PROVISIONED",
        ProvisionedThroughputOverride={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6})
    restored = active(dynamodb, table)
    assert restored["ProvisionedThroughput"]["WriteCapacityUnits"] == 6 and "GlobalSecondaryIndexes" not in restored
    assert restored["RestoreSummary"]["SourceBackupArn"] == arn
    assert values(dynamodb, table) == {number: "old" for number in range(5)}
    gone = dynamodb.delete_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
    assert gone["BackupStatus"] == "DELETED"
    for ask in (lambda: dynamodb.describe_backup(BackupArn=arn), lambda: dynamodb.delete_backup(BackupArn=arn),
                lambda: dynamodb.restore_table_from_backup(TargetTableName=f"{table}-2", BackupArn=arn)):
        with refused("BackupNotFoundException", status=400):
            ask()


def test_backups_are_listed(dynamodb):
    table = tables.make(dynamodb)["TableName"]
    made = [backed_up(dynamodb, table)["BackupDetails"]["BackupArn"] for _ in range(3)]
    first = dynamodb.list_backups(TableName=table, Limit=2)
    second = dynamodb.list_backups(TableName=table, ExclusiveStartBackupArn=first["LastEvaluatedBackupArn"])
    assert [one["BackupArn"] for page in (first, second) for one in page["BackupSummaries"]] == made
    assert "LastEvaluatedBackupArn" not in second
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert dynamodb.list_backups(TableName=table, TimeRangeLowerBound=tomorrow)["BackupSummaries"] == []
    assert len(dynamodb.list_backups(TableName=table, TimeRangeUpperBound=tomorrow)["BackupSummaries"]) == 3
    assert dynamodb.list_backups(TableName=table, BackupType="SYSTEM")["BackupSummaries"] == []
    with refused("TableNotFoundException", status=400):
        dynamodb.create_backup(TableName="nothing", BackupName="none")


@pytest.mark.parametrize("override", [{"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}, {"IndexName": "other"}])
def test_a_restored_table_has_no_index_that_its_source_had_not(dynamodb, override):
    table = tables.make(dynamodb, **INDEXES)["TableName"]
    arn = backed_up(dynamodb, table)["BackupDetails"]["BackupArn"]
    with refused("ValidationException", status=400, naming="no such secondary index"):
        dynamodb.restore_table_from_backup(TargetTableName=f"{table}-r", BackupArn=arn,
                                           GlobalSecondaryIndexOverride=[INDEXES["GlobalSecondaryIndexes"][0] | override])


def test_copies_go_on_after_a_kill(zerun, dynamodb):
    table = tables.make(dynamodb)["TableName"]
    big = "x" * 50_000
    for number in range(60):
        put(dynamodb, table, number, big)
    arn = dynamodb.create_backup(TableName=table, BackupName="cut")["BackupDetails"]["BackupArn"]
    put(dynamodb, table, 59, "after")
    zerun.kill()
    zerun.start()
    dynamodb = zerun.client("dynamodb")
    available(dynamodb, arn)
    dynamodb.restore_table_from_backup(TargetTableName=f"{table}-r", BackupArn=arn)
    zerun.kill()
    zerun.start()
    dynamodb = zerun.client("dynamodb")
    active(dynamodb, f"{table}-r")
    assert values(dynamodb, f"{table}-r") == {number: big for number in range(60)}
    assert values(dynamodb, table)[59] == "after"
