"""Becoming somebody else, and getting more than was given."""

import ctypes
import errno
import os
import resource
import stat
import struct
import subprocess

from escape.attempt import add_attempt, attempt, control, observe
from escape.raw import call, libc

PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_SET_SECUREBITS, PR_SET_MM = 38, 47, 28, 35
CAP_SYS_ADMIN = 21


def status(name):
    with open("/proc/self/status") as file:
        return next(line.split(":", 1)[1].strip() for line in file if line.startswith(name + ":"))


@control("ok")
def be_oneself(facts):
    """Setting one's own ids to what they are is what many programs do at their start."""
    return observe(lambda: os.setresuid(os.getuid(), os.getuid(), os.getuid()))


@attempt("no-capabilities", "none")
def capabilities(facts):
    """No set holds any: neither what is, nor what could be inherited or regained."""
    held = [name for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(status(name), 16)]
    return str(held) if held else "none"


@attempt("no-capabilities", "1")
def no_new_privileges(facts):
    """Set-uid programs and file capabilities give nothing."""
    return status("NoNewPrivs")


@attempt("seccomp", "2")
def filter_mode(facts):
    """Filtered, and for good."""
    return status("Seccomp")


@attempt("own-uid", lambda seen: seen != "0" and int(seen) >= 0x7000_0000)
def user_id(facts):
    """A uid that nobody else on the machine has."""
    assert len(set(status("Uid").split())) == 1 and status("Groups") == ""
    return status("Uid").split()[0]


IDS = {
    "setuid": lambda: os.setuid(0),
    "setgid": lambda: os.setgid(0),
    "seteuid": lambda: os.seteuid(0),
    "setresuid": lambda: os.setresuid(0, 0, 0),
    "setresgid": lambda: os.setresgid(0, 0, 0),
    "setreuid": lambda: os.setreuid(-1, 0),
    "setgroups": lambda: os.setgroups([0]),
    "setuid_neighbour": lambda: os.setuid(os.getuid() ^ 1),
}


def add_ids():
    for name, become in IDS.items():
        add_attempt("privileges", name, "own-uid", "Another id takes CAP_SETUID or CAP_SETGID.", ("EPERM",),
                    lambda facts, become=become: observe(become))


add_ids()


@attempt("no-capabilities", "unchanged")
def setfsuid(facts):
    """The id for files alone; it fails without saying so."""
    libc.setfsuid(0)
    return "unchanged" if len(set(status("Uid").split())) == 1 else status("Uid")


@attempt("no-capabilities", "EPERM")
def raise_capabilities(facts):
    """capset gives nothing that is not permitted already."""
    header = struct.pack("<Ii", 0x2008_0522, 0)
    return call("capset", header, struct.pack("<6I", *[0xFFFF_FFFF] * 6))


@attempt("no-capabilities", "EPERM")
def raise_ambient(facts):
    """Ambient capabilities survive execve; they must be permitted first, and are locked off."""
    return call("prctl", PR_CAP_AMBIENT, 2, CAP_SYS_ADMIN, 0, 0)


@attempt("no-capabilities", "EPERM")
def change_secure_bits(facts):
    """The bits that keep root from being special are locked."""
    return call("prctl", PR_SET_SECUREBITS, 0, 0, 0, 0)


@attempt("kernel", "EINVAL")
def allow_new_privileges(facts):
    """no_new_privs cannot be taken back."""
    return call("prctl", PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)


@attempt("no-capabilities", "EPERM", "EINVAL")
def forge_memory_map(facts):
    """PR_SET_MM writes what /proc tells about a process."""
    return call("prctl", PR_SET_MM, 1, 0x10000, 0, 0)


def host_programs():
    """Set-uid and set-gid programs of the host's system, as seen from inside."""
    found = []
    for directory in ("/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/lib/openssh", "/bin", "/sbin"):
        try:
            names = os.listdir(directory)
        except OSError:
            continue
        for name in names:
            path = os.path.join(directory, name)
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                continue
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                found.append(path)
    return found


