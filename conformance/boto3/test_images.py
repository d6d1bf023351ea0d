"""Functions that are container images: built here by hand, loaded with `zerun image load`, run as Lambda does."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from expectation import refused
from images import (REGISTRY, SYSTEM_PYTHON, Image, digest, entry, files, image_command, layer, libraries, link,
                    python_image)
from packing import zip_of
from server import ROLE, ROOT, wait_until

pytestmark = pytest.mark.skipif(not Path(SYSTEM_PYTHON).exists(), reason="images are made of the system's Python")

numbers = itertools.count(1)

FACTS = """
import os, sys
print("starts")

def attempt(action):
    try:
        return action()
    except OSError as error:
        return type(error).__name__

def handler(event, context):
    print("is asked")
    if event.get("exit"):
        os._exit(event["exit"])
    return {
        "argv": sys.argv, "cwd": os.getcwd(), "environment": dict(os.environ), "uid": os.getuid(),
        "root": sorted(os.listdir("/")), "version": attempt(lambda: open("/srv/version").read()),
        "reads": {path: attempt(lambda: open(path).read()) for path in event.get("reads", ())},
        "writes": {path: attempt(lambda: open(path, "w").write("x")) for path in event.get("writes", ())},
    }
"""


@pytest.fixture
def load(zerun, tmp_path):
    """Loads an image under a name of its own, and gives the URI by which functions know it."""

    def run(image, tag="1", repository=None):
        repository = repository or f"app-{next(numbers)}"
        image_command(zerun, "load", image.write_layout(tmp_path / f"layout-{next(numbers)}"),
                      "--name", f"{repository}:{tag}")
        return f"{REGISTRY}/{repository}:{tag}"

    return run


@pytest.fixture
def create(lam):
    def make(uri, **configuration):
        name = f"image-{next(numbers)}"
        created = lam.create_function(**{"FunctionName": name, "PackageType": "Image", "Role": ROLE, "Timeout": 30,
                                         "MemorySize": 256, "Code": {"ImageUri": uri}} | configuration)
        return created

    return make


@pytest.fixture
def invoke(lam):
    def run(name, event=None, *, fails=False, **options):
        answer = lam.invoke(FunctionName=name, Payload=json.dumps(event or {}), **options)
        said = json.loads(answer["Payload"].read())
        assert ("FunctionError" in answer) == fails, said
        return said

    return run


def test_an_image_runs_as_it_says(lam, load, create, invoke):
    image = python_image({"index.py": FACTS, "version": "one"},
                         Env=["PATH=/usr/bin:/bin", "PYTHONPATH=/srv", "OWN=image", "BOTH=image", "AWS_REGION=none"])
    uri = load(image)
    created = create(uri, Environment={"Variables": {"BOTH": "function"}})
    assert created["PackageType"] == "Image" and created["State"] == "Active"
    assert created["CodeSize"] == 0 and created["CodeSha256"] == image.digest.removeprefix("sha256:")
    assert not {"Runtime", "Handler", "Layers", "ImageConfigResponse"} & created.keys()
    name = created["FunctionName"]
    found = lam.get_function(FunctionName=name)
    assert found["Code"] == {"RepositoryType": "ECR", "ImageUri": uri,
                             "ResolvedImageUri": f"{uri.rsplit(':', 1)[0]}@{image.digest}"}
    assert lam.get_function_configuration(FunctionName=name)["PackageType"] == "Image"
    assert name in [one["FunctionName"] for one in lam.list_functions()["Functions"] if one["PackageType"] == "Image"]

    facts = invoke(name, {"reads": ["/etc/shadow", "/etc/hostname", "/root/.profile"],
                          "writes": ["/tmp/x", "/dev/shm/x", "/x", "/srv/x", "/etc/hosts", "/dev/x", "/var/x"]})
    assert facts["argv"] == ["/srv/loop.py", "index.handler"] and facts["cwd"] == "/srv" and facts["version"] == "one"
    environment = facts["environment"]
    assert (environment["OWN"], environment["BOTH"], environment["AWS_REGION"]) == ("image", "function", "us-east-1")
    assert environment["PATH"] == "/usr/bin:/bin"
    assert not {"_HANDLER", "LD_LIBRARY_PATH", "AWS_EXECUTION_ENV"} & environment.keys()
    assert facts["root"] == ["bin", "dev", "etc", "lib", "lib64", "proc", "sbin", "srv", "sys", "tmp", "usr"]
    assert facts["uid"] >= 0x70000000
    assert facts["reads"] == {"/etc/shadow": "FileNotFoundError", "/etc/hostname": "sandbox\n",
                              "/root/.profile": "FileNotFoundError"}
    writes = facts["writes"]
    assert (writes.pop("/tmp/x"), writes.pop("/dev/shm/x")) == (1, 1)
    assert set(writes.values()) <= {"OSError", "PermissionError", "FileNotFoundError"}, writes


def test_a_function_may_say_otherwise(lam, load, create, invoke):
    image = python_image({"index.py": FACTS, "other.py": FACTS, "sub/x": ""})
    own = {"EntryPoint": ["/usr/bin/python3", "-B", "/srv/loop.py"], "Command": ["more", "other.handler"],
           "WorkingDirectory": "/srv/sub"}
    created = create(load(image), ImageConfig=own)
    name = created["FunctionName"]
    assert created["ImageConfigResponse"] == {"ImageConfig": own}
    facts = invoke(name)
    assert facts["argv"] == ["/srv/loop.py", "more", "other.handler"] and facts["cwd"] == "/srv/sub"
    changed = lam.update_function_configuration(FunctionName=name, ImageConfig={"Command": ["index.handler"]})
    assert changed["ImageConfigResponse"] == {"ImageConfig": {"Command": ["index.handler"]}}
    facts = invoke(name)
    assert facts["argv"] == ["/srv/loop.py", "index.handler"] and facts["cwd"] == "/srv"
    changed = lam.update_function_configuration(FunctionName=name, ImageConfig={}, MemorySize=512)
    assert "ImageConfigResponse" not in changed
    assert invoke(name)["environment"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"


def test_a_tag_that_moves_takes_no_function_along(zerun, lam, load, create, invoke):
    one, two = (python_image({"index.py": FACTS, "version": version}) for version in ("one", "two"))
    uri = load(one, repository="moving")
    name = create(uri)["FunctionName"]
    first = lam.publish_version(FunctionName=name)
    assert lam.publish_version(FunctionName=name)["Version"] == first["Version"], "nothing has changed"
    assert load(two, repository="moving") == uri
    assert invoke(name)["version"] == "one"
    dry = lam.update_function_code(FunctionName=name, ImageUri=uri, DryRun=True)
    assert dry["CodeSha256"] == two.digest.removeprefix("sha256:")
    lam.update_function_code(FunctionName=name, ImageUri=uri)
    assert invoke(name)["version"] == "two"
    second = lam.publish_version(FunctionName=name, CodeSha256=two.digest.removeprefix("sha256:"))
    assert second["CodeSha256"] != first["CodeSha256"] and second["Version"] != first["Version"]
    assert invoke(name, Qualifier=first["Version"])["version"] == "one"
    by_digest = f"{REGISTRY}/moving@{one.digest}"
    lam.update_function_code(FunctionName=name, ImageUri=by_digest)
    assert lam.get_function(FunctionName=name)["Code"]["ResolvedImageUri"] == by_digest
    assert invoke(name)["version"] == "one"


def test_what_is_no_image_of_ours_is_refused(lam, load, create, function):
    uri = load(Image(files({"app": "x"}, executable=["app"])))
    invalid = "InvalidParameterValueException"
    for other in (f"{uri}1", uri.rsplit(":", 1)[0] + "@" + digest(b"")):
        with refused(invalid, naming=f"Source image {other} does not exist. Provide a valid source image."):
            create(other)
    with refused(invalid, naming="zerun image load"):
        create(f"{uri}1")
    for other in (uri.rsplit(":", 1)[0], "docker.io/library/app:1", "app:1", "public.ecr.aws/lambda/python:3.12", "../x:1"):
        with refused(invalid, naming=f"Source image {other} is not valid. Provide a valid source image."):
            create(other)
    together = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
    for more in ({"Handler": "x.y"}, {"Runtime": "python3.11"},
                 {"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:x:1"]}):
        with refused(invalid, naming=together):
            create(uri, **more)
    with refused(invalid, naming="ImageUri"):
        create(uri, Code={"ZipFile": zip_of({"x": ""})})
    with refused(invalid):
        create(uri, Code={"ImageUri": uri, "ZipFile": zip_of({"x": ""})})
    with refused(invalid, naming="SnapStart"):
        create(uri, SnapStart={"ApplyOn": "PublishedVersions"})
    with refused(invalid, naming="WorkingDirectory"):
        create(uri, ImageConfig={"WorkingDirectory": "relative"})
    with refused(invalid, naming="Runtime and Handler are mandatory parameters"):
        create(uri, PackageType="Zip")
    name = create(uri)["FunctionName"]
    with refused(invalid, naming="Please provide ImageUri when updating a function with packageType Image."):
        lam.update_function_code(FunctionName=name, ZipFile=zip_of({"x": ""}))
    for more in ({"Handler": "x.y"}, {"Runtime": "python3.11"}):
        with refused(invalid, naming=together):
            lam.update_function_configuration(FunctionName=name, **more)
    zipped = function({"index.js": "exports.handler = async () => 1"})
    with refused(invalid, naming="Please don't provide ImageUri when updating a function with packageType Zip."):
        lam.update_function_code(FunctionName=zipped, ImageUri=uri)
    with refused(invalid, naming="ImageConfig"):
        lam.update_function_configuration(FunctionName=zipped, ImageConfig={"Command": ["x"]})


def test_what_cannot_be_started_is_told_as_on_lambda(load, create, invoke):
    image = Image(files({"app": "no program", "data": "x", "script": "#!/none\n"}, executable=["app", "script"]),
                  layer(link("shell", "../../../../../../bin/sh"), link("host", "/root")))
    uri = load(image)
    for config, kind, reason in (
        ({"EntryPoint": ["/none"]}, "InvalidEntrypoint", "fork/exec /none: no such file or directory"),
        ({"EntryPoint": ["/data"]}, "InvalidEntrypoint", "fork/exec /data: permission denied"),
        ({"EntryPoint": ["/app"]}, "InvalidEntrypoint", "fork/exec /app: exec format error"),
        ({"EntryPoint": ["/script"]}, "InvalidEntrypoint", "fork/exec /script: no such file or directory"),
        ({"EntryPoint": ["none"]}, "InvalidEntrypoint", "Couldn't find valid bootstrap(s): [none]"),
        # Programs of the host, which links in the image lead to, are not there.
        ({"EntryPoint": ["/shell"]}, "InvalidEntrypoint", "fork/exec /shell: no such file or directory"),
        ({"WorkingDirectory": "/none"}, "InvalidWorkingDir", "chdir /none: no such file or directory"),
        ({"WorkingDirectory": "/host"}, "InvalidWorkingDir", "chdir /host: no such file or directory"),
    ):
        name = create(uri, ImageConfig=config)["FunctionName"]
        said = invoke(name, fails=True)
        assert said["errorType"] == f"Runtime.{kind}" and said["errorMessage"].endswith(f" Error: {reason}"), said
    exits = create(load(python_image({"index.py": FACTS})))["FunctionName"]
    said = invoke(exits, {"exit": 3}, fails=True)
    assert said["errorType"] == "Runtime.ExitError" and "exit status 3" in said["errorMessage"]
    assert invoke(exits)["cwd"] == "/srv", "the next one runs in a new instance"


def test_extensions_of_an_image_run(load, create, invoke, lam):
    extension = """#!/usr/bin/python3
