"""Answers that leave while the function still writes them: InvokeWithResponseStream and URLs that stream."""

import base64
import http.client
import json
import time
from urllib.parse import urlsplit

import pytest

from expectation import refused
from http_client import request, url_path
from packing import zip_of
from server import ROLE, wait_until

MIB = 1 << 20
SECONDS_MAX = 60

# What the test and the function tell each other goes through a bucket, so that neither waits for a time.
STREAMS = {"index.js": """
const { S3Client, HeadObjectCommand, PutObjectCommand } = require("@aws-sdk/client-s3");
const s3 = new S3Client({});
const put = (Bucket, Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
const sleep = (ms) => new Promise((then) => setTimeout(then, ms));
const until = async (Bucket, Key) => {
  for (;;) {
    try { return await s3.send(new HeadObjectCommand({ Bucket, Key })); }
    catch (error) { if (error.name !== "NotFound") throw error; }
    await sleep(20);
  }
};
const write = async (stream, data) => {
  if (!stream.write(data)) await new Promise((then) => stream.once("drain", then));
};
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const wish = event.queryStringParameters ?? event;
  const { bucket } = wish;
  console.log("wish", wish.wish);
  if (event.rawPath === "/prelude" || wish.wish === "prelude") {
    stream = awslambda.HttpResponseStream.from(stream, {
      statusCode: 201, headers: { "Content-Type": "text/event-stream", "X-Own": "1" }, cookies: ["a=1", "b=2"],
    });
  }
  switch (wish.wish) {
    case "fail first": throw new TypeError("at once");
    case "fail later": await write(stream, "some"); await sleep(1); throw new TypeError("in the middle");
    case "exit": await write(stream, "some"); await until(bucket, "go"); process.exit(3);
    case "hang": await write(stream, "some"); await sleep(60_000); break;
    case "gated":
      await write(stream, "first");
      await until(bucket, "go");
      await write(stream, "second");
      await put(bucket, "done");
      break;
    case "much":
      for (let count = 1; count <= wish.mib; count += 1) {
        await write(stream, Buffer.alloc(1 << 20, 120));
        await put(bucket, `written/${String(count).padStart(4, "0")}`);
      }
      break;
    default: await write(stream, JSON.stringify({ event, id: context.awsRequestId }));
  }
  stream.end();
  await new Promise((then) => stream.once("finish", then));
});
"""}


class Invoked:
    """One streamed invocation, read event by event."""

    def __init__(self, lam, name, event=None, **options):
        self.response = lam.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event or {}), **options)
        self.events = iter(self.response["EventStream"])
        self.complete = None

    def chunk(self):
        """The next bytes, or None at the end."""
        for event in self.events:
            if "PayloadChunk" in event:
                return event["PayloadChunk"]["Payload"]
            self.complete = event["InvokeComplete"]
        return None

    def read(self):
        """Everything from here on."""
        return b"".join(iter(self.chunk, None))

    def close(self):
        self.response["EventStream"].close()


def keys(s3, bucket, prefix=""):
    return [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


@pytest.fixture(scope="module")
def streams(zerun, lam, node_runtime):
    """One streaming function for the tests that need no settings of their own."""
    return make(lam, "streams", node_runtime)


def make(lam, name, runtime, files=STREAMS, **configuration):
    executable = configuration.pop("executable", ())
    lam.create_function(FunctionName=name, Runtime=runtime, Role=ROLE,
                        Code={"ZipFile": zip_of(files, executable=executable)},
                        **{"Handler": "index.handler", "Timeout": 60, "MemorySize": 256} | configuration)
    lam.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return name


def url_of(lam, name, mode):
    lam.add_permission(FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*",
                       FunctionUrlAuthType="NONE")
    return lam.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode=mode)["FunctionUrl"]


@pytest.fixture(scope="module")
def url(lam, streams):
    return url_of(lam, streams, "RESPONSE_STREAM")


class Opened:
    """One request to a URL, its response open."""

    def __init__(self, zerun, url, path):
        address = urlsplit(zerun.endpoint)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=SECONDS_MAX)
        self.connection.request("GET", url_path(url) + path)
        self.response = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.response.close()
        self.connection.close()


