"""An attempt to get out of a sandbox: what is tried, which wall must stop it, why, and what must be observed.

    @attempt("seccomp", "EPERM")
    def tracing_init(facts):
        '''Who may trace process 1 owns the sandbox's only process with privileges.'''
        return call("ptrace", PTRACE_ATTACH, 1, 0, 0)

The docstring is the reason. What the function gives is the observation: a short text, "ok" when nothing stopped it. The
same file is imported on both sides: by the tests, which know what must be observed, and inside of functions, which try.

`outside` is what the very same attempt gives on the host, as the user who runs the server. It proves that the attempt
would have been one: that the port is open, the file there, the code right.

Every attempt runs in a child of its own, so that one that kills, hangs or spoils its process spoils no other.
"""

import errno
import json
import os
import select
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any, Callable

# One that takes longer has been stopped in no way we know.
ATTEMPT_SECONDS_MAX = 20
OBSERVATION_BYTES_MAX = 1 << 16

# The walls, by the names that `zerun doctor` has for them.
LAYERS = ("namespaces", "private-root", "private-proc", "own-uid", "no-capabilities", "seccomp", "landlock",
          "cgroup-namespace", "memory-limit", "process-limit", "cpu-share", "freezer", "tmp-on-disk", "late-bind", "egress")
# What stops an attempt without being a wall of its own: resource limits, and the kernel's own rules for anybody.
OTHERS = ("limits", "kernel")
# Not an attempt, but what must work: without it nothing that fails would prove anything.
CONTROL = "control"


@dataclass(frozen=True)
class Attempt:
    theme: str
    name: str
    by: str
    why: str
    expected: tuple
    outside: Any
    run: Callable

    def __str__(self):
        return f"{self.theme}.{self.name}"

    def stopped(self, observed):
        """Whether what was observed is one of the expected, which are values or predicates."""
        return any(one(observed) if callable(one) else one == observed for one in self.expected)


ALL = []


def attempt(by, *expected, outside=None):
    def add(function):
        theme = function.__module__.rpartition(".")[2]
        name = function.__name__.strip("_")
        add_attempt(theme, name, by, function.__doc__, expected, function, outside)
        return function

    return add


def control(*expected):
    """Something that an ordinary program does and that must go on working."""
    return attempt(CONTROL, *expected)


def add_attempt(theme, name, by, why, expected, run, outside=None):
    assert why and expected and (by in LAYERS or by in OTHERS or by == CONTROL), name
    assert not any((one.theme, one.name) == (theme, name) for one in ALL), f"two attempts are called {name}"
    ALL.append(Attempt(theme, name, by, " ".join(why.split()), expected, outside, run))


def observe(action):
    """What an action gives: "ok", the text it returns, or the name of the error that stopped it."""
    try:
        result = action()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error)) if error.errno else str(error)
    return result if isinstance(result, str) else "ok"


def run_all(theme, facts, names=None):
    """Every attempt of a theme, each in a child: {name: observation}."""
    chosen = [one for one in ALL if one.theme == theme and (names is None or one.name in names)]
    return {one.name: in_child(lambda: one.run(facts)) for one in chosen}


def in_child(action):
    """The observation of an action that runs in a forked process, or how that process ended instead."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        be_child(action, reading, writing)
    os.close(writing)
    said, in_time = read_all(reading)
    os.close(reading)
    if not in_time:
        kill(child)
    _, status = os.waitpid(child, 0)
    if not in_time:
        return "hung"
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return json.loads(said) if said else f"exit {os.waitstatus_to_exitcode(status)}"


def be_child(action, reading, writing):
    code = 1
    try:
        os.close(reading)
        try:
            observed = action()
        except BaseException as error:
            observed = f"{type(error).__name__}: {error}"
        os.write(writing, json.dumps(observed).encode()[:OBSERVATION_BYTES_MAX])
        code = 0
    finally:
        os._exit(code)


def read_all(descriptor):
    deadline = time.monotonic() + ATTEMPT_SECONDS_MAX
    said = b""
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return said, False
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            return said, True
        said += piece


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        # It became somebody whom we may not touch, which its observation will tell.
        pass


if sys.version_info < (3, 9):
    raise RuntimeError("the attempts need Python 3.9")
