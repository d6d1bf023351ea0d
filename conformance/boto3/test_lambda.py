"""Lambda's management operations and invocations, as boto3 speaks them."""

import base64
import hashlib
import json
import urllib.request

import pytest

from expectation import refused
from http_client import request, signed, url_path
from packing import zip_of
from server import ROLE, wait_until

ECHO = {"index.js": "exports.handler = async (event, context) => "
                    "({event, arn: context.invokedFunctionArn, version: context.functionVersion, id: context.awsRequestId});"}
FAILS = {"index.js": "exports.handler = async () => { throw new Error('no'); };"}
SECONDS_MAX = 60


def invoke(lam, name, event=None, **options):
    answer = lam.invoke(FunctionName=name, Payload=json.dumps(event or {}), **options)
    return json.loads(answer["Payload"].read())


def test_a_function_is_described_as_it_was_made(lam, function):
    code = zip_of(ECHO)
    name = function(ECHO, Description="says it back", Timeout=7, MemorySize=256, EphemeralStorage={"Size": 600},
                    Environment={"Variables": {"KEY": "value"}}, Tags={"team": "photos"})
    found = lam.get_function(FunctionName=name)
    configuration = found["Configuration"]
    expected = {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "Handler": "index.handler",
        "Role": ROLE,
        "Description": "says it back",
        "Timeout": 7,
        "MemorySize": 256,
        "EphemeralStorage": {"Size": 600},
        "Environment": {"Variables": {"KEY": "value"}},
        "Version": "$LATEST",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "CodeSize": len(code),
        "CodeSha256": base64.b64encode(hashlib.sha256(code).digest()).decode(),
        "TracingConfig": {"Mode": "PassThrough"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }
    assert {key: configuration.get(key) for key in expected} == expected
    assert found["Tags"] == {"team": "photos"}
    assert lam.get_function_configuration(FunctionName=name)["RevisionId"] == configuration["RevisionId"]
    assert urllib.request.urlopen(found["Code"]["Location"]).read() == code


def test_a_download_link_cannot_be_made_up(zerun, lam, function):
    location = lam.get_function(FunctionName=function(ECHO))["Code"]["Location"]
    path = location.removeprefix(zerun.endpoint)
    assert request(zerun.endpoint, "GET", path).status == 200
    spoiled = path[:-1] + ("0" if path[-1] != "0" else "1")
    assert request(zerun.endpoint, "GET", spoiled).status == 403
    assert request(zerun.endpoint, "GET", path.split("?")[0]).status == 403
    later = path.replace("expires=", "expires=9")
    assert request(zerun.endpoint, "GET", later).status == 403


def test_code_comes_from_a_bucket(lam, s3, bucket, node_runtime):
    s3.put_object(Bucket=bucket, Key="code/v 1.zip", Body=zip_of(ECHO))
    lam.create_function(FunctionName="from-bucket", Runtime=node_runtime, Handler="index.handler", Role=ROLE,
                        Code={"S3Bucket": bucket, "S3Key": "code/v 1.zip"})
    assert invoke(lam, "from-bucket", {"a": 1})["event"] == {"a": 1}
    with refused("InvalidParameterValueException", naming="NoSuchKey"):
        lam.update_function_code(FunctionName="from-bucket", S3Bucket=bucket, S3Key="none")


def test_code_and_configuration_are_updated(lam, function):
    name = function(ECHO)
    first = lam.get_function_configuration(FunctionName=name)
    new = {"index.js": "exports.handler = async () => process.env.SIGN + ' two';"}
    dry = lam.update_function_code(FunctionName=name, ZipFile=zip_of(new), DryRun=True)
    assert dry["CodeSha256"] != first["CodeSha256"]
    assert lam.get_function_configuration(FunctionName=name)["CodeSha256"] == first["CodeSha256"]
    lam.update_function_code(FunctionName=name, ZipFile=zip_of(new), RevisionId=first["RevisionId"])
    lam.get_waiter("function_updated_v2").wait(FunctionName=name)
    lam.update_function_configuration(FunctionName=name, Environment={"Variables": {"SIGN": "version"}})
    assert invoke(lam, name) == "version two"
    with refused("PreconditionFailedException", status=412):
        lam.update_function_code(FunctionName=name, ZipFile=zip_of(ECHO), RevisionId=first["RevisionId"])
    with refused("InvalidParameterValueException", naming="AWS_REGION"):
        lam.update_function_configuration(FunctionName=name, Environment={"Variables": {"AWS_REGION": "x"}})


def test_versions_stay_as_they_were_published(lam, function):
    name = function({"index.js": "exports.handler = async (e, c) => 'one ' + c.functionVersion;"})
    one = lam.publish_version(FunctionName=name, Description="first")
    assert (one["Version"], one["Description"]) == ("1", "first")
    assert lam.publish_version(FunctionName=name)["Version"] == "1"
    two = lam.update_function_code(
        FunctionName=name, Publish=True,
        ZipFile=zip_of({"index.js": "exports.handler = async (e, c) => 'two ' + c.functionVersion;"}))
    assert two["Version"] == "2"
    assert invoke(lam, name) == "two $LATEST"
    assert invoke(lam, f"{name}:1") == "one 1"
    assert invoke(lam, name, Qualifier="2") == "two 2"
    listed = lam.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]
    assert listed[1]["FunctionArn"].endswith(f":{name}:1")
    with refused("ResourceNotFoundException", status=404, naming=f"function:{name}:3"):
        invoke(lam, f"{name}:3")
    lam.delete_function(FunctionName=name, Qualifier="1")
    with refused("ResourceNotFoundException"):
        invoke(lam, f"{name}:1")
    assert invoke(lam, f"{name}:2") == "two 2"


