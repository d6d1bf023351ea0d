"""S3 through boto3: what is stored comes back, what is wrong is refused by name and loses nothing."""

import base64
import hashlib
import io
import socket
import urllib.error
import urllib.request
import zlib
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from server import REGION

MIB = 1024 * 1024


def code_of(call, **arguments):
    """The error code that S3 answers with, and its status."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def body_of(s3, bucket, key, **arguments):
    return s3.get_object(Bucket=bucket, Key=key, **arguments)["Body"].read()


# Buckets


def test_a_bucket_is_made_once_found_and_removed(s3, zerun):
    s3.create_bucket(Bucket="once")
    s3.create_bucket(Bucket="once")
    elsewhere = {"LocationConstraint": "eu-west-1"}
    assert code_of(s3.create_bucket, Bucket="once",
                   CreateBucketConfiguration=elsewhere) == ("BucketAlreadyOwnedByYou", 409)
    assert s3.head_bucket(Bucket="once")["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket="once")["LocationConstraint"] is None
    assert "once" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket="once")
    assert code_of(s3.head_bucket, Bucket="once") == ("404", 404)
    assert code_of(s3.list_objects_v2, Bucket="once") == ("NoSuchBucket", 404)


def test_a_bucket_has_the_region_it_was_asked_for(s3):
    s3.create_bucket(Bucket="in-europe", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert s3.get_bucket_location(Bucket="in-europe")["LocationConstraint"] == "eu-central-1"


@pytest.mark.parametrize("name", ["Photos", "a_b", "192.168.1.1", "xn--a", "a..b"])
def test_a_bad_bucket_name_is_refused(s3, name):
    assert code_of(s3.create_bucket, Bucket=name) == ("InvalidBucketName", 400)


def test_buckets_are_listed_in_pages(s3):
    names = [f"paged-{number}" for number in range(5)]
    for name in names:
        s3.create_bucket(Bucket=name)
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="paged-", PaginationConfig={"PageSize": 2}))
    assert [[bucket["Name"] for bucket in page["Buckets"]] for page in pages] == [names[:2], names[2:4], names[4:]]


def test_bucket_tags(s3, bucket):
    assert code_of(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    tags = [{"Key": "owner", "Value": "me"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    assert code_of(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)


# Objects


@pytest.mark.parametrize("key", ["plain", "a b+c&d=e?f#g%h", "ünï/cödé ☂", "/leading//slashes/", "..", "a/../b",
                                 "x" * 1024, "control\x01\x7f", "newline\nin"])
def test_any_key_comes_back(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=b"here")
    assert body_of(s3, bucket, key) == b"here"
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert body_of(s3, bucket, "copy") == b"here"
    # Quiet, since XML 1.0 has no form for control characters that a client could read back.
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}, {"Key": "copy"}], "Quiet": True})
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_key_too_long_is_refused(s3, bucket):
    assert code_of(s3.put_object, Bucket=bucket, Key="x" * 1025, Body=b"") == ("KeyTooLongError", 400)


def test_headers_and_metadata_come_back(s3, bucket):
    written = {"ContentType": "text/plain; charset=utf-8", "CacheControl": "max-age=60", "ContentDisposition": "inline",
               "ContentEncoding": "identity", "ContentLanguage": "de", "Metadata": {"camera": "Leica", "empty": ""}}
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Expires="Wed, 21 Oct 2026 07:28:00 GMT", **written)
    for answer in (s3.head_object(Bucket=bucket, Key="a"), s3.get_object(Bucket=bucket, Key="a")):
        assert {name: answer[name] for name in written} == written
        assert answer["ExpiresString"] == "Wed, 21 Oct 2026 07:28:00 GMT"
        assert answer["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"'
        assert answer["ContentLength"] == 1
    chosen = s3.get_object(Bucket=bucket, Key="a", ResponseContentType="image/png",
                           ResponseContentDisposition='attachment; filename="ü.png"')
    assert chosen["ContentType"] == "image/png" and chosen["ContentDisposition"].startswith("attachment")
    s3.put_object(Bucket=bucket, Key="plain", Body=b"x")
    assert s3.head_object(Bucket=bucket, Key="plain")["ContentType"] == "binary/octet-stream"
    assert code_of(s3.put_object, Bucket=bucket, Key="a", Metadata={"a": "b" * 2048}) == ("MetadataTooLarge", 400)


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 32 * 1024 + 1, 3 * MIB + 7])
def test_ranges(s3, bucket, size):
    data = bytes(number * 31 % 251 for number in range(size))
    s3.put_object(Bucket=bucket, Key="a", Body=data)
    assert body_of(s3, bucket, "a") == data
    for first, last in ((0, 0), (1, 9), (size // 2, size + 100), (size - 1, size - 1)):
        if 0 <= first < size:
            answer = s3.get_object(Bucket=bucket, Key="a", Range=f"bytes={first}-{last}")
            assert answer["Body"].read() == data[first:last + 1]
            assert answer["ContentRange"] == f"bytes {first}-{min(last, size - 1)}/{size}"
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    if size > 3:
        assert body_of(s3, bucket, "a", Range="bytes=-3") == data[-3:]
    assert code_of(s3.get_object, Bucket=bucket, Key="a", Range=f"bytes={size}-") == ("InvalidRange", 416)


def test_conditions_on_reading(s3, bucket):
    tag = s3.put_object(Bucket=bucket, Key="a", Body=b"x")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="a")["LastModified"]
    for call in (s3.get_object, s3.head_object):
        assert call(Bucket=bucket, Key="a", IfMatch=tag)
        assert call(Bucket=bucket, Key="a", IfNoneMatch='"other"', IfModifiedSince=modified)
        assert code_of(call, Bucket=bucket, Key="a", IfNoneMatch=tag) == ("304", 304)
        assert code_of(call, Bucket=bucket, Key="a", IfModifiedSince=modified) == ("304", 304)
        assert code_of(call, Bucket=bucket, Key="a", IfMatch='"other"')[1] == 412


def test_conditions_on_writing(s3, bucket):
    assert code_of(s3.put_object, Bucket=bucket, Key="a", Body=b"1", IfMatch='"x"') == ("NoSuchKey", 404)
    tag = s3.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")["ETag"]
    assert code_of(s3.put_object, Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert code_of(s3.put_object, Bucket=bucket, Key="a", Body=b"2", IfMatch='"x"') == ("PreconditionFailed", 412)
    assert body_of(s3, bucket, "a") == b"1"
    s3.put_object(Bucket=bucket, Key="a", Body=b"3", IfMatch=tag)
    assert code_of(s3.delete_object, Bucket=bucket, Key="a", IfMatch=tag) == ("PreconditionFailed", 412)
    assert body_of(s3, bucket, "a") == b"3"


def test_object_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Tagging="kind=raw&with=a%20space")
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == [
        {"Key": "kind", "Value": "raw"}, {"Key": "with", "Value": "a space"}]
    assert s3.head_object(Bucket=bucket, Key="a")["TagCount"] == 2
    eleven = [{"Key": str(number), "Value": ""} for number in range(11)]
    assert code_of(s3.put_object_tagging, Bucket=bucket, Key="a", Tagging={"TagSet": eleven})[1] == 400
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": eleven[:10]})
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == eleven[:10]
    s3.delete_object_tagging(Bucket=bucket, Key="a")
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == []


def test_copies(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"x" * 100_000, ContentType="image/png", Tagging="k=v")
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    assert body_of(s3, bucket, "b") == b"x" * 100_000
    assert s3.head_object(Bucket=bucket, Key="b")["ContentType"] == "image/png"
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == [{"Key": "k", "Value": "v"}]
    same = {"Bucket": bucket, "Key": "a", "CopySource": {"Bucket": bucket, "Key": "a"}}
    assert code_of(s3.copy_object, **same) == ("InvalidRequest", 400)
    s3.copy_object(**same, MetadataDirective="REPLACE", Metadata={"now": "with"}, TaggingDirective="REPLACE")
    assert s3.head_object(Bucket=bucket, Key="a")["Metadata"] == {"now": "with"}
    assert body_of(s3, bucket, "a") == b"x" * 100_000
    missing = {"Bucket": bucket, "Key": "missing"}
    assert code_of(s3.copy_object, Bucket=bucket, Key="c", CopySource=missing) == ("NoSuchKey", 404)
    etag = s3.head_object(Bucket=bucket, Key="b")["ETag"]
    assert code_of(s3.copy_object, Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "b"},
                   CopySourceIfNoneMatch=etag) == ("PreconditionFailed", 412)


# Listings


def test_listing_in_pages_with_delimiter(s3, bucket):
    keys = [f"d{directory}/{number}" for directory in range(3) for number in range(4)] + ["e", "f 1+2"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    for name, size in (("list_objects", 1), ("list_objects", 3), ("list_objects_v2", 1), ("list_objects_v2", 5)):
        paginator = s3.get_paginator(name)
        pages = list(paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": size}))
        assert [entry["Key"] for page in pages for entry in page["Contents"]] == keys
        pages = list(paginator.paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}))
        found = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
        assert found == ["d0/", "d1/", "d2/"]
        assert [entry["Key"] for page in pages for entry in page.get("Contents", [])] == ["e", "f 1+2"]
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="d2/1", Prefix="d", FetchOwner=True)
    assert [entry["Key"] for entry in after["Contents"]] == ["d2/2", "d2/3"]
    assert len(after["Contents"][0]["Owner"]["ID"]) == 64
    assert code_of(s3.list_objects_v2, Bucket=bucket, ContinuationToken="nonsense!") == ("InvalidArgument", 400)


def test_deleting_a_thousand(s3, bucket):
    for number in range(30):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"")
    named = [{"Key": f"k{number}"} for number in range(1000)]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    too_many = named + [{"Key": "one more"}]
    assert code_of(s3.delete_objects, Bucket=bucket, Delete={"Objects": too_many})[0] == "MalformedXML"


# Checksums


def reflected_crc(polynomial, width):
    """CRCs that boto3 computes only with a native library: here in Python, for small bodies."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
        table.append(byte)

    def digest(data):
        value = ones = (1 << width) - 1
        for byte in data:
            value = table[(value ^ byte) & 0xFF] ^ value >> 8
        return (value ^ ones).to_bytes(width // 8, "big")

    return digest


DIGESTS = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": reflected_crc(0x82F63B78, 32),
    "CRC64NVME": reflected_crc(0x9A6C9329AC4BC9B5, 64),
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}


