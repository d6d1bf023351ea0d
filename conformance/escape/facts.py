"""What an attempt needs to know to be one: names, numbers and ports of what lies outside of the sandbox.

Everything named here is really there while the tests run: ports listen, files can be read, segments exist.
"""

import ctypes
import os
import socket
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

libc = ctypes.CDLL(None, use_errno=True)
IPC_CREAT, IPC_RMID = 0o1000, 0


@contextmanager
def of_the_outside(zerun, tmp_path):
    """The facts about `zerun` and its machine, and the things that they are about."""
    with ExitStack() as stack:
        key = 0x5A000000 | (os.getpid() & 0xFFFF)
        host_file = tmp_path / "readable-by-everybody"
        host_file.write_text("x")
        abstract = f"zerun-escape-{os.getpid()}"
        name = f"/zerun-escape-{os.getpid()}"
        yield {
            "data": str(zerun.data),
            "host_paths": [str(zerun.data), str(Path(__file__).parent)],
            "host_file": str(host_file),
            "server_pid": zerun.process.pid,
            "server_namespaces": {kind: os.readlink(f"/proc/{zerun.process.pid}/ns/{kind}")
                                  for kind in ("pid", "mnt", "net", "ipc", "uts", "user", "cgroup")},
            "server_port": urlsplit(zerun.endpoint).port,
            "host_port": listening(stack, ("127.0.0.1", 0)),
            "host_address": own_address(),
            "open_port": listening(stack, ("0.0.0.0", 0)),
            "abstract": listening_abstract(stack, abstract),
            "ipc_key": key,
            "ipc_id": system_v(stack, key),
            "queue": queue(stack, name),
            "shm_file": shared_file(stack, "/dev/shm" + name),
            "runtime_pid": os.getpid(),
        }


def listening(stack, address):
    return stack.enter_context(socket.create_server(address)).getsockname()[1]


def listening_abstract(stack, name):
    listener = stack.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind("\0" + name)
    listener.listen()
    return name


def own_address():
    """The address from which this machine would speak to the world, or one of its own on the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            # Sends nothing: a datagram socket only looks for its route.
            asked.connect(("192.0.2.1", 9))
            return asked.getsockname()[0]
        except OSError:
            return "127.0.0.2"


def system_v(stack, key):
    """A segment, a semaphore and a queue of messages under one key; gives the segment's number."""
    segment = checked(libc.shmget(key, 4096, IPC_CREAT | 0o666))
    stack.callback(libc.shmctl, segment, IPC_RMID, None)
    semaphore = checked(libc.semget(key, 1, IPC_CREAT | 0o666))
    stack.callback(libc.semctl, semaphore, 0, IPC_RMID)
    messages = checked(libc.msgget(key, IPC_CREAT | 0o666))
    stack.callback(libc.msgctl, messages, IPC_RMID, None)
    return segment


def queue(stack, name):
    checked(libc.mq_open(name.encode(), os.O_CREAT | os.O_RDWR, 0o666, None))
    stack.callback(libc.mq_unlink, name.encode())
    return name


def shared_file(stack, path):
    Path(path).write_text("x")
    stack.callback(os.unlink, path)
    return path


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
