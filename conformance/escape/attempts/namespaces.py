"""New namespaces: in most of them an ordinary user would be root, with the kernel's least tested code at hand."""

import os
import signal

from escape.attempt import add_attempt, attempt, control, observe
from escape.raw import call, compat_call, result_of

FLAGS = {"mount": 0x0002_0000, "cgroup": 0x0200_0000, "uts": 0x0400_0000, "ipc": 0x0800_0000, "user": 0x1000_0000,
         "pid": 0x2000_0000, "net": 0x4000_0000}
TIME = 0x80

USER_WHY = """In a user namespace of its own an ordinary user is root: most holes that let users become root in the last
              ten years began there."""
OTHER_WHY = "A namespace takes a privilege; together with a user namespace it would be given."


def clone(flags):
    """clone(2) of a process that ends at once."""
    pid = result_of("clone", flags | signal.SIGCHLD, None, None, None, None)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def add_flags():
    for name, flag in FLAGS.items():
        why = USER_WHY if name == "user" else OTHER_WHY
        add_attempt("namespaces", f"unshare_{name}", "seccomp", why, ("EPERM",),
                    lambda facts, flag=flag: call("unshare", flag))
        add_attempt("namespaces", f"clone_{name}", "seccomp", why, ("EPERM",),
                    lambda facts, flag=flag: observe(lambda: clone(flag)))
        add_attempt("namespaces", f"clone_user_and_{name}", "seccomp", USER_WHY, ("EPERM",),
                    lambda facts, flag=flag: observe(lambda: clone(flag | FLAGS["user"])))
        add_attempt("namespaces", f"enter_own_{name}", "seccomp", "setns is for those who manage namespaces.", ("EPERM",),
                    lambda facts, flag=flag, name=name: enter(name, flag))


def enter(name, flag):
    file = "mnt" if name == "mount" else name
    return call("setns", os.open(f"/proc/self/ns/{file}", os.O_RDONLY), flag)


add_flags()


@control("ok")
def clone_without_namespace(facts):
    """The same call without the flags is how every process is made."""
    return observe(lambda: clone(0))


@attempt("seccomp", "EPERM")
def unshare_time(facts):
    """Offsets of clocks are for who manages namespaces."""
    return call("unshare", TIME)


@attempt("seccomp", "ENOSYS")
def clone3(facts):
    """Its flags lie in memory, where no filter can read them; so it is not there at all, and libraries use clone."""
    arguments = FLAGS["user"].to_bytes(8, "little").ljust(88, b"\0")
    return call("clone3", arguments, len(arguments))


@attempt("seccomp", "EPERM")
def enter_by_process(facts):
    """setns takes a process as well, and then all of its namespaces at once."""
    return call("setns", os.pidfd_open(1), FLAGS["mount"] | FLAGS["user"])


@attempt("seccomp", "SIGSYS", "SIGSEGV", "absent")
def unshare_by_the_32_bit_door(facts):
    """Calls of 32-bit programs have other numbers; a filter that looks at numbers alone would let them pass."""
    if os.uname().machine != "x86_64":
        return "absent"
    return compat_call(310)


@attempt("namespaces", "different")
def namespaces_of_the_server(facts):
    """Every namespace that a sandbox has of its own is another than the server's."""
    kinds = ("pid", "mnt", "net", "ipc", "uts")
    same = [kind for kind in kinds if os.readlink(f"/proc/self/ns/{kind}") == facts["server_namespaces"][kind]]
    return f"shares {same}" if same else "different"


@attempt("cgroup-namespace", "different")
def cgroup_namespace_of_the_server(facts):
    """Control groups above the sandbox's own cannot be named from inside."""
    here = os.readlink("/proc/self/ns/cgroup")
    return "shared" if here == facts["server_namespaces"]["cgroup"] else "different"
