"""What an operator lets nobody of an account do, whatever their policies say."""

import json
import signal
import subprocess

import pytest
from botocore.exceptions import ClientError

from expectation import refused
from packing import zip_of
from server import BINARY, ROLE, Server, clean_environment, wait_until

OTHER = ("AKIAOTHEROTHEROTHER1", "other-secret-other-secret-other-secret-0")
CONFIG = f"""
[guardrails]
policies = ["no-roles.json"]
[[account]]
id = "111111111111"
access_key_id = "{OTHER[0]}"
secret_access_key = "{OTHER[1]}"
guardrails = ["only-europe.json"]
"""


def denying(action, **condition):
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"} | condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guardrails")
    (folder / "zerun.toml").write_text(CONFIG)
    (folder / "no-roles.json").write_text(denying("iam:CreateRole"))
    (folder / "only-europe.json").write_text(
        denying("s3:*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    return folder


@pytest.fixture(scope="module")
def zerun(folder, packs):
    server = Server(folder / "data", options=["--config", folder / "zerun.toml"]).start(role=False)
    yield server
    assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


def test_they_bind_root_of_the_accounts_they_are_for(zerun, s3, iam):
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    theirs = zerun.client("iam", keys=OTHER)
    for client in (iam, theirs):
        with refused("AccessDenied", status=403, naming="with an explicit deny in a service control policy"):
            client.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
        client.create_user(UserName="u")
    s3.create_bucket(Bucket="anywhere")
    with refused("AccessDenied", status=403, naming="service control policy"):
        zerun.client("s3", keys=OTHER).list_buckets()
    europe = zerun.session(OTHER).client("s3", endpoint_url=zerun.endpoint, region_name="eu-west-1")
    assert europe.list_buckets()["Buckets"] == []


REACH = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    try:
        boto3.client("s3").list_buckets()
        return "reached"
    except ClientError as error:
        return error.response["Error"]["Code"]
"""


def made_role(server):
    try:
        return server.make_role()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
        return None


def test_they_bind_functions_and_are_read_again_on_hangup(zerun, lam, s3, folder, python_runtime):
    (folder / "no-roles.json").write_text(denying("iam:DeleteRole"))
    zerun.process.send_signal(signal.SIGHUP)
    wait_until(lambda: made_role(zerun), what="a role")
    lam.create_function(FunctionName="reach", Runtime=python_runtime, Handler="app.handler", Timeout=30, MemorySize=512,
                        Role=ROLE, Code={"ZipFile": zip_of({"app.py": REACH})})
    lam.get_waiter("function_active_v2").wait(FunctionName="reach", WaiterConfig={"Delay": 1})

    def said():
        return json.loads(lam.invoke(FunctionName="reach")["Payload"].read())

    assert said() == "reached"
    (folder / "no-roles.json").write_text(denying("s3:ListAllMyBuckets"))
    assert said() == "reached"
    zerun.process.send_signal(signal.SIGHUP)
    wait_until(lambda: said() == "AccessDenied", what="the new guardrail")
    with refused("AccessDenied", status=403):
        s3.list_buckets()
    # One that cannot be read leaves those so far in force.
    (folder / "no-roles.json").write_text('{"Statement": []}')
    zerun.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "guardrails and issuers stay as they were" in zerun.last_words(), what="the complaint")
    assert said() == "AccessDenied"
    (folder / "no-roles.json").write_text(denying("iam:CreateRole"))
    zerun.process.send_signal(signal.SIGHUP)
    wait_until(lambda: said() == "reached", what="the old guardrail")


def test_the_simulator_knows_them(zerun):
    theirs = zerun.client("iam", keys=OTHER)
    theirs.create_user(UserName="simulated")
    allow = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    theirs.put_user_policy(UserName="simulated", PolicyName="all", PolicyDocument=allow)

    def decision(region):
        result = theirs.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::111111111111:user/simulated", ActionNames=["s3:GetObject"],
            ContextEntries=[{"ContextKeyName": "aws:RequestedRegion", "ContextKeyType": "string",
                             "ContextKeyValues": [region]}])["EvaluationResults"][0]
        return result["EvalDecision"], result["OrganizationsDecisionDetail"]["AllowedByOrganizations"]

    assert decision("us-east-1") == ("explicitDeny", False)
    assert decision("eu-west-1") == ("allowed", True)


def test_doctor_lists_them(zerun, folder):
    done = subprocess.run([BINARY, "doctor", "--json", "--data", folder / "data", "--config", folder / "zerun.toml"],
                          capture_output=True, text=True, env=clean_environment(), timeout=120)
    listed = json.loads(done.stdout)["guardrails"]
    assert [(one["account"], one["policy"]) for one in listed] == [
        (None, "no-roles.json"), ("111111111111", "only-europe.json")]


def test_a_server_does_not_start_with_one_that_is_no_policy(tmp_path, packs):
    (tmp_path / "bad.json").write_text(denying("s3:*", Principal="*"))
    (tmp_path / "zerun.toml").write_text('[guardrails]\npolicies = ["bad.json"]\n')
    done = subprocess.run([BINARY, "serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0",
                           "--config", tmp_path / "zerun.toml"],
                          capture_output=True, text=True, env=clean_environment(), timeout=60)
    assert done.returncode != 0 and "bad.json" in done.stderr, done.stderr