def checksum(algorithm, data):
    return {f"Checksum{algorithm}": base64.b64encode(DIGESTS[algorithm](data)).decode()}


@pytest.mark.parametrize("algorithm", DIGESTS)
@pytest.mark.parametrize("size", [0, 11, 200_000])
def test_checksums(s3, bucket, algorithm, size):
    data = b"z" * size
    right = checksum(algorithm, data)
    put = s3.put_object(Bucket=bucket, Key="a", Body=data, **right)
    assert right.items() <= put.items() and put["ChecksumType"] == "FULL_OBJECT"
    got = s3.get_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert right.items() <= got.items() and got["Body"].read() == data
    assert code_of(s3.put_object, Bucket=bucket, Key="a", Body=b"other", **right) == ("BadDigest", 400)
    assert body_of(s3, bucket, "a") == data, "a refused upload leaves what was there"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
@pytest.mark.parametrize("size", [0, 11, 3 * MIB])
def test_checksums_that_trail_the_body(s3, bucket, algorithm, size):
    data = b"y" * size
    put = s3.put_object(Bucket=bucket, Key="a", Body=io.BytesIO(data), ChecksumAlgorithm=algorithm)
    right = checksum(algorithm, data)
    assert right.items() <= put.items()
    got = s3.get_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert right.items() <= got.items() and got["Body"].read() == data


