"""A process that waits outside of all sandboxes and forks itself into them, imports and all.

It knows no function and never runs one. For each order it forks twice: the first child joins the sandbox's
namespaces and ends, so that the second is adopted, and later reaped, by the sandbox's own process 1. The second
encloses itself by the sandbox's plan before it does anything else, and from then on leads its life as if it had
been started there.

What the host sends and expects is written at `Template` in the sandbox room.
"""

import gc
import json
import os
import signal
import socket
import sys
import time

from . import plan as plans

_MESSAGE_BYTES_MAX = 4096
_DESCRIPTORS_MAX = 32

# In the order in which they come with an order; behind them those of the plan.
_NAMES = ("report", "stdout", "stderr", "channel", "plan", "pid", "mnt", "net", "ipc", "uts")
_NAMESPACES = ("mnt", "net", "ipc", "uts")

_CHANNEL = 3
# A child whose parent does not end is given up after about this long.
_ADOPTED_WITHIN_S = 5


def serve(orders_fd, run):
    """Forks for every order that comes on `orders_fd`, and ends with the host. In what is forked, calls
    `run(channel_fd)` and returns what it returns.

    Everything that the children should share must be imported by now.
    """
    os.set_inheritable(orders_fd, False)
    orders = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=orders_fd)
    # First children are reaped by the kernel: one that stayed would hold up the end of the sandbox it is in.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    home = os.pidfd_open(os.getpid())
    # Once here, so that each child finds its library set up: that takes memory, and time.
    _renew_randomness()
    gc.collect()
    # The collector writes to what it looks at, and every page written to is shared no more.
    gc.freeze()
    sys.stdout.flush()
    sys.stderr.flush()
    orders.sendall(b'"ready"')
    while True:
        order = _receive(orders)
        if order is None:
            os._exit(0)
        named, rest = order
        if _fork(home, named):
            orders.detach()
            _arrive(named, rest)
            return run(_CHANNEL)
        for descriptor in (*named.values(), *rest):
            os.close(descriptor)


def _receive(orders):
    """The descriptors by name, and those of the plan; None when the host is gone."""
    space = socket.CMSG_SPACE(_DESCRIPTORS_MAX * 4)
    message, ancillary, _, _ = orders.recvmsg(_MESSAGE_BYTES_MAX, space, socket.MSG_CMSG_CLOEXEC)
    if not message:
        return None
    descriptors = []
    for _, _, data in ancillary:
        descriptors += memoryview(data[: len(data) // 4 * 4]).cast("i").tolist()
    named = dict(zip(_NAMES, descriptors))
    if json.loads(message) != "fork" or len(named) < len(_NAMES):
        raise ValueError("an order that makes no sense")
    return named, descriptors[len(_NAMES) :]


def _fork(home, named):
    """True in the process that stays in the sandbox, False here; the one in between ends."""
    try:
        plans.enter(named["pid"], plans.CLONE_NEWPID)
    except OSError as error:
        _tell_failure(named["report"], error)
        return False
    try:
        child = os.fork()
    except OSError as error:
        # Of a sandbox that has ended the kernel says that it lacks memory.
        _tell_failure(named["report"], error)
        child = None
    if child == 0:
        _pass_through(named)
        return True
    plans.enter(home, plans.CLONE_NEWPID)
    return False


def _pass_through(named):
    """Returns in the second child only."""
    try:
        for name in _NAMESPACES:
            plans.enter(named[name])
        if os.fork() != 0:
            os._exit(0)
    except OSError as error:
        _tell_failure(named["report"], error)
        os._exit(1)


def _arrive(named, rest):
    """Encloses this process, takes its streams, and tells the host. Nothing of the function has come near yet."""
    report = named["report"]
    try:
        _wait_for_adoption()
        text = os.pread(named["plan"], os.fstat(named["plan"]).st_size, 0)
        plans.carry_out(json.loads(text), rest)
        plans.be_dumpable()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open("/dev/null", os.O_RDWR)
        for stream, descriptor in enumerate((null, named["stdout"], named["stderr"])):
            os.dup2(descriptor, stream)
        os.dup2(named["channel"], _CHANNEL, inheritable=False)
        _renew_randomness()
        _tell(report, {"started": os.getpid()})
        # Until the host knows of us: it may have given up meanwhile.
        if not os.read(report, _MESSAGE_BYTES_MAX):
            os._exit(1)
        plans.close_from(_CHANNEL + 1)
    except BaseException as error:
        _tell_failure(report, error)
        os._exit(1)


def _wait_for_adoption():
    until = time.monotonic() + _ADOPTED_WITHIN_S
    while os.getppid() != 1:
        if time.monotonic() > until:
            raise TimeoutError("the first child does not end")
        time.sleep(0.0001)


def _renew_randomness():
    """Siblings must not guess each other's. `random` renews its own generator after every fork."""
    if "ssl" in sys.modules:
        sys.modules["ssl"].RAND_add(os.urandom(32), 32.0)
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].current_process().authkey = os.urandom(32)


def _tell_failure(report, error):
    errno = getattr(error, "errno", None) or 0
    what = getattr(error, "strerror", None) or str(error) or type(error).__name__
    try:
        _tell(report, {"failed": {"layer": None, "what": what, "errno": errno}})
    except OSError:
        # The host gave up waiting.
        pass


def _tell(report, word):
    os.write(report, json.dumps(word).encode())
