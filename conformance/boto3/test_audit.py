"""Every call leaves a record: whole, in order, without secrets, and safe from change."""

import http.client
import json
import queue
import shutil
import socket
import struct
import subprocess
import threading
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from command import records
from command import zerun as command
from http_client import request, signed_headers
from packing import zip_of
from server import BINARY, Server, clean_environment, wait_until

ECHO = "exports.handler = async event => event"


def one(server, *filters, **wanted):
    """The newest record that has these members; those that nobody waited for come within a second."""
    def look():
        found = [record for record in records(server, *filters)
                 if all(record.get(name) == value for name, value in wanted.items())]
        return found[-1:]
    return wait_until(look, seconds_max=10, what=f"a record with {wanted}")[0]


def test_calls_of_every_kind_are_recorded(zerun, iam, lam, s3, bucket, function):
    iam.create_user(UserName="ann", Tags=[{"Key": "team", "Value": "a"}])
    made = one(zerun, eventName="CreateUser")
    assert made["eventSource"] == "iam.amazonaws.com" and made["awsRegion"] == "us-east-1", made
    assert made["userIdentity"] == {"type": "Root", "principalId": "000000000000", "accountId": "000000000000",
                                    "arn": "arn:aws:iam::000000000000:root", "accessKeyId": zerun.keys()[0]}
    assert made["requestParameters"] == {"userName": "ann", "tags": [{"key": "team", "value": "a"}]}
    assert (made["readOnly"], made["managementEvent"], made["eventType"]) == (False, True, "AwsApiCall")
    assert made["resources"] == [{"ARN": "arn:aws:iam::000000000000:user/ann", "accountId": "000000000000"}]
    assert made["zerun"] == {"action": "iam:CreateUser", "decision": "allowed", "status": 200}
    assert "Boto3" in made["userAgent"] and made["sourceIPAddress"] == "127.0.0.1", made

    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    put = one(zerun, "--resource", f"{bucket}/k", eventName="PutObject")
    assert (put["managementEvent"], put["readOnly"], "requestParameters" in put) == (False, False, False), put
    assert put["resources"][0]["ARN"] == f"arn:aws:s3:::{bucket}/k"

    name = function({"index.js": ECHO})
    answer = lam.invoke(FunctionName=name)
    invoked = one(zerun, eventName="Invoke")
    assert invoked["requestID"] == answer["ResponseMetadata"]["RequestId"], invoked
    assert invoked["zerun"]["action"] == "lambda:InvokeFunction"

    with pytest.raises(ClientError):
        s3.get_object(Bucket=bucket, Key="missing")
    missing = one(zerun, eventName="GetObject", errorCode="NoSuchKey")
    assert missing["zerun"]["decision"] == "allowed" and missing["zerun"]["status"] == 404, missing


def test_calls_of_nobody_and_for_nothing_are_recorded(zerun, bucket):
    assert request(zerun.endpoint, "GET", f"/{bucket}/secret").status == 403
    nobody = one(zerun, eventName="GetObject", errorCode="AccessDenied")
    assert nobody["userIdentity"] == {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}, nobody
    assert nobody["zerun"]["decision"] == "denied"

    with pytest.raises(ClientError):
        zerun.client("iam", keys=(zerun.keys()[0], "wrong")).list_users()
    wrong = one(zerun, errorCode="SignatureDoesNotMatch")
    assert wrong["userIdentity"] == {"type": "Unknown", "accessKeyId": zerun.keys()[0]}, wrong
    assert wrong["zerun"]["decision"] == "none"

    with pytest.raises(ClientError):
        zerun.client("cloudformation").create_stack(StackName="q")
    assert one(zerun, eventSource="cloudformation.amazonaws.com")["userIdentity"]["type"] == "Root"
    with pytest.raises(ClientError):
        zerun.client("iam").list_saml_providers()
    assert one(zerun, eventName="ListSAMLProviders")["eventSource"] == "iam.amazonaws.com"


def test_function_urls_and_functions_calls_are_recorded(zerun, lam, iam, s3, bucket, function, python_runtime):
    name = function({"index.js": ECHO})
    url = lam.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    host, path = urlsplit(url).netloc, "/x"
    assert request(zerun.endpoint, "GET", path, host=host).status == 403
    stranger = one(zerun, eventName="InvokeFunctionUrl", errorCode="403")
    assert stranger["resources"][0]["ARN"].endswith(f":function:{name}"), stranger
    headers = signed_headers(zerun, "lambda", "GET", path, host=host)
    assert request(zerun.endpoint, "GET", path, host=host, headers=headers).status == 200
    signed = wait_until(lambda: [record for record in records(zerun, "--action", "lambda:InvokeFunctionUrl")
                                 if record["zerun"]["decision"] == "allowed"])[-1]
    assert signed["userIdentity"]["type"] == "Root", signed

    code = "import os, boto3\ndef handler(e, c):\n    boto3.client('s3').list_objects_v2(Bucket=e)\n"
    caller = function({"index.py": code}, Runtime=python_runtime, Timeout=30)
    answer = lam.invoke(FunctionName=caller, Payload=json.dumps(bucket))
    assert "FunctionError" not in answer, answer["Payload"].read()
    listed = one(zerun, "--principal", caller, eventName="ListObjectsV2")
    who = listed["userIdentity"]
    assert who["type"] == "AssumedRole" and who["sessionContext"]["functionArn"].endswith(f":function:{caller}"), who
    assert who["sessionContext"]["sessionIssuer"]["arn"] == "arn:aws:iam::000000000000:role/test", who


