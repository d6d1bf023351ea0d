"""Bad input is answered by a clear 4xx, loses nothing, and the server goes on serving."""

import base64
import io
import json
import os
import socket
import stat
import time
import zipfile
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from expectation import refused
from http_client import request, signed, signed_headers
from packing import zip_of
from server import ROLE

MIB = 1024 * 1024
ECHO = "exports.handler = async (event) => event;"


@pytest.fixture(scope="module")
def kept(zerun, s3, lam, node_runtime):
    """What must survive every mistake below: an object and a function."""
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="object", Body=b"kept")
    lam.create_function(FunctionName="kept", Runtime=node_runtime, Handler="index.handler", Role=ROLE,
                        Code={"ZipFile": zip_of({"index.js": ECHO})})


@pytest.fixture(autouse=True)
def nothing_is_lost(kept, zerun, s3, lam):
    yield
    assert zerun.is_running(), zerun.last_words()
    assert s3.get_object(Bucket="kept", Key="object")["Body"].read() == b"kept"
    answer = lam.invoke(FunctionName="kept", Payload=b'{"still": "here"}')
    assert json.loads(answer["Payload"].read()) == {"still": "here"}


# --- deployment packages -------------------------------------------------------------------------------------------

def zip_with(path, content=b"x", mode=stat.S_IFREG | 0o644):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.js", ECHO)
        entry = zipfile.ZipInfo(path)
        entry.create_system = 3
        entry.external_attr = mode << 16
        archive.writestr(entry, content)
    return packed.getvalue()


