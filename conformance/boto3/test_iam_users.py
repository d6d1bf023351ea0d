"""Users, groups, access keys and what an account is told of itself, with boto3."""

import csv
import io
import itertools
import json

import pytest

from expectation import refused
from server import wait_until

READ = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}]})
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

numbers = itertools.count(1)


@pytest.fixture
def user(iam):
    name = f"user-{next(numbers)}"
    iam.create_user(UserName=name)
    return name


@pytest.fixture
def group(iam):
    name = f"group-{next(numbers)}"
    iam.create_group(GroupName=name)
    return name


def key_of(iam, user):
    made = iam.create_access_key(UserName=user)["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def test_a_user_is_what_it_was_made(iam):
    made = iam.create_user(UserName="Ann", Path="/staff/", Tags=[{"Key": "team", "Value": "a"}])["User"]
    assert made["Arn"] == "arn:aws:iam::000000000000:user/staff/Ann"
    assert made["UserId"].startswith("AIDA") and len(made["UserId"]) == 21
    with refused("EntityAlreadyExists", status=409):
        iam.create_user(UserName="ann")
    assert iam.get_user(UserName="Ann")["User"]["Tags"] == [{"Key": "team", "Value": "a"}]
    iam.tag_user(UserName="Ann", Tags=[{"Key": "Team", "Value": "b"}])
    assert iam.list_user_tags(UserName="Ann")["Tags"] == [{"Key": "Team", "Value": "b"}]
    iam.untag_user(UserName="Ann", TagKeys=["team"])
    iam.update_user(UserName="Ann", NewUserName="eve", NewPath="/")
    with refused("NoSuchEntity", status=404, naming="The user with name Ann cannot be found."):
        iam.get_user(UserName="Ann")
    assert iam.get_user(UserName="eve")["User"]["UserId"] == made["UserId"]
    iam.delete_user(UserName="eve")
    with refused("NoSuchEntity", status=404):
        iam.delete_user(UserName="eve")


def test_a_key_is_its_users(zerun, iam, user):
    keys = key_of(iam, user)
    sts = zerun.client("sts", keys=keys)
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::000000000000:user/{user}"
    listed = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert [(key["AccessKeyId"], key["Status"]) for key in listed] == [(keys[0], "Active")]
    key_of(iam, user)
    with refused("LimitExceeded", status=409, naming="Cannot exceed quota for AccessKeysPerUser: 2"):
        iam.create_access_key(UserName=user)
    iam.update_access_key(UserName=user, AccessKeyId=keys[0], Status="Inactive")
    with refused("InvalidClientTokenId", status=403):
        sts.get_caller_identity()
    iam.update_access_key(UserName=user, AccessKeyId=keys[0], Status="Active")
    sts.get_caller_identity()
    with refused("DeleteConflict", status=409, naming="must delete access keys first"):
        iam.delete_user(UserName=user)
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    with refused("InvalidClientTokenId", status=403):
        sts.get_caller_identity()
    with refused("ValidationError", status=400, naming="Must specify userName"):
        iam.list_access_keys()
    iam.delete_user(UserName=user)


def test_the_last_use_of_a_key_is_told(zerun, iam, user):
    keys = key_of(iam, user)
    unused = iam.get_access_key_last_used(AccessKeyId=keys[0])
    assert unused["UserName"] == user and unused["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    zerun.client("sts", keys=keys).get_caller_identity()
    used = iam.get_access_key_last_used(AccessKeyId=keys[0])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "us-east-1")
    assert used["LastUsedDate"]


def test_keys_and_last_uses_outlive_the_server(fresh_zerun):
    iam = fresh_zerun.client("iam")
    iam.create_user(UserName="ann")
    keys = key_of(iam, "ann")
    fresh_zerun.client("sts", keys=keys).get_caller_identity()
    assert fresh_zerun.stop() == 0
    fresh_zerun.start()
    used = fresh_zerun.client("iam").get_access_key_last_used(AccessKeyId=keys[0])["AccessKeyLastUsed"]
    assert used["ServiceName"] == "sts"
    fresh_zerun.kill()
    fresh_zerun.start()
    identity = fresh_zerun.client("sts", keys=keys).get_caller_identity()
    assert identity["Arn"].endswith(":user/ann")


def test_policies_of_users_and_groups(iam, user, group):
    for kind, name in (("user", user), ("group", group)):
        named = {f"{kind.capitalize()}Name": name}

        def call(operation, **arguments):
            return getattr(iam, operation.replace("X", kind))(**named, **arguments)

        call("put_X_policy", PolicyName="read", PolicyDocument=READ)
        assert call("get_X_policy", PolicyName="read")["PolicyDocument"] == json.loads(READ)
        assert call("list_X_policies")["PolicyNames"] == ["read"]
        with refused("MalformedPolicyDocument", status=400):
            call("put_X_policy", PolicyName="bad", PolicyDocument="{}")
        with refused("NoSuchEntity", status=404, naming=f"The {kind} policy with name other cannot be found."):
            call("get_X_policy", PolicyName="other")
        with refused("DeleteConflict", status=409, naming="must delete policies first"):
            call("delete_X")
        call("delete_X_policy", PolicyName="read")
        call("attach_X_policy", PolicyArn=BASIC)
        call("attach_X_policy", PolicyArn=BASIC)
        attached = call("list_attached_X_policies")["AttachedPolicies"]
        assert attached == [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC}]
        with refused("DeleteConflict", status=409, naming="must detach all policies first"):
            call("delete_X")
        call("detach_X_policy", PolicyArn=BASIC)
        with refused("NoSuchEntity", status=404):
            call("detach_X_policy", PolicyArn=BASIC)
        with refused("NoSuchEntity", status=404, naming="does not exist or is not attachable"):
            call("attach_X_policy", PolicyArn="arn:aws:iam::000000000000:policy/none")