def test_no_secret_is_in_the_log(zerun, iam, sts, lam, s3, bucket, function):
    iam.create_user(UserName="keeper")
    key = iam.create_access_key(UserName="keeper")["AccessKey"]
    token = sts.get_session_token()["Credentials"]
    secrets = [zerun.keys()[1], key["SecretAccessKey"], token["SecretAccessKey"], token["SessionToken"]]
    name = function({"index.js": ECHO + " // code-is-no-secret-but-long"}, Environment={
        "Variables": {"PASSWORD": "hunter2-hunter2"}})
    lam.update_function_configuration(FunctionName=name, Environment={"Variables": {"PASSWORD": "hunter3-hunter3"}})
    lam.invoke(FunctionName=name, Payload=b'{"card":"4111-1111-payload"}')
    link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    assert request(zerun.endpoint, "GET", link.removeprefix(zerun.endpoint)).status == 404
    secrets += ["hunter2-hunter2", "hunter3-hunter3", "4111-1111-payload", link.split("Signature=")[1][:40]]
    one(zerun, eventName="GetObject", errorCode="NoSuchKey")
    text = "".join(file.read_text() for file in (zerun.data / "audit").iterdir())
    assert [secret for secret in secrets if secret in text] == []
    assert "HIDDEN_DUE_TO_SECURITY_REASONS" in text
    for file in [zerun.data / "audit", *(zerun.data / "audit").iterdir()]:
        assert file.stat().st_mode & 0o077 == 0, file


def test_filters_and_the_table(zerun, iam, s3, bucket):
    for name in ("filter-1", "filter-2"):
        iam.create_group(GroupName=name)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    one(zerun, "--resource", f"{bucket}/k", eventName="PutObject")
    names = [record["requestParameters"]["groupName"]
             for record in records(zerun, "--action", "iam:CreateGroup", "--resource", ":group/filter-")]
    assert names == ["filter-1", "filter-2"]
    assert {record["eventName"] for record in records(zerun, "--resource", f"{bucket}/k")} == {"PutObject"}
    assert records(zerun, "--principal", "root", "--denied") == []
    assert records(zerun, "--from", "2020-01-01", "--to", "2020-01-02") == []
    assert records(zerun, "--account", "999999999999") == []
    last = records(zerun, "--action", "creategroup")[-1]
    assert records(zerun, "--request-id", last["requestID"]) == [last]
    table = command(zerun, "audit", "--action", "iam:CreateGroup", "--limit", "1").splitlines()
    assert len(table) == 2 and table[0].split()[:2] == ["time", "(UTC)"], table
    assert table[1].split()[2:5] == ["root", "iam:CreateGroup", "ok"] and len(table[1]) <= 160, table


def test_what_changed_something_is_on_disk_before_it_is_said(fresh_zerun):
    iam = fresh_zerun.client("iam")
    for number in range(5):
        iam.create_user(UserName=f"user-{number}")
        fresh_zerun.kill()
        made = records(fresh_zerun, "--action", "iam:CreateUser")
        assert [record["requestParameters"]["userName"] for record in made][-1] == f"user-{number}"
        fresh_zerun.start()
        iam = fresh_zerun.client("iam")
    assert "Nothing was changed" in command(fresh_zerun, "audit", "--verify")
    assert len(records(fresh_zerun, "--action", "iam:CreateUser")) == 5


def test_a_change_of_the_log_is_found(fresh_zerun):
    iam = fresh_zerun.client("iam")
    for name in ("one", "two", "three"):
        iam.create_user(UserName=name)
    assert "Nothing was changed" in command(fresh_zerun, "audit", "--verify")
    fresh_zerun.stop()
    [file] = (fresh_zerun.data / "audit").iterdir()
    text = file.read_text()
    lines = text.splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if '"userName":"two"' in line)
    for spoiled in (text.replace('"userName":"two"', '"userName":"too"'), "".join(lines[:place] + lines[place + 1:])):
        file.write_text(spoiled)
        assert "DAMAGE" in command(fresh_zerun, "audit", "--verify", status=1)
    # Half a line at the end is what a kill leaves.
    file.write_text(text + lines[-1][:100])
    assert "in the middle of a line" in command(fresh_zerun, "audit", "--verify")
    fresh_zerun.start()
    fresh_zerun.client("iam").create_user(UserName="four")
    assert "Nothing was changed" in command(fresh_zerun, "audit", "--verify")
    assert len(records(fresh_zerun, "--action", "iam:CreateUser")) == 4