def cut_zip():
    whole = zip_of({"index.js": ECHO, "filler": os.urandom(10_000)})
    return whole[: len(whole) // 2]


def spoiled_zip():
    whole = bytearray(zip_of({"index.js": ECHO, "filler": os.urandom(10_000)}))
    whole[5_000] ^= 0xFF
    return bytes(whole)


def link(path, target):
    return zip_with(path, target, stat.S_IFLNK | 0o777)


@pytest.mark.parametrize("package", [
    pytest.param(b"this is no zip", id="not a zip"),
    pytest.param(b"", id="empty"),
    pytest.param(cut_zip(), id="cut short"),
    pytest.param(spoiled_zip(), id="a byte changed"),
    pytest.param(zip_with("../../evil"), id="zip slip"),
    pytest.param(zip_with("a/../../evil"), id="zip slip further down"),
    pytest.param(zip_with("/etc/evil"), id="absolute path"),
    pytest.param(link("passwd", "/etc/passwd"), id="symlink to an absolute path"),
    pytest.param(link("up", "../../../etc"), id="symlink out of the package"),
    pytest.param(zip_with("device", mode=stat.S_IFCHR | 0o666), id="device"),
])
def test_a_bad_package_is_refused(lam, node_runtime, package):
    with refused("InvalidParameterValueException", "InvalidZipFileException", "ValidationException"):
        lam.create_function(FunctionName="bad", Runtime=node_runtime, Handler="index.handler", Role=ROLE,
                            Code={"ZipFile": package})
    with refused("ResourceNotFoundException", status=404):
        lam.get_function(FunctionName="bad")


def test_a_file_under_a_symlink_is_refused(lam, node_runtime):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.js", ECHO)
        entry = zipfile.ZipInfo("way")
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/tmp")
        archive.writestr("way/out", "escaped")
    with refused("InvalidParameterValueException", "InvalidZipFileException"):
        lam.create_function(FunctionName="bad", Runtime=node_runtime, Handler="index.handler", Role=ROLE,
                            Code={"ZipFile": packed.getvalue()})
    assert not os.path.exists("/tmp/out")


def test_a_bad_update_keeps_the_code(lam, function):
    name = function({"index.js": ECHO})
    before = lam.get_function_configuration(FunctionName=name)["CodeSha256"]
    with refused("InvalidParameterValueException", "InvalidZipFileException"):
        lam.update_function_code(FunctionName=name, ZipFile=cut_zip())
    assert lam.get_function_configuration(FunctionName=name)["CodeSha256"] == before
    assert json.loads(lam.invoke(FunctionName=name, Payload=b"[1]")["Payload"].read()) == [1]


def test_code_over_50_mib_zipped_is_refused(lam, node_runtime):
    package = zip_of({"index.js": ECHO, "noise": os.urandom(51 * MIB)})
    with refused("RequestEntityTooLargeException", "RequestTooLargeException", "InvalidParameterValueException"):
        lam.create_function(FunctionName="big", Runtime=node_runtime, Handler="index.handler", Role=ROLE,
                            Code={"ZipFile": package})


def test_code_over_250_mib_unzipped_is_refused(lam, node_runtime):
    package = zip_of({"index.js": ECHO, "zeros": bytes(251 * MIB)})
    assert len(package) < MIB
    with refused("InvalidParameterValueException", naming="262144000"):
        lam.create_function(FunctionName="bomb", Runtime=node_runtime, Handler="index.handler", Role=ROLE,
                            Code={"ZipFile": package})


def test_code_from_a_missing_object_is_refused(lam, node_runtime):
    with refused("InvalidParameterValueException"):
        lam.create_function(FunctionName="absent", Runtime=node_runtime, Handler="index.handler", Role=ROLE,
                            Code={"S3Bucket": "kept", "S3Key": "no-such-key"})


# --- configuration -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("configuration, naming", [
    ({"Runtime": "nodejs99.x"}, "nodejs99.x"),
    ({"Runtime": "cobol1"}, "cobol1"),
    ({"Handler": ""}, "handler"),
    ({"Timeout": 0}, "timeout"),
    ({"Timeout": 901}, "timeout"),
    ({"MemorySize": 64}, "memorySize"),
    ({"MemorySize": 20_000}, "memorySize"),
    ({"Role": "not an arn"}, "role"),
    ({"FunctionName": "no spaces allowed"}, "functionName"),
    ({"Environment": {"Variables": {"AWS_REGION": "mars-1"}}}, "AWS_REGION"),
    ({"Environment": {"Variables": {"BIG": "x" * 5000}}}, "4"),
    ({"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}, "VpcConfig"),
    ({"PackageType": "Image"}, "PackageType"),
    ({"KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/1"}, "KMSKeyArn"),
    ({"FileSystemConfigs": [{"Arn": "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0",
                             "LocalMountPath": "/mnt/a"}]}, "FileSystemConfigs"),
    ({"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:none:1"]}, "layer"),
])
def test_what_is_not_honoured_is_refused_by_name(zerun, node_runtime, configuration, naming):
    # boto3 would refuse some of these by itself; the server must, too.
    lam = zerun.client("lambda", parameter_validation=False)
    whole = {"FunctionName": "refused", "Runtime": node_runtime, "Handler": "index.handler", "Role": ROLE,
             "Code": {"ZipFile": zip_of({"index.js": ECHO})}} | configuration
    with refused("InvalidParameterValueException", "ValidationException", naming=naming):
        lam.create_function(**whole)


@pytest.mark.parametrize("member, value, header", [
    ("ServerSideEncryption", "aws:kms", "x-amz-server-side-encryption"),
    ("StorageClass", "GLACIER", "x-amz-storage-class"),
    ("ACL", "public-read", "x-amz-acl"),
    ("ObjectLockMode", "GOVERNANCE", "x-amz-object-lock-mode"),
    ("SSECustomerAlgorithm", "AES256", "x-amz-server-side-encryption-customer-algorithm"),
])
def test_an_unsupported_put_parameter_is_refused_and_nothing_is_stored(s3, bucket, member, value, header):
    extra = {"SSECustomerKey": "0" * 32} if member == "SSECustomerAlgorithm" else {}
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", **{member: value}, **extra)
    message = caught.value.response["Error"]["Message"]
    # By the SDK's name or by the wire's: either tells the caller what to leave out.
    assert member in message or header in message, caught.value.response
    assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


# --- operations ----------------------------------------------------------------------------------------------------

