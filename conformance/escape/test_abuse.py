"""A function that speaks to the platform in ways it should not: it hurts itself at most.

Both conversations are abused, whichever the function's process has: the HTTP Runtime API, and the descriptors on which a
runtime's own conversation may run. After each the function's next invocation must work, in a new instance if need be.
"""

import json

import pytest

from escape.bystander import ROLE, Bystander
from expectation import refused
from packing import zip_of
from server import wait_until

RAW = '''
import json, os, socket, sys, threading, time

def call(method, path, body=b"", headers=(), seconds=3):
    """One request to the Runtime API; gives its status, or what happened instead."""
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), seconds) as connection:
            head = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", "Connection: close", *headers]
            connection.sendall("\\r\\n".join(head).encode() + b"\\r\\n\\r\\n" + body)
            said = connection.recv(4096)
        return int(said.split()[1]) if said else "closed"
    except OSError as error:
        return type(error).__name__

def send(data, seconds=3):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), seconds) as connection:
            connection.sendall(data)
            return connection.recv(100).decode(errors="replace")[:12]
    except OSError as error:
        return type(error).__name__

def sockets():
    """The descriptors of this process that are sockets, the runtime's conversation among them."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:") and int(name) > 2:
                found.append(int(name))
        except OSError:
            pass
    return found

def scribble(data, times=1):
    for descriptor in sockets():
        try:
            os.set_blocking(descriptor, False)
            for _ in range(times):
                os.write(descriptor, data)
        except OSError:
            pass

API = "/2018-06-01/runtime"

def handler(event, context):
    if event == "fine":
        return "fine"
'''

# What the function does, and what its caller may be told: "answered" by what it gives, or an error's type.
OWN_ERRORS = ("Runtime.ExitError", "Sandbox.Timedout", "Runtime.InvalidEntrypoint", "Runtime.ResponseError",
              "Runtime.TruncatedResponse", "Function.ResponseSizeTooLarge", "Runtime.Unknown", "Error", "scribbled")
