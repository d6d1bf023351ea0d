"""Policies decide: what nobody was allowed is denied, what was allowed passes at once."""

import itertools
import json

import pytest

from expectation import refused
from packing import zip_of

numbers = itertools.count()

READ = """
import os, boto3
s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])

def handler(event, context):
    return s3.get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read().decode()
"""


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resources, **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources} | more


def trust(service):
    return policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}})


@pytest.fixture
def user(zerun, iam):
    """A new user's name, and a function that gives a client of theirs."""
    name = f"user-{next(numbers)}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def client(service):
        return zerun.client(service, keys=(key["AccessKeyId"], key["SecretAccessKey"]))

    return name, client


def test_a_new_user_may_do_nothing(user, bucket):
    name, client = user
    s3 = client("s3")
    for call in (s3.list_buckets, lambda: s3.list_objects_v2(Bucket=bucket), client("lambda").list_functions,
                 client("iam").list_users):
        with refused("AccessDenied", "AccessDeniedException", status=403, naming=f"user/{name} is not authorized"):
            call()
    assert client("sts").get_caller_identity()["Arn"].endswith(f":user/{name}")


def test_a_policy_counts_at_once_and_no_further(iam, user, s3, bucket):
    name, client = user
    mine = client("s3")
    s3.put_object(Bucket=bucket, Key="a/1", Body=b"1")
    s3.put_object(Bucket=bucket, Key="b/1", Body=b"2")
    arn = f"arn:aws:s3:::{bucket}"
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(
        allow("s3:GetObject", f"{arn}/a/*"),
        allow("s3:ListBucket", arn, Condition={"StringLike": {"s3:prefix": "a/*"}})))
    assert mine.get_object(Bucket=bucket, Key="a/1")["Body"].read() == b"1"
    assert mine.list_objects_v2(Bucket=bucket, Prefix="a/")["KeyCount"] == 1
    for call in (lambda: mine.get_object(Bucket=bucket, Key="b/1"), lambda: mine.list_objects_v2(Bucket=bucket),
                 lambda: mine.put_object(Bucket=bucket, Key="a/2", Body=b""),
                 lambda: mine.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/a/1")):
        with refused("AccessDenied", status=403, naming="because no identity-based policy allows"):
            call()
    # Writing is one thing, reading what is copied another.
    iam.put_user_policy(UserName=name, PolicyName="w", PolicyDocument=policy(allow("s3:PutObject", f"{arn}/*")))
    mine.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/a/1")
    with refused("AccessDenied", naming="s3:GetObject"):
        mine.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/b/1")
    iam.put_user_policy(UserName=name, PolicyName="d", PolicyDocument=policy(
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}))
    with refused("AccessDenied", naming="with an explicit deny in an identity-based policy"):
        mine.get_object(Bucket=bucket, Key="a/1")


