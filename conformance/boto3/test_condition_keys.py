"""What policies can ask of a request beside its action and resource: one key each, once as it is allowed, once not."""

import itertools
import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from expectation import refused
from packing import zip_of

numbers = itertools.count()
CODE = {"ZipFile": zip_of({"index.py": "def handler(event, context):\n    return 1\n"})}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]})
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})


@pytest.fixture(scope="module")
def ann(zerun, iam):
    """Somebody who may do what a test says: ann(action, condition) gives a function from services to clients."""
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    clients = {}

    def client(service, **config):
        name = (service, *config.items())
        if name not in clients:
            clients[name] = zerun.client(service, keys=(key["AccessKeyId"], key["SecretAccessKey"]), **config)
        return clients[name]

    def may(actions, conditions, also=()):
        statements = [{"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": conditions}]
        statements += [{"Effect": "Allow", "Action": action, "Resource": "*"} for action in also]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document)
        return client

    return may


def name():
    return f"c-{next(numbers)}"


def denied(call, action):
    with refused("AccessDenied", "AccessDeniedException", status=403, naming=action):
        call()


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


@pytest.fixture(scope="module")
def role(iam):
    iam.create_role(RoleName="c-role", AssumeRolePolicyDocument=TRUST)
    return "arn:aws:iam::000000000000:role/c-role"


def make_function(lam, python_runtime, role, **more):
    return lam.create_function(FunctionName=name(), Runtime=python_runtime, Handler="index.handler", Role=role,
                               Code=CODE, **more)["FunctionArn"]


def test_tags_of_what_is_made(ann, iam, python_runtime, role):
    team = {"StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    client = ann(["iam:*", "lambda:*", "s3:*"], team, also=["iam:PassRole"])
    mine = client("iam")
    calls = {
        "iam:CreateUser": lambda tags: mine.create_user(UserName=name(), Tags=tags),
        "iam:CreateRole": lambda tags: mine.create_role(
            RoleName=name(), AssumeRolePolicyDocument=TRUST, Tags=tags),
        "iam:CreatePolicy": lambda tags: mine.create_policy(PolicyName=name(), PolicyDocument=NOTHING, Tags=tags),
        "iam:CreateOpenIDConnectProvider": lambda tags: mine.create_open_id_connect_provider(
            Url=f"https://{name()}.example", Tags=tags),
        "lambda:CreateFunction": lambda tags: make_function(
            client("lambda"), python_runtime, role, Tags={tag["Key"]: tag["Value"] for tag in tags}),
        "s3:CreateBucket": lambda tags: client("s3").create_bucket(
            Bucket=name(), CreateBucketConfiguration={"Tags": tags}),
    }
    for action, call in calls.items():
        call(tags(team="a"))
        for wrong in (tags(team="b"), tags(team="a", cost="x"), []):
            denied(lambda: call(wrong), action)


def test_making_with_tags_is_tagging_too(ann, python_runtime, role, s3, bucket):
    client = ann(["iam:Create*", "lambda:CreateFunction", "iam:PassRole", "s3:PutObject", "s3:GetObject"], {})
    client("iam").create_user(UserName=name())
    denied(lambda: client("iam").create_user(UserName=name(), Tags=tags(team="a")), "iam:TagUser")
    denied(lambda: client("iam").create_role(RoleName=name(), AssumeRolePolicyDocument=TRUST, Tags=tags(team="a")),
           "iam:TagRole")
    denied(lambda: client("iam").create_open_id_connect_provider(Url=f"https://{name()}.example", Tags=tags(team="a")),
           "iam:TagOpenIDConnectProvider")
    denied(lambda: make_function(client("lambda"), python_runtime, role, Tags={"team": "a"}), "lambda:TagResource")
    client("s3").put_object(Bucket=bucket, Key="plain", Body=b"")
    denied(lambda: client("s3").put_object(Bucket=bucket, Key="k", Body=b"", Tagging="team=a"), "s3:PutObjectTagging")
    # A copy of what has tags reads and writes them; of what has none, nothing but the object.
    s3.put_object(Bucket=bucket, Key="tagged", Body=b"", Tagging="team=a")
    client("s3").copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/plain")
    denied(lambda: client("s3").copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/tagged"),
           "s3:GetObjectTagging")


def test_tags_that_come_and_go(ann, iam, lam, python_runtime, role):
    iam.create_user(UserName="c-tagged")
    function = make_function(lam, python_runtime, role)
    client = ann(["iam:TagUser", "lambda:TagResource"], {"StringEquals": {"aws:RequestTag/team": ["a", "b"]}})
    client("iam").tag_user(UserName="c-tagged", Tags=tags(team="b"))
    denied(lambda: client("iam").tag_user(UserName="c-tagged", Tags=tags(team="c")), "iam:TagUser")
    client("lambda").tag_resource(Resource=function, Tags={"team": "a"})
    denied(lambda: client("lambda").tag_resource(Resource=function, Tags={"other": "a"}), "lambda:TagResource")
    client = ann(["iam:UntagUser", "lambda:UntagResource"],
                 {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}})
    denied(lambda: client("iam").untag_user(UserName="c-tagged", TagKeys=["team", "owner"]), "iam:UntagUser")
    client("iam").untag_user(UserName="c-tagged", TagKeys=["team"])
    denied(lambda: client("lambda").untag_resource(Resource=function, TagKeys=["owner"]), "lambda:UntagResource")
    client("lambda").untag_resource(Resource=function, TagKeys=["team"])