ABUSES = {
    # The HTTP Runtime API.
    "answer_another_invocation": """
    return call("POST", API + "/invocation/00000000-0000-4000-8000-000000000000/response", b'"x"')
""",
    "answer_with_a_path_for_an_id": """
    return [call("POST", API + f"/invocation/{one}/response", b'"x"') for one in ("..", "%2e%2e", "a" * 4000, "%00", "-", "*")]
""",
    "fail_to_initialise_afterwards": """
    return call("POST", API + "/init/error", b'{"errorType": "x"}')
""",
    "unknown_paths": """
    return [call(*one) for one in (("GET", "/"), ("GET", "/2018-06-01"), ("DELETE", API + "/invocation/next"),
            ("POST", API + "/invocation/next"), ("GET", "/../../etc/passwd"), ("OPTIONS", "*"), ("CONNECT", "127.0.0.1:4566"),
            ("GET", "http://169.254.169.254/"), ("TRACE", "/"))]
""",
    "garbage": """
    return [send(one) for one in (b"\\0" * 1000, b"GET\\r\\n\\r\\n", b"\\xff\\xfe" * 100, b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n",
            b"GET / HTTP/9.9\\r\\n\\r\\n", b"POST / HTTP/1.1\\r\\nContent-Length: -1\\r\\n\\r\\n",
            b"POST / HTTP/1.1\\r\\nContent-Length: 99999999999999999999\\r\\n\\r\\n",
            b"POST / HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\nContent-Length: 5\\r\\n\\r\\nffffffffffffffff\\r\\n")]
""",
    "huge_head": """
    return call("GET", API + "/invocation/next", headers=["X-Fill: " + "x" * (8 << 20)])
""",
    "endless_headers": """
    return call("GET", API + "/invocation/next", headers=[f"X-{n}: x" for n in range(100_000)])
""",
    "huge_body": """
    return call("POST", API + f"/invocation/{context.aws_request_id}/response", b"x" * (64 << 20), seconds=10)
""",
    "slow_heads": """
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
    held = []
    for _ in range(900):
        try:
            held.append(socket.create_connection((host, int(port)), 0.2))
            held[-1].sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nX: ")
        except OSError:
            break
    return "held"
""",
    "ask_for_more_events": """
    threads = [threading.Thread(target=call, args=("GET", API + "/invocation/next"), daemon=True) for _ in range(50)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    return "asked"
""",
    "forge_log_identity": """
    print("START RequestId: 00000000-0000-4000-8000-000000000000 Version: 999\\nREPORT RequestId: x\\tBilled Duration: 0 ms")
    return "printed"
""",
    "speak_to_extensions": """
    return [call("POST", "/2020-01-01/extension/register", b'{"events": ["INVOKE"]}', ["Lambda-Extension-Name: forged"]),
            call("PUT", "/2022-07-01/telemetry", b"{}"), call("GET", "/2020-01-01/extension/event/next")]
""",
    "the_front_door_without_a_signature": """
    os.environ["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:4566"
    return [call("GET", "/2015-03-31/functions/"), call("GET", "/"), call("POST", "/2015-03-31/functions/fine/invocations")]
""",
    # Whatever the runtime talks through, shim or not.
    "scribble_garbage": """
    scribble(b"\\xff" * 4096)
    return "scribbled"
""",
    "scribble_huge_lengths": """
    scribble(b"\\xff\\xff\\xff\\xff\\x12\\xff\\xff\\xff\\xff{}")
    return "scribbled"
""",
    "scribble_zeroes": """
    scribble(bytes(65536), 100)
    return "scribbled"
""",
    "scribble_frames": """
    # u32 length of the rest, u8 kind, u32 length of the header, header, body: an answer before the answer, of each kind.
    for kind in range(0, 32):
        scribble((9).to_bytes(4, "little") + bytes([kind]) + (2).to_bytes(4, "little") + b"{}xx")
    return "scribbled"
""",
    "scribble_many_answers": """
    frame = (5 + 2 + 3).to_bytes(4, "little") + bytes([18]) + (2).to_bytes(4, "little") + b"{}" + b"[1]"
    scribble(frame * 1000, 50)
    return "scribbled"
""",
    "scribble_header_longer_than_frame": """
    scribble((10).to_bytes(4, "little") + bytes([18]) + (4000).to_bytes(4, "little") + b"{}xxx")
    return "scribbled"
""",
    "scribble_and_close": """
    for descriptor in sockets():
        os.close(descriptor)
    return "scribbled"
""",
    "scribble_and_shut_down": """
    for descriptor in sockets():
        one = socket.socket(fileno=os.dup(descriptor))
        one.shutdown(socket.SHUT_RDWR)
        one.close()
    return "scribbled"
""",
    "never_read": """
    for descriptor in sockets():
        os.dup2(os.open("/dev/null", os.O_RDWR), descriptor)
    return "scribbled"
""",
    "stolen_by_a_child": """
    if os.fork() == 0:
        scribble(b"\\x00\\x00\\x00\\x00" * 100)
        while True:
            for descriptor in sockets():
                try:
                    os.read(descriptor, 65536)
                except OSError:
                    pass
            time.sleep(0.001)
    time.sleep(0.1)
    return "scribbled"
""",
}


@pytest.fixture(scope="module")
def bystander(zerun, python_runtime):
    return Bystander(zerun, python_runtime)


@pytest.mark.parametrize("abuse", ABUSES)
def test_abuse_hurts_the_abuser_alone(zerun, lam, invoke, bystander, python_runtime, abuse):
    name = f"abuse-{abuse.replace('_', '-')}"
    lam.create_function(FunctionName=name, Runtime=python_runtime, Handler="index.handler", Role=ROLE, Timeout=3,
                        MemorySize=512, Code={"ZipFile": zip_of({"index.py": RAW + ABUSES[abuse]})})
    assert invoke(name, "fine") == "fine"
    with bystander:
        answer = lam.invoke(FunctionName=name, Payload=b'"abuse"')
        said = json.loads(answer["Payload"].read() or b"null")
        # One that spoiled its conversation may cost one invocation more, which then fails on its own account alone.
        after = [outcome(lam, name) for _ in range(2)]
    bystander.assert_undisturbed(abuse)
    assert after[-1] == "fine", f"after {said!r} it does not work again: {after}"
    assert zerun.is_running()
    judge(abuse, said)