def test_an_object_without_checksum_gets_one(zerun, bucket):
    plain = zerun.client("s3", request_checksum_calculation="when_required")
    plain.put_object(Bucket=bucket, Key="a", Body=b"123456789")
    attributes = plain.get_object_attributes(Bucket=bucket, Key="a", ObjectAttributes=["Checksum", "ObjectSize"])
    assert attributes["Checksum"] == {"ChecksumCRC64NVME": "rosUhgp5mIg=", "ChecksumType": "FULL_OBJECT"}
    assert attributes["ObjectSize"] == 9


def test_a_wrong_md5_loses_nothing(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"kept")
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert code_of(s3.put_object, Bucket=bucket, Key="a", Body=b"new", ContentMD5=md5) == ("BadDigest", 400)
    assert code_of(s3.put_object, Bucket=bucket, Key="a", Body=b"new", ContentMD5="AAAA") == ("InvalidDigest", 400)
    assert body_of(s3, bucket, "a") == b"kept"


@pytest.mark.parametrize("size", [1000, 5 * MIB])
def test_an_upload_cut_short_loses_nothing(s3, zerun, bucket, size):
    s3.put_object(Bucket=bucket, Key="a", Body=b"kept")
    url = zerun.client("s3").generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a"})
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {size}\r\n\r\n"
        connection.sendall(head.encode() + b"x" * (size - 1))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert body_of(s3, bucket, "a") == b"kept"


# Multipart uploads


