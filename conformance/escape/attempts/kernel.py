"""System calls that command the machine, or that open more of the kernel than programs need."""

import ctypes
import errno
import os
import struct
import time

from escape.attempt import add_attempt, attempt, control, observe
from escape.raw import ABSENT, X86_64, call, call_number, compat_call, libc, number

# Name, arguments, what must be answered, and why.
CALLS = [
    ("bpf", (0, bytes(128), 128), "EPERM", "Programs inside the kernel."),
    ("perf_event_open", (bytes(128), 0, -1, -1, 0), "EPERM", "Counters that watch other processes and the kernel."),
    ("userfaultfd", (1,), "EPERM", "Lets a process hold the kernel at a point of its choice, which wins races."),
    ("io_uring_setup", (1, bytes(120)), "ENOSYS", "Makes calls that no filter sees; many holes in few years."),
    ("io_uring_enter", (0, 0, 0, 0, None, 0), "ENOSYS", "Makes calls that no filter sees."),
    ("io_uring_register", (0, 0, None, 0), "ENOSYS", "Makes calls that no filter sees."),
    ("keyctl", (0, -3, 0, 0, 0), "EPERM", "Key rings are not cut by namespaces."),
    ("add_key", (b"user", b"escape", b"x", 1, -3), "EPERM", "Key rings are not cut by namespaces."),
    ("request_key", (b"user", b"escape", None, 0), "EPERM", "Starts a program of root's on the host to find a key."),
    ("init_module", (b"", 0, b""), "EPERM", "Code in the kernel."),
    ("finit_module", (0, b"", 0), "EPERM", "Code in the kernel."),
    ("delete_module", (b"loop", 0), "EPERM", "Takes drivers from under the host."),
    ("kexec_load", (0, 0, None, 0), "EPERM", "Another kernel."),
    ("kexec_file_load", (0, 0, 0, b"", 0), ("EPERM", "ENOSYS"), "Another kernel."),
    ("reboot", (0xFEE1DEAD, 0x28121969, 0x1234567, None), "EPERM", "Stops the machine."),
    ("swapon", (b"/tmp/swap", 0), "EPERM", "Memory of all on a disk of ours."),
    ("swapoff", (b"/tmp/swap",), "EPERM", "Memory is the machine's."),
    ("acct", (b"/tmp/acct",), "EPERM", "A record of every process of the machine."),
    ("quotactl", (0x800001 << 8, b"/dev/loop0", 0, None), "EPERM", "Others' shares of disks."),
    ("quotactl_fd", (0, 0, 0, None), "EPERM", "Others' shares of disks."),
    ("nfsservctl", (0, None, None), "ENOSYS", "A file server in the kernel."),
    ("syslog", (3, bytes(64), 64), "EPERM", "The kernel's log, with addresses."),
    ("open_by_handle_at", (-100, bytes(64), 0), "EPERM",
     "Opens files by number, whatever directory one was shut into: how programs left Docker in 2014."),
    ("name_to_handle_at", (-100, b"/tmp", bytes(64), bytes(8), 0), "EPERM", "Finds the numbers for it."),
    ("fanotify_init", (0, 0), "EPERM", "Watches files of the whole mount."),
    ("settimeofday", (bytes(16), None), "EPERM", "The clock is everybody's."),
    ("clock_settime", (0, bytes(16)), "EPERM", "The clock is everybody's."),
    ("adjtimex", (struct.pack("<I", 1).ljust(208, b"\0"),), "EPERM", "The clock is everybody's."),
    ("clock_adjtime", (0, struct.pack("<I", 1).ljust(208, b"\0")), "EPERM", "The clock is everybody's."),
    ("sethostname", (b"pwned", 5), "EPERM", "Names are the platform's."),
    ("setdomainname", (b"pwned", 5), "EPERM", "Names are the platform's."),
    ("vhangup", (), "EPERM", "Ends a terminal session."),
    ("mbind", (None, 0, 0, None, 0, 0), "EPERM", "Which memory banks serve whom is the host's."),
    ("migrate_pages", (0, 0, None, None), "EPERM", "Which memory banks serve whom is the host's."),
    ("lookup_dcookie", (0, bytes(64), 64), "ENOSYS", "An old profiler's; unknown calls are not there."),
    ("lsm_get_self_attr", (100, None, bytes(8), 0), "ENOSYS", "Calls newer than the list are not there."),
    ("memfd_secret", (0,), "ENOSYS", "Memory that the host cannot see and that no limit reclaims."),
    ("iopl", (3,), ("EPERM", ABSENT), "The machine's input and output ports."),
    ("ioperm", (0x80, 1, 1), ("EPERM", ABSENT), "The machine's input and output ports."),
    ("modify_ldt", (0, None, 0), ("EPERM", ABSENT), "Segments of 16-bit programs, with a record of holes."),
    ("uselib", (b"/usr/lib/libc.so.6",), ("ENOSYS", ABSENT), "Forgotten calls are not there."),
    ("ustat", (0, bytes(64)), ("ENOSYS", ABSENT), "Forgotten calls are not there."),
    ("sync", (), "EPERM", "Writes out every disk of the machine, and everybody waits for it."),
    ("syncfs", (1,), "EPERM", "Writes out the whole disk on which a file lies, /usr for one."),
    ("sysfs", (3,), ("ENOSYS", ABSENT), "Forgotten calls are not there."),
]