def test_of_many_objects_each_must_be_allowed(iam, user, s3, bucket):
    name, client = user
    for key in ("a/1", "b/1"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(
        allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/a/*")))

    def delete(*keys):
        return client("s3").delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})

    with refused("AccessDenied", naming="b/1"):
        delete("b/1", "b/2")
    answer = delete("b/1", "a/1")
    assert [one["Key"] for one in answer["Deleted"]] == ["a/1"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("b/1", "AccessDenied")]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["b/1"]


def test_passing_a_role_is_a_permission_of_its_own(iam, user, python_runtime):
    name, client = user
    role = iam.create_role(RoleName=f"{name}-r", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    other = iam.create_role(RoleName=f"{name}-o", AssumeRolePolicyDocument=trust("s3.amazonaws.com"))["Role"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("lambda:*", "*")))
    lam = client("lambda")

    def create(role):
        return lam.create_function(FunctionName=f"{name}-f", Runtime=python_runtime, Role=role, Handler="index.handler",
                                   Code={"ZipFile": zip_of({"index.py": "def handler(e, c):\n    return 1\n"})})

    with refused("AccessDeniedException", status=403, naming="iam:PassRole"):
        create(role)
    iam.put_user_policy(UserName=name, PolicyName="pass", PolicyDocument=policy(
        allow("iam:PassRole", "*", Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}})))
    with refused("InvalidParameterValueException", naming="cannot be assumed by Lambda"):
        create(other)
    with refused("InvalidParameterValueException", naming="cannot be assumed by Lambda"):
        create(f"{role}-that-was-never-made")
    assert create(role)["Role"] == role


def test_a_functions_role_must_be_there_for_root_too(lam, iam, python_runtime):
    def create(role, name):
        lam.create_function(FunctionName=name, Runtime=python_runtime, Role=role, Handler="index.handler", Timeout=30,
                            Code={"ZipFile": zip_of({"index.py": "def handler(e, c):\n    return 1\n"})})
        lam.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    for role in ("arn:aws:iam::000000000000:role/never", "arn:aws:iam::000000000000:role/path/test"):
        with refused("InvalidParameterValueException", status=400, naming=f"There is no role {role}"):
            create(role, "roleless")
    with refused("AccessDeniedException", status=403, naming="iam:PassRole"):
        create("arn:aws:iam::222222222222:role/theirs", "roleless")
    role = iam.create_role(RoleName="comes-and-goes", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    create(role, "left-behind")
    for leave, come in (
            (lambda: iam.delete_role(RoleName="comes-and-goes"),
             lambda: iam.create_role(RoleName="comes-and-goes", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))),
            (lambda: iam.update_assume_role_policy(RoleName="comes-and-goes", PolicyDocument=trust("s3.amazonaws.com")),
             lambda: iam.update_assume_role_policy(RoleName="comes-and-goes", PolicyDocument=trust("lambda.amazonaws.com")))):
        leave()
        with refused("AccessDeniedException", status=403, naming="cannot be assumed by Lambda"):
            lam.invoke(FunctionName="left-behind")
        come()
        assert lam.invoke(FunctionName="left-behind")["Payload"].read() == b"1"
        # An instance that is there already keeps its session; the next one is asked for again.
        lam.update_function_configuration(FunctionName="left-behind", Description="new")
        lam.get_waiter("function_updated_v2").wait(FunctionName="left-behind", WaiterConfig={"Delay": 1})


def test_a_function_may_do_what_its_role_may(iam, lam, s3, bucket, python_runtime):
    s3.put_object(Bucket=bucket, Key="k", Body=b"found")
    role = iam.create_role(RoleName="reads", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    lam.create_function(FunctionName="reads", Runtime=python_runtime, Role=role, Handler="index.handler", Timeout=30,
                        Code={"ZipFile": zip_of({"index.py": READ})})

    def ask():
        answer = lam.invoke(FunctionName="reads", Payload=json.dumps({"bucket": bucket, "key": "k"}))
        return json.loads(answer["Payload"].read())

    denied = ask()
    assert "AccessDenied" in denied["errorMessage"] and "assumed-role/reads/reads" in denied["errorMessage"], denied
    assert "because no identity-based policy allows the s3:GetObject action" in denied["errorMessage"], denied
    iam.attach_role_policy(RoleName="reads", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    assert ask() == "found"
    iam.detach_role_policy(RoleName="reads", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    assert "AccessDenied" in ask()["errorMessage"]


def test_the_simulator_says_what_the_policies_would(iam, user, bucket):
    name, _ = user
    arn = f"arn:aws:s3:::{bucket}"
    text = policy(allow("s3:Get*", f"{arn}/*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
                  {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"{arn}/secret"})

    def decisions(answer):
        return {(one["EvalActionName"], one["EvalResourceName"].rpartition("/")[2]): one["EvalDecision"]
                for one in answer["EvaluationResults"]}

    inside = [{"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["10.1.2.3"], "ContextKeyType": "ip"}]
    asked = {"ActionNames": ["s3:GetObject", "s3:PutObject"], "ResourceArns": [f"{arn}/a", f"{arn}/secret"]}
    expected = {("s3:GetObject", "a"): "allowed", ("s3:GetObject", "secret"): "explicitDeny",
                ("s3:PutObject", "a"): "implicitDeny", ("s3:PutObject", "secret"): "implicitDeny"}
    assert decisions(iam.simulate_custom_policy(PolicyInputList=[text], ContextEntries=inside, **asked)) == expected
    outside = decisions(iam.simulate_custom_policy(PolicyInputList=[text], **asked))
    assert outside[("s3:GetObject", "a")] == "implicitDeny"
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[text])["ContextKeyNames"]
    assert [key.lower() for key in keys] == ["aws:sourceip"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=text)
    source = iam.get_user(UserName=name)["User"]["Arn"]
    found = iam.simulate_principal_policy(PolicySourceArn=source, ContextEntries=inside, **asked)
    assert decisions(found) == expected
    with refused("NoSuchEntity"):
        iam.simulate_principal_policy(PolicySourceArn=f"{source}-nobody", **asked)