def test_an_operation_that_is_not_there_answers_4xx_and_its_name(zerun, s3, lam, bucket):
    for name, call in {
        "PutBucketWebsite": lambda: s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={
            "IndexDocument": {"Suffix": "index.html"}}),
        "GetBucketReplication": lambda: s3.get_bucket_replication(Bucket=bucket),
        "GetRuntimeManagementConfig": lambda: lam.get_runtime_management_config(FunctionName="kept"),
        "PutFunctionCodeSigningConfig": lambda: lam.put_function_code_signing_config(
            FunctionName="kept", CodeSigningConfigArn="arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-0123456789abcdef0"),
        "ListVirtualMFADevices": lambda: zerun.client("iam").list_virtual_mfa_devices(),
    }.items():
        with refused("UnknownOperationException", "NotImplemented", "InvalidRequest", "InvalidAction", naming=name):
            call()


def test_a_service_that_is_not_there_answers_4xx(zerun):
    with refused("UnknownOperationException", "UnknownService", "InvalidAction", naming="kinesis"):
        zerun.client("kinesis").list_streams()
    with refused("UnknownOperationException", "UnknownService", "InvalidAction", naming="cloudformation"):
        zerun.client("cloudformation").list_stacks()


# --- signatures ----------------------------------------------------------------------------------------------------

def test_a_wrong_secret_is_refused(zerun):
    access, _ = zerun.keys()
    wrong = (access, "w" * 40)
    with refused("SignatureDoesNotMatch", status=403):
        zerun.client("s3", keys=wrong).put_object(Bucket="kept", Key="object", Body=b"overwritten")
    with refused("InvalidSignatureException", status=403):
        zerun.client("lambda", keys=wrong).delete_function(FunctionName="kept")


def test_an_unknown_key_is_refused(zerun):
    unknown = ("AKIAUNKNOWNUNKNOWN00", "s" * 40)
    with refused("InvalidAccessKeyId", status=403):
        zerun.client("s3", keys=unknown).list_buckets()
    with refused("UnrecognizedClientException", "InvalidClientTokenId", status=403):
        zerun.client("lambda", keys=unknown).list_functions()


def test_the_well_known_key_is_not_known_to_serve(zerun):
    with refused("InvalidAccessKeyId", status=403):
        zerun.client("s3", keys=("test", "test")).list_buckets()


def test_no_signature_is_refused(zerun):
    for method, path in [("GET", "/"), ("GET", "/kept/object"), ("PUT", "/kept/object"), ("DELETE", "/kept/object"),
                         ("GET", "/2015-03-31/functions/"), ("DELETE", "/2015-03-31/functions/kept")]:
        answer = request(zerun.endpoint, method, path)
        assert answer.status in (401, 403), (method, path, answer.status, answer.text)


def test_an_expired_link_is_refused(zerun, s3):
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "kept", "Key": "object"}, ExpiresIn=1)
    path = url.removeprefix(zerun.endpoint)
    deadline = time.monotonic() + 10
    while (answer := request(zerun.endpoint, "GET", path)).status == 200:
        assert time.monotonic() < deadline, "the link never expired"
        time.sleep(0.2)
    assert answer.status == 403, answer.text
    assert "expired" in answer.text.lower()


def test_a_request_from_another_time_is_refused(zerun):
    headers = signed_headers(zerun, "s3", "GET", "/kept/object", headers={"X-Amz-Date": "20200101T000000Z"})
    if not headers["X-Amz-Date"].startswith("2020"):
        # The signer put its own date: an old date then makes the signature wrong as well, which is refused alike.
        headers["X-Amz-Date"] = "20200101T000000Z"
    answer = request(zerun.endpoint, "GET", "/kept/object", headers=headers)
    assert answer.status == 403, answer.text
    assert "RequestTimeTooSkewed" in answer.text or "SignatureDoesNotMatch" in answer.text


def test_an_unsigned_amazon_header_is_refused(zerun):
    headers = signed_headers(zerun, "s3", "PUT", "/kept/object", body=b"new")
    headers["x-amz-meta-smuggled"] = "yes"
    answer = request(zerun.endpoint, "PUT", "/kept/object", headers=headers, body=b"new")
    assert answer.status == 403, answer.text


