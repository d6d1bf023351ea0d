"""Must deny, at the doors that are no operation: presigned S3 requests and function URLs."""

import json
from urllib.parse import urlsplit

import pytest
from botocore.client import Config

from deny.things import Things
from http_client import request, signed_headers, url_path

FORGED = "forged-secret-forged-secret-forged-secre"


@pytest.fixture(scope="module")
def things(zerun, python_runtime):
    return Things(zerun, python_runtime)


@pytest.fixture(scope="module")
def user(zerun, iam):
    """A user's name and key pair."""
    iam.create_user(UserName="deny-doors")
    key = iam.create_access_key(UserName="deny-doors")["AccessKey"]
    return "deny-doors", (key["AccessKeyId"], key["SecretAccessKey"])


def allow(iam, name, **statement):
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"} | statement]}
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))


def sent(server, method, url, body=b""):
    parts = urlsplit(url)
    return request(server.endpoint, method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body=body)


@pytest.mark.parametrize("method, operation, action", [
    ("GET", "get_object", "s3:GetObject"), ("PUT", "put_object", "s3:PutObject"),
    ("DELETE", "delete_object", "s3:DeleteObject")])
@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned(zerun, iam, things, user, method, operation, action, version):
    name, keys = user
    at = {"Bucket": things.bucket(), "Key": things.object()}

    def presigned(keys):
        client = zerun.session(keys).client("s3", endpoint_url=zerun.endpoint, config=Config(
            signature_version=version, s3={"addressing_style": "path"}))
        return client.generate_presigned_url(operation, Params=at)

    good = presigned(keys)
    allow(iam, name, NotAction=action)
    for url, code in ((presigned((keys[0], FORGED)), "SignatureDoesNotMatch"), (good, "AccessDenied"),
                      (good.split("?")[0], "AccessDenied"), (spoiled(good), "SignatureDoesNotMatch")):
        answer = sent(zerun, method, url, b"spoiled" if method == "PUT" else b"")
        assert (answer.status, f"<Code>{code}</Code>" in answer.text) == (403, True), answer.text
    assert things.s3.get_object(**at)["Body"].read() == b"what nobody else may read"
    allow(iam, name, Action=action)
    assert sent(zerun, method, good).status in (200, 204)


def spoiled(url):
    """The same signature over another key."""
    path, query = url.split("?")
    return f"{path}x?{query}"


def test_a_function_url_that_wants_signatures(zerun, iam, lam, things, user):
    name, keys = user
    function = things.with_url()
    path = url_path(lam.get_function_url_config(FunctionName=function)["FunctionUrl"]) + "/"

    def ask(keys, spoil=lambda headers: headers):
        headers = spoil(signed_headers(zerun, "lambda", "GET", path, keys=keys))
        return request(zerun.endpoint, "GET", path, headers=headers).status

    allow(iam, name, NotAction="lambda:InvokeFunctionUrl")
    assert request(zerun.endpoint, "GET", path).status == 403
    assert ask((keys[0], FORGED)) == 403
    assert ask(("AKIANOBODYNOBODYNOBO", FORGED)) == 403
    assert ask(keys, lambda headers: headers | {"X-Amz-Date": "20200101T000000Z"}) == 403
    assert ask(keys) == 403
    allow(iam, name, Action=["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
    assert ask(keys) == 200
