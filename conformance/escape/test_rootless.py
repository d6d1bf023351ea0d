"""A server without root: fewer walls, each said, and those that stand stand.

It starts no function until it is told which layers functions may do without; then the corpus must fail at every layer that
there is, and what the missing ones would have stopped is told (`-s`).
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from conftest import end
from escape.attempt import ALL
from escape.attempts import THEMES
from escape.facts import of_the_outside
from escape.ways import configurations, package
from packing import zip_of
from server import BINARY, ROLE, Server, clean_environment

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")

NOBODY = 65534
DISPENSABLE = {"own-uid", "landlock", "cgroup-namespace", "memory-limit", "process-limit", "cpu-share", "freezer",
               "tmp-on-disk", "late-bind", "egress"}


@pytest.fixture(scope="module")
def place():
    """A directory and a binary that somebody else can reach."""
    directory = Path(tempfile.mkdtemp(prefix="zerun-rootless-"))
    directory.chmod(0o755)
    shutil.copy(BINARY, directory / "zerun")
    home = directory / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def diagnosis(place):
    said = subprocess.run([place / "zerun", "doctor", "--json", "--data", place / "home/doctor"], capture_output=True,
                          text=True, env=clean_environment(), cwd=place, user=NOBODY, group=NOBODY, extra_groups=[])
    if not said.stdout:
        pytest.skip(f"nothing can be told without root: {said.stderr}")
    told = json.loads(said.stdout)
    assert said.returncode == 1, "without root not every promise can be kept, and the status says so"
    if "layers" not in told["isolation"]:
        pytest.skip(f"this machine has no sandbox without root: {told['isolation']['error']}")
    return told


@pytest.fixture(scope="module")
def missing(diagnosis):
    return {one["layer"] for one in diagnosis["isolation"]["layers"] if one["state"] == "missing"}


@pytest.fixture(scope="module")
def python(diagnosis):
    """A Python that somebody else finds, which need not be the one that we find."""
    found = [one["identifier"] for one in diagnosis["runtimes"] if one["identifier"].startswith("python")]
    if not found:
        pytest.skip("there is no Python that everybody may run")
    return found[-1]


def serving(place, name, *options):
    return Server(place / "home" / name, user=NOBODY, binary=place / "zerun", options=options,
                  environment={"ZERUN_PACKS": str(place / "home/packs")}).start()


@pytest.fixture(scope="module")
def zerun(place, missing):
    server = serving(place, "data", "--may-lack", ",".join(sorted(missing)))
    yield server
    end(server)


@pytest.fixture(scope="module")
def facts(zerun, tmp_path_factory):
    with of_the_outside(zerun, tmp_path_factory.mktemp("outside")) as facts:
        yield facts


def test_the_missing_layers_are_those_that_take_root(diagnosis, missing):
    """And the machine says what to do about it."""
    assert missing and missing <= DISPENSABLE
    # Whoever has no way out to the network needs nobody's agreement: that takes, and gives nothing.
    assert any("--may-lack" in hint and all(layer in hint for layer in missing - {"egress"}) for hint in diagnosis["hints"])
    assert not diagnosis["usable"]


def test_nothing_starts_that_nobody_agreed_to(place, missing, python):
    server = serving(place, "strict")
    try:
        lam = server.client("lambda")
        lam.create_function(FunctionName="strict", Runtime=python, Handler="index.handler", Role=ROLE,
                            Code={"ZipFile": zip_of({"index.py": "def handler(event, context): return 1"})})
        with pytest.raises(ClientError) as refused:
            lam.invoke(FunctionName="strict")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    finally:
        end(server)


@pytest.fixture(scope="module")
def functions(lam, python):
    ways = configurations(python, None)
    made = {}
    for way in ("python", "bootstrap"):
        if way not in ways:
            continue
        files, executables, configuration = ways[way]
        lam.create_function(FunctionName=way, Role=ROLE, Timeout=120, MemorySize=512,
                            Code={"ZipFile": package(files, executables)},
                            Environment={"Variables": {"OWN_SECRET": way}}, **configuration)
        made[way] = way
    return made


@pytest.mark.parametrize("way", ["python", "bootstrap"])
@pytest.mark.parametrize("theme", THEMES)
def test_what_stands_stands(theme, way, functions, invoke, facts, missing):
    if way not in functions:
        pytest.skip("this machine has no Python of the system's")
    seen = invoke(functions[way], {"theme": theme, "facts": facts | {"own_secret": way}})
    # Without groups there are none to be seen, which is the theme's control.
    groups = not {"memory-limit", "process-limit"} <= missing
    attempts = [one for one in ALL if one.theme == theme and (groups or str(one) != "cgroups.see_ones_limits")]
    through = {one.name: (one.by, seen[one.name]) for one in attempts if not one.stopped(seen[one.name])}
    open_for_want = {name: what for name, what in through.items() if what[0] in missing}
    print(f"{theme}: {len(attempts) - len(through)} of {len(attempts)} stopped; for want of a layer not: {open_for_want}")
    assert open_for_want == through, {name: what for name, what in through.items() if name not in open_for_want}
