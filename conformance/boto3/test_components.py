"""Functions whose code is a WebAssembly component: `bootstrap.wasm` in a custom runtime's zip."""

import base64
import json
import re

import pytest

from http_client import request, url_path
from packing import zip_of
from server import ROLE, ROOT

# Answers 201 with the request's target, a space and its body.
ECHO = (ROOT / "crates/wasm/tests/guests/echo.wasm").read_bytes()


@pytest.fixture(scope="module")
def echo(lam):
    lam.create_function(
        FunctionName="component", Runtime="provided.al2023", Handler="handle",
        Role=ROLE, Code={"ZipFile": zip_of({"bootstrap.wasm": ECHO})},
    )
    return "component"


def test_an_event_is_posted(lam, echo):
    answer = lam.invoke(FunctionName=echo, Payload=b'{"a": 1}', LogType="Tail")
    assert (answer["StatusCode"], answer.get("FunctionError")) == (200, None)
    assert answer["Payload"].read() == b'/ {"a": 1}'
    log = base64.b64decode(answer["LogResult"]).decode()
    report = re.search(r"REPORT RequestId: \S+\tDuration: \S+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
                       r"Max Memory Used: 1 MB\tInit Duration: \S+ ms\t", log)
    assert report, log


def test_a_url_reaches_it_as_http(lam, echo, zerun):
    lam.add_permission(FunctionName=echo, StatementId="all", Action="lambda:InvokeFunctionUrl", Principal="*",
                       FunctionUrlAuthType="NONE")
    url = lam.create_function_url_config(FunctionName=echo, AuthType="NONE")["FunctionUrl"]
    answer = request(zerun.endpoint, "POST", url_path(url) + "/a%20b?c=d", body=b"hello")
    assert (answer.status, answer.body) == (201, b"/a%20b?c=d hello")


def test_other_code_takes_its_place(lam, echo):
    lam.update_function_code(FunctionName=echo, ZipFile=zip_of({"bootstrap.wasm": b"\0asm\1\0\0\0"}), Publish=True)
    answer = lam.invoke(FunctionName=echo, Payload=b"{}")
    assert answer["FunctionError"] == "Unhandled"
    error = json.loads(answer["Payload"].read())
    assert error["errorType"] == "Runtime.InvalidEntrypoint"
    assert "core module" in error["errorMessage"]
    lam.update_function_code(FunctionName=echo, ZipFile=zip_of({"bootstrap.wasm": ECHO}))
    assert lam.invoke(FunctionName=echo, Payload=b"2")["Payload"].read() == b"/ 2"
    # The published version keeps the code that it was published with.
    assert lam.invoke(FunctionName=echo, Qualifier="1", Payload=b"2")["FunctionError"] == "Unhandled"