import http.client, json, os
address = os.environ["AWS_LAMBDA_RUNTIME_API"]
def ask(method, path, headers, body=None):
    connection = http.client.HTTPConnection(address)
    connection.request(method, "/2020-01-01/extension/" + path, body, headers)
    answer = connection.getresponse()
    return answer, answer.read()
answer, _ = ask("POST", "register", {"Lambda-Extension-Name": "watcher"}, json.dumps({"events": ["INVOKE"]}))
id = answer.headers["Lambda-Extension-Identifier"]
while True:
    _, event = ask("GET", "event/next", {"Lambda-Extension-Identifier": id})
    print("the extension saw", json.loads(event)["eventType"], flush=True)
"""
    added = files({"opt/extensions/watcher": extension}, executable=["opt/extensions/watcher"])
    name = create(load(python_image({"index.py": FACTS}, added)))["FunctionName"]
    answer = lam.invoke(FunctionName=name, Payload=b"{}", LogType="Tail")
    assert "FunctionError" not in answer
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "Name: watcher" in tail and "Events: [INVOKE]" in tail, tail


def test_archives_and_names(zerun, tmp_path, create, invoke):
    image = python_image({"index.py": FACTS, "version": "saved"})
    said = image_command(zerun, "load", image.write_saved(tmp_path / "saved.tar.gz", "docker.io/library/saved:2", compress=True))
    name, found = said.split()
    assert name == "saved:2"
    assert invoke(create("localhost:4566/saved:2")["FunctionName"])["version"] == "saved"
    listed = image_command(zerun, "list")
    assert "saved:2 " in listed and found in listed
    nameless = image.write_layout(tmp_path / "nameless")
    assert "--name" in image_command(zerun, "load", nameless, succeeds=False)
    other = Image(files({"app": "x"}), architecture="s390x").write_layout(tmp_path / "other", "other:1")
    assert "s390x" in image_command(zerun, "load", other, succeeds=False)
    assert "no image none:1" in image_command(zerun, "remove", "none:1", succeeds=False)


def test_an_image_lives_as_long_as_a_name_or_a_function(fresh_zerun, tmp_path, python_runtime):
    server = fresh_zerun
    lam = server.client("lambda")
    image = python_image({"index.py": FACTS, "version": "kept"})
    layout = image.write_layout(tmp_path / "layout", "kept:1")
    assert server.stop() == 0
    image_command(server, "load", layout)
    server.start()
    lam = server.client("lambda")

    def layers():
        return len(list((server.data / "images/layers").iterdir()))

    def version():
        answer = lam.invoke(FunctionName="kept", Payload=b"{}")
        return json.loads(answer["Payload"].read())["version"]

    lam.create_function(FunctionName="kept", PackageType="Image", Role=ROLE, Timeout=30,
                        Code={"ImageUri": "localhost/kept:1"})
    assert layers() == 2
    image_command(server, "remove", "kept:1")
    assert layers() == 2 and version() == "kept"
    with refused("InvalidParameterValueException", naming="does not exist"):
        lam.create_function(FunctionName="late", PackageType="Image", Role=ROLE, Code={"ImageUri": "localhost/kept:1"})
    # Neither a kill nor a start without the name loses it.
    server.kill()
    server.start()
    lam = server.client("lambda")
    assert version() == "kept"
    lam.delete_function(FunctionName="kept")
    wait_until(lambda: layers() == 0 and not list((server.data / "images/roots").iterdir()), what="the image's removal")


def test_hostile_images_leave_nothing(zerun, tmp_path):
    """Whatever an archive says, nothing is written outside of its layer, and nothing of a refused image stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    before = sorted(path.relative_to(zerun.data) for path in (zerun.data / "images").rglob("*") if "roots" not in path.parts)
    hostile = {
        "up": [entry("../escape", data="x")],
        "far up": [entry("a/../../../escape", data="x")],
        "through a link": [link("way", str(outside)), entry("way/escape", data="x")],
        "hard link": [entry("hard", tarfile.LNKTYPE, target=str(zerun.data / "credentials"))],
        "hard link up": [entry("hard", tarfile.LNKTYPE, target="../../../credentials")],
        "hard link through a link": [link("way", "/"), entry("hard", tarfile.LNKTYPE, target="way/etc/passwd")],
        "whiteout up": [entry("../.wh.layers")],
        "whiteout of what is above": [entry(".wh...")],
        "sparse": [entry("big", tarfile.GNUTYPE_SPARSE, data="x")],
    }
    for name, entries in hostile.items():
        path = Image(layer(*entries)).write_layout(tmp_path / name.replace(" ", "-"), "hostile:1")
        said = image_command(zerun, "load", path, succeeds=False)
        assert "panic" not in said, said
        after = sorted(path.relative_to(zerun.data) for path in (zerun.data / "images").rglob("*") if "roots" not in path.parts)
        assert after == before, name
    # As in a root of its own, a way up leads to the root again: that is inside.
    inside = Image(layer(link("way", "../../../.."), entry("way/tmp/inside", data="x")))
    image_command(zerun, "load", inside.write_layout(tmp_path / "inside", "hostile:1"))
    assert [path.read_text() for path in zerun.data.rglob("layers/*/tree/tmp/inside")] == ["x"]
    assert not list(outside.iterdir()) and not Path("/tmp/escape").exists() and not Path("/tmp/inside").exists()
    assert not list(zerun.data.rglob("escape"))


