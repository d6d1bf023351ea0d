"""Tables exported to buckets, and imported from them."""

import base64
import gzip
import hashlib
import itertools
import json
import time
from datetime import datetime, timedelta, timezone

import pytest

import tables
from expectation import refused
from server import wait_until

numbers = itertools.count(1)

KEY = {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
       "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
       "BillingMode": "PAY_PER_REQUEST"}
BY_SK = [{"IndexName": "by-sk", "Projection": {"ProjectionType": "ALL"},
          "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}]}]
RICH = {"l": {"L": [{"NULL": True}, {"M": {"x y": {"BOOL": False}}}]}, "b": {"B": b"\x00\xff"}, "n": {"N": "-1.5E+40"},
        "ss": {"SS": ["a", "b'\"\n"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": [b"a", b"b"]}, "s": {"S": "ä\\\t"}}


@pytest.fixture
def bucket(s3):
    name = f"transfers-{next(numbers)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def table(dynamodb):
    """With point-in-time recovery and five items."""
    made = tables.make(dynamodb)
    recover(dynamodb, made["TableName"])
    for number in range(5):
        dynamodb.put_item(TableName=made["TableName"], Item=tables.key(number) | RICH)
    return made


def recover(dynamodb, table):
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})


def everything(dynamodb, table, **index):
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, **index)
    return sorted(json.dumps(item, default=repr, sort_keys=True)
                  for page in pages for item in page["Items"])


def exported(dynamodb, arn):
    def told():
        found = dynamodb.describe_export(ExportArn=arn)["ExportDescription"]
        return found if found["ExportStatus"] != "IN_PROGRESS" else None
    return wait_until(told)


def imported(dynamodb, arn):
    def told():
        found = dynamodb.describe_import(ImportArn=arn)["ImportTableDescription"]
        return found if found["ImportStatus"] != "IN_PROGRESS" else None
    return wait_until(told)


def export(dynamodb, table, bucket, **more):
    return dynamodb.export_table_to_point_in_time(
        TableArn=table["TableArn"], S3Bucket=bucket, **more)["ExportDescription"]


def import_table(dynamodb, bucket, prefix, name, form="DYNAMODB_JSON", **more):
    parameters = {"TableName": name} | KEY | more.pop("Parameters", {})
    return dynamodb.import_table(S3BucketSource={"S3Bucket": bucket, "S3KeyPrefix": prefix}, InputFormat=form,
                                 TableCreationParameters=parameters, **more)["ImportTableDescription"]


def get(s3, bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


@pytest.mark.parametrize("form", ["DYNAMODB_JSON", "ION"])
def test_what_is_exported_is_imported_to_an_equal_table(dynamodb, s3, bucket, table, form):
    begun = export(dynamodb, table, bucket, S3Prefix="daily", ExportFormat=form, S3SseAlgorithm="AES256")
    assert begun["ExportStatus"] == "IN_PROGRESS" and begun["ExportArn"].startswith(f"{table['TableArn']}/export/")
    assert (begun["TableId"], begun["S3Prefix"], begun["ExportFormat"]) == (table["TableId"], "daily", form)
    assert begun["ClientToken"] and begun["ExportType"] == "FULL_EXPORT" and begun["ExportTime"]
    done = exported(dynamodb, begun["ExportArn"])
    assert done["ExportStatus"] == "COMPLETED", done
    assert (done["ItemCount"], done["S3SseAlgorithm"]) == (5, "AES256") and done["EndTime"] >= done["StartTime"]
    identity = begun["ExportArn"].rsplit("/", 1)[1]
    root = f"daily/AWSDynamoDB/{identity}/"
    assert done["ExportManifest"] == f"{root}manifest-summary.json"

    summary = json.loads(get(s3, bucket, done["ExportManifest"]))
    assert (summary["itemCount"], summary["outputFormat"], summary["s3Bucket"]) == (5, form, bucket)
    assert (summary["exportArn"], summary["tableId"]) == (begun["ExportArn"], table["TableId"])
    assert summary["billedSizeBytes"] == done["BilledSizeBytes"] == dynamodb.describe_table(
        TableName=table["TableName"])["Table"]["TableSizeBytes"]
    listed = get(s3, bucket, summary["manifestFilesS3Key"])
    assert get(s3, bucket, f"{root}manifest-files.checksum") == base64.b64encode(hashlib.md5(listed).digest())
    items = 0
    for line in listed.decode().splitlines():
        file = json.loads(line)
        body = get(s3, bucket, file["dataFileS3Key"])
        assert file["md5Checksum"] == base64.b64encode(hashlib.md5(body).digest()).decode()
        lines = gzip.decompress(body).decode().splitlines()
        assert len(lines) == file["itemCount"]
        assert all(line.startswith('{"Item":{' if form == "DYNAMODB_JSON" else "$ion_1_0 {Item:{") for line in lines)
        items += len(lines)
    assert items == 5

    name = f"{table['TableName']}-again"
    made = import_table(dynamodb, bucket, f"{root}data/", name, form, InputCompressionType="GZIP",
                        Parameters={"GlobalSecondaryIndexes": BY_SK})
    assert made["ImportStatus"] == "IN_PROGRESS" and made["TableArn"].endswith(f"table/{name}")
    assert made["TableCreationParameters"]["GlobalSecondaryIndexes"][0]["IndexName"] == "by-sk"
    done = imported(dynamodb, made["ImportArn"])
    assert done["ImportStatus"] == "COMPLETED", done
    assert dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"
    assert (done["ProcessedItemCount"], done["ImportedItemCount"], done["ErrorCount"]) == (5, 5, 0)
    assert done["ProcessedSizeBytes"] > 0 and done["InputCompressionType"] == "GZIP" and done["EndTime"]
    again = dynamodb.describe_table(TableName=name)["Table"]
    assert (again["TableStatus"], again["ItemCount"]) == ("ACTIVE", 5)
    assert everything(dynamodb, name) == everything(dynamodb, table["TableName"])
    assert everything(dynamodb, name, IndexName="by-sk") == everything(dynamodb, table["TableName"])


def test_an_export_has_the_items_of_its_moment(dynamodb, s3, bucket, table):
    moment = int(time.time()) + 1
    wait_until(lambda: time.time() >= moment + 1)
    dynamodb.delete_item(TableName=table["TableName"], Key=tables.key(0))
    dynamodb.put_item(TableName=table["TableName"], Item=tables.key(9))
    at = datetime.fromtimestamp(moment, timezone.utc)
    done = exported(dynamodb, export(dynamodb, table, bucket, ExportTime=at)["ExportArn"])
    assert done["ExportTime"] == at and done["ItemCount"] == 5
    data = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"] if "/data/" in one["Key"]]
    lines = [json.loads(line) for key in data for line in gzip.decompress(get(s3, bucket, key)).splitlines()]
    assert sorted(int(line["Item"]["sk"]["N"]) for line in lines) == [0, 1, 2, 3, 4]


def test_what_cannot_be_exported_is_refused(dynamodb, bucket, table):
    with refused("PointInTimeRecoveryUnavailableException"):
        export(dynamodb, tables.make(dynamodb), bucket)
    with refused("TableNotFoundException"):
        export(dynamodb, {"TableArn": table["TableArn"] + "-none"}, bucket)
    now = datetime.now(timezone.utc)
    for at in [now - timedelta(days=40), now - timedelta(hours=1), now + timedelta(hours=1)]:
        with refused("InvalidExportTimeException"):
            export(dynamodb, table, bucket, ExportTime=at)

    def changes(since, until, **more):
        export(dynamodb, table, bucket, ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification={
            "ExportFromTime": since, "ExportToTime": until}, **more)
    with refused("InvalidExportTimeException"):
        changes(now - timedelta(hours=1), now)
    with refused("ValidationException"):
        changes(datetime.fromtimestamp(int(now.timestamp()), timezone.utc), now)
    with refused("ValidationException"):
        export(dynamodb, table, bucket, ExportType="INCREMENTAL_EXPORT")
    with refused("ValidationException"):
        changes(now - timedelta(hours=1), now, ExportTime=now)
    for more in [{"S3SseAlgorithm": "KMS"}, {"S3SseAlgorithm": "KMS", "S3SseKmsKeyId": "key"}, {"S3Prefix": "x" * 1000}]:
        with refused("NotImplemented", "ValidationException"):
            export(dynamodb, table, bucket, **more)
    with refused("ExportNotFoundException"):
        dynamodb.describe_export(ExportArn=table["TableArn"] + "/export/01732163400123-1a2b3c4d")
    with refused("ValidationException"):
        dynamodb.describe_export(ExportArn=table["TableArn"])


def test_a_client_token_is_one_export_and_one_import(dynamodb, s3, bucket, table):
    first = export(dynamodb, table, bucket, ClientToken="one")
    assert export(dynamodb, table, bucket, ClientToken="one")["ExportArn"] == first["ExportArn"]
    with refused("ExportConflictException"):
        export(dynamodb, table, bucket, ClientToken="one", S3Prefix="other")
    exported(dynamodb, first["ExportArn"])
    listed = dynamodb.list_exports(TableArn=table["TableArn"])["ExportSummaries"]
    assert listed == [{"ExportArn": first["ExportArn"], "ExportStatus": "COMPLETED", "ExportType": "FULL_EXPORT"}]

    s3.put_object(Bucket=bucket, Key="in", Body=b'{"Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}')
    name = f"{table['TableName']}-token"
    begun = import_table(dynamodb, bucket, "in", name, ClientToken="two")
    assert import_table(dynamodb, bucket, "in", name, ClientToken="two")["ImportArn"] == begun["ImportArn"]
    with refused("ImportConflictException"):
        import_table(dynamodb, bucket, "other", name, ClientToken="two")
    with refused("ResourceInUseException"):
        import_table(dynamodb, bucket, "in", name)
    assert imported(dynamodb, begun["ImportArn"])["ImportedItemCount"] == 1


def test_exports_and_imports_are_listed_in_pages(dynamodb, s3, bucket, table):
    s3.put_object(Bucket=bucket, Key="in", Body=b'{"Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}')
    exports = {export(dynamodb, table, bucket)["ExportArn"] for _ in range(3)}
    names = [f"{table['TableName']}-{number}" for number in range(3)]
    imports = {import_table(dynamodb, bucket, "in", name)["ImportArn"] for name in names}
    for arns, method, size, listed, member in [
            (exports, "list_exports", "MaxResults", "ExportSummaries", "ExportArn"),
            (imports, "list_imports", "PageSize", "ImportSummaryList", "ImportArn")]:
        found, token = [], {}
        while True:
            page = getattr(dynamodb, method)(**{size: 2}, **token)
            assert len(page[listed]) <= 2
            found += [one[member] for one in page[listed]]
            if not page.get("NextToken"):
                break
            token = {"NextToken": page["NextToken"]}
        assert arns <= set(found) and len(found) == len(set(found))
    for arn in exports:
        exported(dynamodb, arn)
    for arn in imports:
        imported(dynamodb, arn)
    one = dynamodb.list_imports(TableArn=table["TableArn"] + "-0")["ImportSummaryList"]
    assert [(one["ImportStatus"], one["InputFormat"], one["S3BucketSource"]["S3Bucket"]) for one in one] == [
        ("COMPLETED", "DYNAMODB_JSON", bucket)]
    with refused("ImportNotFoundException"):
        dynamodb.describe_import(ImportArn=table["TableArn"] + "/import/01732163400123-1a2b3c4d")


def zstd(data):
    """A frame whose one block is not compressed (RFC 8878)."""
    assert len(data) < 256
    return b"\x28\xb5\x2f\xfd" + bytes([0x20, len(data)]) + (1 | len(data) << 3).to_bytes(3, "little") + data


JSON = b'{"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"x"}}}\nnothing\n{"Item":{"pk":{"S":"a"}}}\n'


@pytest.mark.parametrize("form, body, compression, options, counts", [
    ("DYNAMODB_JSON", JSON, None, None, (3, 1)),
    ("DYNAMODB_JSON", JSON, "NONE", None, (3, 1)),
    ("DYNAMODB_JSON", gzip.compress(JSON), "GZIP", None, (3, 1)),
    ("DYNAMODB_JSON", zstd(JSON), "ZSTD", None, (3, 1)),
    ("DYNAMODB_JSON", JSON, "GZIP", None, (1, 0)),
    ("ION", b'$ion_1_0 {Item:{pk:"a",sk:1.,v:"x"}}\n{Item:{pk:a}}\n', None, None, (2, 1)),
    ("CSV", b"sk,pk,v\n1,a,x\n2,b\n,c,y\n", None, None, (3, 1)),
    ("CSV", b"1;a;x\n2;a\n", None, {"Csv": {"Delimiter": ";", "HeaderList": ["sk", "pk", "v"]}}, (2, 1)),
])
def test_lines_that_are_no_items_are_counted(dynamodb, s3, bucket, form, body, compression, options, counts):
    s3.put_object(Bucket=bucket, Key="in/1", Body=body)
    more = ({"InputCompressionType": compression} if compression else {}) | (
        {"InputFormatOptions": options} if options else {})
    name = f"imported-{next(numbers)}"
    done = imported(dynamodb, import_table(dynamodb, bucket, "in/", name, form, **more)["ImportArn"])
    assert (done["ProcessedItemCount"], done["ImportedItemCount"]) == counts
    assert done["ErrorCount"] == counts[0] - counts[1]
    assert (done["ImportStatus"], done["FailureCode"]) == ("FAILED", "ItemValidationError") and done["FailureMessage"]
    if options:
        assert done["InputFormatOptions"] == options
    expected = [tables.key(1, "a") | {"v": {"S": "x"}}] if counts[1] else []
    assert dynamodb.scan(TableName=name)["Items"] == expected


def test_what_cannot_be_imported_is_refused_or_fails(dynamodb, s3, bucket):
    done = imported(dynamodb, import_table(dynamodb, "no-such-bucket-here", "", f"imported-{next(numbers)}")["ImportArn"])
    assert (done["ImportStatus"], done["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    done = imported(dynamodb, import_table(dynamodb, bucket, "none", f"imported-{next(numbers)}")["ImportArn"])
    assert (done["ImportStatus"], done["ProcessedItemCount"]) == ("COMPLETED", 0)
    with refused("ValidationException"):
        import_table(dynamodb, bucket, "", f"imported-{next(numbers)}", InputFormatOptions={"Csv": {"Delimiter": ","}})
    with refused("ValidationException"):
        import_table(dynamodb, bucket, "", f"imported-{next(numbers)}", Parameters={"KeySchema": KEY["KeySchema"][:1]})
    with refused("NotImplemented", "ValidationException"):
        import_table(dynamodb, bucket, "", f"imported-{next(numbers)}", Parameters={"SSESpecification": {"Enabled": True}})


def test_an_export_to_a_bucket_that_is_not_there_fails(dynamodb, table):
    done = exported(dynamodb, export(dynamodb, table, "no-such-bucket-here")["ExportArn"])
    assert (done["ExportStatus"], done["FailureCode"]) == ("FAILED", "S3NoSuchBucket") and done["FailureMessage"]
    dynamodb.delete_table(TableName=table["TableName"])


def test_whoever_may_not_in_the_bucket_may_not_transfer(zerun, iam, dynamodb, s3, bucket, table):
    with_table = {"Action": ["dynamodb:ExportTableToPointInTime", "dynamodb:ImportTable"]}
    writing = ["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectAcl"]
    may_not = tables.user(zerun, iam, "may-not", **with_table)
    may_read = tables.user(zerun, iam, "may-read", Action=with_table["Action"] + ["s3:GetObject", "s3:ListBucket"])
    may_write = tables.user(zerun, iam, "may-write", Action=with_table["Action"] + writing)
    elsewhere = tables.user(zerun, iam, "elsewhere", Action=with_table["Action"] + writing,
                            Resource=[table["TableArn"], f"arn:aws:s3:::{bucket}/theirs/*"])
    for user in [may_not, may_read, elsewhere]:
        with refused("AccessDenied", "AccessDeniedException"):
            export(user, table, bucket, S3Prefix="mine")
    for user in [may_not, may_write]:
        with refused("AccessDenied", "AccessDeniedException"):
            import_table(user, bucket, "in", f"imported-{next(numbers)}")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert not dynamodb.list_exports(TableArn=table["TableArn"])["ExportSummaries"]
    for arn in [export(may_write, table, bucket)["ExportArn"], export(elsewhere, table, bucket, S3Prefix="theirs")["ExportArn"]]:
        assert exported(dynamodb, arn)["ExportStatus"] == "COMPLETED"
    begun = import_table(may_read, bucket, "none", f"imported-{next(numbers)}")
    assert imported(dynamodb, begun["ImportArn"])["ImportStatus"] == "COMPLETED"
    with refused("AccessDenied", "AccessDeniedException"):
        export(dynamodb, table, bucket, S3BucketOwner="222222222222")


def test_both_go_on_after_the_server_was_killed(fresh_zerun):
    dynamodb, s3 = fresh_zerun.client("dynamodb"), fresh_zerun.client("s3")
    s3.create_bucket(Bucket="bucket")
    lines = "".join(json.dumps({"Item": tables.key(number) | {"v": {"S": "x" * 500}}}) + "\n" for number in range(20_000))
    for part in "ab":
        s3.put_object(Bucket="bucket", Key=f"in/{part}", Body=gzip.compress(lines.replace('"p"', f'"{part}"').encode()))
    begun = import_table(dynamodb, "bucket", "in/", "table", InputCompressionType="GZIP")

    def described():
        return dynamodb.describe_import(ImportArn=begun["ImportArn"])["ImportTableDescription"]
    for share in [1, 15_000, 30_000]:
        wait_until(lambda: described()["ProcessedItemCount"] >= share)
        fresh_zerun.kill()
        fresh_zerun.start()
        dynamodb, s3 = fresh_zerun.client("dynamodb"), fresh_zerun.client("s3")
    done = imported(dynamodb, begun["ImportArn"])
    assert (done["ImportStatus"], done["ImportedItemCount"], done["ErrorCount"]) == ("COMPLETED", 40_000, 0)
    assert dynamodb.describe_table(TableName="table")["Table"]["ItemCount"] == 40_000

    recover(dynamodb, "table")
    begun = export(dynamodb, {"TableArn": done["TableArn"]}, "bucket", S3Prefix="out")
    kills = 0
    while dynamodb.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]["ExportStatus"] == "IN_PROGRESS" and kills < 4:
        fresh_zerun.kill()
        fresh_zerun.start()
        dynamodb, s3 = fresh_zerun.client("dynamodb"), fresh_zerun.client("s3")
        kills += 1
    assert kills > 0
    told = exported(dynamodb, begun["ExportArn"])
    assert (told["ExportStatus"], told["ItemCount"]) == ("COMPLETED", 40_000)
    files = [json.loads(line) for line in get(s3, "bucket", told["ExportManifest"].replace("summary", "files")).splitlines()]
    keys = {one["Key"] for one in s3.list_objects_v2(Bucket="bucket", Prefix="out")["Contents"] if "/data/" in one["Key"]}
    assert {file["dataFileS3Key"] for file in files} == keys
    found = [json.loads(line)["Item"] for key in keys for line in gzip.decompress(get(s3, "bucket", key)).splitlines()]
    assert len({(item["pk"]["S"], item["sk"]["N"]) for item in found}) == len(found) == 40_000
