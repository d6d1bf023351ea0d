"""External extensions, as layers carry them: the Extensions and Telemetry APIs, and what the service says of both."""

import base64
import json

import pytest

from packing import zip_of

# Speaks the Extensions API with nothing but the interpreter's own library.
BASE = '''#!/usr/bin/env python3
import http.client, http.server, json, os, sys, threading, time

def call(method, path, headers={}, body=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, json.loads(answer.read() or "null")

def register(*events):
    headers = {"Lambda-Extension-Name": os.path.basename(sys.argv[0]), "Lambda-Extension-Accept-Feature": "accountId"}
    status, headers, told = call("POST", "/2020-01-01/extension/register", headers, {"events": events})
    print("registered:", json.dumps(told, sort_keys=True), flush=True)
    return {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}

def next_event(me):
    event = call("GET", "/2020-01-01/extension/event/next", me)[2]
    print("event:", json.dumps(event, sort_keys=True), flush=True)
    return event
'''
FAITHFUL = BASE + '''
me = register("INVOKE", "SHUTDOWN")
while next_event(me)["eventType"] == "INVOKE":
    pass
'''
TELEMETRY = BASE + '''
class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for document in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
            # A tail of a log has 4 KiB.
            record = document["record"]
            if isinstance(record, dict):
                record = {key: record[key] for key in ("requestId", "status", "functionName") if key in record}
            print("took:", json.dumps({"type": document["type"], "record": record}), flush=True)
            if document["type"] == "platform.runtimeDone":
                done.set()
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words):
        pass

done = threading.Event()
server = http.server.HTTPServer(("", 8080), Taker)
threading.Thread(target=server.serve_forever, daemon=True).start()
me = register("INVOKE")
# The runtime has asked for its first event by then, and nobody minds.
time.sleep(0.3)
wish = {"schemaVersion": "2022-12-13", "types": ["platform", "function"], "buffering": {"timeoutMs": 25},
        "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080"}}
print("subscribed:", call("PUT", "/2022-07-01/telemetry", me, wish)[0], flush=True)
while next_event(me)["eventType"] == "INVOKE":
    done.wait()
    done.clear()
'''
HANDLER = {"app.py": "def handler(event, context):\n    print('from the function')\n    return context.aws_request_id\n"}


@pytest.fixture
def with_extension(lam, function, python_runtime):
    """Makes a Python function with a layer that carries `text` as the extension `agent`."""

    def make(text, **configuration):
        layer = lam.publish_layer_version(LayerName="agents", Content={"ZipFile": zip_of({"extensions/agent": text}, executable=("extensions/agent",))})
        return function(HANDLER, Runtime=python_runtime, Handler="app.handler", Timeout=20,
                        Layers=[layer["LayerVersionArn"]], **configuration)

    return make


def invoke(lam, name):
    answer = lam.invoke(FunctionName=name, LogType="Tail")
    return answer, json.loads(answer["Payload"].read()), base64.b64decode(answer["LogResult"]).decode()


def said(log, what):
    return [json.loads(line.removeprefix(what)) for line in log.splitlines() if line.startswith(what)]


def test_an_extension_is_told_of_what_happens(lam, with_extension):
    name = with_extension(FAITHFUL)
    _, request_id, log = invoke(lam, name)
    assert said(log, "registered:") == [{"functionName": name, "functionVersion": "$LATEST", "handler": "app.handler",
                                         "accountId": "000000000000"}]
    [event] = said(log, "event:")
    assert event["eventType"] == "INVOKE"
    assert event["requestId"] == request_id
    assert event["invokedFunctionArn"].endswith(f":function:{name}")
    assert event["tracing"]["type"] == "X-Amzn-Trace-Id"
    assert "EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE,SHUTDOWN]" in log.splitlines()


def test_telemetry_is_delivered_to_an_extension(lam, with_extension):
    name = with_extension(TELEMETRY)
    _, request_id, log = invoke(lam, name)
    assert said(log, "subscribed:") == [200]
    assert "TELEMETRY\tName: agent\tState: Subscribed\tTypes: [Platform, Function]" in log.splitlines()
    taken = {document["type"]: document["record"] for document in said(log, "took:")}
    assert taken["function"] == "from the function"
    assert taken["platform.initStart"]["functionName"] == name
    assert taken["platform.initReport"]["status"] == "success"
    assert taken["platform.start"]["requestId"] == request_id
    assert taken["platform.runtimeDone"]["status"] == "success"
    # The report of an invocation comes with the next one.
    _, _, log = invoke(lam, name)
    reports = [document["record"] for document in said(log, "took:") if document["type"] == "platform.report"]
    assert [report["requestId"] for report in reports] == [request_id]


SLOW = BASE + """
import time
me = register("INVOKE")
while next_event(me):
    time.sleep(4)
    print("through", flush=True)
"""


def test_an_answer_comes_before_the_extensions_are_through(lam, with_extension):
    name = with_extension(SLOW, FunctionName="with-slow-extension")
    lam.update_function_code(FunctionName=name, ZipFile=zip_of(
        {"app.py": "import uuid\nme = str(uuid.uuid4())\ndef handler(event, context):\n    return me\n"}))
    lam.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    ask = lambda: json.loads(lam.invoke(FunctionName=name)["Payload"].read())
    # The first one's instance is not free yet.
    assert ask() != ask()
    # A log is complete, and so is the invocation that it is of.
    _, _, log = invoke(lam, name)
    assert "through\n" in log and "REPORT RequestId: " in log


def test_an_extension_that_fails_takes_the_function_with_it(lam, with_extension):
    answer, error, log = invoke(lam, with_extension(BASE + "sys.exit(3)\n"))
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Extension.Crash"
    assert error["errorMessage"].endswith(" Error: exit status 3")
    assert "Phase: init\tStatus: error\tError Type: Extension.Crash" in log