@attempt("private-root", "powerless")
def set_uid_programs(facts):
    """su, sudo, mount and their like are there, but what they are on ignores set-uid (and no_new_privs does too)."""
    programs = host_programs()
    if not programs:
        return "powerless"
    working = [path for path in programs if not os.statvfs(path).f_flag & os.ST_NOSUID]
    if working:
        return f"set-uid works at {working}"
    ran_as = {path: effective_id(path) for path in programs}
    wrong = {path: uid for path, uid in ran_as.items() if uid not in (None, os.getuid())}
    return f"{wrong}" if wrong or set(ran_as.values()) == {None} else "powerless"


def effective_id(path):
    """As whom a program starts. The loader tells, unless it starts with more than its caller has: then nothing."""
    with subprocess.Popen([path, "--version"], env={"LD_SHOW_AUXV": "1"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program:
        told = next((line for line in program.stdout if line.startswith("AT_EUID:")), None)
        program.kill()
    return int(told.split(":")[1]) if told else None


@attempt("private-root", "powerless")
def own_set_uid_program(facts):
    """A set-uid bit of one's own makes nobody anybody: /tmp ignores it, and no_new_privs does."""
    with open("/bin/cat", "rb") as program, open("/tmp/set-uid", "wb") as copy:
        copy.write(program.read())
    os.chmod("/tmp/set-uid", 0o6755)
    uids = subprocess.run(["/tmp/set-uid", "/proc/self/status"], capture_output=True, text=True, check=True).stdout
    nosuid = os.statvfs("/tmp").f_flag & os.ST_NOSUID
    return "powerless" if f"Uid:\t{os.getuid()}\t{os.getuid()}" in uids and nosuid else uids


@attempt("no-capabilities", "EPERM", "EOPNOTSUPP")
def file_capabilities(facts):
    """A file with capabilities would give them to whoever runs it."""
    with open("/tmp/capable", "w"):
        pass
    cap_net_raw = struct.pack("<5I", 0x0200_0001, 1 << 13, 0, 0, 0)
    return observe(lambda: os.setxattr("/tmp/capable", "security.capability", cap_net_raw))


@attempt("no-capabilities", "EPERM", "EOPNOTSUPP")
def trusted_attributes(facts):
    """Attributes by which file systems are layered are root's."""
    return observe(lambda: os.setxattr("/tmp", "trusted.overlay.opaque", b"y"))


@attempt("own-uid", "EPERM")
def give_a_file_to_root(facts):
    """A file of root's with a set-uid bit would be the oldest trick."""
    with open("/tmp/gift", "w"):
        pass
    return observe(lambda: os.chown("/tmp/gift", 0, 0))


LIMITS = {
    "core": (resource.RLIMIT_CORE, "A core pattern with a program runs it as root on the host."),
    "descriptors": (resource.RLIMIT_NOFILE, "Descriptors cost memory of the kernel's."),
    "processes": (resource.RLIMIT_NPROC, "Processes cost memory of the kernel's."),
    "queues": (resource.RLIMIT_MSGQUEUE, "Message queues are memory of the kernel's."),
    "nice": (resource.RLIMIT_NICE, "A better priority is somebody else's worse one."),
    "real_time": (resource.RLIMIT_RTPRIO, "Whoever runs in real time keeps everybody else from the processor."),
    "locked_memory": (resource.RLIMIT_MEMLOCK, "Locked memory cannot be taken back."),
}


def raise_limit(which):
    _, hard = resource.getrlimit(which)
    if hard == resource.RLIM_INFINITY:
        return "there is no limit"
    try:
        resource.setrlimit(which, (hard + 1, hard + 1))
    except ValueError:
        # How Python words EPERM.
        return "EPERM"
    return "ok"


def add_limits():
    for name, (which, why) in LIMITS.items():
        add_attempt("privileges", f"raise_limit_of_{name}", "limits", why, ("EPERM",),
                    lambda facts, which=which: raise_limit(which))


add_limits()


@attempt("limits", lambda seen: seen <= 1)
def core_dump_size(facts):
    """At most one byte, by which the kernel knows that nothing is to be dumped, not even to a program."""
    return resource.getrlimit(resource.RLIMIT_CORE)[1]


@attempt("limits", "ENOMEM", "EPERM", "EAGAIN")
def lock_memory(facts):
    """Memory that can never be taken back is bounded."""
    size = 256 << 20
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, ctypes.c_size_t(size), 3, 0x22, -1, ctypes.c_long(0))
    locked = libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(size))
    return "ok" if locked == 0 else errno.errorcode[ctypes.get_errno()]