def test_aliases_lead_to_versions_and_share_by_weight(lam, function):
    name = function(ECHO)
    lam.publish_version(FunctionName=name)
    lam.update_function_configuration(FunctionName=name, Description="x", Timeout=9)
    assert lam.publish_version(FunctionName=name)["Version"] == "2"
    alias = lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert alias["AliasArn"].endswith(f":{name}:live")
    answer = invoke(lam, f"{name}:live")
    assert answer["version"] == "1" and answer["arn"].endswith(f":{name}:live")
    with refused("ResourceConflictException", status=409):
        lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    with refused("ResourceConflictException", naming="live"):
        lam.delete_function(FunctionName=name, Qualifier="1")
    lam.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    assert lam.get_alias(FunctionName=name, Name="live")["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.5}}
    versions = {lam.invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] for _ in range(40)}
    assert versions == {"1", "2"}
    assert [one["Name"] for one in lam.list_aliases(FunctionName=name, FunctionVersion="2")["Aliases"]] == ["live"]
    lam.delete_alias(FunctionName=name, Name="live")
    with refused("ResourceNotFoundException"):
        lam.get_alias(FunctionName=name, Name="live")


def test_layers_lie_under_opt_and_the_later_wins(lam, function):
    def layer(name, text):
        files = {"nodejs/node_modules/said/index.js": f"module.exports = '{text}';", f"only-{name}": text}
        return lam.publish_layer_version(LayerName=name, Content={"ZipFile": zip_of(files)}, LicenseInfo="MIT")

    first, second = layer("first", "one"), layer("second", "two")
    assert first["Version"] == 1 and first["LayerVersionArn"].endswith(":layer:first:1")
    name = function({"index.js": "exports.handler = async () => [require('said'), require('fs').readdirSync('/opt').sort()];"},
                    Layers=[first["LayerVersionArn"], second["LayerVersionArn"]])
    assert invoke(lam, name) == ["two", ["nodejs", "only-first", "only-second"]]
    lam.delete_layer_version(LayerName="first", VersionNumber=1)
    assert invoke(lam, name)[0] == "two"
    lam.update_function_configuration(FunctionName=name, Layers=[second["LayerVersionArn"]])
    assert invoke(lam, name) == ["two", ["nodejs", "only-second"]]
    with refused("ResourceNotFoundException"):
        lam.get_layer_version(LayerName="first", VersionNumber=1)
    assert layer("first", "again")["Version"] == 2
    assert [one["LayerName"] for one in lam.list_layers()["Layers"]] == ["first", "second"]
    assert [one["Version"] for one in lam.list_layer_versions(LayerName="first")["LayerVersions"]] == [2]
    with refused("InvalidParameterValueException", naming="does not exist"):
        lam.update_function_configuration(FunctionName=name, Layers=[first["LayerVersionArn"]])


