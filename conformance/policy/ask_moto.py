"""Asks moto what it would decide, and writes its answers to moto_answers.json, for `cargo test -p access` to compare.

Run it in an environment of its own (it is not needed to build or test Zerun):

    python -m venv moto && moto/bin/pip install 'moto[iam,s3]==5.2.5' && moto/bin/python conformance/policy/ask_moto.py

moto has no policy simulator: SimulateCustomPolicy and SimulatePrincipalPolicy answer "not implemented". What it has is
a mode in which calls are checked against the caller's identity policies, and checks of the documents that are given to
CreatePolicy. Both are asked through boto3.
"""

import itertools
import json
import os
from importlib.metadata import version
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

HERE = Path(__file__).parent
CORPUS = HERE.parent.parent / "crates/access/tests/policy_corpus"
os.environ.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_DEFAULT_REGION="us-east-1")

ACTIONS = ["*", "s3:*", "s3:GetObject", "s3:Get*", "s3:?etObject", "s3:getobject", "s3:PutObject", "iam:*", "s3:*Object",
           ["s3:ListBucket", "s3:ListAllMyBuckets"]]
RESOURCES = ["*", "arn:aws:s3:::*", "arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/home/ann/x",
             "arn:aws:s3:::bucket/home/${aws:username}/*", "arn:aws:s3:::buck?t/home/*/x", "arn:aws:s3:::other/*",
             ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"], "arn:aws:s3:::bucket*"]
CONDITIONS = [
    {"StringEquals": {"aws:username": "ann"}},
    {"StringEquals": {"aws:username": "bob"}},
    {"StringNotEquals": {"aws:username": "ann"}},
    {"StringLike": {"aws:username": "a*"}},
    {"Null": {"aws:username": "true"}},
]
REQUESTS = [
    ("s3:GetObject", "arn:aws:s3:::bucket/home/ann/x", lambda s3: s3.get_object(Bucket="bucket", Key="home/ann/x")),
    ("s3:PutObject", "arn:aws:s3:::bucket/tmp/y", lambda s3: s3.put_object(Bucket="bucket", Key="tmp/y", Body=b"")),
    ("s3:ListBucket", "arn:aws:s3:::bucket", lambda s3: s3.list_objects_v2(Bucket="bucket")),
    ("s3:ListAllMyBuckets", "*", lambda s3: s3.list_buckets()),
]


def statement(effect="Allow", **elements):
    return {"Effect": effect, **({"Action": "*"} if "NotAction" not in elements and "Action" not in elements else {}),
            **({"Resource": "*"} if "NotResource" not in elements and "Resource" not in elements else {}), **elements}


def policies():
    everything = statement()
    for action, resource in itertools.product(ACTIONS, RESOURCES):
        yield [[statement(Action=action, Resource=resource)]]
    for action in ACTIONS:
        yield [[statement(NotAction=action)]]
        yield [[everything, statement("Deny", Action=action)]]
        yield [[everything, statement("Deny", NotAction=action)]]
        yield [[statement("Deny", Action=action)], [everything]]
    for resource in RESOURCES:
        yield [[statement(NotResource=resource)]]
        yield [[everything, statement("Deny", Resource=resource)]]
        yield [[everything, statement("Deny", NotResource=resource)]]
        yield [[everything], [statement("Deny", Resource=resource)]]
    for condition in CONDITIONS:
        yield [[statement(Condition=condition)]]
        yield [[everything, statement("Deny", Condition=condition)]]
    yield [[statement(Action="s3:GetObject")], [statement(Action="s3:PutObject")]]
    yield [[statement(Action="iam:*")], [statement(Action="sqs:*")]]


@mock_aws
def decide(documents):
    # Made without checks: the user, its key, a bucket, an object, and each policy.
    @set_initial_no_auth_action_count(4 + len(documents))
    def ask():
        iam, s3 = boto3.client("iam"), boto3.client("s3")
        iam.create_user(UserName="ann")
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="home/ann/x", Body=b"")
        for number, document in enumerate(documents):
            iam.put_user_policy(UserName="ann", PolicyName=f"p{number}", PolicyDocument=document)
        caller = boto3.client("s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
        return [allowed(request, caller) for _, _, request in REQUESTS]

    return ask()


def allowed(request, caller):
    try:
        request(caller)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
        return False
    return True


@mock_aws
def refusal(document):
    try:
        boto3.client("iam").create_policy(PolicyName="p", PolicyDocument=document)
    except ClientError as error:
        return error.response["Error"]["Message"]
    return None


def documents():
    for file in sorted(CORPUS.glob("*.json")):
        for group in json.loads(file.read_text()):
            for case in group.get("malformed", []) + group.get("well_formed", []):
                # An empty text is stopped by the model of the operation, before it is looked at as a policy.
                # Without a version moto looks no further, so that one is put in.
                if case[0] == "identity" and case[1]:
                    is_text = isinstance(case[1], str)
                    yield case[1] if is_text else json.dumps({"Version": "2012-10-17", **case[1]})


def main():
    decisions = []
    for statements in policies():
        texts = [json.dumps({"Version": "2012-10-17", "Statement": list(of)}) for of in statements]
        decisions.append({"policies": texts, "allowed": decide(texts)})
    answers = {
        "moto": version("moto"),
        "requests": [[action, resource] for action, resource, _ in REQUESTS],
        "decisions": decisions,
        "refusals": [{"policy": text, "message": refusal(text)} for text in documents()],
    }
    lines = json.dumps(answers, ensure_ascii=False)
    lines = lines.replace('{"policies"', '\n{"policies"').replace('{"policy"', '\n{"policy"')
    (HERE / "moto_answers.json").write_text(lines + "\n")


if __name__ == "__main__":
    main()
