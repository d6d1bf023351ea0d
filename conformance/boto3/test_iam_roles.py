"""Roles and managed policies, with boto3 as deploy tools use it."""

import itertools
import json

import pytest

from expectation import refused

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
READ = {"Version": "2012-10-17", "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}]}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

numbers = itertools.count(1)


@pytest.fixture
def role(iam):
    name = f"role-{next(numbers)}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return name


@pytest.fixture
def policy(iam):
    name = f"policy-{next(numbers)}"
    return iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(READ))["Policy"]["Arn"]


def test_a_role_is_what_it_was_made(iam):
    made = iam.create_role(RoleName="painter", Path="/art/", Description="paints", MaxSessionDuration=7200,
                           AssumeRolePolicyDocument=json.dumps(TRUST), Tags=[{"Key": "team", "Value": "a b"}])["Role"]
    assert made["Arn"] == "arn:aws:iam::000000000000:role/art/painter"
    assert made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21
    role = iam.get_role(RoleName="painter")["Role"]
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert (role["Description"], role["MaxSessionDuration"], role["Path"]) == ("paints", 7200, "/art/")
    assert role["Tags"] == [{"Key": "team", "Value": "a b"}]
    assert role["RoleLastUsed"] == {}
    with refused("EntityAlreadyExists", status=409, naming="Role with name painter already exists."):
        iam.create_role(RoleName="painter", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.update_role(RoleName="painter", Description="draws", MaxSessionDuration=3600)
    assert iam.get_role(RoleName="painter")["Role"]["Description"] == "draws"
    iam.tag_role(RoleName="painter", Tags=[{"Key": "stage", "Value": "test"}])
    iam.untag_role(RoleName="painter", TagKeys=["team"])
    assert iam.list_role_tags(RoleName="painter")["Tags"] == [{"Key": "stage", "Value": "test"}]
    other = json.loads(json.dumps(TRUST).replace("lambda.", "events."))
    iam.update_assume_role_policy(RoleName="painter", PolicyDocument=json.dumps(other))
    assert iam.get_role(RoleName="painter")["Role"]["AssumeRolePolicyDocument"] == other
    iam.delete_role(RoleName="painter")
    with refused("NoSuchEntity", status=404, naming="The role with name painter cannot be found."):
        iam.get_role(RoleName="painter")


def test_what_is_no_role_is_refused(iam, role):
    document = json.dumps(TRUST)
    for name in ("größe", "a b", "x" * 65):
        with refused("ValidationError", status=400, naming="roleName"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    for text in ("{", "[]", json.dumps(READ), document.replace("2012-10-17", "2013-01-01")):
        with refused("MalformedPolicyDocument", status=400):
            iam.create_role(RoleName="never", AssumeRolePolicyDocument=text)
        with refused("MalformedPolicyDocument", status=400):
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=text)
    with refused("ValidationError", status=400, naming="maxSessionDuration"):
        iam.update_role(RoleName=role, MaxSessionDuration=43201)
    with refused("NoSuchEntity", status=404):
        iam.delete_role(RoleName="nobody")
    assert "never" not in [role["RoleName"] for role in iam.list_roles()["Roles"]]


def test_inline_policies(iam, role):
    iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=json.dumps(READ))
    found = iam.get_role_policy(RoleName=role, PolicyName="read")
    assert (found["RoleName"], found["PolicyDocument"]) == (role, READ)
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["read"]
    with refused("MalformedPolicyDocument", status=400):
        iam.put_role_policy(RoleName=role, PolicyName="bad", PolicyDocument=json.dumps(TRUST))
    with refused("DeleteConflict", status=409, naming="must delete policies first"):
        iam.delete_role(RoleName=role)
    iam.delete_role_policy(RoleName=role, PolicyName="read")
    with refused("NoSuchEntity", status=404, naming="The role policy with name read cannot be found."):
        iam.get_role_policy(RoleName=role, PolicyName="read")
    iam.delete_role(RoleName=role)


def test_managed_policies_and_who_has_them(iam, role, policy):
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    iam.attach_role_policy(RoleName=role, PolicyArn=BASIC)
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert sorted(entry["PolicyArn"] for entry in attached) == sorted([policy, BASIC])
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 1
    holders = iam.list_entities_for_policy(PolicyArn=policy)
    assert [holder["RoleName"] for holder in holders["PolicyRoles"]] == [role]
    assert holders["PolicyUsers"] == holders["PolicyGroups"] == []
    with refused("DeleteConflict", status=409, naming="Cannot delete a policy attached to entities."):
        iam.delete_policy(PolicyArn=policy)
    with refused("DeleteConflict", status=409, naming="must detach all policies first"):
        iam.delete_role(RoleName=role)
    with refused("NoSuchEntity", status=404):
        iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::000000000000:policy/nothing")
    for arn in (policy, BASIC):
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    with refused("NoSuchEntity", status=404):
        iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    iam.delete_policy(PolicyArn=policy)
    iam.delete_role(RoleName=role)


