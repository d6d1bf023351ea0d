"""What one account shares with another, and that nothing else of it can be seen: both sides must say so."""

import json

import pytest

from expectation import refused
from http_client import signed, url_path
from packing import zip_of
from server import ROLE_NAME, Server

MINE, THEIRS = "000000000000", "111111111111"
OTHER = ("AKIAOTHEROTHEROTHER1", "other-secret-other-secret-other-secret-0")
CONFIG = f"""
[[account]]
id = "{THEIRS}"
access_key_id = "{OTHER[0]}"
secret_access_key = "{OTHER[1]}"
"""
THEIR_ROLE = f"arn:aws:iam::{THEIRS}:role/{ROLE_NAME}"
WHO = {"index.js": "exports.handler = async (event) => ({ who: 'mine', event });"}


@pytest.fixture(scope="module")
def zerun(tmp_path_factory, packs):
    folder = tmp_path_factory.mktemp("cross-account")
    (folder / "zerun.toml").write_text(CONFIG)
    server = Server(folder / "data", options=["--config", folder / "zerun.toml"]).start()
    server.make_role(keys=OTHER)
    yield server
    assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


@pytest.fixture(scope="module")
def their(zerun):
    """Clients of the other account: their("lambda")."""
    return lambda service, **more: zerun.client(service, keys=OTHER, **more)


@pytest.fixture(scope="module")
def eve(zerun, their):
    """A user of the other account: her clients, how to say what she may, and her keys."""
    iam = their("iam")
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    keys = (key["AccessKeyId"], key["SecretAccessKey"])

    def may(*actions):
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_user_policy(UserName="eve", PolicyName="may",
                            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    return lambda service: zerun.client(service, keys=keys), may, keys


def arn_of(name, qualifier=None):
    arn = f"arn:aws:lambda:us-east-1:{MINE}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier else arn


def test_a_shared_function_is_invoked_where_both_sides_allow(lam, function, their, eve):
    name, (eves, may, _) = function(WHO), eve
    root, user = their("lambda"), eves("lambda")
    may("lambda:InvokeFunction")
    for client in (root, user):
        with refused("AccessDeniedException", status=403, naming="no resource-based policy allows"):
            client.invoke(FunctionName=arn_of(name))
    lam.add_permission(FunctionName=name, StatementId="xaccount", Action="lambda:InvokeFunction", Principal=THEIRS)
    for client in (root, user):
        assert json.loads(client.invoke(FunctionName=arn_of(name))["Payload"].read())["who"] == "mine"
        # What is shared is this function alone, for this alone.
        with refused("AccessDeniedException", status=403):
            client.invoke(FunctionName=arn_of(name, "$LATEST"))
        with refused("AccessDeniedException", status=403):
            client.get_function(FunctionName=arn_of(name))
        with refused("AccessDeniedException", status=403):
            client.add_permission(FunctionName=arn_of(name), StatementId="more", Action="lambda:*", Principal="*")
    may("lambda:GetFunction")
    with refused("AccessDeniedException", status=403, naming="no identity-based policy allows"):
        user.invoke(FunctionName=arn_of(name))
    may("lambda:InvokeFunction")
    lam.remove_permission(FunctionName=name, StatementId="xaccount")
    for client in (root, user):
        with refused("AccessDeniedException", status=403):
            client.invoke(FunctionName=arn_of(name))


def test_an_alias_or_one_user_can_be_shared(lam, function, their, eve):
    name, (eves, may, _) = function(WHO), eve
    version = lam.publish_version(FunctionName=name)["Version"]
    lam.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    lam.add_permission(FunctionName=name, Qualifier="live", StatementId="eve", Action="lambda:InvokeFunction",
                       Principal=f"arn:aws:iam::{THEIRS}:user/eve")
    may("lambda:*")
    user = eves("lambda")
    assert user.invoke(FunctionName=arn_of(name, "live"))["ExecutedVersion"] == version
    for other in (arn_of(name), arn_of(name, version)):
        with refused("AccessDeniedException", status=403):
            user.invoke(FunctionName=other)
    # The account's root is not the user.
    with refused("AccessDeniedException", status=403):
        their("lambda").invoke(FunctionName=arn_of(name, "live"))
    lam.add_permission(FunctionName=name, StatementId="look", Action="lambda:GetFunctionConfiguration", Principal="*")
    assert user.get_function_configuration(FunctionName=arn_of(name))["FunctionArn"] == arn_of(name)


def test_inside_one_account_a_functions_policy_is_enough(zerun, lam, iam, function):
    name = function(WHO)
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = zerun.client("lambda", keys=(key["AccessKeyId"], key["SecretAccessKey"]))
    with refused("AccessDeniedException", status=403, naming="no identity-based policy allows"):
        ann.invoke(FunctionName=name)
    lam.add_permission(FunctionName=name, StatementId="ann", Action="lambda:InvokeFunction",
                       Principal=f"arn:aws:iam::{MINE}:user/ann")
    assert ann.invoke(FunctionName=name)["StatusCode"] == 200
    # An explicit deny of her own counts all the same.
    deny = {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": "*"}
    iam.put_user_policy(UserName="ann", PolicyName="no", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [deny]}))
    with refused("AccessDeniedException", status=403, naming="explicit deny in an identity-based policy"):
        ann.invoke(FunctionName=name)


