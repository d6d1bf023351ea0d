"""Queues that are shared by a policy of their own, inside an account and between two."""

import itertools
import json

import pytest

from expectation import refused
from server import Server

MINE, THEIRS = "000000000000", "111111111111"
OTHER = ("AKIAOTHEROTHEROTHER1", "other-secret-other-secret-other-secret-0")
CONFIG = f"""
[[account]]
id = "{THEIRS}"
access_key_id = "{OTHER[0]}"
secret_access_key = "{OTHER[1]}"
"""
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def zerun(tmp_path_factory, packs):
    folder = tmp_path_factory.mktemp("queue-policies")
    (folder / "zerun.toml").write_text(CONFIG)
    server = Server(folder / "data", options=["--config", folder / "zerun.toml"]).start()
    yield server
    assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


@pytest.fixture(scope="module")
def sqs(zerun):
    return zerun.client("sqs")


@pytest.fixture(scope="module")
def theirs(zerun):
    return zerun.client("sqs", keys=OTHER)


@pytest.fixture
def name():
    return f"shared-{next(numbers)}"


@pytest.fixture
def queue(sqs, name):
    return sqs.create_queue(QueueName=name, tags={"team": "a"})["QueueUrl"]


@pytest.fixture
def user(zerun):
    """A user without a policy of their own."""
    iam = zerun.client("iam")
    who = f"user-{next(numbers)}"
    arn = iam.create_user(UserName=who)["User"]["Arn"]
    key = iam.create_access_key(UserName=who)["AccessKey"]
    return arn, zerun.client("sqs", keys=(key["AccessKeyId"], key["SecretAccessKey"]))


def share(sqs, queue, **statement):
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"} | statement]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(document)})
    assert json.loads(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"]) == document


def test_a_user_may_what_the_queue_s_policy_says_and_no_more(sqs, queue, user):
    arn, client = user
    with refused("AccessDenied"):
        client.send_message(QueueUrl=queue, MessageBody="a")
    share(sqs, queue, Principal={"AWS": arn}, Action="sqs:SendMessage")
    client.send_message(QueueUrl=queue, MessageBody="a")
    client.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "b"}])
    with refused("AccessDenied"):
        client.receive_message(QueueUrl=queue)
    # Without the policy it is as before, at once.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    with refused("AccessDenied"):
        client.send_message(QueueUrl=queue, MessageBody="a")


def test_another_account_is_let_in(sqs, theirs, queue, name):
    with refused("AccessDenied"):
        theirs.send_message(QueueUrl=queue, MessageBody="a")
    sqs.add_permission(QueueUrl=queue, Label="let-in", AWSAccountIds=[THEIRS], Actions=["SendMessage", "GetQueueUrl"])
    theirs.send_message(QueueUrl=queue, MessageBody="a")
    assert theirs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=MINE)["QueueUrl"] == queue
    with refused("AccessDenied"):
        theirs.receive_message(QueueUrl=queue)
    sqs.remove_permission(QueueUrl=queue, Label="let-in")
    with refused("AccessDenied"):
        theirs.send_message(QueueUrl=queue, MessageBody="a")


def test_a_policy_lets_nobody_change_the_queue_from_another_account(sqs, theirs, queue):
    share(sqs, queue, Principal="*", Action="sqs:*")
    theirs.send_message(QueueUrl=queue, MessageBody="a")
    for change in (lambda: theirs.delete_queue(QueueUrl=queue),
                   lambda: theirs.tag_queue(QueueUrl=queue, Tags={"a": "b"}),
                   lambda: theirs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "1"}),
                   lambda: theirs.add_permission(QueueUrl=queue, Label="x", AWSAccountIds=[THEIRS], Actions=["*"])):
        with refused("AccessDenied"):
            change()


def test_a_denial_wins(sqs, queue):
    share(sqs, queue, Effect="Deny", Principal="*", Action=["sqs:SendMessage", "sqs:DeleteQueue"])
    for refuse in (lambda: sqs.send_message(QueueUrl=queue, MessageBody="a"), lambda: sqs.delete_queue(QueueUrl=queue)):
        with refused("AccessDenied"):
            refuse()


def test_a_condition_on_the_queue_s_tag(zerun, sqs, queue, user):
    arn, client = user
    zerun.client("iam").put_user_policy(UserName=arn.rsplit("/", 1)[1], PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*",
                                                "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}}]}))
    client.send_message(QueueUrl=queue, MessageBody="a")
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "b"})
    with refused("AccessDenied"):
        client.send_message(QueueUrl=queue, MessageBody="a")


def test_permissions_are_checked(sqs, queue):
    add = {"QueueUrl": queue, "Label": "one", "AWSAccountIds": [THEIRS], "Actions": ["SendMessage"]}
    sqs.add_permission(**add)
    for bad in ({}, {"Label": "a b"}, {"Label": "two", "AWSAccountIds": ["x"]}, {"Label": "two", "Actions": ["Fly"]}):
        with refused("InvalidParameterValue"):
            sqs.add_permission(**(add | bad))
    with refused("InvalidParameterValue"):
        sqs.remove_permission(QueueUrl=queue, Label="none")