def test_versions_of_a_policy(iam, policy):
    for number in range(2, 6):
        text = json.dumps(READ).replace("photos", f"photos{number}")
        made = iam.create_policy_version(PolicyArn=policy, PolicyDocument=text, SetAsDefault=number == 3)
        assert made["PolicyVersion"]["VersionId"] == f"v{number}"
    with refused("LimitExceeded", status=409, naming="up to 5 versions"):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=json.dumps(READ))
    versions = iam.list_policy_versions(PolicyArn=policy)["Versions"]
    assert [(version["VersionId"], version["IsDefaultVersion"]) for version in versions] == [
        ("v5", False), ("v4", False), ("v3", True), ("v2", False), ("v1", False)]
    assert iam.get_policy_version(PolicyArn=policy, VersionId="v1")["PolicyVersion"]["Document"] == READ
    with refused("DeleteConflict", status=409):
        iam.delete_policy_version(PolicyArn=policy, VersionId="v3")
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v1")
    with refused("DeleteConflict", status=409, naming="more than one version"):
        iam.delete_policy(PolicyArn=policy)
    for number in range(2, 6):
        iam.delete_policy_version(PolicyArn=policy, VersionId=f"v{number}")
    with refused("NoSuchEntity", status=404):
        iam.get_policy_version(PolicyArn=policy, VersionId="v2")
    iam.tag_policy(PolicyArn=policy, Tags=[{"Key": "a", "Value": "1"}])
    assert iam.list_policy_tags(PolicyArn=policy)["Tags"] == [{"Key": "a", "Value": "1"}]
    iam.untag_policy(PolicyArn=policy, TagKeys=["a"])
    assert iam.get_policy(PolicyArn=policy)["Policy"]["Tags"] == []
    iam.delete_policy(PolicyArn=policy)


def test_a_boundary_is_a_use_of_its_policy(iam, role, policy):
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy)
    boundary = iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]
    assert boundary == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": policy}
    found = iam.get_policy(PolicyArn=policy)["Policy"]
    assert (found["AttachmentCount"], found["PermissionsBoundaryUsageCount"]) == (0, 1)
    bounded = iam.list_entities_for_policy(PolicyArn=policy, PolicyUsageFilter="PermissionsBoundary")
    assert [holder["RoleName"] for holder in bounded["PolicyRoles"]] == [role]
    iam.delete_role_permissions_boundary(RoleName=role)
    with refused("NoSuchEntity", status=404):
        iam.delete_role_permissions_boundary(RoleName=role)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=role)["Role"]


def test_lists_come_in_pages(iam):
    names = [f"paged-{number}" for number in range(5)]
    for name in names:
        iam.create_role(RoleName=name, Path="/paged/", AssumeRolePolicyDocument=json.dumps(TRUST))
    pages = iam.get_paginator("list_roles").paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 2})
    pages = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sum(pages, []) == names
    with refused("ValidationError", status=400, naming="maxItems"):
        iam.list_roles(MaxItems=1001)


def test_policies_of_aws(iam):
    basic = iam.get_policy(PolicyArn=BASIC)["Policy"]
    assert (basic["PolicyName"], basic["Path"]) == ("AWSLambdaBasicExecutionRole", "/service-role/")
    version = iam.get_policy_version(PolicyArn=BASIC, VersionId=basic["DefaultVersionId"])["PolicyVersion"]
    assert "logs:PutLogEvents" in version["Document"]["Statement"][0]["Action"]
    listed = [policy["Arn"] for page in iam.get_paginator("list_policies").paginate(Scope="AWS")
              for policy in page["Policies"]]
    assert BASIC in listed and all(arn.startswith("arn:aws:iam::aws:policy/") for arn in listed)
    for change in (lambda: iam.delete_policy(PolicyArn=BASIC),
                   lambda: iam.create_policy_version(PolicyArn=BASIC, PolicyDocument=json.dumps(READ))):
        with pytest.raises(iam.exceptions.ClientError) as caught:
            change()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def test_there_are_no_instance_profiles(iam, role):
    assert iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"] == []
    with refused("NoSuchEntity", status=404):
        iam.list_instance_profiles_for_role(RoleName="nobody")
    with refused("InvalidAction", status=400, naming="CreateInstanceProfile"):
        iam.create_instance_profile(InstanceProfileName="profile")


def test_service_linked_roles(iam):
    role = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com", Description="runs")["Role"]
    assert role["Arn"].endswith(":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
    with refused("InvalidInput", status=400, naming="has been taken"):
        iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    with refused("UnmodifiableEntity", status=400):
        iam.delete_role(RoleName="AWSServiceRoleForECS")
    task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForECS")["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    with refused("NoSuchEntity", status=404):
        iam.get_role(RoleName="AWSServiceRoleForECS")
    with refused("NotSupportedService", "InvalidInput"):
        iam.create_service_linked_role(AWSServiceName="nothing.amazonaws.com")