def test_who_is_nobody_cannot_be_let_in(lam, function):
    name = function(WHO)
    for principal in ("nobody", "arn:aws:iam::12:root", f"arn:aws:iam::{THEIRS}:user/*"):
        with refused("InvalidParameterValueException", "ValidationException", status=400):
            lam.add_permission(FunctionName=name, StatementId="s", Action="lambda:InvokeFunction", Principal=principal)
    with refused("InvalidParameterValueException", status=400, naming="PrincipalOrgID"):
        lam.add_permission(FunctionName=name, StatementId="s", Action="lambda:InvokeFunction", Principal="*",
                           PrincipalOrgID="o-1234567890")


LAYER = {"nodejs/node_modules/shared/index.js": "module.exports = 'from a layer';"}
USER = {"index.js": "exports.handler = async () => require('shared');"}


def test_a_layer_version_is_used_by_whom_it_is_shared_with(lam, their, node_runtime):
    mine, theirs = lam, their("lambda")
    number = mine.publish_layer_version(LayerName="shared", Content={"ZipFile": zip_of(LAYER)})["Version"]
    layer = f"arn:aws:lambda:us-east-1:{MINE}:layer:shared:{number}"

    def create(name):
        return theirs.create_function(FunctionName=name, Runtime=node_runtime, Handler="index.handler",
                                      Role=THEIR_ROLE, Code={"ZipFile": zip_of(USER)}, Layers=[layer])

    with refused("AccessDeniedException", status=403, naming="lambda:GetLayerVersion"):
        create("early")
    with refused("AccessDeniedException", status=403):
        theirs.get_layer_version_by_arn(Arn=layer)
    with refused("ResourceNotFoundException", status=404):
        mine.get_layer_version_policy(LayerName="shared", VersionNumber=number)
    added = mine.add_layer_version_permission(LayerName="shared", VersionNumber=number, StatementId="them",
                                              Action="lambda:GetLayerVersion", Principal=THEIRS)
    assert json.loads(added["Statement"]) == {
        "Sid": "them", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{THEIRS}:root"},
        "Action": "lambda:GetLayerVersion", "Resource": layer}
    got = mine.get_layer_version_policy(LayerName="shared", VersionNumber=number)
    assert json.loads(got["Policy"])["Statement"] == [json.loads(added["Statement"])]
    assert got["RevisionId"] == added["RevisionId"]
    with refused("ResourceConflictException", status=409):
        mine.add_layer_version_permission(LayerName="shared", VersionNumber=number, StatementId="them",
                                          Action="lambda:GetLayerVersion", Principal="*")
    with refused("PreconditionFailedException", status=412):
        mine.add_layer_version_permission(LayerName="shared", VersionNumber=number, StatementId="all",
                                          Action="lambda:GetLayerVersion", Principal="*", RevisionId="other")
    with refused("InvalidParameterValueException", status=400, naming="OrganizationId"):
        mine.add_layer_version_permission(LayerName="shared", VersionNumber=number, StatementId="org",
                                          Action="lambda:GetLayerVersion", Principal="*", OrganizationId="o-1234567890")

    assert theirs.get_layer_version_by_arn(Arn=layer)["LayerVersionArn"] == layer
    create("user")
    theirs.get_waiter("function_active_v2").wait(FunctionName="user", WaiterConfig={"Delay": 1})
    assert json.loads(theirs.invoke(FunctionName="user")["Payload"].read()) == "from a layer"
    # Reading it is all that they may.
    for spoil in (theirs.delete_layer_version, theirs.get_layer_version_policy):
        with refused("AccessDeniedException", status=403):
            spoil(LayerName=f"arn:aws:lambda:us-east-1:{MINE}:layer:shared", VersionNumber=number)

    mine.remove_layer_version_permission(LayerName="shared", VersionNumber=number, StatementId="them")
    with refused("AccessDeniedException", status=403):
        theirs.update_function_configuration(FunctionName="user", Layers=[layer])
    # Who has it keeps it.
    assert json.loads(theirs.invoke(FunctionName="user")["Payload"].read()) == "from a layer"
    theirs.delete_function(FunctionName="user")


def test_a_url_of_another_account_takes_both_sides(zerun, lam, function, eve):
    name, (_, may, keys) = function(WHO), eve
    url = lam.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]

    def get():
        return signed(zerun, "lambda", "GET", url_path(url) + "/", keys=keys).status

    may("lambda:InvokeFunctionUrl")
    assert get() == 403
    lam.add_permission(FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal=THEIRS,
                       FunctionUrlAuthType="AWS_IAM")
    assert get() == 200
    may("lambda:InvokeFunction")
    assert get() == 403


