"""What a server left behind: processes, mounts, cgroups and temporary files that should be gone.

Orphans are found by adoption rather than by name: this process asks the kernel to become the parent of every descendant
whose own parent died, so whatever outlives a server shows up as a child of ours, whichever session, process group or
namespace it moved itself into.
"""

import ctypes
import os
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
# Orphans die by the kernel's hand when the server does (closed control socket, parent-death signal): this is the time
# the kernel gets to carry that out on a busy machine.
GONE_SECONDS_MAX = 10.0


def adopt_orphans():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def assert_nothing_runs(own_children=()):
    """No process, and so no namespace held by one, is left of the servers that ended.

    `own_children`: ids of processes that the caller itself started and that may run on.
    """
    assert_gone("processes", lambda: [describe(pid) for pid in adopted(own_children)])


def assert_nothing_left(data: Path, own_children=()):
    """After a graceful stop, or after the restart that follows a kill: nothing at all remains outside the data directory."""
    assert_nothing_runs(own_children)
    assert_gone("mounts", lambda: mounts(data))
    assert_gone("control groups", lambda: cgroups(data))
    assert_gone("loop devices", lambda: loop_devices(data))


def assert_gone(what, find):
    """Waits for the kernel, which takes down some things after those that held them."""
    deadline = time.monotonic() + GONE_SECONDS_MAX
    while left := find():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} were left:\n" + "\n".join(map(str, left)))
        time.sleep(0.02)


def adopted(own_children):
    """Living children of this process that it did not start itself. The dead among them are reaped on the way."""
    orphans = []
    for pid in children():
        if pid in own_children:
            continue
        if state(pid) == "Z":
            reap(pid)
        else:
            orphans.append(pid)
    return orphans


def children():
    # Children are listed by the thread that has them, and adoption may pick any thread of ours.
    for task in Path("/proc/self/task").iterdir():
        try:
            listed = (task / "children").read_text()
        except (FileNotFoundError, ProcessLookupError):
            # The thread ended; its children, if any, went to another of ours.
            continue
        yield from map(int, listed.split())


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def describe(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        words = "(gone)"
    return f"  {pid} {state(pid)} {words}"


def mounts(data: Path):
    """Mounts in this namespace that come from, or lie in, the data directory; and namespaces of ours kept by a mount.

    Others on the machine keep namespaces by mounts too (`ip netns`); theirs come and go while we look.
    """
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if str(data) in line or (" nsfs " in line and "zerun" in line):
            found.append(line)
    return found


def cgroups(data: Path):
    """Control groups, in whichever hierarchy, that servers on `data` made.

    They are named after an owner derived from the data directory; the name is read from the sandboxes' own record, the
    groups are looked for everywhere.
    """
    record = data / "sandboxes/cgroups"
    if not record.exists():
        return []
    names = {Path(line).name for line in record.read_text().splitlines()}
    found = []
    # Unlike rglob, walk goes on when a group disappears under it: the machine has other servers.
    for at, directories, _ in os.walk("/sys/fs/cgroup"):
        found += [Path(at, name) for name in directories if name in names or names & set(Path(at).parts)]
    return found


def sandbox_cgroups(data: Path):
    """The groups of single sandboxes, with their inodes: one of the same name made anew is another one.

    The server's own group and that of its inits are taken over by the next server on the same data, so they are left out.
    """
    found = set()
    for path in cgroups(data):
        if path.name.startswith("zerun-") or path.name == "init":
            continue
        try:
            found.add((str(path), path.stat().st_ino))
        except FileNotFoundError:
            pass
    return found


def loop_devices(data: Path):
    """Loop devices whose image lies, or lay, in the data directory."""
    found = []
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            if str(data) in backing.read_text():
                found.append(backing.parent.parent.name)
        except OSError:
            # Detached while being looked at.
            pass
    return found


def temporary_files(data: Path):
    """Files that exist only while something is being written."""
    unfinished = (".new", ".tmp", ".draft", ".partial")
    return [path for path in data.rglob("*")
            if path.is_file() and ("tmp" in path.relative_to(data).parts[:-1] or path.suffix.startswith(unfinished))]