def test_tags_of_what_is_there(ann, iam, lam, s3, bucket, python_runtime, role):
    for team in ("a", "b"):
        iam.create_user(UserName=f"c-of-{team}", Tags=tags(team=team))
        s3.put_object(Bucket=bucket, Key=team, Body=team.encode(), Tagging=f"team={team}")
    providers = [iam.create_open_id_connect_provider(Url=f"https://{name()}.example", Tags=tags(team=team))
                 ["OpenIDConnectProviderArn"] for team in ("a", "b")]
    mine, other = (make_function(lam, python_runtime, role, Tags={"team": team}) for team in ("a", "b"))
    client = ann("*", {"StringEquals": {"aws:ResourceTag/team": "a"}})
    client("iam").get_user(UserName="c-of-a")
    denied(lambda: client("iam").get_user(UserName="c-of-b"), "iam:GetUser")
    client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=providers[0])
    denied(lambda: client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=providers[1]),
           "iam:GetOpenIDConnectProvider")
    client("lambda").get_function_configuration(FunctionName=mine)
    denied(lambda: client("lambda").get_function_configuration(FunctionName=other), "lambda:GetFunctionConfiguration")
    # A change counts at once.
    lam.tag_resource(Resource=other, Tags={"team": "a"})
    client("lambda").get_function_configuration(FunctionName=other)
    client = ann("iam:*", {"StringEquals": {"iam:ResourceTag/team": "${aws:PrincipalTag/team}"}})
    denied(lambda: client("iam").get_user(UserName="c-of-a"), "iam:GetUser")
    iam.tag_user(UserName="ann", Tags=tags(team="a"))
    client("iam").get_user(UserName="c-of-a")
    denied(lambda: client("iam").get_user(UserName="c-of-b"), "iam:GetUser")
    client = ann("s3:*", {"StringEquals": {"s3:ExistingObjectTag/team": "a"}})
    assert client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"a"
    denied(lambda: client("s3").get_object(Bucket=bucket, Key="b"), "s3:GetObject")
    # It is no key of writing.
    denied(lambda: client("s3").put_object(Bucket=bucket, Key="a", Body=b""), "s3:PutObject")


def test_tags_of_objects_that_are_written(ann, s3, bucket):
    client = ann("s3:*", {"StringEquals": {"s3:RequestObjectTag/team": "a"},
                          "ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["team"]}})("s3")
    client.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="team=a")
    for wrong in ("team=b", "team=a&cost=x", ""):
        denied(lambda: client.put_object(Bucket=bucket, Key="k", Body=b"", Tagging=wrong), "s3:PutObject")
    client.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags(team="a")})
    denied(lambda: client.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags(team="b")}),
           "s3:PutObjectTagging")
    client.create_multipart_upload(Bucket=bucket, Key="m", Tagging="team=a")
    denied(lambda: client.create_multipart_upload(Bucket=bucket, Key="m"), "s3:PutObject")


