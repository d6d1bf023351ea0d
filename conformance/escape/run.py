"""Inside of a function, or on the host: tries a theme's attempts and tells what was observed."""

import json
import os
import sys

import escape.attempts  # noqa: F401 - collects them
from escape.attempt import run_all


def handler(event, context):
    return run_all(event["theme"], event["facts"] | {"runtime_pid": os.getpid()}, event.get("names"))


def main():
    """`run.py < event`: the observations on standard output, for Node functions and for the host."""
    event = json.load(sys.stdin)
    # The parent is the runtime there, and its descriptors are what a function holds.
    facts = event["facts"] | {"runtime_pid": os.getppid()}
    json.dump(run_all(event["theme"], facts, event.get("names")), sys.stdout)


if __name__ == "__main__":
    main()
