"""Functions in Ruby."""

import base64
import json
import re
import subprocess

import pytest

from packing import zip_of
from server import ROLE, Server

CODE = {"app.rb": """
require 'stringio'
require_relative 'lib/counter'

class Refused < StandardError; end

def handler(event:, context:)
  puts "größer #{event['name']}"
  case event['kind']
  when 'error' then raise Refused, "no #{event['name']}"
  when 'exit' then exit 3
  when 'sleep' then sleep 60
  when 'bytes' then StringIO.new("\\x00\\xff".b)
  else
    { event: event, calls: Counter.count, id: context.aws_request_id, function: context.function_name,
      memory: context.memory_limit_in_mb, left: context.get_remaining_time_in_millis,
      arn: context.invoked_function_arn, own: ENV['OWN'], kind: ENV['AWS_EXECUTION_ENV'] }
  end
end

module Deep
  class Greeter
    def self.greet(event:, context:)
      "hello #{event['name']}"
    end
  end
end
""", "lib/counter.rb": """
module Counter
  def self.count = @count = (@count || 0) + 1
end
"""}

# What AWS's own models know; others take part as stand-ins.
KNOWN = ["ruby2.7", "ruby3.2", "ruby3.3", "ruby3.4", "ruby4.0"]


@pytest.fixture(scope="module")
def ruby():
    """Identifiers: of the Ruby that is here, and under which functions ask for it."""
    said = subprocess.run(["ruby", "--version"], check=True, capture_output=True, text=True).stdout
    own = "ruby" + re.match(r"ruby (\d+\.\d+)", said).group(1)
    return own, own if own in KNOWN else "ruby3.2"


@pytest.fixture(scope="module")
def lam(tmp_path_factory, packs, ruby):
    own, asked = ruby
    data = tmp_path_factory.mktemp("zerun") / "data"
    data.mkdir()
    if own != asked:
        (data / "runtimes.toml").write_text(f'[identifiers]\n"{asked}" = "{own}"\n')
    server = Server(data).start()
    yield server.client("lambda")
    assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


@pytest.fixture
def made(lam, ruby, request):
    def make(handler="app.handler", **configuration):
        name = f"ruby-{abs(hash((request.node.name, handler))) % 10**9}"
        lam.create_function(FunctionName=name, Runtime=ruby[1], Handler=handler, Code={"ZipFile": zip_of(CODE)},
                            Role=ROLE, MemorySize=256,
                            Environment={"Variables": {"OWN": "mine"}}, **({"Timeout": 20} | configuration))
        lam.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return name

    return make


def invoke(lam, name, event):
    answer = lam.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    return answer["Payload"].read(), answer.get("FunctionError"), base64.b64decode(answer["LogResult"]).decode()


def test_an_event_its_context_and_the_log(lam, made, ruby):
    name = made()
    for calls in (1, 2):
        payload, error, log = invoke(lam, name, {"name": "Ada", "ü": ["ö"]})
        assert error is None, payload
        answer = json.loads(payload)
        assert answer["event"] == {"name": "Ada", "ü": ["ö"]} and answer["calls"] == calls
        assert answer["function"] == name and answer["memory"] == 256 and answer["own"] == "mine"
        assert answer["kind"] == f"AWS_Lambda_{ruby[1]}" and answer["arn"].endswith(f":{name}")
        assert 0 < answer["left"] <= 20_000
        assert f"START RequestId: {answer['id']}" in log and "\ngrößer Ada\n" in log


def test_methods_of_classes_and_bytes(lam, made):
    assert invoke(lam, made("app.Deep::Greeter.greet"), {"name": "x"})[:2] == (b'"hello x"', None)
    assert invoke(lam, made(), {"kind": "bytes"})[:2] == (b"\x00\xff", None)


def test_an_error_has_its_type_and_trace_and_the_process_goes_on(lam, made):
    name = made()
    payload, error, log = invoke(lam, name, {"kind": "error", "name": "luck"})
    answer = json.loads(payload)
    assert error == "Unhandled"
    assert (answer["errorMessage"], answer["errorType"]) == ("no luck", "Function<Refused>")
    assert answer["stackTrace"][0].startswith("/var/task/app.rb:"), answer
    assert all("zerun" not in line for line in answer["stackTrace"])
    assert "Error raised from handler method" in log
    assert json.loads(invoke(lam, name, {})[0])["calls"] == 1


def test_exits_and_timeouts(lam, made):
    name = made(Timeout=2)
    payload, error, _ = invoke(lam, name, {"kind": "exit"})
    assert error == "Unhandled" and json.loads(payload)["errorType"] == "Function<SystemExit>", payload
    payload, error, _ = invoke(lam, name, {"kind": "sleep"})
    assert error == "Unhandled" and "Task timed out after 2.00 seconds" in json.loads(payload)["errorMessage"]
    assert json.loads(invoke(lam, name, {})[0])["calls"] == 1


@pytest.mark.parametrize("handler, kind", [("missing.handler", "Init<LoadError>"), ("app.missing", "Init<NameError>"),
                                           ("app", "Init<ArgumentError>")])
def test_what_cannot_be_loaded_is_an_error_of_the_start(lam, made, handler, kind):
    payload, error, _ = invoke(lam, made(handler), {})
    assert error == "Unhandled" and json.loads(payload)["errorType"] == kind, payload
