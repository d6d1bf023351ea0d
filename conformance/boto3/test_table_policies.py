"""Tables that are shared by a policy of their own, inside an account and between two; limits and endpoints."""

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
    folder = tmp_path_factory.mktemp("table-policies")
    (folder / "zerun.toml").write_text(CONFIG)
    server = Server(folder / "data", options=["--config", folder / "zerun.toml"]).start()
    yield server
    assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


@pytest.fixture(scope="module")
def dynamodb(zerun):
    return zerun.client("dynamodb")


@pytest.fixture(scope="module")
def theirs(zerun):
    return zerun.client("dynamodb", keys=OTHER)


@pytest.fixture
def user(zerun):
    """A user of the tables' account: the client, the ARN, and how to say what it may."""
    iam, name = zerun.client("iam"), f"user-{next(numbers)}"
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def may(*actions, **more):
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"} | more
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=policy(statement))

    return zerun.client("dynamodb", keys=(key["AccessKeyId"], key["SecretAccessKey"])), arn, may


def make(dynamodb, **changed):
    wanted = {
        "TableName": f"shared-{next(numbers)}", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "n")],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [{"IndexName": "by-n", "Projection": {"ProjectionType": "ALL"},
                                    "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}]}],
    } | changed
    arn = dynamodb.create_table(**wanted)["TableDescription"]["TableArn"]
    dynamodb.put_item(TableName=arn, Item={"pk": {"S": "a"}, "n": {"S": "n"}})
    return arn


@pytest.fixture
def arn(dynamodb):
    return make(dynamodb)


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def let(principal, *actions, resource="*", **more):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), "Resource": resource} | more


KEY = {"pk": {"S": "a"}}


def query(client, arn):
    return client.query(TableName=arn, IndexName="by-n", KeyConditionExpression="n = :n",
                        ExpressionAttributeValues={":n": {"S": "n"}})["Count"]


def test_another_account_reads_what_is_shared_and_no_more(dynamodb, theirs, arn):
    for call in (lambda: theirs.get_item(TableName=arn, Key=KEY), lambda: query(theirs, arn),
                 lambda: theirs.get_resource_policy(ResourceArn=arn)):
        with refused("AccessDeniedException", status=400):
            call()
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy(let(THEIRS, "dynamodb:GetItem", "dynamodb:Query", resource=arn)))
    assert theirs.get_item(TableName=arn, Key=KEY)["Item"]["n"] == {"S": "n"}
    # The index is a resource of its own in the same policy.
    with refused("AccessDeniedException", status=400):
        query(theirs, arn)
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy(
        let(THEIRS, "dynamodb:GetItem", resource=arn), let(THEIRS, "dynamodb:Query", resource=f"{arn}/index/*")))
    assert query(theirs, arn) == 1
    with refused("AccessDeniedException", status=400):
        theirs.put_item(TableName=arn, Item=KEY)
    # By its name it is a table of their own, which is not there.
    with refused("ResourceNotFoundException", status=400):
        theirs.get_item(TableName=arn.split("/")[1], Key=KEY)
    dynamodb.delete_resource_policy(ResourceArn=arn)
    with refused("AccessDeniedException", status=400):
        theirs.get_item(TableName=arn, Key=KEY)


def test_a_policy_goes_with_its_table(dynamodb, theirs):
    shared = policy(let(THEIRS, "dynamodb:GetItem"))
    arn = make(dynamodb, ResourcePolicy=shared)
    assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == shared
    theirs.get_item(TableName=arn, Key=KEY)
    dynamodb.delete_table(TableName=arn)
    assert make(dynamodb, TableName=arn.split("/")[1]) == arn
    with refused("AccessDeniedException", status=400):
        theirs.get_item(TableName=arn, Key=KEY)


def test_inside_an_account_either_side_allows_and_a_denial_counts(dynamodb, user, arn):
    client, who, may = user
    with refused("AccessDeniedException", status=400, naming="no identity-based policy allows"):
        client.get_item(TableName=arn, Key=KEY)
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy(let(who, "dynamodb:GetItem")))
    client.get_item(TableName=arn, Key=KEY)
    may("dynamodb:*")
    deny = let(who, "dynamodb:GetItem") | {"Effect": "Deny"}
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy(deny))
    with refused("AccessDeniedException", status=400, naming="explicit deny"):
        client.get_item(TableName=arn, Key=KEY)
    client.put_item(TableName=arn, Item=KEY)