def test_a_multipart_upload_by_hand(s3, bucket):
    data = [b"a" * 5 * MIB, b"b" * 5 * MIB, b"c" * 10]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", ContentType="image/tiff")["UploadId"]
    named = {"Bucket": bucket, "Key": "big", "UploadId": upload}
    parts = [{"PartNumber": number, "ETag": s3.upload_part(**named, PartNumber=number, Body=body)["ETag"]}
             for number, body in enumerate(data, 1)]
    s3.upload_part(**named, PartNumber=7, Body=b"never named")
    listed = s3.get_paginator("list_parts").paginate(**named, PaginationConfig={"PageSize": 2})
    assert [part["PartNumber"] for page in listed for part in page["Parts"]] == [1, 2, 3, 7]
    assert [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["big"]
    assert code_of(s3.get_object, Bucket=bucket, Key="big") == ("NoSuchKey", 404)

    finish = lambda parts: {**named, "MultipartUpload": {"Parts": parts}}
    swapped = [parts[1], parts[0]]
    assert code_of(s3.complete_multipart_upload, **finish(swapped)) == ("InvalidPartOrder", 400)
    assert code_of(s3.complete_multipart_upload, **finish([{"PartNumber": 9, "ETag": "x"}])) == ("InvalidPart", 400)
    small = [parts[2], {"PartNumber": 7, "ETag": hashlib.md5(b"never named").hexdigest()}]
    assert code_of(s3.complete_multipart_upload, **finish(small)) == ("EntityTooSmall", 400)

    done = s3.complete_multipart_upload(**finish(parts))
    md5s = b"".join(hashlib.md5(body).digest() for body in data)
    assert done["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-3"'
    assert done["ChecksumType"] == "FULL_OBJECT" and done["ChecksumCRC64NVME"]
    assert s3.complete_multipart_upload(**finish(parts))["ETag"] == done["ETag"], "asked again"
    whole = s3.get_object(Bucket=bucket, Key="big")
    assert whole["Body"].read() == b"".join(data) and whole["ContentType"] == "image/tiff"
    second = s3.get_object(Bucket=bucket, Key="big", PartNumber=2)
    assert second["Body"].read() == data[1] and second["PartsCount"] == 3
    seam = f"bytes={5 * MIB - 2}-{5 * MIB + 1}"
    assert body_of(s3, bucket, "big", Range=seam) == b"aabb"
    shape = s3.get_object_attributes(Bucket=bucket, Key="big", ObjectAttributes=["ObjectParts"])["ObjectParts"]
    assert [part["Size"] for part in shape["Parts"]] == [5 * MIB, 5 * MIB, 10]
    assert code_of(s3.abort_multipart_upload, **named) == ("NoSuchUpload", 404)


def test_a_refused_upload_does_not_disturb_the_next_request(s3, bucket):
    """boto3 waits for `100 Continue` before it sends a body, and keeps the connection when it is refused."""
    for _ in range(5):
        assert code_of(s3.put_object, Bucket="nowhere-at-all", Key="a", Body=b"held back") == ("NoSuchBucket", 404)
        assert s3.head_bucket(Bucket=bucket)


def test_an_aborted_upload_is_gone(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    named = {"Bucket": bucket, "Key": "big", "UploadId": upload}
    s3.upload_part(**named, PartNumber=1, Body=b"x" * 100_000)
    s3.abort_multipart_upload(**named)
    assert code_of(s3.list_parts, **named) == ("NoSuchUpload", 404)
    assert code_of(s3.upload_part, **named, PartNumber=2, Body=b"x") == ("NoSuchUpload", 404)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_checksums_of_parts(s3, bucket, algorithm):
    created = s3.create_multipart_upload(Bucket=bucket, Key="big", ChecksumAlgorithm=algorithm)
    kind = "FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE"
    assert (created["ChecksumAlgorithm"], created["ChecksumType"]) == (algorithm, kind)
    named = {"Bucket": bucket, "Key": "big", "UploadId": created["UploadId"]}
    data = [b"a" * 5 * MIB, b"tail"]
    parts = []
    for number, body in enumerate(data, 1):
        given = checksum(algorithm, body)
        put = s3.upload_part(**named, PartNumber=number, Body=body, **given)
        parts.append({"PartNumber": number, "ETag": put["ETag"], **given})
    if kind == "COMPOSITE":
        silent = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
        assert code_of(s3.complete_multipart_upload, **named, MultipartUpload={"Parts": silent}) == ("InvalidRequest", 400)
    done = s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    assert done["ChecksumType"] == kind
    if kind == "COMPOSITE":
        digests = b"".join(DIGESTS[algorithm](body) for body in data)
        expected = base64.b64encode(DIGESTS[algorithm](digests)).decode() + "-2"
    else:
        expected = checksum(algorithm, b"".join(data))[f"Checksum{algorithm}"]
    assert done[f"Checksum{algorithm}"] == expected


def test_parts_copied_from_another_object(s3, bucket):
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789" * MIB)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    named = {"Bucket": bucket, "Key": "big", "UploadId": upload, "CopySource": {"Bucket": bucket, "Key": "source"}}
    first = s3.upload_part_copy(**named, PartNumber=1, CopySourceRange=f"bytes=5-{5 * MIB + 4}")["CopyPartResult"]
    second = s3.upload_part_copy(**named, PartNumber=2, CopySourceRange="bytes=0-3")["CopyPartResult"]
    assert code_of(s3.upload_part_copy, **named, PartNumber=3, CopySourceRange=f"bytes=0-{10 * MIB}")[1] == 400
    s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": [
        {"PartNumber": 1, "ETag": first["ETag"]}, {"PartNumber": 2, "ETag": second["ETag"]}]})
    assert body_of(s3, bucket, "big", Range="bytes=0-4") == b"56789"
    assert body_of(s3, bucket, "big", Range="bytes=-5") == b"40123"