def test_how_a_request_was_signed(ann, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    def get(conditions, signed):
        client = ann("s3:*", conditions)("s3", signature_version="s3" if signed == "query of old" else "s3v4")
        if signed == "header":
            try:
                client.get_object(Bucket=bucket, Key="k")
                return None
            except ClientError as error:
                return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=600)
        try:
            with urllib.request.urlopen(url) as answer:
                answer.read()
            return None
        except urllib.error.HTTPError as error:
            assert b"<Code>AccessDenied</Code>" in error.read()
            return "AccessDenied", error.code

    refused = ("AccessDenied", 403)
    for signed, kind in (("header", "REST-HEADER"), ("query", "REST-QUERY-STRING")):
        assert get({"StringEquals": {"s3:authType": kind}}, signed) is None
        assert get({"StringNotEquals": {"s3:authType": kind}}, signed) == refused
        assert get({"StringEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}, signed) is None
        assert get({"NumericLessThan": {"s3:signatureAge": "600000"}}, signed) is None
        assert get({"NumericGreaterThan": {"s3:signatureAge": "600000"}}, signed) == refused
        assert get({"StringEquals": {"s3:ResourceAccount": "000000000000"}}, signed) is None
        assert get({"StringEquals": {"s3:ResourceAccount": "111122223333"}}, signed) == refused
    assert get({"StringEquals": {"s3:signatureversion": "AWS"}}, "query of old") is None
    assert get({"StringEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}, "query of old") == refused
    # Not told when it was signed.
    assert get({"NumericLessThan": {"s3:signatureAge": "600000"}}, "query of old") == refused
    client = ann("s3:*", {"StringNotEquals": {"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD"}})("s3")
    client.put_object(Bucket=bucket, Key="k", Body=b"y")


def test_which_policy_is_attached(ann, iam):
    iam.create_user(UserName="c-attached")
    good, bad = ("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess")
    iam.create_group(GroupName="c-group")
    mine = ann(["iam:Attach*", "iam:Detach*"], {"ArnEquals": {"iam:PolicyARN": good}})("iam")
    for kind, whom in (("user", {"UserName": "c-attached"}), ("group", {"GroupName": "c-group"})):
        attach, detach = (getattr(mine, f"{verb}_{kind}_policy") for verb in ("attach", "detach"))
        attach(PolicyArn=good, **whom)
        denied(lambda: attach(PolicyArn=bad, **whom), f"iam:Attach{kind.title()}Policy")
        denied(lambda: detach(PolicyArn=bad, **whom), f"iam:Detach{kind.title()}Policy")
        detach(PolicyArn=good, **whom)


def test_whoever_manages_users_may_be_bound_to_bound_them(ann, iam):
    """AWS's example of delegating: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html."""
    bound = iam.create_policy(PolicyName=name(), PolicyDocument=NOTHING)["Policy"]["Arn"]
    other = iam.create_policy(PolicyName=name(), PolicyDocument=NOTHING)["Policy"]["Arn"]
    mine = ann("iam:*", {"StringEquals": {"iam:PermissionsBoundary": bound}})("iam")
    mine.create_user(UserName="c-bound", PermissionsBoundary=bound)
    denied(lambda: mine.create_user(UserName=name()), "iam:CreateUser")
    denied(lambda: mine.create_user(UserName=name(), PermissionsBoundary=other), "iam:CreateUser")
    mine.put_user_policy(UserName="c-bound", PolicyName="p", PolicyDocument=NOTHING)
    denied(lambda: mine.put_user_policy(UserName="ann", PolicyName="q", PolicyDocument=NOTHING), "iam:PutUserPolicy")
    denied(lambda: mine.put_user_permissions_boundary(UserName="c-bound", PermissionsBoundary=other),
           "iam:PutUserPermissionsBoundary")
    mine.put_user_permissions_boundary(UserName="c-bound", PermissionsBoundary=bound)
    mine.create_role(RoleName="c-bound", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=bound)
    mine.attach_role_policy(RoleName="c-bound", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")


def test_function_urls_layers_and_permissions(ann, lam, python_runtime, role):
    function = make_function(lam, python_runtime, role)
    layers = [lam.publish_layer_version(LayerName=name(), Content=CODE)["LayerVersionArn"] for _ in range(2)]
    client = ann("lambda:*", {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"},
                              "ArnLike": {"lambda:FunctionArn": function}})("lambda")
    denied(lambda: client.create_function_url_config(FunctionName=function, AuthType="NONE"),
           "lambda:CreateFunctionUrlConfig")
    client.create_function_url_config(FunctionName=function, AuthType="AWS_IAM")
    client.get_function_url_config(FunctionName=function)
    denied(lambda: client.update_function_url_config(FunctionName=function, AuthType="NONE"),
           "lambda:UpdateFunctionUrlConfig")
    lam.update_function_url_config(FunctionName=function, AuthType="NONE")
    denied(lambda: client.delete_function_url_config(FunctionName=function), "lambda:DeleteFunctionUrlConfig")

    client = ann("lambda:*", {"ForAllValues:StringEquals": {"lambda:Layer": layers[:1]}},
                 also=["iam:PassRole"])("lambda")
    with_layer = make_function(client, python_runtime, role, Layers=layers[:1])
    denied(lambda: make_function(client, python_runtime, role, Layers=layers), "lambda:CreateFunction")
    denied(lambda: client.update_function_configuration(FunctionName=with_layer, Layers=layers),
           "lambda:UpdateFunctionConfiguration")

    client = ann("lambda:AddPermission", {"StringEquals": {"lambda:Principal": "s3.amazonaws.com"}})("lambda")
    what = {"FunctionName": function, "Action": "lambda:InvokeFunction"}
    client.add_permission(StatementId="good", Principal="s3.amazonaws.com", **what)
    denied(lambda: client.add_permission(StatementId="bad", Principal="*", **what), "lambda:AddPermission")


def test_a_bucket_s_place_and_what_is_listed(ann, bucket):
    mine = ann("s3:*", {"StringEquals": {"s3:locationconstraint": "eu-west-1"}})("s3")
    mine.create_bucket(Bucket=name(), CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    denied(lambda: mine.create_bucket(Bucket=name()), "s3:CreateBucket")
    mine = ann("s3:ListBucket", {"NumericLessThanEquals": {"s3:max-keys": "10"}})("s3")
    mine.list_objects_v2(Bucket=bucket, MaxKeys=10)
    denied(lambda: mine.list_objects_v2(Bucket=bucket, MaxKeys=11), "s3:ListBucket")


def test_a_function_s_calls_are_known_by_their_function(ann, iam, lam, python_runtime):
    """Two functions act in one role; one of them may."""
    iam.create_role(RoleName="c-shared", AssumeRolePolicyDocument=TRUST)
    shared = "arn:aws:iam::000000000000:role/c-shared"
    code = {"ZipFile": zip_of({"index.py": """
import boto3, os
from botocore.exceptions import ClientError

def handler(event, context):
    try:
        return len(boto3.client("lambda", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).list_functions()["Functions"])
    except ClientError as error:
        return error.response["Error"]["Code"]
"""})}
    first, second = (lam.create_function(FunctionName=name(), Runtime=python_runtime, Handler="index.handler",
                                         Role=shared, Timeout=30, Code=code)["FunctionArn"] for _ in range(2))
    iam.put_role_policy(RoleName="c-shared", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "lambda:ListFunctions", "Resource": "*",
             "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": first}}}]}))

    def ask(function):
        return json.loads(lam.invoke(FunctionName=function)["Payload"].read())

    assert ask(first) >= 2
    assert ask(second) == "AccessDeniedException"
