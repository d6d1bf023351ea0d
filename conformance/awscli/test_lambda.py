"""A function's life in the AWS CLI, unmodified."""

import json

import pytest

from packing import zip_of
from server import ROLE

GREET = 'exports.handler = async ({ name }) => ({ greeting: `%s, ${name}` });'


@pytest.fixture
def package(tmp_path):
    def make(word):
        path = tmp_path / f"{word}.zip"
        path.write_bytes(zip_of({"index.js": GREET % word}))
        return f"fileb://{path}"

    return make


def test_create_invoke_update_delete(aws, node_runtime, package, tmp_path):
    name = ("--function-name", "greet")
    made = json.loads(aws("lambda", "create-function", *name, "--runtime", node_runtime, "--handler", "index.handler",
                          "--role", ROLE, "--zip-file", package("Hello")))
    assert made["FunctionArn"] == "arn:aws:lambda:us-east-1:000000000000:function:greet"
    aws("lambda", "wait", "function-active-v2", *name)
    assert invoke(aws, tmp_path, "greet") == {"greeting": "Hello, world"}

    aws("lambda", "update-function-code", *name, "--zip-file", package("Bonjour"))
    aws("lambda", "wait", "function-updated-v2", *name)
    assert invoke(aws, tmp_path, "greet") == {"greeting": "Bonjour, world"}

    version = json.loads(aws("lambda", "publish-version", *name))["Version"]
    aws("lambda", "create-alias", *name, "--name", "live", "--function-version", version)
    aws("lambda", "update-function-code", *name, "--zip-file", package("Hallo"))
    aws("lambda", "wait", "function-updated-v2", *name)
    assert invoke(aws, tmp_path, "greet:live") == {"greeting": "Bonjour, world"}
    assert invoke(aws, tmp_path, "greet") == {"greeting": "Hallo, world"}

    listed = json.loads(aws("lambda", "list-functions"))["Functions"]
    assert [each["FunctionName"] for each in listed] == ["greet"]
    aws("lambda", "delete-function", *name)
    assert "ResourceNotFoundException" in aws("lambda", "get-function", *name, succeeds=False)


def test_code_from_a_bucket(aws, bucket, node_runtime, tmp_path):
    archive = tmp_path / "code.zip"
    archive.write_bytes(zip_of({"index.js": GREET % "Servus"}))
    aws("s3", "cp", archive, f"s3://{bucket}/code.zip")
    aws("lambda", "create-function", "--function-name", "from-bucket", "--runtime", node_runtime, "--handler",
        "index.handler", "--role", ROLE,
        "--code", f"S3Bucket={bucket},S3Key=code.zip")
    assert invoke(aws, tmp_path, "from-bucket") == {"greeting": "Servus, world"}


def test_asynchronous_invocation_is_accepted(aws, package, node_runtime, tmp_path):
    aws("lambda", "create-function", "--function-name", "later", "--runtime", node_runtime, "--handler",
        "index.handler", "--role", ROLE, "--zip-file", package("Later"))
    said = json.loads(aws("lambda", "invoke", "--function-name", "later", "--invocation-type", "Event",
                          "--payload", '{"name": "world"}', tmp_path / "out.json"))
    assert said["StatusCode"] == 202


def invoke(aws, tmp_path, name):
    out = tmp_path / "out.json"
    said = json.loads(aws("lambda", "invoke", "--function-name", name, "--payload", '{"name": "world"}', out))
    assert said["StatusCode"] == 200 and "FunctionError" not in said, out.read_text()
    return json.loads(out.read_text())
