"""The ways in which a process comes into a sandbox. Each has its own path through the platform, and all have one cage.

| way | how |
| --- | --- |
| `python` | a managed runtime as it usually starts |
| `wrapped` | a managed runtime behind an exec wrapper, which cannot have been started ahead of time |
| `bootstrap` | a program of the user's own that speaks the Runtime API |
| `node` | a child of Node |
| `image` | a container image, whose own files are the root |
"""

import shutil
from pathlib import Path

from images import LOOP, python_image
from packing import zip_of

HERE = Path(__file__).parent
# In the sandbox there is the host's system, so a Python of the host's system is there too.
SYSTEM_PYTHON = "/usr/bin/python3"

WRAPPER = """#!/bin/sh
exec "$@"
"""

BOOTSTRAP = f"""#!/bin/sh
exec {SYSTEM_PYTHON} /var/task/loop.py run.handler
"""

NODE = f"""
const {{ execFileSync }} = require("child_process");
exports.handler = async (event) => JSON.parse(
  execFileSync("{SYSTEM_PYTHON}", ["-S", "/var/task/run.py"], {{ input: JSON.stringify(event), stdio: ["pipe", "pipe", "inherit"] }}));
"""


def corpus():
    """The attempts as files of a deployment package."""
    files = {"run.py": (HERE / "run.py").read_text()}
    for path in sorted(HERE.rglob("*.py")):
        name = path.relative_to(HERE)
        if name.parts[0] in ("attempt.py", "raw.py", "attempts"):
            files[f"escape/{name}"] = path.read_text()
    return files


def configurations(python_runtime, node_runtime):
    """For each way: files, executables among them, and the configuration of the function."""
    ways = {
        "python": ({}, (), {"Runtime": python_runtime, "Handler": "run.handler"}),
        "wrapped": ({"wrapper": WRAPPER}, ("wrapper",),
                    {"Runtime": python_runtime, "Handler": "run.handler",
                     "Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}}}),
    }
    if Path(SYSTEM_PYTHON).exists():
        ways["bootstrap"] = ({"bootstrap": BOOTSTRAP, "loop.py": LOOP}, ("bootstrap",),
                             {"Runtime": "provided.al2023", "Handler": "none"})
        if shutil.which("node"):
            ways["node"] = ({"index.js": NODE}, (), {"Runtime": node_runtime, "Handler": "index.handler"})
    return ways


def image():
    """The corpus in an image of the system's Python, or nothing where there is none."""
    return python_image(corpus(), handler="run.handler", directory="/var/task") if Path(SYSTEM_PYTHON).exists() else None


def package(files, executables):
    return zip_of(corpus() | files, executable=executables)
