"""What functions may connect to: the tag `zerun:egress`, the operator's bounds, and the way out itself."""

import base64
import json
import os

import pytest

from expectation import refused
from network import Internet
from packing import zip_of
from server import ROLE, Server

TAG = "zerun:egress"

VISITS = {"app.py": """
import errno, os, urllib.error, urllib.parse, urllib.request, socket

def visit(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return f"status {error.code}"
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, socket.gaierror):
            return "no such name"
        return errno.errorcode.get(reason.errno, str(reason))

def handler(event, context):
    return {url: visit(url.replace("FRONT", os.environ["AWS_ENDPOINT_URL"])) for url in event}
"""}


@pytest.fixture(scope="module")
def internet():
    if os.geteuid() != 0:
        pytest.skip("network namespaces are not for ordinary users")
    internet = Internet()
    yield internet
    internet.close()


@pytest.fixture(scope="module")
def cloud(internet, tmp_path_factory, packs):
    """A server in the namespace next to that Internet."""
    directory = tmp_path_factory.mktemp("egress")
    config = directory / "zerun.toml"
    config.write_text(f'[egress]\nallow_private = ["10.1.2.3/32"]\nnameservers = ["{internet.PUBLIC}"]\n')
    server = Server(directory / "data", options=["--config", config])
    internet.here.do(server.start)
    yield server
    assert internet.here.do(server.stop) == 0, server.last_words()
    server.assert_nothing_left()


class Function:
    def __init__(self, internet, cloud, name, runtime, **configuration):
        self.name, self.do = name, internet.here.do
        self.lam = self.do(cloud.client, "lambda")
        self.arn = self.do(self.lam.create_function, FunctionName=name, Runtime=runtime, Handler="app.handler",
                           Role=ROLE, Timeout=60, Code={"ZipFile": zip_of(VISITS)}, **configuration)["FunctionArn"]

    def tag(self, value):
        self.do(self.lam.tag_resource, Resource=self.arn, Tags={TAG: value})

    def visit(self, *urls):
        answer = self.do(self.lam.invoke, FunctionName=self.name, Payload=json.dumps(urls), LogType="Tail")
        log = base64.b64decode(answer["LogResult"]).decode()
        assert "FunctionError" not in answer, log
        told = [line.removeprefix("EGRESS\t") for line in log.splitlines() if line.startswith("EGRESS")]
        return list(json.load(answer["Payload"]).values()), told


def test_by_default_the_internet_and_nothing_private(internet, cloud, python_runtime):
    function = Function(internet, cloud, "default", python_runtime)
    seen, told = function.visit(
        f"http://{internet.PUBLIC}/", "http://public.example.com/", "http://nobody.example.com/", "FRONT/",
        "http://private.example.com/", f"http://{internet.PRIVATE}/", f"http://{internet.OWN}/",
        "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:80/", "http://10.1.2.99/")
    public = f"hello from {internet.PUBLIC}"
    no = "EHOSTUNREACH"
    assert seen == [public, public, "no such name", "status 403", no, no, no, no, "ECONNREFUSED", no]
    assert "TCP to 10.1.2.3:80 refused: a private address" in told
    assert "TCP to 93.184.216.1:80 refused: an address of the server's own machine" in told


def test_a_tag_changes_the_policy_of_the_next_invocation(internet, cloud, python_runtime):
    function = Function(internet, cloud, "tagged", python_runtime, Tags={TAG: "none"})
    urls = (f"http://{internet.PUBLIC}/", "http://public.example.com/", "http://private.example.com/", "FRONT/")
    assert function.visit(*urls)[0] == ["EHOSTUNREACH", "no such name", "no such name", "status 403"]
    function.tag("allow:.example.com:80")
    seen, _ = function.visit("http://public.example.org/", "http://public.example.com/", "http://private.example.com/")
    assert seen == ["no such name", f"hello from {internet.PUBLIC}", f"hello from {internet.PRIVATE}"]
    function.tag("allow:10.1.2.3")
    assert function.visit(*urls)[0] == ["EHOSTUNREACH", "no such name", "no such name", "status 403"]
    assert function.visit(f"http://{internet.PRIVATE}/")[0] == [f"hello from {internet.PRIVATE}"]
    function.do(function.lam.untag_resource, Resource=function.arn, TagKeys=[TAG])
    assert function.visit(urls[0])[0] == [f"hello from {internet.PUBLIC}"]


@pytest.mark.parametrize("value, naming", [
    ("everything", "no egress policy"),
    ("allow:", "names nothing"),
    ("allow:https://example.com", "https://example.com"),
    ("allow:10.0.0.0/8 example.com", "allow_private"),
    ("allow:169.254.169.254", "allow_private"),
])
def test_a_tag_that_means_nothing_is_refused(lam, function, value, naming):
    with refused("InvalidParameterValueException", naming=naming):
        function({"index.js": ""}, Tags={TAG: value})
    name = function({"index.js": ""}, Tags={TAG: "none"})
    arn = lam.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    with refused("InvalidParameterValueException", naming=TAG):
        lam.tag_resource(Resource=arn, Tags={TAG: value})
    assert lam.list_tags(Resource=arn)["Tags"] == {TAG: "none"}