# InvokeWithResponseStream


def test_the_first_bytes_come_while_the_function_still_waits(lam, s3, bucket, streams):
    invoked = Invoked(lam, streams, {"wish": "gated", "bucket": bucket})
    assert invoked.response["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/vnd.amazon.eventstream"
    assert invoked.response["ExecutedVersion"] == "$LATEST"
    assert invoked.chunk() == b"first"
    assert keys(s3, bucket) == []
    s3.put_object(Bucket=bucket, Key="go")
    assert invoked.read() == b"second"
    assert invoked.complete == {}


def test_the_log_comes_with_the_end(lam, streams):
    invoked = Invoked(lam, streams, {"n": 1}, LogType="Tail")
    answered = json.loads(invoked.read())
    assert answered["event"] == {"n": 1}
    log = base64.b64decode(invoked.complete["LogResult"]).decode()
    assert f"START RequestId: {answered['id']}" in log and "\twish" in log and "REPORT RequestId" in log
    assert "ErrorCode" not in invoked.complete


def test_an_error_before_the_first_byte_and_in_the_middle(lam, streams):
    for wish, message, payload in [("fail first", "at once", b""), ("fail later", "in the middle", b"some")]:
        invoked = Invoked(lam, streams, {"wish": wish}, LogType="Tail")
        assert invoked.read() == payload
        assert invoked.complete["ErrorCode"] == "TypeError", invoked.complete
        details = json.loads(invoked.complete["ErrorDetails"])
        assert (details["errorMessage"], details["errorType"]) == (message, "TypeError")
        assert isinstance(details["trace"], list)
    assert json.loads(Invoked(lam, streams, {"n": 2}).read())["event"] == {"n": 2}


def test_a_process_that_ends_in_the_middle(lam, s3, bucket, streams):
    invoked = Invoked(lam, streams, {"wish": "exit", "bucket": bucket}, LogType="Tail")
    assert invoked.chunk() == b"some"
    s3.put_object(Bucket=bucket, Key="go")
    assert invoked.read() == b""
    assert invoked.complete["ErrorCode"] == "Runtime.ExitError", invoked.complete
    assert "exit status 3" in invoked.complete["ErrorDetails"]


def test_a_timeout_in_the_middle(lam, node_runtime):
    name = make(lam, "hangs", node_runtime, Timeout=2)
    invoked = Invoked(lam, name, {"wish": "hang"}, LogType="Tail")
    assert invoked.chunk() == b"some"
    assert invoked.read() == b""
    assert invoked.complete["ErrorCode"] == "Sandbox.Timedout", invoked.complete
    assert "Task timed out after 2.00 seconds" in invoked.complete["ErrorDetails"]
    assert "Status: timeout" in base64.b64decode(invoked.complete["LogResult"]).decode()


def test_a_function_that_streams_nothing_answers_whole(lam, python_runtime, function):
    name = function({"index.js": "exports.handler = async (event) => ({ event });"})
    invoked = Invoked(lam, name, {"n": 1})
    assert (json.loads(invoked.read()), invoked.complete) == ({"event": {"n": 1}}, {})
    failing = function({"index.js": "exports.handler = async () => { throw new RangeError('no'); };"})
    invoked = Invoked(lam, failing)
    assert (invoked.read(), invoked.complete["ErrorCode"]) == (b"", "RangeError")
    # The managed Python runtime has no way to stream: a generator is no answer, as with Invoke.
    generator = function({"index.py": "def handler(event, context):\n    yield 'a'\n"}, Runtime=python_runtime)
    invoked = Invoked(lam, generator)
    assert (invoked.read(), invoked.complete["ErrorCode"]) == (b"", "Runtime.MarshalError")


def test_what_invoke_gives_of_a_stream(lam, streams):
    answer = lam.invoke(FunctionName=streams, Payload=json.dumps({"n": 3}))
    assert json.loads(answer["Payload"].read())["event"] == {"n": 3}
    failed = lam.invoke(FunctionName=streams, Payload=json.dumps({"wish": "fail later"}))
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"].read())["errorMessage"] == "in the middle"


def test_a_qualifier_a_dry_run_and_what_is_refused(lam, streams):
    version = lam.publish_version(FunctionName=streams)["Version"]
    invoked = Invoked(lam, streams, Qualifier=version)
    assert invoked.response["ExecutedVersion"] == version
    invoked.read()
    dry = lam.invoke_with_response_stream(FunctionName=streams, InvocationType="DryRun")
    assert dry["StatusCode"] == 204
    with refused("ResourceNotFoundException", status=404):
        lam.invoke_with_response_stream(FunctionName=streams, Qualifier="missing")
    with refused("InvalidRequestContentException"):
        lam.invoke_with_response_stream(FunctionName=streams, Payload=b"{")
    with refused("InvalidParameterValueException", naming="TenantId"):
        lam.invoke_with_response_stream(FunctionName=streams, TenantId="a")


def test_a_slow_reader_holds_the_function_up(lam, s3, bucket, streams):
    total = 96
    invoked = Invoked(lam, streams, {"wish": "much", "bucket": bucket, "mib": total})
    first = invoked.chunk()
    written = wait_until(lambda: settled(s3, bucket), seconds_max=SECONDS_MAX, what="the function is held up")
    assert written < total / 2, f"{written} of {total} MiB were written while nobody read"
    rest = invoked.read()
    assert len(first) + len(rest) == total * MIB and invoked.complete == {}
    assert len(keys(s3, bucket, "written/")) == total


def settled(s3, bucket):
    """How much was written, once that no longer changes for a while."""
    before = len(keys(s3, bucket, "written/"))
    time.sleep(1)
    return before if before and before == len(keys(s3, bucket, "written/")) else None


def test_a_reader_that_goes_away_does_not_stop_the_function(lam, s3, bucket, streams):
    invoked = Invoked(lam, streams, {"wish": "gated", "bucket": bucket})
    assert invoked.chunk() == b"first"
    invoked.close()
    s3.put_object(Bucket=bucket, Key="go")
    wait_until(lambda: "done" in keys(s3, bucket), seconds_max=SECONDS_MAX, what="the function's last mark")


def test_a_stream_takes_its_place_until_its_end(lam, s3, bucket, node_runtime):
    name = make(lam, "alone", node_runtime)
    lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    invoked = Invoked(lam, name, {"wish": "gated", "bucket": bucket})
    assert invoked.chunk() == b"first"
    with refused("TooManyRequestsException", status=429):
        lam.invoke_with_response_stream(FunctionName=name)
    s3.put_object(Bucket=bucket, Key="go")
    assert invoked.read() == b"second"

    def free():
        try:
            return Invoked(lam, name).read()
        except lam.exceptions.TooManyRequestsException:
            return None

    assert wait_until(free, seconds_max=SECONDS_MAX, what="the place")


# Custom runtimes, which speak the Runtime API themselves

CHUNKED = """#!/bin/bash
set -u
while true; do
  exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}
  printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' >&3
  id= size=0
  while IFS= read -r line <&3; do
    line=${line%$'\\r'}
    [ -z "$line" ] && break
    case "${line,,}" in
      lambda-runtime-aws-request-id:*) id=${line#*: } ;;
      content-length:*) size=${line#*: } ;;
    esac
  done
  IFS= read -r -N "$size" event <&3
  exec 3>&-
  exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}
  printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n' "$id" >&3
  printf 'Lambda-Runtime-Function-Response-Mode: streaming\\r\\nTransfer-Encoding: chunked\\r\\n' >&3
  printf 'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\\r\\n' >&3
  printf 'Content-Type: text/plain\\r\\n\\r\\n5\\r\\nhello\\r\\n2\\r\\n, \\r\\n' >&3
  case "$event" in
    *break*)
      body=$(printf '{"errorType":"Function.Broken","errorMessage":"broke off"}' | base64 -w0)
      printf '0\\r\\nLambda-Runtime-Function-Error-Type: Function.Broken\\r\\n' >&3
      printf 'Lambda-Runtime-Function-Error-Body: %s\\r\\n\\r\\n' "$body" >&3 ;;
    *) printf '5\\r\\nworld\\r\\n0\\r\\n\\r\\n' >&3 ;;
  esac
  cat <&3 >/dev/null
  exec 3>&-
done
"""


def test_a_custom_runtime_streams_in_chunks_with_trailers(zerun, lam):
    name = make(lam, "chunked", "provided.al2023", {"bootstrap": CHUNKED}, Handler="h", executable=("bootstrap",))
    invoked = Invoked(lam, name)
    assert (invoked.read(), invoked.complete) == (b"hello, world", {})
    invoked = Invoked(lam, name, "break")
    assert invoked.read() == b"hello, "
    assert invoked.complete["ErrorCode"] == "Function.Broken", invoked.complete
    assert json.loads(invoked.complete["ErrorDetails"])["errorMessage"] == "broke off"
    answer = request(zerun.endpoint, "GET", url_path(url_of(lam, name, "RESPONSE_STREAM")) + "/")
    assert (answer.status, answer.headers["content-type"], answer.text) == (200, "text/plain", "hello, world")


# Function URLs


def test_a_url_answers_with_the_prelude_and_then_as_it_comes(zerun, s3, bucket, url):
    with Opened(zerun, url, f"/prelude?wish=gated&bucket={bucket}") as opened:
        response = opened.response
        assert (response.status, response.headers["content-type"], response.headers["x-own"]) == (
            201, "text/event-stream", "1")
        assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]
        assert response.headers["transfer-encoding"] == "chunked" and response.headers["content-length"] is None
        assert response.read(5) == b"first"
        assert keys(s3, bucket) == []
        s3.put_object(Bucket=bucket, Key="go")
        assert response.read() == b"second"


