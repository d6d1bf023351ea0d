"""A denial names a record that explains it, and the statement that the record names allows what was denied."""

import json

import pytest
from botocore.exceptions import ClientError

from command import zerun as command
from expectation import refused
from packing import zip_of
from server import Server

OTHER = ("AKIAOTHEROTHEROTHER1", "other-secret-other-secret-other-secret-0")
CONFIG = f"""
[[account]]
id = "111111111111"
access_key_id = "{OTHER[0]}"
secret_access_key = "{OTHER[1]}"
"""
MARK = "Encoded authorization failure message: "
READ = """
import os, boto3
s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])

def handler(event, context):
    return s3.get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read().decode()
"""


@pytest.fixture(scope="module")
def zerun(tmp_path_factory, packs):
    folder = tmp_path_factory.mktemp("explain")
    (folder / "zerun.toml").write_text(CONFIG)
    server = Server(folder / "data", options=["--config", folder / "zerun.toml"]).start()
    yield server
    assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def ann(zerun, iam):
    """A user's keys."""
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def denied(call, **arguments):
    """The message of a denial, and the encoded message in it."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    message = caught.value.response["Error"]["Message"]
    assert message.count(MARK) == 1, message
    encoded = message.split(MARK)[1]
    assert len(encoded) <= 80 and " " not in encoded, encoded
    return message, encoded


def test_a_function_is_denied_a_bucket_until_what_explains_it_is_done(zerun, iam, lam, s3, bucket, python_runtime):
    s3.put_object(Bucket=bucket, Key="k", Body=b"found")
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}})
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    lam.create_function(FunctionName="reads", Runtime=python_runtime, Role=role, Handler="index.handler", Timeout=30,
                        Code={"ZipFile": zip_of({"index.py": READ})})

    def ask():
        answer = lam.invoke(FunctionName="reads", Payload=json.dumps({"bucket": bucket, "key": "k"}))
        return json.loads(answer["Payload"].read())

    message = ask()["errorMessage"]
    assert "because no identity-based policy allows the s3:GetObject action. " + MARK in message, message
    told = command(zerun, "explain", message)
    for part in ("DENIED  s3:GetObject", f"arn:aws:s3:::{bucket}/k", role, "function:reads", "assumed-role/reader/reads",
                 "no identity-based policy allows it", "aws iam put-role-policy --role-name reader"):
        assert part in told, f"{part}:\n{told}"
    smallest = json.loads(command(zerun, "explain", message, "--json"))["zerun"]["denial"]["smallestStatement"]
    iam.put_role_policy(RoleName="reader", PolicyName="smallest", PolicyDocument=policy(smallest))
    assert ask() == "found"


def test_what_almost_allowed_is_named(zerun, iam, s3, bucket, ann):
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    mine = zerun.client("s3", keys=ann)
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy(
        {"Sid": "NoStar", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}"},
        {"Sid": "Away", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*",
         "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}))
    told = command(zerun, "explain", denied(mine.get_object, Bucket=bucket, Key="k")[1])
    for part in ('statement 1 "NoStar" of inline p of user ann', f"allows the action on arn:aws:s3:::{bucket}\n",
                 'statement 2 "Away"', "IpAddress aws:SourceIp wants 192.0.2.0/24, the request has 127.0.0.1"):
        assert part in told, f"{part}:\n{told}"
    iam.delete_user_policy(UserName="ann", PolicyName="p")


def test_an_explicit_deny_is_named_and_has_no_remedy(zerun, iam, ann, bucket):
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy(
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "NotThis", "Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*"}))
    _, encoded = denied(zerun.client("s3", keys=ann).list_objects_v2, Bucket=bucket)
    told = command(zerun, "explain", encoded)
    assert 'an explicit deny: statement 2 "NotThis" of inline p of user ann' in told, told
    assert "smallest" not in told and "must go" in told, told
    iam.delete_user_policy(UserName="ann", PolicyName="p")


def test_a_message_is_decoded_for_its_own_account_alone(zerun, iam, sts, ann, bucket):
    _, encoded = denied(zerun.client("s3", keys=ann).list_objects_v2, Bucket=bucket, Prefix="a/")
    decoded = json.loads(sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert (decoded["allowed"], decoded["explicitDeny"]) == (False, False)
    context = decoded["context"]
    assert context["action"] == "s3:ListBucket" and context["resource"] == f"arn:aws:s3:::{bucket}", decoded
    assert context["principal"]["arn"].endswith(":user/ann") and context["principal"]["id"].startswith("AIDA"), decoded
    conditions = {item["key"]: [one["value"] for one in item["values"]["items"]]
                  for item in context["conditions"]["items"]}
    assert conditions["s3:prefix"] == ["a/"], conditions
    assert decoded["smallestStatement"] == {
        "Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}

    # Whom the policies do not let read it is not told, and can have that explained in turn.
    again, _ = denied(zerun.client("sts", keys=ann).decode_authorization_message, EncodedMessage=encoded)
    assert "sts:DecodeAuthorizationMessage" in again, again
    for client, message in ((zerun.client("sts", keys=OTHER), encoded), (sts, encoded[:-2] + "AA"), (sts, "nothing")):
        with refused("InvalidAuthorizationMessageException", status=400):
            client.decode_authorization_message(EncodedMessage=message)


def test_any_request_is_explained_by_its_id_and_what_is_none_is_said(zerun, iam, ann, s3, bucket):
    allowed = iam.create_group(GroupName="explained")["ResponseMetadata"]["RequestId"]
    told = command(zerun, "explain", allowed)
    assert "ALLOWED  iam:CreateGroup" in told and ":root" in told and ":group/explained" in told, told
    with pytest.raises(ClientError) as caught:
        zerun.client("s3", keys=ann).list_objects_v2(Bucket=bucket)
    told = command(zerun, "explain", caught.value.response["ResponseMetadata"]["RequestId"])
    assert "DENIED  s3:ListBucket" in told, told
    told = command(zerun, "explain", "0b6f1f0e-0000-4000-8000-000000000000", status=1)
    assert "neither an encoded message" in told and "audit log begins" in told, told


def test_who_asks_for_more_is_told_what_for(zerun, iam, ann, python_runtime):
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}})
    role = iam.create_role(RoleName="passed", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy(
        {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}))
    _, encoded = denied(zerun.client("lambda", keys=ann).create_function, FunctionName="passes", Role=role,
                        Runtime=python_runtime, Handler="index.handler", Code={"ZipFile": zip_of({"index.py": ""})})
    told = command(zerun, "explain", encoded)
    assert "iam:PassRole, which lambda:CreateFunction asks for too" in told and f"on {role}" in told, told
    iam.delete_user_policy(UserName="ann", PolicyName="p")


def test_strangers_are_told_nothing_more(zerun, bucket):
    """Neither without a signature nor with a wrong one."""
    from http_client import request
    answer = request(zerun.endpoint, "GET", f"/{bucket}?list-type=2")
    assert answer.status == 403 and MARK not in answer.text, answer.text
    with pytest.raises(ClientError) as caught:
        zerun.client("iam", keys=(zerun.keys()[0], "wrong")).list_users()
    assert MARK not in caught.value.response["Error"]["Message"]
