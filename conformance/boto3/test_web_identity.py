"""A role by the word of an identity provider: tokens as a build service gives them to its jobs, and no keys at all."""

import json
import signal
import time

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from expectation import refused
from http_client import request
from server import REGION, Server, wait_until

ACCOUNT = "000000000000"
ISSUER = "https://token.actions.example.com"
HOST = ISSUER.removeprefix("https://")
AUDIENCE = "sts.amazonaws.com"
CONFIG = f"""
[[oidc_issuer]]
url = "{ISSUER}"
jwks_file = "keys.json"
"""
KEYS = {"rsa-1": ("RS256", rsa.generate_private_key(65537, 2048)), "ec-1": ("ES256", ec.generate_private_key(ec.SECP256R1()))}
STRANGER = rsa.generate_private_key(65537, 2048)


def key_set(keys):
    def public(key_id, algorithm, key):
        words = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key()))
        return {name: value for name, value in words.items() if name != "key_ops"} | {
            "kid": key_id, "alg": algorithm, "use": "sig"}
    return json.dumps({"keys": [public(key_id, *key) for key_id, key in keys.items()]})


def token(key_id="rsa-1", *, algorithm=None, key=None, header=None, **claims):
    """What a job of org/app on its main branch shows."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "repo:org/app:ref:refs/heads/main", "iat": now, "nbf": now - 60,
              "exp": now + 300, "repository": "org/app", "actor": "ann"} | claims
    own_algorithm, own_key = KEYS.get(key_id, KEYS["rsa-1"])
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key or own_key,
                      algorithm=algorithm or own_algorithm, headers={"kid": key_id} | (header or {}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web-identity")
    (folder / "zerun.toml").write_text(CONFIG)
    (folder / "keys.json").write_text(key_set(KEYS))
    return folder


@pytest.fixture(scope="module")
def zerun(folder, packs):
    server = Server(folder / "data", options=["--config", folder / "zerun.toml"]).start()
    yield server
    assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


@pytest.fixture(scope="module")
def provider(iam):
    return iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=[AUDIENCE, "other"])["OpenIDConnectProviderArn"]


@pytest.fixture(scope="module")
def role(iam, provider):
    """One that jobs of org/app may act in, to read buckets."""
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{HOST}:aud": AUDIENCE}, "StringLike": {f"{HOST}:sub": "repo:org/app:*"}}}]}
    arn = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="deploy", PolicyName="lists", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}))
    return arn


@pytest.fixture(scope="module")
def nobody(zerun):
    """STS for whoever has no keys."""
    return boto3.client("sts", endpoint_url=zerun.endpoint, region_name=REGION,
                        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))


def assume(client, role, shown, **more):
    return client.assume_role_with_web_identity(RoleArn=role, RoleSessionName="run-7", WebIdentityToken=shown, **more)


@pytest.mark.parametrize("key_id", KEYS)
def test_a_job_without_keys_acts_in_the_role_that_trusts_it(zerun, nobody, role, provider, key_id):
    made = assume(nobody, role, token(key_id), DurationSeconds=900)
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run-7"
    assert made["SubjectFromWebIdentityToken"] == "repo:org/app:ref:refs/heads/main"
    assert (made["Provider"], made["Audience"]) == (provider, AUDIENCE)
    given = made["Credentials"]
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION)
    s3 = session.client("s3", endpoint_url=zerun.endpoint)
    assert s3.list_buckets()["Buckets"] == []
    with refused("AccessDenied", status=403, naming="s3:CreateBucket"):
        s3.create_bucket(Bucket="not-mine")


def test_an_sdk_finds_its_way_from_a_file_alone(zerun, role, tmp_path, monkeypatch):
    """As workloads are set up: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, and nothing else."""
    (tmp_path / "token").write_text(token())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": tmp_path / "token",
                        "AWS_ROLE_SESSION_NAME": "workload", "AWS_ENDPOINT_URL": zerun.endpoint,
                        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
                        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, str(value))
    who = boto3.Session(region_name=REGION).client("sts").get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/workload"


def test_who_is_not_trusted_gets_nothing(nobody, role):
    for claims in ({"sub": "repo:org/other:ref:refs/heads/main"}, {"aud": "other"}):
        with refused("AccessDenied", status=403, naming="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
            assume(nobody, role, token(**claims))
    with refused("AccessDenied", status=403):
        assume(nobody, f"arn:aws:iam::{ACCOUNT}:role/none", token())


def test_a_token_that_proves_nothing_gets_nothing(nobody, role):
    def is_refused(shown, code="InvalidIdentityToken", naming=None):
        with refused(code, status=400, naming=naming):
            assume(nobody, role, shown)

    now = int(time.time())
    is_refused(token(aud="nobody"), naming="audience")
    is_refused(token(exp=now - 1), "ExpiredTokenException", naming="expired")
    is_refused(token(iat=now + 3600), naming="not valid yet")
    is_refused(token(nbf=now + 3600), naming="not valid yet")
    is_refused(token(iss="https://elsewhere.example.com"), naming="No OpenIDConnect provider")
    is_refused(token(iss="http://" + HOST), naming="No OpenIDConnect provider")
    is_refused(token(key=STRANGER), naming="signature")
    is_refused(token("unknown"), naming="key")
    is_refused(token(algorithm="RS512"), naming="key")
    is_refused(token(sub=None))
    is_refused("not.a.token")
    is_refused("x" * 20_000)
    # The two oldest tricks: no signature, and the public key taken for a shared secret.
    modulus = json.loads(key_set(KEYS))["keys"][0]["n"]
    is_refused(jwt.encode(jwt.decode(token(), options={"verify_signature": False}), None, algorithm="none",
                          headers={"kid": "rsa-1"}))
    is_refused(jwt.encode(jwt.decode(token(), options={"verify_signature": False}), modulus, algorithm="HS256",
                          headers={"kid": "rsa-1"}))
    head, _, tail = token().split(".")
    is_refused(f"{head}.{token(sub='repo:org/app:root').split('.')[1]}.{tail}", naming="signature")


def test_nothing_else_is_done_without_a_signature(zerun, nobody):
    for operation, more in (("get_caller_identity", {}), ("get_session_token", {})):
        with refused("MissingAuthenticationToken", status=403):
            getattr(nobody, operation)(**more)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in ("Action=CreateUser&Version=2010-05-08&UserName=x", "Action=AssumeRole&Version=2011-06-15", "", "x" * 200_000):
        answer = request(zerun.endpoint, "POST", "/", headers=form, body=body.encode())
        assert answer.status == 403 and "MissingAuthenticationToken" in answer.text, answer.text
    answer = request(zerun.endpoint, "POST", "/", headers=form,
                     body=b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x")
    assert answer.status == 400 and "ValidationError" in answer.text, answer.text


def test_tags_of_the_token_are_the_sessions(zerun, iam, nobody, provider):
    actions = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"]
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": actions,
         "Condition": {"StringEquals": {"aws:RequestTag/Team": "blue"}}}]}
    role = iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="tagged", PolicyName="own", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:PrincipalTag/Team}-*"}]}))
    tags = {"principal_tags": {"Team": ["blue"]}, "transitive_tag_keys": ["Team"]}
    made = assume(nobody, role, token(**{"https://aws.amazon.com/tags": tags,
                                         "https://aws.amazon.com/source_identity": "ann"}))
    assert made["SourceIdentity"] == "ann" and made["PackedPolicySize"] > 0
    given = made["Credentials"]
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION)
    s3 = session.client("s3", endpoint_url=zerun.endpoint)
    s3.create_bucket(Bucket="blue-1")
    with refused("AccessDenied", status=403):
        s3.create_bucket(Bucket="red-1")
    with refused("AccessDenied", status=403):
        assume(nobody, role, token(**{"https://aws.amazon.com/tags": {"principal_tags": {"Team": ["red"]}}}))
    s3.delete_bucket(Bucket="blue-1")


def test_providers_are_kept_as_iam_does(iam):
    arn = iam.create_open_id_connect_provider(Url="https://oidc.example.com/id/1", ClientIDList=["a"],
                                              ThumbprintList=["0" * 40], Tags=[{"Key": "k", "Value": "v"}]
                                              )["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com/id/1"
    with refused("EntityAlreadyExists", status=409):
        iam.create_open_id_connect_provider(Url="https://oidc.example.com/id/1")
    for url in ("http://oidc.example.com", "https://", "https://oidc.example.com?x", "https://oidc.example.com:8443"):
        with refused("ValidationError", status=400):
            iam.create_open_id_connect_provider(Url=url)
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["1" * 40])
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=[{"Key": "l", "Value": "w"}])
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=["k"])
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (got["Url"], got["ClientIDList"], got["ThumbprintList"]) == ("oidc.example.com/id/1", ["b"], ["1" * 40])
    tags = [{"Key": "l", "Value": "w"}]
    assert got["Tags"] == iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"] == tags
    assert {"Arn": arn} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with refused("NoSuchEntity", status=404):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    # Once more is no error.
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_keys_are_changed_without_a_restart(zerun, nobody, role, folder):
    new = ("ES256", ec.generate_private_key(ec.SECP256R1()))
    shown = token("ec-2", algorithm="ES256", key=new[1])
    with refused("InvalidIdentityToken", status=400):
        assume(nobody, role, shown)
    (folder / "keys.json").write_text(key_set(KEYS | {"ec-2": new}))
    zerun.process.send_signal(signal.SIGHUP)

    def is_known():
        try:
            return assume(nobody, role, shown)
        except nobody.exceptions.InvalidIdentityTokenException:
            return None

    wait_until(is_known, what="the new key")
