"""The groups that hold a sandbox's limits: changing them would lift the limits, or run a program as root."""

import os

from escape.attempt import attempt, control, observe

ROOT = "/sys/fs/cgroup"
REFUSED = ("EROFS", "EACCES", "EPERM", "ENOENT")


def files(names):
    """Every file of one of these names, in whichever hierarchy is to be seen."""
    return [os.path.join(at, name) for at, _, there in os.walk(ROOT) for name in there if name in names]


def write_all(names, text):
    """"none" if there is no such file, or the first that can be written, or how they refuse."""
    said = "none"
    for path in files(names):
        with_error = observe(lambda: write(path, text))
        if with_error == "ok":
            return f"wrote {path}"
        said = with_error
    return said


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


@control("ok")
def see_ones_limits(facts):
    """Runtimes size themselves by the limits that they read there."""
    return "ok" if files({"memory.limit_in_bytes", "memory.max", "cpu.shares", "cpu.weight"}) else "nothing to see"


@attempt("private-root", "none", *REFUSED)
def lift_the_memory_limit(facts):
    """Limits are the platform's."""
    return write_all({"memory.limit_in_bytes", "memory.max", "memory.high", "memory.memsw.limit_in_bytes"}, "-1")


@attempt("private-root", "none", *REFUSED)
def lift_the_process_limit(facts):
    """Limits are the platform's."""
    return write_all({"pids.max"}, "max")


@attempt("private-root", "none", *REFUSED)
def take_more_cpu(facts):
    """Shares are the platform's."""
    return write_all({"cpu.shares", "cpu.weight", "cpu.max", "cpu.cfs_quota_us"}, "10000")


@attempt("private-root", "none", *REFUSED)
def leave_the_group(facts):
    """Whoever writes there moves processes between groups."""
    return write_all({"cgroup.procs", "tasks", "cgroup.threads"}, "0")


@attempt("private-root", "none", *REFUSED)
def name_a_release_agent(facts):
    """A program named there runs as root on the host when the group is empty: CVE-2022-0492."""
    return write_all({"release_agent"}, "/tmp/x")


@attempt("private-root", "none", *REFUSED)
def ask_for_the_release_agent(facts):
    """The other half of it."""
    return write_all({"notify_on_release"}, "1")


@attempt("private-root", "none", *REFUSED)
def freeze_oneself(facts):
    """When a sandbox stands still is the platform's affair."""
    return write_all({"freezer.state", "cgroup.freeze"}, "1")


@attempt("private-root", "none", *REFUSED)
def kill_the_group(facts):
    """Ending everything is the platform's affair."""
    return write_all({"cgroup.kill"}, "1")


@attempt("private-root", "none", *REFUSED)
def ask_for_device_rights(facts):
    """Which devices a group may open, where that is kept in a group."""
    return write_all({"devices.allow"}, "a *:* rwm")


@attempt("private-root", "EROFS", "EACCES", "EPERM", "ENOENT")
def make_a_group_within(facts):
    """A group of one's own could have limits of one's own."""
    directories = [at for at, _, there in os.walk(ROOT) if there] or [ROOT]
    said = [observe(lambda: os.mkdir(os.path.join(at, "escape"))) for at in directories]
    return next((one for one in said if one == "ok"), said[0])


@attempt("cgroup-namespace", "none")
def see_other_groups(facts):
    """Groups of others tell who runs what; what is mounted is the sandbox's own group alone."""
    below = [os.path.join(at, name) for at, names, there in os.walk(ROOT) for name in names if there]
    return "none" if not below else str(below[:3])