def test_the_vendors_client_runs_in_an_image(load, create, invoke):
    """`awslambdaric`, as it is published, in an image of the system's Python."""
    version = subprocess.run([SYSTEM_PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], check=True,
                             capture_output=True, text=True).stdout.strip()
    packages = ROOT / "target/conformance-packages" / f"awslambdaric-{version}"
    if not (packages / "awslambdaric").is_dir():
        done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", packages, "--only-binary=:all:",
                               "--python-version", version, "awslambdaric"], capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(packages, ignore_errors=True)
            pytest.skip(f"awslambdaric cannot be had here: {done.stderr.splitlines()[-1:]}")
    contents = {str(path.relative_to(packages)): path.read_bytes() for path in packages.rglob("*")
                if path.is_file() and "__pycache__" not in path.parts}
    contents["app.py"] = "def handler(event, context):\n    return {'sum': sum(event['numbers']), 'id': context.aws_request_id}\n"
    image = python_image(contents, libraries(*packages.rglob("*.so")), handler="app.handler",
                         Entrypoint=["/usr/bin/python3", "-m", "awslambdaric"])
    said = invoke(create(load(image))["FunctionName"], {"numbers": [1, 2, 3]})
    assert said["sum"] == 6 and len(said["id"]) == 36


GO = """
package main

import ("bytes"; "fmt"; "io"; "net/http"; "os")

func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(api + "next")
		if err != nil { panic(err) }
		event, _ := io.ReadAll(next.Body)
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		entries, _ := os.ReadDir("/")
		answer := fmt.Sprintf(`{"event":%s,"root":%d,"args":%d}`, event, len(entries), len(os.Args))
		http.Post(api+id+"/response", "application/json", bytes.NewBufferString(answer))
	}
}
"""


def test_a_static_program_alone_is_an_image(tmp_path, load, create, invoke):
    """FROM scratch: not even a directory to mount anything on."""
    if not shutil.which("go"):
        pytest.skip("there is no Go on this machine")
    (tmp_path / "main.go").write_text(GO)
    subprocess.run(["go", "build", "-ldflags=-s -w", "-o", "app", "main.go"], cwd=tmp_path, check=True,
                   env=os.environ | {"CGO_ENABLED": "0", "GO111MODULE": "off"})
    image = Image(files({"app": (tmp_path / "app").read_bytes()}, executable=["app"]), Entrypoint=["/app"], Cmd=["a", "b"])
    said = invoke(create(load(image))["FunctionName"], {"x": 1})
    assert said == {"event": {"x": 1}, "root": 6, "args": 3}
