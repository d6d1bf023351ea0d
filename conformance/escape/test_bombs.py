"""Functions that take all they can get: only they themselves may feel it, and nothing of them stays.

Beside each a bystander works. That its answers are right is asserted; how long they took is printed (`-s` shows it).
"""

import base64
import json
import os
import re
from pathlib import Path

import pytest

import leftovers
from escape.bystander import ROLE, Bystander
from packing import zip_of
from server import wait_until

# What each bomb does, and what its caller must be told: an error's type, or an answer.
BOMBS = {
    "processes": ("""
    pids = []
    try:
        while True:
            pid = os.fork()
            if pid == 0:
                time.sleep(600)
            pids.append(pid)
    except OSError as error:
        said = errno.errorcode[error.errno]
    for pid in pids:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    return [said, 800 < len(pids) < 1024]
""", ["EAGAIN", True]),
    "processes_without_end": ("""
    while True:
        try:
            os.fork()
        except OSError:
            pass
""", "Sandbox.Timedout"),
    "threads": ("""
    import threading
    made = 0
    try:
        while True:
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
            made += 1
    except RuntimeError:
        return 100 < made < 1024
""", True),
    "zombies": ("""
    made = 0
    try:
        while True:
            if os.fork() == 0:
                os._exit(0)
            made += 1
    except OSError as error:
        said = errno.errorcode[error.errno]
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return [said, 800 < made < 1024]
""", ["EAGAIN", True]),
    "orphans": ("""
    for _ in range(300):
        child = os.fork()
        if child == 0:
            if os.fork() == 0:
                os.setsid()
                os._exit(0)
            os._exit(0)
        os.waitpid(child, 0)
    return "reaped"
""", "reaped"),
    "memory": ("""
    hoard = []
    while True:
        hoard.append(bytearray(16 << 20))
""", "Runtime.OutOfMemory"),
    "memory_of_children": ("""
    for _ in range(50):
        if os.fork() == 0:
            hoard = bytearray(64 << 20)
            time.sleep(600)
    time.sleep(600)
""", ("Sandbox.Timedout", "Runtime.OutOfMemory")),
    "shared_memory": ("""
    with open("/dev/shm/all", "wb") as file:
        try:
            while True:
                file.write(bytes(1 << 20))
        except OSError as error:
            return errno.errorcode[error.errno]
""", "ENOSPC"),
    "memory_files": ("""
    held = []
    while True:
        held.append(os.memfd_create("x"))
        os.write(held[-1], bytes(16 << 20))
""", "Runtime.OutOfMemory"),
    "pipes": ("""
    held = []
    try:
        while True:
            reading, writing = os.pipe()
            held += [reading, writing]
            os.set_blocking(writing, False)
            os.write(writing, bytes(65536))
    except OSError as error:
        return errno.errorcode[error.errno]
""", "EMFILE"),
    "disk": ("""
    try:
        with open("/tmp/all", "wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError as error:
        return [errno.errorcode[error.errno], 500 < os.path.getsize("/tmp/all") >> 20 < 560]
""", ["ENOSPC", True]),
    "inodes": ("""
    made = 0
    try:
        while True:
            open(f"/tmp/{made}", "x").close()
            made += 1
    except OSError as error:
        return errno.errorcode[error.errno]
""", "ENOSPC"),
    "deep_directories": ("""
    for _ in range(20000):
        os.mkdir("d")
        os.chdir("d")
    return "made"
""", ("made", "ENAMETOOLONG", "Sandbox.Timedout")),
    "descriptors": ("""
    held = []
    try:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        return [errno.errorcode[error.errno], len(held) < 1024]
""", ["EMFILE", True]),
    "descriptors_of_many": ("""
    for _ in range(100):
        if os.fork() == 0:
            held = []
            try:
                while True:
                    held.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                time.sleep(600)
    time.sleep(600)
""", "Sandbox.Timedout"),
    "sockets": ("""
    import socket
    held = []
    try:
        while True:
            held.append(socket.socket())
            held[-1].bind(("127.0.0.1", 0))
            held[-1].listen(4096)
    except OSError as error:
        return errno.errorcode[error.errno]
""", "EMFILE"),
    "socket_buffers": ("""
    import socket
    def fill():
        held, filled = [], 0
        listener = socket.create_server(("127.0.0.1", 0), backlog=600)
        for _ in range(450):
            sending = socket.socket()
            sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
            sending.settimeout(1)
            try:
                sending.connect(listener.getsockname())
                held += [sending, listener.accept()[0]]
                sending.setblocking(False)
                while True:
                    filled += sending.send(bytes(1 << 16))
            except OSError:
                pass
        return filled
    reading, writing = os.pipe()
    for _ in range(4):
        if os.fork() == 0:
            try:
                os.write(writing, b"%d\\n" % fill())
            finally:
                time.sleep(600)
    said = b""
    while said.count(b"\\n") < 4:
        said += os.read(reading, 1000)
    # What is sent lies in the buffers: a quarter of the memory, and what one packet for each goes beyond it.
    return "bounded" if sum(map(int, said.split())) < 512 << 20 else f"filled {said}"
""", "bounded"),
    "watches": ("""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    held = []
    while True:
        got = libc.inotify_init1(0)
        if got < 0:
            return errno.errorcode[ctypes.get_errno()]
""", "EMFILE"),
    "processor": ("""
    for _ in range(16):
        if os.fork() == 0:
            while True:
                pass
    while True:
        pass
""", "Sandbox.Timedout"),
    "system_calls": ("""
    for _ in range(8):
        if os.fork() == 0:
            while True:
                os.getppid()
    while True:
        os.stat("/usr/lib")
""", "Sandbox.Timedout"),
    "log": ("""
    line = b"x" * 1000 + b"\\n"
    while True:
        os.write(1, line * 60)
""", "Sandbox.Timedout"),
    "log_without_lines": ("""
    for _ in range(4):
        os.fork()
    while True:
        os.write(2, b"y" * 65536)
""", "Sandbox.Timedout"),
    "deaf_to_signals": ("""
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    os.fork()
    os.setsid() if os.getpid() != os.getpgid(0) else None
    while True:
        time.sleep(600)
""", "Sandbox.Timedout"),
    "hidden_sleepers": ("""
    for _ in range(20):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)
    return "left behind"
""", "left behind"),
    "network": ("""
    import socket
    for _ in range(8):
        if os.fork() == 0:
            while True:
                try:
                    with socket.create_connection(("127.0.0.1", 4566), 1) as one:
                        one.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
                        one.recv(100)
                except OSError:
                    pass
    time.sleep(600)
""", "Sandbox.Timedout"),
    "suicide": ("""
    try:
        # Everybody else that may be killed: at most the process that waits to become the next program.
        os.kill(-1, 9)
    except ProcessLookupError:
        pass
    os.kill(os.getpid(), 9)
""", "Runtime.ExitError"),
    "recursion": ("""
    sys.setrecursionlimit(1 << 30)
    def deeper(n):
        return [deeper(n + 1)]
    deeper(0)
""", ("Runtime.ExitError", "Runtime.OutOfMemory", "MemoryError", "RecursionError", "Sandbox.Timedout")),
}