def test_a_boundary_is_put_and_taken_away(iam, user):
    arn = iam.create_policy(PolicyName=f"bound-{user}", PolicyDocument=READ)["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=arn)
    boundary = iam.get_user(UserName=user)["User"]["PermissionsBoundary"]
    assert boundary == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    with refused("DeleteConflict", status=409):
        iam.delete_policy(PolicyArn=arn)
    iam.delete_user_permissions_boundary(UserName=user)
    assert "PermissionsBoundary" not in iam.get_user(UserName=user)["User"]
    iam.delete_policy(PolicyArn=arn)


def test_users_are_in_groups_whatever_they_are_called(iam, user, group):
    iam.add_user_to_group(GroupName=group, UserName=user)
    iam.update_group(GroupName=group, NewGroupName=f"{group}-new")
    iam.update_user(UserName=user, NewUserName=f"{user}-new")
    found = iam.get_group(GroupName=f"{group}-new")
    assert [member["UserName"] for member in found["Users"]] == [f"{user}-new"]
    groups = iam.list_groups_for_user(UserName=f"{user}-new")["Groups"]
    assert [one["GroupName"] for one in groups] == [f"{group}-new"]
    for delete, name in ((iam.delete_user, {"UserName": f"{user}-new"}),
                         (iam.delete_group, {"GroupName": f"{group}-new"})):
        with refused("DeleteConflict", status=409, naming="must remove users from group first"):
            delete(**name)
    iam.remove_user_from_group(GroupName=f"{group}-new", UserName=f"{user}-new")
    iam.delete_group(GroupName=f"{group}-new")


def test_lists_come_in_pages_and_in_order(iam):
    names = [f"page-{number:02}" for number in range(7)]
    for name in reversed(names):
        iam.create_user(UserName=name, Path="/pages/")
    pages = list(iam.get_paginator("list_users").paginate(
        PathPrefix="/pages/", PaginationConfig={"PageSize": 3}))
    assert [len(page["Users"]) for page in pages] == [3, 3, 1]
    assert [user["UserName"] for page in pages for user in page["Users"]] == names


def test_an_account_has_one_alias(iam):
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="photos")
    iam.create_account_alias(AccountAlias="pictures")
    assert iam.list_account_aliases()["AccountAliases"] == ["pictures"]
    with refused("NoSuchEntity", status=404):
        iam.delete_account_alias(AccountAlias="photos")
    iam.delete_account_alias(AccountAlias="pictures")
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_an_account_is_counted(iam):
    before = iam.get_account_summary()["SummaryMap"]
    iam.create_user(UserName="counted")
    after = iam.get_account_summary()["SummaryMap"]
    assert after["Users"] == before["Users"] + 1
    assert (after["AccessKeysPerUserQuota"], after["AccountAccessKeysPresent"]) == (2, 1)


def test_the_credential_report_has_everybody(fresh_zerun):
    iam = fresh_zerun.client("iam")
    with refused("ReportNotPresent", status=410):
        iam.get_credential_report()
    iam.create_user(UserName="ann")
    key_of(iam, "ann")
    wait_until(lambda: iam.generate_credential_report()["State"] == "COMPLETE", what="a report")
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(report["Content"].decode()))}
    assert set(rows) == {"<root_account>", "ann"}
    assert (rows["ann"]["access_key_1_active"], rows["ann"]["access_key_2_active"]) == ("true", "false")


def test_authorization_details_are_everything_in_pages(fresh_zerun):
    iam = fresh_zerun.client("iam")
    for name in ("ann", "bob"):
        iam.create_user(UserName=name)
    iam.create_group(GroupName="staff")
    iam.add_user_to_group(GroupName="staff", UserName="ann")
    iam.put_group_policy(GroupName="staff", PolicyName="read", PolicyDocument=READ)
    trust = json.loads(READ)["Statement"][0] | {"Principal": {"Service": "lambda.amazonaws.com"},
                                                "Action": "sts:AssumeRole"}
    del trust["Resource"]
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [trust]}))
    iam.attach_role_policy(RoleName="worker", PolicyArn=BASIC)
    own = iam.create_policy(PolicyName="own", PolicyDocument=READ)["Policy"]["Arn"]

    def everything(**arguments):
        found = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
        pages = iam.get_paginator("get_account_authorization_details").paginate(**arguments)
        for page in pages:
            for part in found:
                found[part] += page[part]
        return found

    whole = everything()
    assert everything(PaginationConfig={"PageSize": 1}) == whole
    assert [user["UserName"] for user in whole["UserDetailList"]] == ["ann", "bob"]
    assert whole["UserDetailList"][0]["GroupList"] == ["staff"]
    policy = whole["GroupDetailList"][0]["GroupPolicyList"][0]
    assert policy == {"PolicyName": "read", "PolicyDocument": json.loads(READ)}
    roles = {role["RoleName"]: role for role in whole["RoleDetailList"]}
    assert roles["worker"]["AttachedManagedPolicies"][0]["PolicyArn"] == BASIC
    assert [policy["Arn"] for policy in whole["Policies"]] == [BASIC, own]
    local = everything(Filter=["LocalManagedPolicy"])
    assert [policy["Arn"] for policy in local["Policies"]] == [own] and not local["UserDetailList"]


def test_the_cli_makes_a_user_with_a_key(aws):
    aws("iam", "create-user", "--user-name", "cli")
    made = json.loads(aws("iam", "create-access-key", "--user-name", "cli", "--output", "json"))
    assert made["AccessKey"]["AccessKeyId"].startswith("AKIA")
    listed = json.loads(aws("iam", "list-users", "--max-items", "1", "--output", "json"))
    assert len(listed["Users"]) == 1
