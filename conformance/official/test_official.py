"""Programs written with AWS's own libraries for Go and Rust, as they are published, run as `provided.al2023`."""

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest

from http_client import request, url_path
from packing import zip_of
from server import BINARY, ROLE

HERE = Path(__file__).resolve().parent
# Beside what cargo makes, so that it is kept as long as that is.
BUILT = BINARY.resolve().parent.parent / "official"


def build_go():
    program = BUILT / "go" / "bootstrap"
    subprocess.run(["go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-o", program, "."], check=True,
                   cwd=HERE / "go", env=os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"})
    return program


def build_rust():
    subprocess.run(["cargo", "build", "--locked", "--quiet"], check=True, cwd=HERE / "rust",
                   env=os.environ | {"CARGO_TARGET_DIR": str(BUILT / "rust")})
    return BUILT / "rust" / "debug" / "bootstrap"


@pytest.fixture(scope="module", params=[build_go, build_rust], ids=["go", "rust"])
def code(request):
    """The package of one library's program."""
    return zip_of({"bootstrap": request.param().read_bytes()}, executable={"bootstrap"})


names = iter(f"official-{number}" for number in range(1000))


@pytest.fixture
def made(lam, code):
    """Makes a function of the program and returns its name: made("stream", Timeout=3)."""

    def make(handler="handle", **configuration):
        name = next(names)
        lam.create_function(FunctionName=name, Handler=handler, Code={"ZipFile": code},
                            Role=ROLE,
                            **({"Runtime": "provided.al2023", "Timeout": 20, "MemorySize": 256} | configuration))
        lam.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return name

    return make


def invoke(lam, name, event):
    answer = lam.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    return json.loads(answer["Payload"].read()), answer.get("FunctionError"), log


@pytest.mark.parametrize("runtime", ["provided.al2023", "provided.al2"])
def test_an_event_its_context_and_the_log(lam, made, runtime):
    name = made(Runtime=runtime)
    for _ in range(3):
        answer, error, log = invoke(lam, name, {"kind": "greet", "name": "Ada"})
        assert error is None, answer
        assert answer["greeting"] == "hello Ada" and answer["function"] == name
        assert answer["memory"] == 256 and answer["handler"] == "handle"
        assert answer["arn"].endswith(f":function:{name}")
        assert 15_000 < answer["left"] <= 20_000
        assert f"START RequestId: {answer['id']}" in log and "\ngreets Ada\n" in log


def test_errors_have_the_library_s_own_shape(lam, made):
    name = made()
    answer, error, _ = invoke(lam, name, {"kind": "own error", "name": "luck"})
    assert error == "Unhandled"
    assert (answer["errorMessage"], answer["errorType"]) == ("no luck", "refused")
    # The process goes on; one that has panicked does not, in Go.
    assert invoke(lam, name, {"kind": "greet", "name": "x"})[0]["greeting"] == "hello x"
    answer, error, _ = invoke(lam, name, {"kind": "panic"})
    assert error == "Unhandled" and answer["errorType"] and answer["errorMessage"], answer
    assert invoke(lam, name, {"kind": "greet", "name": "y"})[0]["greeting"] == "hello y"


def test_who_waits_too_long_is_ended(lam, made):
    answer, error, _ = invoke(lam, made(Timeout=2), {"kind": "wait"})
    assert error == "Unhandled" and "Task timed out after 2.00 seconds" in answer["errorMessage"]


def streamed(lam, name, event):
    answer = lam.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event))
    read, complete = b"", None
    for one in answer["EventStream"]:
        read += one.get("PayloadChunk", {}).get("Payload", b"")
        complete = one.get("InvokeComplete", complete)
    return read, complete


def without_prelude(read):
    """The Rust library puts a prelude before every stream, the Go library only where a URL is answered."""
    return read.rpartition(b"\0" * 8)[2]


def test_an_answer_is_streamed(lam, made):
    name = made("stream")
    read, complete = streamed(lam, name, {"pieces": 3000})
    assert without_prelude(read) == b"x" * 1024 * 3000 and complete == {}
    read, complete = streamed(lam, name, {"pieces": 2, "fails": True})
    sent = without_prelude(read)
    if sent == b"x" * 2048:
        assert complete["ErrorCode"] == "Function.Unknown" or complete["ErrorCode"] == "refused", complete
        assert json.loads(complete["ErrorDetails"]) == {"errorMessage": "no more pieces", "errorType": "refused"}
    else:
        # The Rust library writes what should be trailers into the body.
        assert sent.startswith(b"x" * 2048 + b"Lambda-Runtime-Function-Error-Type: "), sent[2048:]
    assert streamed(lam, name, {"pieces": 1})[1] == {}


def test_a_url_streams_with_status_headers_and_cookies(zerun, lam, made):
    name = made("stream")
    lam.add_permission(FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*",
                       FunctionUrlAuthType="NONE")
    made = lam.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    answer = request(zerun.endpoint, "GET", url_path(made["FunctionUrl"]) + "/")
    assert answer.status == 201, answer
    assert answer.headers["content-type"] == "text/plain" and answer.headers["x-own"] == "yes"
    assert answer.headers["set-cookie"].startswith("a=b")
    assert answer.body == b"x" * 1024 * 100