def test_a_policy_has_revisions(dynamodb, arn):
    first, second = (policy(let(THEIRS, action)) for action in ("dynamodb:GetItem", "dynamodb:Query"))
    with refused("PolicyNotFoundException", status=400):
        dynamodb.get_resource_policy(ResourceArn=arn)
    with refused("PolicyNotFoundException", status=400):
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=first, ExpectedRevisionId="1")
    one = dynamodb.put_resource_policy(ResourceArn=arn, Policy=first, ExpectedRevisionId="NO_POLICY")["RevisionId"]
    assert dynamodb.put_resource_policy(ResourceArn=arn, Policy=first)["RevisionId"] == one
    with refused("PolicyNotFoundException", status=400):
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=second, ExpectedRevisionId="NO_POLICY")
    two = dynamodb.put_resource_policy(ResourceArn=arn, Policy=second, ExpectedRevisionId=one)["RevisionId"]
    told = dynamodb.get_resource_policy(ResourceArn=arn)
    assert (told["Policy"], told["RevisionId"]) == (second, two) and one != two
    with refused("PolicyNotFoundException", status=400):
        dynamodb.delete_resource_policy(ResourceArn=arn, ExpectedRevisionId=one)
    assert dynamodb.delete_resource_policy(ResourceArn=arn, ExpectedRevisionId=two)["RevisionId"] == two
    assert dynamodb.delete_resource_policy(ResourceArn=arn).get("RevisionId", "") == ""


def test_nobody_locks_themselves_out_unless_they_say_so(user, arn):
    client, who, may = user
    may("dynamodb:*")
    out = policy(let(who, "dynamodb:PutResourcePolicy") | {"Effect": "Deny"})
    with refused("ValidationException", status=400, naming="ConfirmRemoveSelfResourceAccess"):
        client.put_resource_policy(ResourceArn=arn, Policy=out)
    client.put_resource_policy(ResourceArn=arn, Policy=out, ConfirmRemoveSelfResourceAccess=True)
    with refused("AccessDeniedException", status=400):
        client.put_resource_policy(ResourceArn=arn, Policy=out)


@pytest.mark.parametrize("text, naming", [
    ("no json", "Invalid policy document"),
    (json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}), "Principal"),
    (" " * 20_481, "maximum size of 20480"),
])
def test_what_is_no_policy_is_refused(dynamodb, arn, text, naming):
    with refused("ValidationException", status=400, naming=naming):
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=text)


def test_tags_of_tables_decide(dynamodb, user):
    client, _, may = user
    tagged = make(dynamodb, Tags=[{"Key": "team", "Value": "a"}])
    other = make(dynamodb, Tags=[{"Key": "team", "Value": "b"}])
    may("dynamodb:GetItem", "dynamodb:Query", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}})
    client.get_item(TableName=tagged, Key=KEY)
    assert query(client, tagged) == 1
    with refused("AccessDeniedException", status=400):
        client.get_item(TableName=other, Key=KEY)


def test_a_table_s_policy_asks_for_items_and_tags(dynamodb, theirs):
    arn = make(dynamodb, Tags=[{"Key": "team", "Value": "a"}])
    dynamodb.put_item(TableName=arn, Item={"pk": {"S": "b"}})
    keys = {"Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}}}
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy(let(THEIRS, "dynamodb:GetItem", **keys)))
    theirs.get_item(TableName=arn, Key=KEY)
    with refused("AccessDeniedException", status=400):
        theirs.get_item(TableName=arn, Key={"pk": {"S": "b"}})
    tags = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}}
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy(let(THEIRS, "dynamodb:GetItem", **tags)))
    theirs.get_item(TableName=arn, Key={"pk": {"S": "b"}})
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}])
    with refused("AccessDeniedException", status=400):
        theirs.get_item(TableName=arn, Key=KEY)


def test_limits_are_told_and_kept_to(dynamodb):
    limits = dynamodb.describe_limits()
    assert (limits["AccountMaxReadCapacityUnits"], limits["TableMaxWriteCapacityUnits"]) == (80_000, 40_000)
    plain = {"BillingMode": "PROVISIONED", "GlobalSecondaryIndexes": [], "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"}]}
    def units(write):
        return {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": write}}
    with refused("LimitExceededException", status=400, naming="of one table"):
        make(dynamodb, **plain, **units(40_001))
    first, _ = (make(dynamodb, **plain, **units(write)) for write in (39_000, 40_000))
    with refused("LimitExceededException", status=400, naming="of all tables"):
        make(dynamodb, **plain, **units(2_000))
    dynamodb.update_table(TableName=first, **units(40_000))


def test_the_endpoint_is_the_one_that_was_asked(zerun, dynamodb):
    [endpoint] = dynamodb.describe_endpoints()["Endpoints"]
    assert zerun.endpoint.endswith(endpoint["Address"]) and endpoint["CachePeriodInMinutes"] == 1440


@pytest.mark.parametrize("method, given", [
    ("list_global_tables", {}),
    ("create_global_table", {"GlobalTableName": "global", "ReplicationGroup": [{"RegionName": "us-east-1"}]}),
    ("describe_kinesis_streaming_destination", {"TableName": "table"}),
    ("update_contributor_insights", {"TableName": "table", "ContributorInsightsAction": "ENABLE"}),
])
def test_what_there_will_never_be_is_named(dynamodb, method, given):
    with refused("UnknownOperationException", naming="".join(word.title() for word in method.split("_"))):
        getattr(dynamodb, method)(**given)
