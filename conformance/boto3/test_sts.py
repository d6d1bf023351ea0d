"""Temporary credentials: who gets them, whom they stand for, and what they are told not to do."""

import json

import boto3
from botocore.config import Config

from expectation import refused
from server import REGION

ACCOUNT = "000000000000"
ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def trusting(*principals, actions=("sts:AssumeRole",), **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": list(actions)} | more]})


def client_with(zerun, credentials, service="sts"):
    """A client that signs with what STS gave."""
    session = boto3.Session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"],
                            region_name=REGION)
    return session.client(service, endpoint_url=zerun.endpoint, config=Config(retries={"total_max_attempts": 1}))


def make_role(iam, name, trust, **more):
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]["Arn"]


def test_an_assumed_role_is_who_asks(zerun, iam, sts):
    arn = make_role(iam, "worker", trusting(ACCOUNT), Path="/team/")
    made = sts.assume_role(RoleArn=arn, RoleSessionName="job-1", DurationSeconds=900)
    role_id = iam.get_role(RoleName="worker")["Role"]["RoleId"]
    assert made["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role_id}:job-1", "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/job-1"}
    assert "PackedPolicySize" not in made
    assert made["Credentials"]["AccessKeyId"].startswith("ASIA")
    who = client_with(zerun, made["Credentials"]).get_caller_identity()
    assert (who["Arn"], who["UserId"]) == (made["AssumedRoleUser"]["Arn"], f"{role_id}:job-1")


def test_who_is_not_trusted_gets_nothing(iam, sts):
    service = json.loads(trusting(ACCOUNT))
    service["Statement"][0]["Principal"] = {"Service": "lambda.amazonaws.com"}
    arn = make_role(iam, "of-lambda", json.dumps(service))
    with refused("AccessDenied", status=403, naming=f"not authorized to perform: sts:AssumeRole on resource: {arn}"):
        sts.assume_role(RoleArn=arn, RoleSessionName="me")
    with refused("AccessDenied", status=403):
        sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody", RoleSessionName="me")
    with refused("AccessDenied", status=403):
        sts.assume_role(RoleArn="arn:aws:iam::999999999999:role/theirs", RoleSessionName="me")
    # A changed trust policy holds at once.
    iam.update_assume_role_policy(RoleName="of-lambda", PolicyDocument=trusting(ACCOUNT))
    sts.assume_role(RoleArn=arn, RoleSessionName="me")
    iam.delete_role(RoleName="of-lambda")
    with refused("AccessDenied", status=403):
        sts.assume_role(RoleArn=arn, RoleSessionName="me")


def test_what_is_asked_for_must_be_possible(iam, sts):
    arn = make_role(iam, "asked", trusting(ACCOUNT, actions=("sts:AssumeRole", "sts:TagSession")))
    with refused("ValidationError", status=400, naming="MaxSessionDuration"):
        sts.assume_role(RoleArn=arn, RoleSessionName="me", DurationSeconds=7200)
    for name in ("a b", "größe", "x" * 65):
        with refused("ValidationError", status=400, naming="roleSessionName"):
            sts.assume_role(RoleArn=arn, RoleSessionName=name)
    with refused("ValidationError", status=400):
        sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:user/asked", RoleSessionName="me")
    with refused("MalformedPolicyDocument", status=400):
        sts.assume_role(RoleArn=arn, RoleSessionName="me", Policy="{}")
    with refused("ValidationError", status=400, naming="tokenCode"):
        sts.assume_role(RoleArn=arn, RoleSessionName="me", SerialNumber="GAHT12345678", TokenCode="12345x")
    tag = {"Key": "Team", "Value": "a"}
    with refused("InvalidParameterValue", status=400, naming="case insensitive"):
        sts.assume_role(RoleArn=arn, RoleSessionName="me", Tags=[tag, {"Key": "team", "Value": "b"}])
    with refused("PackedPolicyTooLarge", status=400, naming="allotted space"):
        tags = [{"Key": f"{number}" + "k" * 100, "Value": "v" * 250} for number in range(20)]
        sts.assume_role(RoleArn=arn, RoleSessionName="me", Tags=tags)
    made = sts.assume_role(RoleArn=arn, RoleSessionName="me", Policy=ALLOW_ALL, Tags=[tag])
    assert 0 < made["PackedPolicySize"] < 100


def test_an_external_id_is_compared(iam, sts):
    condition = {"StringEquals": {"sts:ExternalId": "the-word"}}
    arn = make_role(iam, "external", trusting(ACCOUNT, Condition=condition))
    for given in ({}, {"ExternalId": "another"}):
        with refused("AccessDenied", status=403):
            sts.assume_role(RoleArn=arn, RoleSessionName="me", **given)
    sts.assume_role(RoleArn=arn, RoleSessionName="me", ExternalId="the-word")


def test_chains_keep_transitive_tags_and_the_source_identity(zerun, iam, sts):
    actions = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    first = make_role(iam, "first", trusting(ACCOUNT, actions=actions))
    session_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/first/me"
    condition = {"StringEquals": {"aws:PrincipalTag/team": "a", "aws:SourceIdentity": "ann"}}
    second = make_role(iam, "second", trusting(session_arn, actions=actions, Condition=condition))
    third = make_role(iam, "third", trusting(f"arn:aws:sts::{ACCOUNT}:assumed-role/second/me", actions=actions,
                                             Condition={"StringEquals": {"aws:PrincipalTag/team": "a"}}))
    plain = sts.assume_role(RoleArn=first, RoleSessionName="me")
    with refused("AccessDenied", status=403):
        client_with(zerun, plain["Credentials"]).assume_role(RoleArn=second, RoleSessionName="me")
    tagged = sts.assume_role(RoleArn=first, RoleSessionName="me", SourceIdentity="ann",
                             Tags=[{"Key": "team", "Value": "a"}], TransitiveTagKeys=["team"])
    assert tagged["SourceIdentity"] == "ann"
    chained = client_with(zerun, tagged["Credentials"]).assume_role(RoleArn=second, RoleSessionName="me")
    again = client_with(zerun, chained["Credentials"])
    again.assume_role(RoleArn=third, RoleSessionName="me")
    with refused("ValidationError", status=400, naming="role chaining"):
        again.assume_role(RoleArn=third, RoleSessionName="me", DurationSeconds=3601)


def test_tokens_are_for_long_lived_keys(zerun, iam, sts):
    token = sts.get_session_token(DurationSeconds=900)["Credentials"]
    temporary = client_with(zerun, token)
    assert temporary.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    made = sts.get_federation_token(Name="guest", Policy=ALLOW_ALL)
    assert made["FederatedUser"] == {
        "FederatedUserId": f"{ACCOUNT}:guest", "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/guest"}
    guest = client_with(zerun, made["Credentials"])
    for client in (temporary, guest):
        with refused("AccessDenied", status=403):
            client.get_session_token()
        with refused("AccessDenied", status=403):
            client.get_federation_token(Name="other")
    forged = token | {"SessionToken": made["Credentials"]["SessionToken"]}
    with refused("InvalidClientTokenId", status=403):
        client_with(zerun, forged).get_caller_identity()


def test_a_key_tells_its_account(zerun, sts):
    assert sts.get_access_key_info(AccessKeyId=zerun.keys()[0])["Account"] == ACCOUNT
    with refused("ValidationError", status=400):
        sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE")