def test_strangers_cannot_fill_the_disk(fresh_zerun):
    address = urlsplit(fresh_zerun.endpoint)
    asked = 1000
    with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=60)) as connection:
        for _ in range(asked):
            connection.request("GET", "/bucket/key")
            connection.getresponse().read()

    def counted():
        all_records = records(fresh_zerun)
        left_out = sum(record["zerun"].get("leftOut", {}).get("flood", 0) for record in all_records)
        written = sum(record["eventName"] == "GetObject" for record in all_records)
        return left_out, written

    left_out, written = wait_until(lambda: sum(counted()) == asked and counted(), what="all are counted")
    # 200 of each second at most, and a machine as slow as to need five seconds leaves none out.
    assert left_out > 0 or written == asked, (left_out, written)


def test_who_goes_away_is_recorded_all_the_same(zerun, lam, function):
    name = function({"index.js": "exports.handler = () => new Promise(done => setTimeout(done, 3000))"}, Timeout=10)
    path = f"/2015-03-31/functions/{name}/invocations"
    headers = signed_headers(zerun, "lambda", "POST", path)
    address = urlsplit(zerun.endpoint)
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
        connection.sendall(f"POST {path} HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n".encode())
        wait_until(lambda: lam.get_function_concurrency(FunctionName=name) is not None)
        # With a reset: the server learns of it at once.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone = one(zerun, "--resource", f":function:{name}", eventName="Invoke")
    assert gone["errorCode"] == "ClientWentAway" or gone["zerun"]["status"] == 200, gone


def test_data_events_can_be_left_out_but_not_their_denials(tmp_path, packs):
    (tmp_path / "zerun.toml").write_text("[audit]\ndata_events = false\nretention_days = 7\n")
    server = Server(tmp_path / "data", options=["--config", tmp_path / "zerun.toml"]).start()
    try:
        s3, iam = server.client("s3"), server.client("iam")
        s3.create_bucket(Bucket="plain")
        s3.put_object(Bucket="plain", Key="k", Body=b"")
        iam.create_user(UserName="ann")
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        with pytest.raises(ClientError):
            server.client("s3", keys=(key["AccessKeyId"], key["SecretAccessKey"])).get_object(Bucket="plain", Key="k")
        assert server.stop() == 0, server.last_words()
        names = [record["eventName"] for record in records(server)]
        assert "CreateBucket" in names and "GetObject" in names and "PutObject" not in names, names
    finally:
        if server.is_running():
            server.kill()


def test_nothing_is_changed_that_cannot_be_recorded(fresh_zerun):
    """A disk that takes no record: calls that change something are refused, all others go on."""
    s3, iam = fresh_zerun.client("s3"), fresh_zerun.client("iam")
    s3.create_bucket(Bucket="plain")
    log = fresh_zerun.data / "audit"
    shutil.rmtree(log)
    log.write_text("in the way")

    def create(name, code, status):
        with pytest.raises(ClientError) as caught:
            iam.create_user(UserName=name)
        error = caught.value.response
        assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), error
        assert "recorded" in error["Error"]["Message"], error

    create("done", "InternalFailure", 500)
    create("not-begun", "ServiceUnavailable", 503)
    s3.put_object(Bucket="plain", Key="k", Body=b"goes on")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["done"]
    log.unlink()
    log.mkdir()

    def works():
        try:
            return iam.create_user(UserName="again")
        except ClientError:
            return None

    wait_until(works, what="the log is written again")
    left_out = sum(record["zerun"].get("leftOut", {}).get("notWritten", 0) for record in records(fresh_zerun))
    assert left_out >= 1, "what was lost is counted"
    assert "did not take" in command(fresh_zerun, "doctor", status=0)


def test_what_is_denied_in_part_is_told(zerun, iam, s3, bucket):
    for key in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    iam.create_user(UserName="partly")
    key = iam.create_access_key(UserName="partly")["AccessKey"]
    iam.put_user_policy(UserName="partly", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{bucket}/a"}]}))
    theirs = zerun.client("s3", keys=(key["AccessKeyId"], key["SecretAccessKey"]))
    answer = theirs.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    told = command(zerun, "explain", answer["ResponseMetadata"]["RequestId"])
    assert "DENIED IN PART  s3:DeleteObject" in told and f"on arn:aws:s3:::{bucket}/b" in told, told
    assert [record["eventName"] for record in records(zerun, "--denied", "--principal", "partly")] == ["DeleteObjects"]


def test_following_shows_what_comes(zerun, iam):
    with subprocess.Popen([BINARY, "audit", "--data", zerun.data, "--follow", "--limit", "1", "--format", "json",
                           "--action", "iam:CreateGroup"], stdout=subprocess.PIPE, text=True,
                          env=clean_environment()) as following:
        try:
            lines = queue.Queue()
            threading.Thread(target=lambda: [lines.put(line) for line in following.stdout], daemon=True).start()
            for number in range(3):
                iam.create_group(GroupName=f"followed-{number}")
                wait_until(lambda: records(zerun, "--resource", f":group/followed-{number}"))
            names = []
            while names[-1:] != ["followed-2"]:
                names.append(json.loads(lines.get(timeout=30))["requestParameters"]["groupName"])
            assert len(names) == len(set(names)), "each is shown once"
        finally:
            following.kill()