def test_permissions_make_up_a_policy(lam, function):
    name = function(ECHO)
    with refused("ResourceNotFoundException"):
        lam.get_policy(FunctionName=name)
    given = dict(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                 SourceArn="arn:aws:s3:::photos", SourceAccount="000000000000")
    statement = json.loads(lam.add_permission(**given)["Statement"])
    assert statement == {
        "Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "Condition": {"StringEquals": {"AWS:SourceAccount": "000000000000"},
                      "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"}},
    }
    with refused("ResourceConflictException", status=409, naming="s3"):
        lam.add_permission(**given)
    policy = lam.get_policy(FunctionName=name)
    assert json.loads(policy["Policy"])["Statement"] == [statement]
    with refused("PreconditionFailedException"):
        lam.remove_permission(FunctionName=name, StatementId="s3", RevisionId="00000000-0000-4000-8000-000000000000")
    lam.remove_permission(FunctionName=name, StatementId="s3", RevisionId=policy["RevisionId"])
    with refused("ResourceNotFoundException"):
        lam.remove_permission(FunctionName=name, StatementId="s3")


def test_tags_concurrency_and_settings(lam, function):
    name = function(ECHO)
    arn = lam.get_function_configuration(FunctionName=name)["FunctionArn"]
    lam.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
    lam.untag_resource(Resource=arn, TagKeys=["a"])
    assert lam.list_tags(Resource=arn)["Tags"] == {"b": "2"}

    lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert lam.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    with refused("TooManyRequestsException", status=429):
        invoke(lam, name)
    lam.delete_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in lam.get_function_concurrency(FunctionName=name)
    assert invoke(lam, name, 1)["event"] == 1

    with refused("ResourceNotFoundException"):
        lam.get_function_event_invoke_config(FunctionName=name)
    lam.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60)
    lam.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    settings = lam.get_function_event_invoke_config(FunctionName=name)
    assert (settings["MaximumRetryAttempts"], settings["MaximumEventAgeInSeconds"]) == (0, 60)
    assert settings["FunctionArn"] == f"{arn}:$LATEST"
    with refused("InvalidParameterValueException", "ValidationException", naming="destination"):
        lam.put_function_event_invoke_config(
            FunctionName=name, DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}})
    lam.delete_function_event_invoke_config(FunctionName=name)
    assert lam.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"] == []

    usage = lam.get_account_settings()
    assert usage["AccountUsage"]["FunctionCount"] >= 1
    assert usage["AccountLimit"]["ConcurrentExecutions"] == 1000


