"""Container images made by hand: tar layers, a configuration, a manifest, in the OCI layout or as `docker save` has it."""

import functools
import gzip
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import tarfile
from pathlib import Path

from server import BINARY, clean_environment

SYSTEM_PYTHON = "/usr/bin/python3"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"


def entry(name, kind=tarfile.REGTYPE, *, data=b"", mode=0o644, target=""):
    """A member of a layer, with whatever name and kind; writers that check would refuse some of them."""
    data = data.encode() if isinstance(data, str) else data
    made = tarfile.TarInfo(name)
    made.type, made.mode, made.linkname, made.size = kind, mode, target, len(data)
    return made, data


def link(name, target):
    return entry(name, tarfile.SYMTYPE, mode=0o777, target=target)


def layer(*entries):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for made, data in entries:
            tar.addfile(made, io.BytesIO(data))
    return packed.getvalue()


def files(contents, *, executable=()):
    """A layer of `{path: text or bytes}`."""
    return layer(*(entry(name, data=data, mode=0o755 if name in executable else 0o644)
                   for name, data in contents.items()))


class Image:
    """Layers and how the program is started; `write_…` gives the path that `zerun image load` takes."""

    def __init__(self, *layers, architecture=ARCHITECTURE, **config):
        self.layers = list(layers)
        config = {"Entrypoint": ["/app"], "WorkingDir": "/"} | config
        self.config = json.dumps({
            "architecture": architecture, "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": [digest(one) for one in self.layers]},
        }).encode()

    def write_layout(self, directory, name=None, *, compress=True):
        blobs = Path(directory) / "blobs/sha256"
        blobs.mkdir(parents=True, exist_ok=True)

        def blob(kind, data):
            (blobs / digest(data).split(":")[1]).write_bytes(data)
            return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(data), "size": len(data)}

        packed = [gzip.compress(one, 1, mtime=0) if compress else one for one in self.layers]
        manifest = json.dumps({
            "schemaVersion": 2, "config": blob("config.v1+json", self.config),
            "layers": [blob("layer.v1.tar+gzip" if compress else "layer.v1.tar", one) for one in packed],
        }).encode()
        found = blob("manifest.v1+json", manifest)
        if name:
            found["annotations"] = {"org.opencontainers.image.ref.name": name}
        (Path(directory) / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (Path(directory) / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [found]}))
        self.digest = found["digest"]
        return Path(directory)

    def write_saved(self, path, name, *, compress=False):
        """What `docker save` writes."""
        members = {f"{number}/layer.tar": data for number, data in enumerate(self.layers)}
        config = digest(self.config).split(":")[1] + ".json"
        saved = [{"Config": config, "RepoTags": [name], "Layers": list(members)}]
        members |= {config: self.config, "manifest.json": json.dumps(saved).encode()}
        data = files(members)
        Path(path).write_bytes(gzip.compress(data, 1) if compress else data)
        return Path(path)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def image_command(server, *words, succeeds=True):
    """`zerun image …` on a server's data directory, whether or not it runs."""
    done = subprocess.run([BINARY, "image", *map(str, words), "--data", server.data], capture_output=True, text=True,
                          env=clean_environment(), timeout=300)
    assert (done.returncode == 0) == succeeds, f"zerun image {words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout if succeeds else done.stderr


# As little as a runtime interface client can be.
LOOP = """
import http.client, importlib, json, os, sys, traceback

address = os.environ["AWS_LAMBDA_RUNTIME_API"]
module, name = sys.argv[-1].split(".")
handler = getattr(importlib.import_module(module), name)
while True:
    connection = http.client.HTTPConnection(address)
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = connection.getresponse()
    event = json.loads(answer.read())
    id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        path, said = "response", handler(event, None)
    except Exception as error:
        path, said = "error", {"errorType": type(error).__name__, "errorMessage": str(error),
                               "stackTrace": traceback.format_exc().splitlines()}
    connection = http.client.HTTPConnection(address)
    connection.request("POST", f"/2018-06-01/runtime/invocation/{id}/{path}", json.dumps(said))
    connection.getresponse().read()
"""


@functools.cache
def python_layer():
    """The system's Python with what it loads, a shell and a few programs: the base of an image."""
    python = Path(SYSTEM_PYTHON).resolve()
    library = Path(f"/usr/lib/{python.name}")
    programs = [python, Path("/bin/sh"), Path("/bin/cat"), Path("/bin/ls")]
    members = {}
    for program in [*programs, *library.glob("lib-dynload/*.so")]:
        take(members, program)
        take_libraries(members, program)
    for path in library.rglob("*"):
        if path.is_file() and not {"__pycache__", "test", "dist-packages", "idlelib"} & set(path.parts):
            take(members, path)
    members["usr/bin/python3"] = link("usr/bin/python3", python.name)
    for name in ("bin", "lib", "lib64", "sbin"):
        members[name] = link(name, f"usr/{name}")
    return layer(*(made for _, made in sorted(members.items())))


def libraries(*programs):
    """A layer of the host's libraries that these programs load."""
    members = {}
    for program in programs:
        take_libraries(members, program)
    return layer(*members.values())


def take_libraries(members, program):
    said = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    for path in re.findall(r"(/\S+) \(0x", said):
        take(members, Path(path))


def take(members, path):
    """By the path at which it is asked for, in directories that are no links."""
    inside = str(path.parent.resolve() / path.name).lstrip("/")
    executable = os.access(path, os.X_OK)
    members[inside] = entry(inside, data=path.read_bytes(), mode=0o755 if executable else 0o644)


def python_image(contents, *more, handler="index.handler", directory="/srv", **config):
    """An image in which `contents` run in the system's Python, in a layer above it; `more` layers above that."""
    contents = {f"{directory[1:]}/{name}": text for name, text in ({"loop.py": LOOP} | contents).items()}
    config = {"Entrypoint": ["python3", f"{directory}/loop.py"], "Cmd": [handler], "WorkingDir": directory,
              "Env": ["PATH=/usr/bin:/bin", f"PYTHONPATH={directory}"]} | config
    return Image(python_layer(), files(contents), *more, **config)