def add_calls():
    for name, arguments, expected, why in CALLS:
        expected = expected if isinstance(expected, tuple) else (expected,)
        add_attempt("kernel", name, "seccomp", why, expected,
                    lambda facts, name=name, arguments=arguments: call(name, *arguments))


add_calls()


@control("ok")
def a_raw_call(facts):
    """The way in which the others are made works."""
    return call("getpid")


@attempt("seccomp", "ENOSYS")
def a_call_of_the_future(facts):
    """What the list does not name is not there, whatever later kernels bring."""
    return call_number(4000)


@attempt("seccomp", "ENOSYS", ABSENT)
def a_call_of_x32(facts):
    """The same calls with another bit set: a filter that forgets them can be walked around."""
    return call_number(0x4000_0000 + number("bpf"), 0, bytes(128), 128) if X86_64 else ABSENT


@attempt("seccomp", "SIGSYS", "SIGSEGV", ABSENT)
def a_32_bit_call(facts):
    """32-bit programs have other numbers: 26 is ptrace there, and something harmless here."""
    return compat_call(26) if X86_64 else ABSENT


@attempt("seccomp", "EPERM")
def loosen_the_filter(facts):
    """A filter that allows everything, laid over the others: the strictest of all answers counts."""
    allow = struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF_0000)
    filter_of_one(allow, 0)
    return call("mount", b"none", b"/tmp", b"tmpfs", 0, None)


@attempt("seccomp", "EPERM")
def answer_for_the_filter(facts):
    """A filter that asks a process what to answer: what the others refuse never comes to be asked."""
    notify = struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF_0000)
    filter_of_one(notify, 8)
    return call("mount", b"none", b"/tmp", b"tmpfs", 0, None)


def filter_of_one(instruction, flags):
    """Installs a filter of one instruction, seccomp(SECCOMP_SET_MODE_FILTER)."""
    code = ctypes.create_string_buffer(instruction)
    program = struct.pack("<HxxxxxxQ", 1, ctypes.addressof(code))
    made = call("seccomp", 1, flags, program)
    if made != "ok" and flags == 0:
        raise RuntimeError(f"no filter could be installed: {made}")


@attempt("seccomp", "EPERM", "ENOSYS")
def executable_by_persona(facts):
    """READ_IMPLIES_EXEC makes all memory executable, in programs to come too."""
    return call("personality", 0x040_0000)


@attempt("seccomp", "EPERM", "ENOSYS")
def map_address_zero_by_persona(facts):
    """MMAP_PAGE_ZERO lays memory where the kernel's own null pointers point."""
    return call("personality", 0x010_0000)


@attempt("kernel", "EPERM", "EACCES")
def map_address_zero(facts):
    """Memory where the kernel's own null pointers point: refused below vm.mmap_min_addr."""
    libc.mmap.restype = ctypes.c_void_p
    fixed_private_anonymous = 0x32
    got = libc.mmap(ctypes.c_void_p(0), ctypes.c_size_t(4096), 3, fixed_private_anonymous, -1, ctypes.c_long(0))
    return "ok" if got in (None, 0) else errno.errorcode[ctypes.get_errno()]


@attempt("no-capabilities", "EPERM", "EINVAL", "EOPNOTSUPP")
def wake_the_machine(facts):
    """A timer that wakes the machine from its sleep takes CAP_WAKE_ALARM."""
    clock_realtime_alarm = 8
    return "ok" if libc.timerfd_create(clock_realtime_alarm, 0) >= 0 else errno.errorcode[ctypes.get_errno()]


@attempt("kernel", "caged")
def run_from_memory(facts):
    """Code from a file that never was on a disk may run, and is in the same cage."""
    descriptor = os.memfd_create("escape")
    with open("/bin/cat", "rb") as program:
        os.write(descriptor, program.read())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writing, 1)
        os.execve(descriptor, ["cat", "/proc/self/status"], {})
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        status = said.read()
    wanted = ("NoNewPrivs:\t1\n", "Seccomp:\t2\n", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n")
    return "caged" if all(one in status for one in wanted) else status


@attempt("kernel", "ordinary")
def run_in_real_time(facts):
    """Whoever runs in real time keeps everybody else from the processor."""
    for policy in (os.SCHED_FIFO, os.SCHED_RR):
        if observe(lambda: os.sched_setscheduler(0, policy, os.sched_param(1))) == "ok":
            return f"policy {policy}"
    deadline = struct.pack("<IIQiIQQQ", 48, 6, 0, 0, 0, 10_000_000, 20_000_000, 20_000_000)
    return "deadline" if call("sched_setattr", 0, deadline, 0) == "ok" else "ordinary"


@attempt("limits", "EPERM", "EACCES")
def be_nicer_to_oneself(facts):
    """A better priority than given takes a privilege, and RLIMIT_NICE gives none."""
    return observe(lambda: os.nice(-5) and None)


@attempt("no-capabilities", "EPERM")
def disks_in_real_time(facts):
    """IOPRIO_CLASS_RT is served before everybody."""
    return call("ioprio_set", 1, 0, 1 << 13)


@attempt("kernel", lambda seen: seen < 5)
def steal_time_by_sleeping(facts):
    """An alarm every microsecond must not hold the processor: the kernel rounds, and the test ends."""
    started = time.monotonic()
    for _ in range(1000):
        time.sleep(0.000001)
    return time.monotonic() - started