def test_lists_come_in_pages(lam, function):
    made = {function(ECHO, FunctionName=f"page-{number}") for number in range(5)}
    pages = list(lam.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    listed = [one["FunctionName"] for page in pages for one in page["Functions"]]
    assert made <= set(listed) and len(listed) == len(set(listed)) and listed == sorted(listed)
    assert all(len(page["Functions"]) <= 2 for page in pages)
    everything = lam.get_paginator("list_functions").paginate(FunctionVersion="ALL")
    arns = [one["FunctionArn"] for page in everything for one in page["Functions"]]
    assert f"arn:aws:lambda:us-east-1:000000000000:function:page-0:$LATEST" in arns


def test_a_function_is_found_by_every_kind_of_name(lam, function):
    name = function(ECHO)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    for reference in (name, arn, f"000000000000:function:{name}", f"{name}:$LATEST", f"{arn}:$LATEST"):
        assert lam.get_function(FunctionName=reference)["Configuration"]["FunctionName"] == name
    with refused("InvalidParameterValueException", naming="qualifier"):
        lam.get_function(FunctionName=f"{name}:1", Qualifier="2")
    with refused("ResourceNotFoundException", naming="region"):
        lam.get_function(FunctionName=arn.replace("us-east-1", "eu-west-1"))


def test_deleting_takes_everything_along(lam, function):
    name = function(ECHO, FunctionName="short-lived")
    lam.publish_version(FunctionName=name)
    lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lam.create_function_url_config(FunctionName=name, AuthType="NONE")
    lam.delete_function(FunctionName=name)
    with refused("ResourceNotFoundException", status=404, naming=f"Function not found: arn:aws:lambda:us-east-1:000000000000:function:{name}"):
        lam.get_function(FunctionName=name)
    function(ECHO, FunctionName="short-lived")
    assert lam.list_aliases(FunctionName=name)["Aliases"] == []
    assert [one["Version"] for one in lam.list_versions_by_function(FunctionName=name)["Versions"]] == ["$LATEST"]
    assert lam.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"] == []


def test_the_ways_to_invoke(lam, s3, bucket, function):
    name = function(ECHO)
    answer = lam.invoke(FunctionName=name, Payload=b'{"a": "\\u00e4"}', LogType="Tail",
                        ClientContext=base64.b64encode(b'{"custom": {"k": "v"}}').decode())
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert json.loads(answer["Payload"].read()) == {
        "event": {"a": "ä"}, "arn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "version": "$LATEST", "id": request_id}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert f"START RequestId: {request_id} Version: $LATEST" in log and f"REPORT RequestId: {request_id}" in log
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/json"
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"].startswith("Root=1-")
    assert lam.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    failed = lam.invoke(FunctionName=function(FAILS))
    assert (failed["StatusCode"], failed["FunctionError"]) == (200, "Unhandled")
    assert json.loads(failed["Payload"].read())["errorMessage"] == "no"


def recorder(bucket):
    """A handler that puts each event into a bucket, with the client of the runtime."""
    return {"index.py": f"""
import boto3, json
s3 = boto3.client("s3")
def handler(event, context):
    s3.put_object(Bucket="{bucket}", Key=f"{{context.aws_request_id}}", Body=json.dumps(event).encode())
    return event
"""}


def recorded(s3, bucket):
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys}


def test_an_event_is_accepted_and_delivered(lam, s3, bucket, function, python_runtime):
    name = function(recorder(bucket), Runtime=python_runtime, Handler="index.handler", Timeout=30)
    accepted = lam.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')
    assert accepted["StatusCode"] == 202 and accepted["Payload"].read() == b""
    request_id = accepted["ResponseMetadata"]["RequestId"]
    events = wait_until(lambda: recorded(s3, bucket), seconds_max=SECONDS_MAX, what="the event in the bucket")
    assert events == {request_id: {"n": 1}}


def test_an_exhausted_event_reaches_its_destination(lam, s3, bucket, function, python_runtime):
    told = function(recorder(bucket), Runtime=python_runtime, Handler="index.handler", Timeout=30)
    arn = lam.get_function_configuration(FunctionName=told)["FunctionArn"]
    name = function(FAILS)
    lam.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0,
                                         DestinationConfig={"OnFailure": {"Destination": arn}})
    lam.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')
    records = wait_until(lambda: recorded(s3, bucket), seconds_max=SECONDS_MAX, what="the record in the bucket")
    (record,) = records.values()
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestPayload"] == {"n": 1}
    assert record["responsePayload"]["errorMessage"] == "no"