def outcome(lam, name):
    said = json.loads(lam.invoke(FunctionName=name, Payload=b'"fine"')["Payload"].read() or b"null")
    return said.get("errorType") if isinstance(said, dict) else said


def judge(abuse, said):
    if abuse.startswith(("scribble", "never", "stolen")):
        told = said.get("errorType", "") if isinstance(said, dict) else said
        # What it forged it may be believed: it is its own answer.
        assert isinstance(said, (dict, list, str)) or said is None, (abuse, told)
        return
    statuses = said if isinstance(said, list) else [said]
    assert not any(one == 200 for one in statuses), said
    if abuse == "the_front_door_without_a_signature":
        assert set(statuses) == {403}, said
    if abuse in ("answer_another_invocation", "answer_with_a_path_for_an_id", "unknown_paths"):
        assert all(one == "closed" or isinstance(one, int) and 400 <= one < 500 for one in statuses), said
    if abuse == "garbage":
        assert all("200" not in one and "202" not in one for one in statuses), said


def test_another_functions_invocation_cannot_be_answered(zerun, lam, invoke, python_runtime):
    """Even who knows the id of another function's invocation that runs right now has nobody to tell an answer to."""
    slow = "import time\nended = []\ndef handler(event, context):\n    if event == 'ended':\n        return ended\n" \
           "    time.sleep(2)\n    ended.append(context.aws_request_id)\n"
    forger = RAW + """
    return [call("POST", API + f"/invocation/{event['id']}/{kind}", b'{"errorType": "forged"}') for kind in ("response", "error")]
"""
    for name, code in (("slow", slow), ("forger", forger)):
        lam.create_function(FunctionName=name, Runtime=python_runtime, Handler="index.handler", Role=ROLE, Timeout=10,
                            Code={"ZipFile": zip_of({"index.py": code})})
    # So that there is but one instance to ask.
    lam.put_function_concurrency(FunctionName="slow", ReservedConcurrentExecutions=1)
    assert invoke("slow", "ended") == []
    accepted = lam.invoke(FunctionName="slow", InvocationType="Event", Payload=b"0")
    running = accepted["ResponseMetadata"]["RequestId"]
    statuses = invoke("forger", {"id": running})
    assert all(isinstance(status, int) and 400 <= status < 500 for status in statuses), statuses

    def ended():
        try:
            return invoke("slow", "ended") == [running]
        except lam.exceptions.TooManyRequestsException:
            return False

    wait_until(ended, what="the end of the slow invocation, of itself")


def test_a_large_environment_is_bounded(lam, invoke, python_runtime):
    """4 KiB of variables is what a function may have; each of its processes may have more of its own making."""
    code = {"index.py": "import os, subprocess, sys\ndef handler(event, context):\n"
                        "    try:\n        subprocess.run([sys.executable, '-S', '-c', ''], env={f'X{n}': 'x' * 100_000 for n in range(80)})\n"
                        "    except OSError as error:\n        return error.strerror\n    return 'ran'\n"}
    given = dict(Runtime=python_runtime, Handler="index.handler", Role=ROLE, Code={"ZipFile": zip_of(code)})
    with refused("InvalidParameterValueException"):
        lam.create_function(FunctionName="large", Environment={"Variables": {f"X{n}Y": "x" * 1000 for n in range(5)}}, **given)
    lam.create_function(FunctionName="large", Environment={"Variables": {"XX": "x" * 4000}}, **given)
    assert invoke("large") == "Argument list too long"
