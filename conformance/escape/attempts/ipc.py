"""Meeting places of programs: what the host put there must not be met."""

import ctypes
import errno
import os

from escape.attempt import attempt, control, observe
from escape.raw import libc

libc.shmat.restype = ctypes.c_void_p


def found(result):
    return "ok" if result >= 0 else errno.errorcode[ctypes.get_errno()]


@control("ok")
def meet_oneself(facts):
    """Shared memory and semaphores work among a function's own programs."""
    segment = libc.shmget(0x5EED, 4096, 0o1600)
    assert segment >= 0 and libc.shmctl(segment, 0, None) == 0
    semaphore = libc.semget(0, 1, 0o1600)
    assert semaphore >= 0 and libc.semctl(semaphore, 0, 0) == 0
    return "ok"


@attempt("namespaces", "ENOENT", outside="ok")
def shared_memory_of_the_host(facts):
    """System V shared memory belongs to an IPC namespace: databases keep their pages there."""
    return found(libc.shmget(facts["ipc_key"], 0, 0))


@attempt("namespaces", "ENOENT", outside="ok")
def semaphores_of_the_host(facts):
    """System V semaphores belong to an IPC namespace."""
    return found(libc.semget(facts["ipc_key"], 0, 0))


@attempt("namespaces", "ENOENT", outside="ok")
def messages_of_the_host(facts):
    """System V message queues belong to an IPC namespace."""
    return found(libc.msgget(facts["ipc_key"], 0))


@attempt("namespaces", "EINVAL", "EIDRM", outside="ok")
def shared_memory_by_number(facts):
    """A segment's number without its key is no way either."""
    attached = libc.shmat(facts["ipc_id"], None, 0o10000)
    return errno.errorcode[ctypes.get_errno()] if attached == ctypes.c_void_p(-1).value else "ok"


@attempt("namespaces", "none")
def list_shared_memory(facts):
    """What /proc lists is the namespace's own."""
    with open("/proc/sysvipc/shm") as file:
        rows = file.read().splitlines()[1:]
    return "none" if not rows else rows[0]


@attempt("namespaces", "ENOENT", outside="ok")
def a_queue_of_the_host(facts):
    """POSIX message queues belong to an IPC namespace."""
    return found(libc.mq_open(facts["queue"].encode(), os.O_RDONLY))


@attempt("limits", "EMFILE", "ENOSPC", "ENOMEM")
def a_queue_of_ones_own(facts):
    """Message queues are the kernel's memory, and none is given."""
    return found(libc.mq_open(b"/mine", os.O_CREAT | os.O_RDWR, 0o600, None))


@attempt("private-root", "ENOENT", outside="ok")
def a_shared_file_of_the_host(facts):
    """/dev/shm is the sandbox's own."""
    return observe(lambda: open(facts["shm_file"]).close())