def test_uploads_and_removals_are_told_as_s3_tells_them(lam, s3, bucket, function, python_runtime):
    s3.create_bucket(Bucket="told")
    name = function(recorder("told"), Runtime=python_runtime, Handler="index.handler", Timeout=30)
    arn = lam.get_function_configuration(FunctionName=name)["FunctionArn"]
    notification = {"LambdaFunctionConfigurations": [{
        "Id": "images", "LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".jpg"}]}}}]}
    with refused("InvalidArgument", naming="destination"):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=notification)
    lam.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                       SourceArn=f"arn:aws:s3:::{bucket}", SourceAccount="000000000000")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=notification)
    s3.put_object(Bucket=bucket, Key="a b/ü+1.jpg", Body=b"abc")
    s3.put_object(Bucket=bucket, Key="not.txt", Body=b"abc")
    s3.delete_object(Bucket=bucket, Key="a b/ü+1.jpg")

    def both():
        events = [event["Records"][0] for event in recorded(s3, "told").values()]
        return len(events) == 2 and {event["eventName"]: event for event in events}

    events = wait_until(both, seconds_max=SECONDS_MAX, what="two events")
    created, removed = events["ObjectCreated:Put"], events["ObjectRemoved:Delete"]
    assert created["s3"]["object"]["key"] == "a+b/%C3%BC%2B1.jpg"
    assert created["s3"]["object"]["size"] == 3
    assert created["s3"]["object"]["eTag"] == hashlib.md5(b"abc").hexdigest()
    assert created["s3"]["configurationId"] == "images"
    assert created["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    assert (created["eventSource"], created["eventVersion"], created["awsRegion"]) == ("aws:s3", "2.1", "us-east-1")
    assert removed["s3"]["object"]["sequencer"] > created["s3"]["object"]["sequencer"]
    assert "size" not in removed["s3"]["object"]


def test_a_bucket_that_may_no_more_runs_nothing(zerun, lam, s3, bucket, function, python_runtime):
    s3.create_bucket(Bucket="told-once")
    name = function(recorder("told-once"), Runtime=python_runtime, Handler="index.handler", Timeout=30)
    arn = lam.get_function_configuration(FunctionName=name)["FunctionArn"]
    permission = {"FunctionName": name, "StatementId": "s3"}
    allow = lambda: lam.add_permission(**permission, Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                                       SourceArn=f"arn:aws:s3:::{bucket}")
    allow()
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]})
    lam.remove_permission(**permission)
    s3.put_object(Bucket=bucket, Key="same", Body=b"1")
    # Events of one key are told in their order, so that the first would have come before the second. It is handed over
    # after the answer: only then may the permission be given again.
    refusal = "no policy lets the bucket invoke the function"
    wait_until(lambda: refusal in zerun.log.read_text(), seconds_max=SECONDS_MAX, what="the refused event")
    allow()
    s3.put_object(Bucket=bucket, Key="same", Body=b"22")
    (event,) = wait_until(lambda: recorded(s3, "told-once"), seconds_max=SECONDS_MAX, what="the second event").values()
    assert event["Records"][0]["s3"]["object"]["size"] == 2


ANSWERS = {"index.js": """
exports.handler = async (event) => {
  switch (event.rawPath) {
    case "/plain": return {hello: "there"};
    case "/full": return {statusCode: 201, headers: {"X-Own": "1", "Content-Type": "text/plain"}, cookies: ["a=1", "b=2"], body: "made"};
    case "/binary": return {statusCode: 200, headers: {"content-type": "image/png"}, isBase64Encoded: true, body: Buffer.from([137, 80]).toString("base64")};
    case "/malformed": return {statusCode: "many"};
    case "/throws": throw new Error("secret");
    default: return event;
  }
};"""}


def url_of(lam, name, auth="NONE", **options):
    if auth == "NONE":
        lam.add_permission(FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*",
                           FunctionUrlAuthType="NONE")
    return lam.create_function_url_config(FunctionName=name, AuthType=auth, **options)["FunctionUrl"]