def test_nothing_else_of_an_account_can_be_seen(zerun, s3, lam, iam, their, function):
    """Everything there is in one account, asked for by the other's root, who may do all there is in its own."""
    name = function(WHO)
    s3.create_bucket(Bucket="of-mine")
    s3.put_object(Bucket="of-mine", Key="k", Body=b"mine")
    lam.publish_layer_version(LayerName="private", Content={"ZipFile": zip_of(LAYER)})
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": MINE}, "Action": "sts:AssumeRole"}]})
    iam.create_role(RoleName="theirs-not", AssumeRolePolicyDocument=trust)
    allow = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    policy = iam.create_policy(PolicyName="theirs-not", PolicyDocument=allow)["Policy"]["Arn"]
    l, s, i, t = their("lambda"), their("s3"), their("iam"), their("sts")
    function_arn, layer = arn_of(name), f"arn:aws:lambda:us-east-1:{MINE}:layer:private"
    role = f"arn:aws:iam::{MINE}:role/theirs-not"
    tries = [
        lambda: l.get_function(FunctionName=function_arn),
        lambda: l.get_function_configuration(FunctionName=f"{MINE}:function:{name}"),
        lambda: l.invoke(FunctionName=function_arn),
        lambda: l.delete_function(FunctionName=function_arn),
        lambda: l.update_function_configuration(FunctionName=function_arn, Timeout=9),
        lambda: l.update_function_code(FunctionName=function_arn, ZipFile=zip_of(WHO)),
        lambda: l.add_permission(FunctionName=function_arn, StatementId="s", Action="lambda:*", Principal="*"),
        lambda: l.get_policy(FunctionName=function_arn),
        lambda: l.list_aliases(FunctionName=function_arn),
        lambda: l.list_versions_by_function(FunctionName=function_arn),
        lambda: l.list_tags(Resource=function_arn),
        lambda: l.tag_resource(Resource=function_arn, Tags={"a": "b"}),
        lambda: l.put_function_concurrency(FunctionName=function_arn, ReservedConcurrentExecutions=0),
        lambda: l.create_function_url_config(FunctionName=function_arn, AuthType="NONE"),
        lambda: l.get_layer_version(LayerName=layer, VersionNumber=1),
        lambda: l.list_layer_versions(LayerName=layer),
        lambda: l.add_layer_version_permission(LayerName=layer, VersionNumber=1, StatementId="s",
                                               Action="lambda:GetLayerVersion", Principal="*"),
        lambda: s.get_object(Bucket="of-mine", Key="k"),
        lambda: s.list_objects_v2(Bucket="of-mine"),
        lambda: s.delete_object(Bucket="of-mine", Key="k"),
        lambda: s.get_bucket_tagging(Bucket="of-mine"),
        lambda: s.delete_bucket(Bucket="of-mine"),
        lambda: i.get_policy(PolicyArn=policy),
        lambda: i.delete_policy(PolicyArn=policy),
        lambda: i.simulate_principal_policy(PolicySourceArn=role, ActionNames=["s3:GetObject"]),
        lambda: t.assume_role(RoleArn=role, RoleSessionName="eve"),
        # Nor may a function of theirs be given a role of mine.
        lambda: l.create_function(FunctionName="thief", Runtime="provided.al2023", Handler="x", Role=role,
                                  Code={"ZipFile": zip_of(WHO)}),
    ]
    for attempt in tries:
        with refused("AccessDenied", "AccessDeniedException", "ResourceNotFoundException", "NoSuchEntity",
                     "InvalidParameterValueException", "InvalidInput", "ValidationError"):
            attempt()
    listed = json.dumps([l.list_functions()["Functions"], l.list_layers()["Layers"], i.list_roles()["Roles"],
                         i.list_users()["Users"], i.list_policies(Scope="Local")["Policies"],
                         [bucket["Name"] for bucket in s.list_buckets()["Buckets"]]], default=str)
    assert MINE not in listed and "of-mine" not in listed, listed
    # All is as it was.
    assert lam.get_function_configuration(FunctionName=name)["Timeout"] == 3
    assert s3.get_object(Bucket="of-mine", Key="k")["Body"].read() == b"mine"


def test_names_do_not_collide_between_accounts_or_regions(zerun, lam, iam, their, function):
    name = function(WHO, FunctionName="same")
    theirs = their("lambda")
    theirs.create_function(FunctionName="same", Runtime=lam.get_function_configuration(FunctionName=name)["Runtime"],
                           Handler="index.handler", Role=THEIR_ROLE,
                           Code={"ZipFile": zip_of({"index.js": "exports.handler = async () => ({ who: 'theirs' });"})})
    theirs.get_waiter("function_active_v2").wait(FunctionName="same", WaiterConfig={"Delay": 1})
    assert json.loads(lam.invoke(FunctionName="same")["Payload"].read())["who"] == "mine"
    assert json.loads(theirs.invoke(FunctionName="same")["Payload"].read())["who"] == "theirs"
    their("iam").create_user(UserName="twin")
    assert "twin" not in [user["UserName"] for user in iam.list_users()["Users"]]
    elsewhere = zerun.session().client("lambda", endpoint_url=zerun.endpoint, region_name="eu-west-1")
    assert elsewhere.list_functions()["Functions"] == []
    with refused("ResourceNotFoundException", status=404):
        elsewhere.get_function(FunctionName="same")