def test_a_url_without_a_prelude_answers_octets(zerun, url):
    answer = request(zerun.endpoint, "GET", url_path(url) + "/plain?n=1")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    assert answer.json()["event"]["rawPath"] == "/plain"


def test_an_error_in_the_middle_breaks_the_connection(zerun, url):
    with Opened(zerun, url, "/prelude?wish=fail%20later") as opened:
        assert opened.response.status == 201
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)) as broken:
            opened.response.read()
        if isinstance(broken.value, http.client.IncompleteRead):
            assert broken.value.partial in (b"some", b"")
    answer = request(zerun.endpoint, "GET", url_path(url) + "/?wish=fail%20first")
    assert (answer.status, "at once" in answer.text) == (502, False)


def test_an_answer_that_is_no_stream_is_passed_on_as_it_is(zerun, lam, function):
    name = function({"index.js": "exports.handler = async () => ({ statusCode: 201, body: 'made' });"})
    url = url_of(lam, name, "RESPONSE_STREAM")
    answer = request(zerun.endpoint, "GET", url_path(url) + "/")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"statusCode": 201, "body": "made"}
    assert lam.update_function_url_config(FunctionName=name, InvokeMode="BUFFERED")["InvokeMode"] == "BUFFERED"
    answer = request(zerun.endpoint, "GET", url_path(url) + "/")
    assert (answer.status, answer.text) == (201, "made")


def test_a_streaming_function_behind_a_url_that_buffers(zerun, lam, node_runtime):
    name = make(lam, "buffered", node_runtime)
    url = url_of(lam, name, "BUFFERED")
    answer = request(zerun.endpoint, "GET", url_path(url) + "/prelude?n=1")
    assert (answer.status, answer.headers["content-type"], answer.headers["x-own"]) == (201, "text/event-stream", "1")
    assert answer.headers["content-length"] and answer.json()["event"]["rawPath"] == "/prelude"
    assert request(zerun.endpoint, "GET", url_path(url) + "/?wish=fail%20later").status == 502


def test_the_mode_of_a_url_is_kept(lam, url, streams):
    found = lam.get_function_url_config(FunctionName=streams)
    assert (found["FunctionUrl"], found["InvokeMode"]) == (url, "RESPONSE_STREAM")
    listed = lam.list_function_url_configs(FunctionName=streams)["FunctionUrlConfigs"]
    assert [one["InvokeMode"] for one in listed] == ["RESPONSE_STREAM"]
    with refused("InvalidParameterValueException", "ValidationException", naming="InvokeMode"):
        lam.update_function_url_config(FunctionName=streams, InvokeMode="OTHER")
