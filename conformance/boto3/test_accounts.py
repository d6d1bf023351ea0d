"""Accounts are walls: neither a key pair nor a function's session reaches through one."""

import json

import pytest

from expectation import refused
from packing import zip_of
from server import ROLE, Server

OTHER = ("AKIAOTHEROTHEROTHER1", "other-secret-other-secret-other-secret-0")
CONFIG = f"""
[[account]]
id = "111111111111"
access_key_id = "{OTHER[0]}"
secret_access_key = "{OTHER[1]}"
display_name = "other"
"""


@pytest.fixture(scope="module")
def zerun(tmp_path_factory, packs):
    folder = tmp_path_factory.mktemp("accounts")
    (folder / "zerun.toml").write_text(CONFIG)
    server = Server(folder / "data", options=["--config", folder / "zerun.toml"]).start()
    yield server
    assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


@pytest.fixture(scope="module")
def other(zerun):
    """The other account's S3 client, and a bucket of its own with an object."""
    s3 = zerun.client("s3", keys=OTHER)
    s3.create_bucket(Bucket="others")
    s3.put_object(Bucket="others", Key="secret", Body=b"theirs")
    return s3


def test_who_is_who(zerun, sts):
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:root"
    assert zerun.client("sts", keys=OTHER).get_caller_identity()["Account"] == "111111111111"


def test_another_account_is_out_of_reach(s3, other, lam, function):
    s3.create_bucket(Bucket="mine")
    s3.put_object(Bucket="mine", Key="k", Body=b"mine")
    for client, bucket, key in ((s3, "others", "secret"), (other, "mine", "k")):
        with refused("AccessDenied", status=403):
            client.get_object(Bucket=bucket, Key=key)
        with refused("AccessDenied", status=403):
            client.put_object(Bucket=bucket, Key=key, Body=b"spoiled")
        with refused("AccessDenied", status=403):
            client.delete_object(Bucket=bucket, Key=key)
        with refused("AccessDenied", status=403):
            client.list_objects_v2(Bucket=bucket)
        with refused("BucketAlreadyExists", status=409):
            client.create_bucket(Bucket=bucket)
    assert other.get_object(Bucket="others", Key="secret")["Body"].read() == b"theirs"


def test_functions_are_seen_in_their_account_alone(zerun, lam, function):
    name = function({"index.js": "exports.handler = async () => 1;"})
    theirs = zerun.client("lambda", keys=OTHER)
    assert theirs.list_functions()["Functions"] == []
    with refused("ResourceNotFoundException", status=404):
        theirs.invoke(FunctionName=name)
    with refused("AccessDeniedException", "ResourceNotFoundException"):
        theirs.invoke(FunctionName=f"arn:aws:lambda:us-east-1:000000000000:function:{name}")


CALLER = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    told = {"arn": boto3.client("sts").get_caller_identity()["Arn"]}
    s3 = boto3.client("s3")
    s3.put_object(Bucket="mine-too", Key="from-inside", Body=b"x")
    try:
        s3.get_object(Bucket="others", Key="secret")
        told["other"] = "reached"
    except ClientError as error:
        told["other"] = error.response["Error"]["Code"]
    return told
"""


def test_a_functions_session_stays_in_its_account(s3, other, lam, python_runtime):
    s3.create_bucket(Bucket="mine-too")
    lam.create_function(FunctionName="caller", Runtime=python_runtime, Handler="app.handler", Role=ROLE, Timeout=30,
                        MemorySize=512, Code={"ZipFile": zip_of({"app.py": CALLER})})
    answer = lam.invoke(FunctionName="caller")
    told = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    assert told["arn"] == "arn:aws:sts::000000000000:assumed-role/test/caller"
    assert told["other"] == "AccessDenied"
    assert s3.head_object(Bucket="mine-too", Key="from-inside")["ContentLength"] == 1