def test_a_function_url_answers_what_the_function_says(zerun, lam, function):
    url = url_of(lam, function(ANSWERS))
    get = lambda path: request(zerun.endpoint, "GET", url_path(url) + path)
    plain = get("/plain")
    assert (plain.status, plain.headers["content-type"], plain.json()) == (200, "application/json", {"hello": "there"})
    full = get("/full")
    assert (full.status, full.text, full.headers["x-own"]) == (201, "made", "1")
    assert full.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert get("/binary").body == bytes([137, 80])
    for path in ("/malformed", "/throws"):
        answer = get(path)
        assert answer.status == 502 and "secret" not in answer.text
    host = url.removeprefix("http://").rstrip("/")
    event = request(zerun.endpoint, "POST", "/a%20b?x=1&x=2", host=host, body=b"a=1",
                    headers={"Content-Type": "application/x-www-form-urlencoded", "Cookie": "k=v"}).json()
    assert (event["version"], event["rawPath"], event["queryStringParameters"]) == ("2.0", "/a%20b", {"x": "1,2"})
    assert (event["body"], event["isBase64Encoded"]) == (base64.b64encode(b"a=1").decode(), True)
    assert event["cookies"] == ["k=v"] and event["requestContext"]["accountId"] == "anonymous"
    assert event["requestContext"]["domainName"] == host.split(":")[0]


def test_a_signed_function_url_takes_only_the_signed(zerun, lam, function):
    url = url_of(lam, function(ANSWERS), auth="AWS_IAM")
    path = url_path(url) + "/x"
    assert request(zerun.endpoint, "GET", path).status == 403
    answer = signed(zerun, "lambda", "GET", path)
    assert answer.status == 200, answer.text
    assert answer.json()["requestContext"]["authorizer"]["iam"]["accountId"] == "000000000000"
    assert signed(zerun, "lambda", "GET", path, keys=(zerun.keys()[0], "wrong")).status == 403


def test_a_function_url_is_managed_and_gone_when_deleted(zerun, lam, function):
    name = function(ANSWERS)
    url = url_of(lam, name, Cors={"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 60})
    with refused("ResourceConflictException", status=409):
        lam.create_function_url_config(FunctionName=name, AuthType="NONE")
    found = lam.get_function_url_config(FunctionName=name)
    assert (found["FunctionUrl"], found["AuthType"], found["InvokeMode"]) == (url, "NONE", "BUFFERED")
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    preflight = request(zerun.endpoint, "OPTIONS", url_path(url) + "/", headers=asked)
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == "https://a.example"
    answer = request(zerun.endpoint, "GET", url_path(url) + "/plain", headers={"Origin": "https://a.example"})
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    lam.delete_function_url_config(FunctionName=name)
    with refused("ResourceNotFoundException", status=404):
        lam.get_function_url_config(FunctionName=name)
    assert request(zerun.endpoint, "GET", url_path(url) + "/plain").status == 404


@pytest.mark.parametrize("configuration, naming", [
    ({"Timeout": 901}, "timeout"),
    ({"MemorySize": 10241}, "memorySize"),
    ({"Role": "nobody"}, "role"),
    ({"Architectures": ["arm64", "x86_64"]}, "rchitectures"),
    ({"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:none:1"]}, "does not exist"),
    ({"Runtime": "ruby3.4"}, "runtime"),
])
def test_values_that_cannot_be_are_refused(lam, node_runtime, configuration, naming):
    with refused("InvalidParameterValueException", "ValidationException", naming=naming):
        lam.create_function(**{"FunctionName": "cannot-be", "Runtime": node_runtime, "Handler": "index.handler",
                               "Role": ROLE, "Code": {"ZipFile": zip_of(ECHO)}} | configuration)
    with refused("ResourceNotFoundException"):
        lam.get_function(FunctionName="cannot-be")


def test_whether_a_function_may_recur_is_a_setting(lam, function):
    name = function(ECHO)
    assert lam.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    assert lam.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")["RecursiveLoop"] == "Allow"
    assert lam.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    with refused("ResourceNotFoundException", status=404):
        lam.get_function_recursion_config(FunctionName="missing")
