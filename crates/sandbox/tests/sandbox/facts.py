"""Everything about a process that tells how it is enclosed, one fact a line."""

import ctypes
import errno
import os
import resource
import signal

# Counts that differ from one moment to the next, and what is asked for by name below.
VARYING = ("Pid", "Tgid", "NStgid", "NSpid", "NSpgid", "NSsid", "Vm", "Rss", "Hugetlb", "Core", "voluntary")
VARYING += ("nonvoluntary", "Name", "FDSize", "Mems", "Cpus", "SigQ", "Threads", "State", "x86")

with open("/proc/self/status") as status:
    for line in status:
        if not line.startswith(VARYING):
            print(line.strip())
with open("/proc/self/limits") as limits:
    print(limits.read())
for name in sorted(os.listdir("/proc/self/ns")):
    # Each process has a cgroup namespace of its own; what it shows is the same.
    if name != "cgroup":
        print(name, os.readlink(f"/proc/self/ns/{name}"))
with open("/proc/self/cgroup") as cgroup:
    print(cgroup.read())
with open("/proc/self/oom_score_adj") as score:
    print("oom", score.read())
print("descriptors", sorted(os.listdir("/proc/self/fd")))
for stream in range(4):
    print(stream, os.readlink(f"/proc/self/fd/{stream}").split("[")[0], os.get_inheritable(stream))
print("session", os.getsid(0) == os.getpid(), "parent", os.getppid(), "directory", os.getcwd())
print("umask", oct(os.umask(0o022)), "ids", os.getresuid(), os.getresgid(), os.getgroups())
print("owner", os.stat("/proc/self/environ").st_uid == os.getuid(), dict(os.environ))
print("signals", [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD)])

library = ctypes.CDLL(None, use_errno=True)
print("dumpable", library.prctl(3, 0, 0, 0, 0), "no_new_privs", library.prctl(39, 0, 0, 0, 0))
print("securebits", library.prctl(27, 0, 0, 0, 0), "parent's death", end=" ")
number = ctypes.c_int(-1)
library.prctl(2, ctypes.byref(number), 0, 0, 0)
print(number.value)


def attempt(name, *arguments):
    result = library.syscall(*map(ctypes.c_long, arguments))
    print(name, errno.errorcode[ctypes.get_errno()] if result < 0 else "succeeds")


attempt("unshare user", 272, 0x10000000)
attempt("setns", 308, 0, 0)
attempt("ptrace", 101, 16, 1)
attempt("mount", 165, 0, 0, 0, 0, 0)
attempt("clone3", 435, 0, 0)
attempt("io_uring", 425, 1, 0)
attempt("bpf", 321, 0, 0, 0)
attempt("packet socket", 41, 17, 3, 0)
attempt("setuid", 105, 0)
attempt("kill 1", 62, 1, 9)
attempt("read init's memory", 310, 1, 0, 0, 0, 0, 0)
for path in ("/x", "/etc/x", "/proc/self/oom_score_adj", "/tmp/x", "/dev/shm/x", "/proc/1/environ", "/dev/null"):
    try:
        with open(path, "w"):
            print(path, "written")
    except OSError as error:
        print(path, errno.errorcode[error.errno])

with open("/proc/self/maps") as maps:
    print("shared", [line for line in maps if "s" in line.split()[1] and "w" in line.split()[1]])

# How many more Landlock domains fit tells how many there are: at most sixteen.
more = 0
read_file = ctypes.create_string_buffer((4).to_bytes(8, "little"), 8)
while True:
    ruleset = library.syscall(ctypes.c_long(444), read_file, ctypes.c_long(8), ctypes.c_long(0))
    if ruleset < 0 or library.syscall(ctypes.c_long(446), ctypes.c_long(ruleset), ctypes.c_long(0)) < 0:
        print("landlock", more, errno.errorcode[ctypes.get_errno()])
        break
    os.close(ruleset)
    more += 1
print("end", flush=True)