# --- uploads -------------------------------------------------------------------------------------------------------

def test_a_body_other_than_signed_is_refused(zerun):
    headers = signed_headers(zerun, "s3", "PUT", "/kept/object", body=b"as signed")
    answer = request(zerun.endpoint, "PUT", "/kept/object", headers=headers, body=b"not signd")
    assert answer.status == 400, answer.text
    assert "XAmzContentSHA256Mismatch" in answer.text


def test_a_mismatching_md5_is_refused(zerun):
    other = base64.b64encode(bytes(16)).decode()
    answer = signed(zerun, "s3", "PUT", "/kept/object", body=b"new", headers={"Content-MD5": other})
    assert answer.status == 400 and "BadDigest" in answer.text, answer.text
    answer = signed(zerun, "s3", "PUT", "/kept/object", body=b"new", headers={"Content-MD5": "nonsense"})
    assert answer.status == 400 and "InvalidDigest" in answer.text, answer.text


@pytest.mark.parametrize("algorithm, value", [("crc32", bytes(4)), ("crc32c", bytes(4)), ("crc64nvme", bytes(8)),
                                              ("sha1", bytes(20)), ("sha256", bytes(32))])
def test_a_mismatching_checksum_is_refused(zerun, algorithm, value):
    answer = signed(zerun, "s3", "PUT", "/kept/object", body=b"new",
                    headers={f"x-amz-checksum-{algorithm}": base64.b64encode(value).decode()})
    assert answer.status == 400 and "BadDigest" in answer.text, answer.text


@pytest.mark.parametrize("size", [1_000, 200_000, 3_000_000])
def test_an_upload_cut_short_changes_nothing(zerun, size):
    body = os.urandom(size)
    headers = signed_headers(zerun, "s3", "PUT", "/kept/object", body=body)
    address = urlsplit(zerun.endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(["PUT /kept/object HTTP/1.1", *lines, f"Content-Length: {size}", "", ""])
        connection.sendall(head.encode() + body[: size // 2])
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    # Closing the connection is an answer too; taking half a body for a whole one is not.
    assert b" 200 " not in answer.split(b"\r\n", 1)[0], answer


def test_a_multipart_upload_with_a_wrong_part_is_refused(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    tags = [s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=n, Body=bytes(5 * MIB))["ETag"]
            for n in (1, 2)]
    for parts, code in [
        ([(1, '"00000000000000000000000000000000"'), (2, tags[1])], "InvalidPart"),
        ([(2, tags[1]), (1, tags[0])], "InvalidPartOrder"),
        ([(1, tags[0]), (3, tags[1])], "InvalidPart"),
    ]:
        with refused(code, status=400):
            s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={
                "Parts": [{"PartNumber": number, "ETag": tag} for number, tag in parts]})
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]})
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == 10 * MIB


# --- handlers ------------------------------------------------------------------------------------------------------

def failure(lam, name, **options):
    answer = lam.invoke(FunctionName=name, LogType="Tail", Payload=b"{}", **options)
    error = json.loads(answer["Payload"].read())
    log = base64.b64decode(answer["LogResult"]).decode()
    assert answer["StatusCode"] == 200
    assert answer.get("FunctionError") == "Unhandled", (error, log)
    assert "REPORT RequestId:" in log
    return error, log


@pytest.mark.parametrize("handler, kind", [
    ("index.missing", "Runtime.HandlerNotFound"),
    ("absent.handler", "Runtime.ImportModuleError"),
    ("nodots", "Runtime.MalformedHandlerName"),
])
def test_a_missing_handler(lam, function, handler, kind):
    error, _ = failure(lam, function({"index.js": ECHO}, Handler=handler))
    assert error["errorType"] == kind, error


def test_a_handler_with_a_syntax_error(lam, function):
    error, _ = failure(lam, function({"index.js": "exports.handler = ("}))
    assert error["errorType"] == "Runtime.UserCodeSyntaxError", error