# Presigned links


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_presigned_links(zerun, bucket, signature):
    s3 = zerun.client("s3", signature_version=signature)
    link = lambda operation, **more: s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": "a b", **more})
    put = urllib.request.Request(link("put_object"), data=b"by link", method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(put) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(link("get_object", ResponseContentType="text/x-test")) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"by link", "text/x-test")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(link("get_object").replace("a%20b", "c"))
    assert caught.value.code == 403


# What is not here


@pytest.mark.parametrize("asked", [
    {"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms"}, {"StorageClass": "GLACIER"},
    {"ACL": "public-read"}, {"GrantRead": "id=x"}, {"ObjectLockMode": "GOVERNANCE"}, {"IfNoneMatch": '"tag"'},
])
def test_what_is_not_honoured_is_refused_by_name(s3, bucket, asked):
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key="a", Body=b"x", **asked)
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplemented" and caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    [member] = asked
    wire = {"StorageClass": "x-amz-storage-class", "ACL": "x-amz-acl", "IfNoneMatch": "If-None-Match"}
    assert wire.get(member, member) in error["Message"]


def test_an_unknown_operation_is_named(s3, bucket):
    with pytest.raises(ClientError) as caught:
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "GetBucketLifecycleConfiguration" in caught.value.response["Error"]["Message"]


def test_the_expected_owner_is_checked(s3, bucket):
    assert s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="000000000000")
    assert code_of(s3.get_object, Bucket=bucket, Key="a", ExpectedBucketOwner="111111111111") == ("AccessDenied", 403)


def test_virtual_host_style(zerun, bucket):
    """The bucket in the host name, which is what most SDKs do for names they can resolve."""
    access, secret = zerun.keys()
    host = urlsplit(zerun.endpoint).netloc.replace("127.0.0.1", "s3.localhost")
    s3 = boto3.client("s3", endpoint_url=f"http://{host}", region_name=REGION, aws_access_key_id=access,
                      aws_secret_access_key=secret, config=Config(s3={"addressing_style": "virtual"}))
    # Signed for `bucket.s3.localhost`; sent where the server listens, whether the name resolves or not.
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b"})
    assert urlsplit(url).netloc == f"{bucket}.{host}"
    sent = url.replace(urlsplit(url).netloc, urlsplit(zerun.endpoint).netloc)
    headers = {"Host": f"{bucket}.{host}", "Content-Type": ""}
    with urllib.request.urlopen(urllib.request.Request(sent, b"there", headers, method="PUT")) as answer:
        assert answer.status == 200
    assert body_of(zerun.client("s3"), bucket, "a b") == b"there"


# Notifications


def test_a_notification_needs_a_function_that_lets_s3_in(s3, lam, bucket, function):
    name = function({"index.js": "exports.handler = async () => 1"})
    arn = lam.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    wanted = {"LambdaFunctionConfigurations": [{"Id": "thumbs", "LambdaFunctionArn": arn,
        "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}}]}
    put = lambda configuration: s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=configuration)
    assert code_of(lambda: put(wanted)) == ("InvalidArgument", 400)
    lam.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction",
                       Principal="s3.amazonaws.com", SourceArn=f"arn:aws:s3:::{bucket}")
    put(wanted)
    got = s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    assert got[0]["Id"] == "thumbs" and got[0]["Filter"]["Key"]["FilterRules"][0]["Value"] == "in/"
    twice = {"LambdaFunctionConfigurations": wanted["LambdaFunctionConfigurations"] * 2}
    assert code_of(lambda: put(twice)) == ("InvalidArgument", 400)
    topic = {"TopicConfigurations": [{"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Events": ["s3:ObjectCreated:*"]}]}
    assert code_of(lambda: put(topic)) == ("InvalidArgument", 400)
    assert code_of(lambda: put({"EventBridgeConfiguration": {}})) == ("NotImplemented", 400)
    put({})
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
