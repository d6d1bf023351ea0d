"""A server with secrets in its environment, and the facts about it that attempts need."""

import json

import pytest

from escape.facts import of_the_outside
from server import Server

from conftest import end

# Everything started by this server could see it, were anything inherited.
SECRET = "canary-of-the-server-5f1c"


@pytest.fixture(scope="module")
def zerun(tmp_path_factory, packs):
    server = Server(tmp_path_factory.mktemp("zerun") / "data", environment={"ZERUN_CANARY": SECRET}).start()
    yield server
    end(server)


@pytest.fixture(scope="module")
def facts(zerun, tmp_path_factory):
    directory = tmp_path_factory.mktemp("outside")
    with of_the_outside(zerun, directory) as facts:
        yield facts


@pytest.fixture(scope="module")
def invoke(lam):
    """Invokes a function that must not fail, and gives what it answered."""

    def run(name, event=None, **options):
        answer = lam.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **options)
        said = json.loads(answer["Payload"].read() or b"null")
        assert "FunctionError" not in answer, said
        return said

    return run