# MiB and seconds, where the usual would end them before their own limit does.
USUAL = (512, 2)
MORE = {"processes": (2048, 30), "processes_without_end": (2048, 3), "threads": (1024, 10), "zombies": (2048, 30),
        "orphans": (512, 30), "disk": (512, 30), "inodes": (512, 30), "shared_memory": (512, 10), "socket_buffers": (512, 60)}

HEAD = "import errno, os, signal, sys, time\ndef handler(event, context):\n    if event == 'who':\n        return os.getuid()\n" \
       "    os.chdir('/tmp')\n"


@pytest.fixture(scope="module")
def bystander(zerun, python_runtime):
    return Bystander(zerun, python_runtime)


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_harms_nobody_else(zerun, lam, invoke, bystander, python_runtime, bomb):
    code, expected = BOMBS[bomb]
    memory_mb, seconds = MORE.get(bomb, USUAL)
    name = f"bomb-{bomb}"
    lam.create_function(FunctionName=name, Runtime=python_runtime, Handler="index.handler", Role=ROLE, Timeout=seconds,
                        MemorySize=memory_mb, Code={"ZipFile": zip_of({"index.py": HEAD + code})})
    uid = invoke(name, "who")
    with bystander:
        answer = lam.invoke(FunctionName=name, Payload=b"0", LogType="Tail")
        said = json.loads(answer["Payload"].read())
    bystander.assert_undisturbed(bomb)
    told = said.get("errorType") if isinstance(said, dict) else said
    assert told in expected if isinstance(expected, tuple) else told == expected, said
    if "FunctionError" in answer:
        # Who failed is gone at once, not when it is deleted.
        wait_until(lambda: not processes_of(uid), what=f"the end of the processes of {name}")
    lam.delete_function(FunctionName=name)
    wait_until(lambda: not processes_of(uid), what=f"the end of the processes of {name} after its deletion")
    assert zerun.is_running()
    assert "REPORT RequestId" in base64.b64decode(answer["LogResult"]).decode()


def processes_of(uid):
    """The host's processes that belong to a sandbox's user, dead ones that wait for their parent included."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if re.search(rf"^Uid:\t{uid}\t", status.read_text(), re.MULTILINE):
                found.append(status.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def test_all_bombs_together(zerun, lam, bystander, python_runtime):
    """At once, and the server serves."""
    from concurrent.futures import ThreadPoolExecutor

    chosen = ["processes_without_end", "memory_of_children", "disk", "log", "processor", "descriptors_of_many", "network"]
    clients = {}
    for bomb in chosen:
        clients[bomb] = zerun.client("lambda")
        lam.create_function(FunctionName=f"all-{bomb}", Runtime=python_runtime, Handler="index.handler", Role=ROLE, Timeout=2,
                            MemorySize=512, Code={"ZipFile": zip_of({"index.py": HEAD + BOMBS[bomb][0]})})
    with bystander, ThreadPoolExecutor(len(chosen)) as pool:
        answers = list(pool.map(lambda bomb: clients[bomb].invoke(FunctionName=f"all-{bomb}", Payload=b"0"), chosen))
    assert all(answer["StatusCode"] == 200 for answer in answers)
    bystander.assert_undisturbed("all of them")
    for bomb in chosen:
        lam.delete_function(FunctionName=f"all-{bomb}")


def test_the_server_is_as_large_as_before(zerun, bystander):
    """What bombs wrote and held is not held by the server: its memory is bounded whatever they do."""
    status = Path(f"/proc/{zerun.process.pid}/status").read_text()
    resident_kb = int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))
    descriptors = len(os.listdir(f"/proc/{zerun.process.pid}/fd"))
    print(f"the server holds {resident_kb >> 10} MiB and {descriptors} descriptors")
    assert resident_kb < 512 << 10 and descriptors < 500
    assert len(leftovers.adopted([zerun.process.pid])) == 0
