"""Fixtures: a real server, unmodified clients on it, and the check that it leaves nothing behind.

    def test_put(s3, bucket):            # boto3 clients on a server shared by the tests of one file
    def test_restart(fresh_zerun):       # a server of the test's own, to stop, kill and start as it likes
    def test_cli(aws, bucket):           # the AWS CLI: aws("s3", "ls")

`zerun` is the shared server itself (see `server.Server`).
"""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from packing import zip_of
from server import BINARY, PACKS, ROLE, Server, clean_environment

names = itertools.count(1)


@pytest.fixture(scope="session")
def packs():
    """The SDKs that managed runtimes carry, installed once for every server of every run."""
    subprocess.run([BINARY, "runtime", "install", "python", "node", "java", "--packs", PACKS], check=True,
                   stdout=sys.stderr, env=clean_environment())
    return PACKS


@pytest.fixture(scope="module")
def zerun(tmp_path_factory, packs):
    """A server shared by the tests of one file; after them it must stop in order and leave nothing behind."""
    server = Server(tmp_path_factory.mktemp("zerun") / "data").start()
    yield server
    end(server)


@pytest.fixture
def fresh_zerun(tmp_path, packs):
    """A server of the test's own, started. The test may stop, kill and start it."""
    server = Server(tmp_path / "data").start()
    yield server
    end(server)


def end(server):
    if server.process is not None:
        assert server.is_running(), f"the server ended by itself:\n{server.last_words()}"
        assert server.stop() == 0, f"the graceful stop failed:\n{server.last_words()}"
    server.assert_nothing_left()


@pytest.fixture(scope="module")
def s3(zerun):
    return zerun.client("s3")


@pytest.fixture(scope="module")
def lam(zerun):
    return zerun.client("lambda")


@pytest.fixture(scope="module")
def iam(zerun):
    return zerun.client("iam")


@pytest.fixture(scope="module")
def sts(zerun):
    return zerun.client("sts")


@pytest.fixture(scope="module")
def dynamodb(zerun):
    return zerun.client("dynamodb")


@pytest.fixture
def bucket(s3):
    """A new, empty bucket."""
    name = f"bucket-{next(names)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def function(lam, node_runtime):
    """Makes a function and returns its name: function({"index.js": "…"}, Timeout=3)."""

    def make(files, **configuration):
        name = configuration.pop("FunctionName", f"function-{next(names)}")
        configuration = {
            "Runtime": node_runtime,
            "Handler": "index.handler",
            "Role": ROLE,
        } | configuration
        lam.create_function(FunctionName=name, Code={"ZipFile": zip_of(files)}, **configuration)
        lam.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return name

    return make


@pytest.fixture(scope="module")
def aws(zerun):
    """Runs the AWS CLI as a user would: aws("s3", "ls") returns what it prints, and fails the test when it fails."""
    program = Path(sys.executable).with_name("aws")
    environment = zerun.client_environment()

    def run(*words, succeeds=True, **options):
        done = subprocess.run([program, *map(str, words)], env=environment, capture_output=True, text=True,
                              timeout=300, **options)
        if succeeds:
            assert done.returncode == 0, f"aws {' '.join(map(str, words))}: status {done.returncode}\n{done.stderr}"
            return done.stdout
        assert done.returncode != 0, f"aws {' '.join(map(str, words))} succeeded:\n{done.stdout}"
        return done.stderr

    return run


@pytest.fixture(scope="session")
def node_runtime():
    """The runtime identifier of the Node found first on the PATH, such as nodejs20.x."""
    return f"nodejs{version_of('node')[0]}.x"


@pytest.fixture(scope="session")
def python_runtime():
    """The runtime identifier of the Python found first on the PATH, such as python3.11."""
    major, minor = version_of("python3")
    return f"python{major}.{minor}"


def version_of(program):
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"(\d+)\.(\d+)", said).groups()
