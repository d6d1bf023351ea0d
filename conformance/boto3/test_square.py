"""The classic handler over its URL; a global counter tells instances apart and shows that they are reused."""

import json
import threading

from http_client import request, url_path

SQUARE = """
module.exports.square = async (event) => {
  const { numbers } = JSON.parse(event.body);
  return {
    statusCode: 200,
    headers: { "content-type": "application/json", "x-powered-by": "square" },
    body: JSON.stringify({ squares: numbers.map((n) => n * n) }),
  };
};
"""

COUNTER = """
const instance = require("node:crypto").randomUUID();
let count = 0;
exports.handler = async ({ milliseconds = 0 }) => {
  count += 1;
  const seen = { instance, count };
  await new Promise((done) => setTimeout(done, milliseconds));
  return seen;
};
"""


def test_square_over_its_url(zerun, lam, function):
    name = function({"index.js": SQUARE}, Handler="index.square")
    url = lam.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    lam.add_permission(FunctionName=name, StatementId="public", Action="lambda:InvokeFunctionUrl", Principal="*",
                       FunctionUrlAuthType="NONE")
    body = json.dumps({"numbers": [1, 2, 3, 12]})
    answer = request(zerun.endpoint, "POST", url_path(url) + "/", body=body,
                     headers={"Content-Type": "application/json"})
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["x-powered-by"] == "square"
    assert answer.json() == {"squares": [1, 4, 9, 144]}


def test_a_url_without_permission_is_forbidden(zerun, lam, function):
    name = function({"index.js": SQUARE}, Handler="index.square")
    url = lam.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    answer = request(zerun.endpoint, "POST", url_path(url) + "/", body="{}")
    assert answer.status == 403, answer.text
    assert "Forbidden" in answer.text


def test_an_instance_is_reused(lam, function):
    name = function({"index.js": COUNTER})
    seen = [invoke(lam, name) for _ in range(5)]
    assert [each["count"] for each in seen] == [1, 2, 3, 4, 5]
    assert len({each["instance"] for each in seen}) == 1


def test_instances_share_nothing(lam, function):
    name = function({"index.js": COUNTER}, Timeout=30)
    seen, together = [], 3

    def call():
        # Long enough that all three run at once on a busy machine: one instance serves one request at a time.
        seen.append(invoke(lam, name, milliseconds=3000))

    threads = [threading.Thread(target=call) for _ in range(together)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each["count"] for each in seen] == [1] * together
    assert len({each["instance"] for each in seen}) == together


def test_new_code_starts_from_nothing(lam, function):
    name = function({"index.js": COUNTER})
    before = invoke(lam, name)
    lam.update_function_configuration(FunctionName=name, Environment={"Variables": {"CHANGED": "yes"}})
    lam.get_waiter("function_updated_v2").wait(FunctionName=name)
    after = invoke(lam, name)
    assert after["count"] == 1
    assert after["instance"] != before["instance"]


def invoke(lam, name, **payload):
    answer = lam.invoke(FunctionName=name, Payload=json.dumps(payload))
    content = answer["Payload"].read()
    assert "FunctionError" not in answer, content
    return json.loads(content)
