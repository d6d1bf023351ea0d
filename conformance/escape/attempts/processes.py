"""Looking into, and interfering with, processes that are not the function's own."""

import ctypes
import errno
import os
import signal
import subprocess
import sys

from escape.attempt import add_attempt, attempt, control, observe
from escape.raw import call, libc

PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE = 0, 16, 0x4206


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def vectors(address):
    buffer = ctypes.create_string_buffer(64)
    return buffer, ctypes.byref(IoVec(ctypes.addressof(buffer), 64)), ctypes.byref(IoVec(address, 64))


@control("ok")
def a_child_of_its_own(facts):
    """A function starts, signals and awaits its own programs."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    os.kill(child.pid, signal.SIGTERM)
    return "ok" if child.wait(10) == -signal.SIGTERM else "?"


@attempt("seccomp", "EPERM")
def trace_init(facts):
    """Who may trace process 1 commands the only process in a sandbox that has privileges."""
    return call("ptrace", PTRACE_ATTACH, 1, 0, 0)


@attempt("seccomp", "EPERM")
def seize_the_runtime(facts):
    """Tracing has been a door to the kernel too often to be left open even among one's own processes."""
    return call("ptrace", PTRACE_SEIZE, os.getppid(), 0, 0)


@attempt("seccomp", "EPERM")
def be_traced(facts):
    """PTRACE_TRACEME hands the caller's parent the power that ptrace gives, and has had its own holes."""
    return call("ptrace", PTRACE_TRACEME, 0, 0, 0)


@attempt("seccomp", "EPERM")
def read_memory_of_init(facts):
    """process_vm_readv is ptrace by another name."""
    _, local, remote = vectors(0x400000)
    return call("process_vm_readv", 1, local, 1, remote, 1, 0)


@attempt("seccomp", "EPERM")
def write_memory_of_init(facts):
    """process_vm_writev is ptrace by another name."""
    _, local, remote = vectors(0x400000)
    return call("process_vm_writev", 1, local, 1, remote, 1, 0)


@attempt("seccomp", "EPERM")
def take_a_descriptor_of_init(facts):
    """Process 1 holds the socket by which the host commands it."""
    process = os.pidfd_open(1) if hasattr(os, "pidfd_open") else 0
    return call("pidfd_getfd", process, 3, 0)


@attempt("seccomp", "EPERM")
def compare_with_init(facts):
    """kcmp tells what two processes share, and so where kernel objects lie."""
    return call("kcmp", os.getpid(), 1, 0, 0, 0)


@attempt("seccomp", "EPERM")
def advise_memory_of_init(facts):
    """process_madvise changes another process's memory."""
    return call("process_madvise", 0, None, 0, 0, 0)


@attempt("seccomp", "EPERM")
def reap_memory_of_init(facts):
    """process_mrelease tears down another process's memory."""
    return call("process_mrelease", 0, 0)


@attempt("seccomp", "EPERM")
def move_pages_of_init(facts):
    """move_pages tells where another process's pages are."""
    return call("move_pages", 1, 0, None, None, None, 0)


def first_bytes(path):
    with open(path, "rb") as file:
        file.read(16)


def add_views_of_init():
    why = """Process 1 is another user's, and /proc shows only one's own processes: neither its memory nor its
             environment, files, root, namespaces or open descriptors can be seen."""
    views = [("mem", first_bytes), ("environ", first_bytes), ("maps", first_bytes), ("auxv", first_bytes),
             ("stack", first_bytes), ("syscall", first_bytes), ("status", first_bytes), ("cmdline", first_bytes),
             ("exe", os.readlink), ("root", os.listdir), ("cwd", os.listdir), ("fd", os.listdir),
             ("fdinfo", os.listdir), ("map_files", os.listdir), ("task", os.listdir), ("ns/user", os.readlink),
             ("ns/net", os.readlink)]
    for name, read in views:
        run = lambda facts, name=name, read=read: observe(lambda: read(f"/proc/1/{name}"))
        add_attempt("processes", f"init_{name.replace('/', '_')}", "private-proc", why,
                    ("ENOENT", "EACCES", "EPERM"), run)


add_views_of_init()


@attempt("private-proc", lambda seen: isinstance(seen, list) and len(seen) <= 8)
def list_processes(facts):
    """A process namespace of its own, and hidepid over it: the runtime, this child, and nobody of the host."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


@attempt("namespaces", "ESRCH", "EPERM", outside="ok")
def signal_the_server(facts):
    """The server's process id means nothing in another process namespace."""
    return observe(lambda: os.kill(facts["server_pid"], 0))


@attempt("namespaces", "ESRCH", "EINVAL", outside="ok")
def hold_the_server(facts):
    """No descriptor for a process that this namespace does not have."""
    return call("pidfd_open", facts["server_pid"], 0)


@attempt("own-uid", "EPERM")
def kill_init(facts):
    """Process 1 is another user's; and its namespace would die with it."""
    return observe(lambda: os.kill(1, signal.SIGKILL))


@attempt("own-uid", "EPERM")
def stop_init(facts):
    """A stopped process 1 would no longer hear the host."""
    return observe(lambda: os.kill(1, signal.SIGSTOP))


@attempt("own-uid", "EPERM")
def limit_init(facts):
    """prlimit on another user's process takes a privilege."""
    limits = (ctypes.c_ulong * 2)(0, 0)
    return "ok" if libc.prlimit(1, 7, limits, None) == 0 else errno.errorcode[ctypes.get_errno()]


@attempt("own-uid", "EPERM", "EACCES")
def slow_init(facts):
    """Priorities of another user's process are not ours to change."""
    return observe(lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))


@attempt("own-uid", "EPERM")
def pin_init(facts):
    """Nor is the processor that it runs on."""
    return observe(lambda: os.sched_setaffinity(1, {0}))
