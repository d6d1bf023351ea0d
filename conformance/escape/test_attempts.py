"""Every attempt of the corpus, in every way in which a process comes into a sandbox."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from escape.attempt import ALL, CONTROL, LAYERS
from escape.attempts import THEMES
from escape.ways import configurations, image, package
from images import image_command
from server import BINARY, ROLE, clean_environment

WAYS = ("python", "wrapped", "bootstrap", "node", "image")
OWN_SECRET = "canary-of-another-function-77aa"


@pytest.fixture(scope="module")
def observed(zerun, lam, facts, invoke, python_runtime, node_runtime, tmp_path_factory):
    """What a theme's attempts gave, by way: one invocation for all of them."""
    ways = configurations(python_runtime, node_runtime)
    known = {}

    def observe(way, theme):
        if way not in ways and (way != "image" or image() is None):
            pytest.skip("this machine has no Python of the system's, or no Node")
        if (way, theme) not in known:
            if (way, None) not in known:
                known[way, None] = make(way)
            event = {"theme": theme, "facts": facts | {"own_secret": way}}
            known[way, theme] = invoke(known[way, None], event)
        return known[way, theme]

    def make(way):
        if way == "image":
            image_command(zerun, "load", image().write_layout(tmp_path_factory.mktemp("image")), "--name", "escape:1")
            lam.create_function(FunctionName="escape-image", PackageType="Image", Role=ROLE, Timeout=120, MemorySize=512,
                                Code={"ImageUri": "localhost/escape:1"}, Environment={"Variables": {"OWN_SECRET": way}})
            return "escape-image"
        files, executables, configuration = ways[way]
        variables = {"OWN_SECRET": way} | configuration.pop("Environment", {}).get("Variables", {})
        lam.create_function(FunctionName=f"escape-{way}", Role=ROLE, Timeout=120, MemorySize=512,
                            Code={"ZipFile": package(files, executables)}, Environment={"Variables": variables},
                            **configuration)
        return f"escape-{way}"

    # Somebody was here before: what its process held must not be found in those that come after.
    before = lam.create_function(FunctionName="before", Role=ROLE, Runtime=python_runtime, Handler="run.handler",
                                 Code={"ZipFile": package({}, ())}, Environment={"Variables": {"SECRET": OWN_SECRET}})
    invoke(before["FunctionName"], {"theme": "none", "facts": {}, "secret": OWN_SECRET})
    return observe


@pytest.fixture(scope="module")
def missing(zerun):
    """The layers that this server does without: with root none."""
    said = subprocess.run([BINARY, "doctor", "--json", "--data", zerun.data], capture_output=True, text=True,
                          env=clean_environment()).stdout
    return {one["layer"] for one in json.loads(said)["isolation"]["layers"] if one["state"] == "missing"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("attempt", ALL, ids=str)
def test_it_is_stopped(attempt, way, observed, missing):
    if attempt.by in missing:
        pytest.skip(f"this server does without the layer {attempt.by}")
    seen = observed(way, attempt.theme)[attempt.name]
    assert attempt.stopped(seen), f"{attempt.by} must stop it, but gave {seen!r}. {attempt.why}"


@pytest.mark.parametrize("theme", sorted({one.theme for one in ALL if one.outside}))
def test_outside_it_would_have_been_one(theme, facts):
    """The same attempts on the host, by who runs the server: what must fail inside is there, and the attempt works."""
    expected = {one.name: one.outside for one in ALL if one.theme == theme and one.outside}
    event = {"theme": theme, "facts": facts, "names": sorted(expected)}
    done = subprocess.run([sys.executable, "-m", "escape.run"], input=json.dumps(event), capture_output=True, text=True,
                          cwd=Path(__file__).parent.parent, check=True)
    assert json.loads(done.stdout) == expected


def test_the_corpus_is_whole():
    """Each attempt has its reason, each theme its control, and none is only one that anything would stop."""
    assert len([one for one in ALL if one.by != CONTROL]) >= 90
    assert {one.theme for one in ALL if one.by == CONTROL} == set(THEMES)
    for layer in ("namespaces", "private-root", "private-proc", "own-uid", "no-capabilities", "seccomp", "landlock",
                  "cgroup-namespace"):
        assert layer in LAYERS and any(one.by == layer for one in ALL), f"nothing tries the layer {layer}"
