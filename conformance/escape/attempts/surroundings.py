"""What a function was born with: nothing of the server, of the machine, or of another function."""

import ast
import os
import re
import socket
import subprocess
import sys

from escape.attempt import attempt, control, observe

# Far more than a small interpreter maps and still read in a second.
MEMORY_BYTES_MAX = 1 << 30


@control("ok")
def ones_own_environment(facts):
    """A function finds its own variables."""
    return "ok" if os.environ.get("OWN_SECRET") == facts["own_secret"] else "lost"


@attempt("namespaces", "clean")
def environment_of_the_server(facts):
    """Nothing is inherited: the environment is made from nothing."""
    told = [name for name, value in os.environ.items() if re.search("canary-of-[t]he-server", value)]
    return f"tells {told}" if told else "clean"


@attempt("namespaces", "clean")
def memory_of_the_server(facts):
    """Nor is memory: no page of this process, stack and heap included, holds what the server's environment held."""
    return search(rb"canary-of-[t]he-server")


@attempt("namespaces", "clean")
def memory_of_others(facts):
    """No page holds code, environment or events of the function that ran before."""
    return search(rb"canary-of-[a]nother-function")


def search(pattern):
    """Reads all memory of the runtime's process or, where that is not ours to read, of this one, its copy."""
    searched = 0
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in maps.read().splitlines():
            span, modes = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if "r" not in modes or "[v" in line or searched > MEMORY_BYTES_MAX:
                continue
            for at in range(start, end, 1 << 24):
                try:
                    memory.seek(at)
                    piece = memory.read(min(1 << 24, end - at))
                except (OSError, OverflowError):
                    break
                searched += len(piece)
                hit = re.search(pattern, piece)
                if hit:
                    return f"found {piece[hit.start():hit.end() + 16]!r} in {line}"
    assert searched > 1 << 20, f"only {searched} bytes could be read"
    return "clean"


@attempt("namespaces", "own")
def open_descriptors(facts):
    """Standard streams, and the connection to the platform: no file, directory or socket of the host's."""
    strange = []
    for name in sorted(os.listdir(f"/proc/{facts['runtime_pid'] or os.getppid()}/fd"), key=int):
        try:
            target = os.readlink(f"/proc/{facts['runtime_pid'] or os.getppid()}/fd/{name}")
        except OSError:
            continue
        kinds = ("pipe:", "socket:", "anon_inode:", "/dev/null", "/dev/urandom", "/proc/", "/var/", "/tmp", "/memfd:")
        if not target.startswith(kinds):
            strange.append(f"{name} -> {target}")
    return f"{strange}" if strange else "own"


@attempt("namespaces", "own")
def sockets_to_the_host(facts):
    """A Unix socket that leads out of the sandbox is a way out: of those inherited there is at most the channel."""
    leading_out = []
    # The standard streams are the function's own business: whoever started this process made them.
    for name in filter(lambda name: int(name) > 2, os.listdir("/proc/self/fd")):
        try:
            with socket.socket(fileno=os.dup(int(name))) as one:
                if one.family == socket.AF_UNIX:
                    leading_out.append(int(name))
        except OSError:
            continue
    return "own" if len(leading_out) <= 1 else str(leading_out)


@attempt("kernel", ["0", "1", "2"])
def descriptors_of_a_child(facts):
    """A program that the function starts inherits its standard streams, and never the conversation with the platform."""
    # The list itself is read through one more, which is gone when it is looked at.
    code = "import os; print([n for n in sorted(os.listdir('/proc/self/fd'), key=int) if os.path.exists('/proc/self/fd/' + n)" \
           " or os.path.islink('/proc/self/fd/' + n)])"
    done = subprocess.run([sys.executable, "-S", "-c", code], close_fds=False, capture_output=True, text=True, check=True,
                          stdin=subprocess.DEVNULL)
    return ast.literal_eval(done.stdout)


@attempt("kernel", "none")
def variables_of_the_platform(facts):
    """What the platform tells its own programs through the environment is gone before the function's code runs."""
    told = sorted(name for name in os.environ if "ZERUN" in name)
    return str(told) if told else "none"


@attempt("namespaces", "own")
def arguments_of_processes(facts):
    """Command lines in sight are the function's own."""
    told = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read()
        except OSError:
            continue
        told += [words] if any(path.encode() in words for path in facts["host_paths"]) else []
    return f"{told}" if told else "own"


@attempt("namespaces", "sandbox")
def name_of_the_host(facts):
    """A sandbox has the name that it was given."""
    return socket.gethostname()


@attempt("private-root", "own")
def users_of_the_host(facts):
    """The list of users names the function's and root, and no user of the host."""
    with open("/etc/passwd") as file:
        names = [line.split(":")[0] for line in file]
    return "own" if set(names) <= {"root", "sbx_user"} else str(names)