def test_a_handler_that_throws(lam, function):
    error, log = failure(lam, function({"index.js": "exports.handler = async () => { throw new TypeError('no') }"}))
    assert (error["errorType"], error["errorMessage"]) == ("TypeError", "no")
    assert "no" in log


def test_a_python_handler_that_raises(lam, function, python_runtime):
    error, _ = failure(lam, function({"app.py": "def handler(event, context):\n    return 1 // 0\n"},
                                     Handler="app.handler", Runtime=python_runtime))
    assert error["errorType"] == "ZeroDivisionError", error
    assert error["stackTrace"]


def test_a_handler_that_exits(lam, function):
    error, _ = failure(lam, function({"index.js": "exports.handler = async () => process.exit(7)"}))
    assert error["errorType"] == "Runtime.ExitError", error
    assert "exit status 7" in error["errorMessage"]


def test_a_handler_that_loops(lam, function):
    error, _ = failure(lam, function({"index.js": "exports.handler = async () => { for (;;); }"}, Timeout=1))
    assert "timed out after 1.00 seconds" in error["errorMessage"], error


def test_a_handler_that_eats_memory(lam, function):
    code = "exports.handler = async () => { const kept = []; for (;;) kept.push(Buffer.alloc(8 << 20, 1)); }"
    error, log = failure(lam, function({"index.js": code}, MemorySize=128, Timeout=30))
    assert error["errorType"].startswith("Runtime."), error
    assert "killed" in error["errorMessage"] or "exit" in error["errorMessage"], error
    assert "Max Memory Used: 128 MB" in log, log


def test_a_handler_that_forks_without_end(lam, function, python_runtime):
    code = """
import os, time
def handler(event, context):
    made = 0
    try:
        while made < 100_000:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            made += 1
    except OSError as error:
        return {"made": made, "error": str(error)}
    return {"made": made, "error": None}
"""
    name = function({"app.py": code}, Handler="app.handler", Runtime=python_runtime, Timeout=30, MemorySize=512)
    answer = lam.invoke(FunctionName=name)
    told = json.loads(answer["Payload"].read())
    # The bound may show as a failing fork, or as the memory limit reached first.
    if "FunctionError" not in answer:
        assert told["error"] is not None and told["made"] < 5_000, told


def test_a_handler_that_fills_tmp(lam, function, python_runtime):
    code = """
def handler(event, context):
    try:
        with open("/tmp/filler", "wb") as file:
            for _ in range(2000):
                file.write(bytes(1 << 20))
                file.flush()
    except OSError as error:
        return {"errno": error.errno}
    return {"errno": None}
"""
    name = function({"app.py": code}, Handler="app.handler", Runtime=python_runtime, Timeout=60, MemorySize=1024,
                    EphemeralStorage={"Size": 512})
    answer = lam.invoke(FunctionName=name)
    assert json.loads(answer["Payload"].read()) == {"errno": 28}


def test_a_handler_that_floods_the_log(lam, function):
    code = "exports.handler = async () => { for (let i = 0; i < 200000; i++) console.log('x'.repeat(1000)); return 'done'; }"
    name = function({"index.js": code}, Timeout=60)
    answer = lam.invoke(FunctionName=name, LogType="Tail")
    assert json.loads(answer["Payload"].read()) == "done"
    assert len(base64.b64decode(answer["LogResult"])) <= 4096


def test_an_answer_that_is_too_large(lam, function):
    error, _ = failure(lam, function({"index.js": "exports.handler = async () => 'x'.repeat(7 << 20)"}, MemorySize=512))
    assert error["errorType"] == "Function.ResponseSizeTooLarge", error


def test_an_event_that_is_too_large(lam, function):
    name = function({"index.js": ECHO})
    with refused("RequestEntityTooLargeException", "RequestTooLargeException", status=413):
        lam.invoke(FunctionName=name, Payload=json.dumps("x" * (7 * MIB)))


def test_an_event_that_is_no_json(lam, function):
    name = function({"index.js": ECHO})
    with refused("InvalidRequestContentException", status=400):
        lam.invoke(FunctionName=name, Payload=b"{not json")
