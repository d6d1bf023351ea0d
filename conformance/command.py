"""Zerun's own subcommands, as an operator runs them."""

import json
import subprocess

from server import BINARY, clean_environment


def zerun(server, *words, status=0):
    """What `zerun WORDS --data DIR` prints; the test fails if it ends with another status."""
    done = subprocess.run([BINARY, *map(str, words), "--data", server.data], capture_output=True, text=True,
                          timeout=60, env=clean_environment())
    said = f"zerun {' '.join(map(str, words))}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == status, said
    return done.stdout if status == 0 else done.stdout + done.stderr


def records(server, *filters):
    """The audit log's records, oldest first."""
    lines = zerun(server, "audit", "--format", "json", "--limit", "0", *filters).splitlines()
    return [json.loads(line) for line in lines]
