"""Windows that the kernel opens in `/proc` and `/sys`, to be looked or climbed through."""

import os

from escape.attempt import add_attempt, attempt, control, observe

# Empty, hidden, or refused: what a masked or guarded file may give.
NOTHING = ("ENOENT", "EACCES", "EPERM", "EIO", "ENOTDIR", "empty")


def content(path):
    """What is to be read there: "empty", or the beginning."""
    def look():
        if os.path.isdir(path):
            names = sorted(os.listdir(path))
            return f"lists {names[:8]}" if names else "empty"
        with open(path, "rb") as file:
            text = file.read(4096)
        return f"reads {text[:60]!r}" if text.strip(b"\n\0 ") else "empty"

    return observe(look)


def write(path, text):
    def put():
        if os.path.exists(path) and os.path.samefile(path, "/dev/null"):
            return "masked"
        with open(path, "w") as file:
            file.write(text)

    return observe(put)


HIDDEN = {
    "/proc/acpi": "The machine's power and battery state, writable on some kernels.",
    "/proc/asound": "The machine's sound hardware.",
    "/proc/config.gz": "How the kernel was built tells which holes it has.",
    "/proc/fs": "The host's file systems and their internals.",
    "/proc/interrupts": "How often which device calls: a side channel on what others type and send.",
    "/proc/kallsyms": "Addresses of the kernel: what an exploit needs first.",
    "/proc/kcore": "The machine's memory.",
    "/proc/key-users": "How many keys every user of the machine has.",
    "/proc/keys": "Keys in the kernel's key rings are not cut by namespaces.",
    "/proc/kmsg": "The kernel's log.",
    "/proc/kpagecgroup": "To which group each page of the machine belongs.",
    "/proc/kpagecount": "How often each page of the machine is mapped: a side channel.",
    "/proc/kpageflags": "The state of each page of the machine: a side channel.",
    "/proc/latency_stats": "Where processes of the whole machine wait.",
    "/proc/pagetypeinfo": "How the kernel's memory is cut up.",
    "/proc/sched_debug": "Every process of the machine, by name.",
    "/proc/scsi": "The machine's disks, and a way to remove them.",
    "/proc/slabinfo": "The kernel's heap, which an exploit arranges by it.",
    "/proc/sysrq-trigger": "Reboots the machine, or kills everything on it.",
    "/proc/timer_list": "Timers with the names of their processes and the kernel's addresses.",
    "/proc/vmallocinfo": "Addresses of the kernel.",
    "/sys/class": "The machine's devices.",
    "/sys/devices": "The machine's devices.",
    "/sys/firmware": "The machine's firmware tables.",
    "/sys/kernel": "The kernel's controls: debugging, tracing, security.",
    "/sys/module": "The kernel's modules and the addresses of their sections.",
    "/sys/power": "Sends the machine to sleep.",
}

WRITES = {
    "/proc/sys/kernel/core_pattern": ("|/tmp/x", "A program named here runs as root on the host, outside of everything."),
    "/proc/sys/kernel/modprobe": ("/tmp/x", "A program named here runs as root on the host, outside of everything."),
    "/proc/sys/kernel/hostname": ("pwned", "Kernel settings are the host's."),
    "/proc/sys/kernel/randomize_va_space": ("0", "Kernel settings are the host's."),
    "/proc/sys/kernel/ns_last_pid": ("1", "Kernel settings are the host's."),
    "/proc/sys/kernel/yama/ptrace_scope": ("0", "Kernel settings are the host's."),
    "/proc/sys/vm/overcommit_memory": ("1", "Kernel settings are the host's."),
    "/proc/sys/vm/drop_caches": ("3", "Would slow the whole machine."),
    "/proc/sys/vm/panic_on_oom": ("1", "Would stop the machine at the next memory bomb."),
    "/proc/sys/fs/binfmt_misc/register": (":x:M::x::/tmp/x:", "An interpreter for the whole machine's programs."),
    "/proc/sys/fs/protected_symlinks": ("0", "Kernel settings are the host's."),
    "/proc/sys/fs/suid_dumpable": ("2", "Kernel settings are the host's."),
    "/proc/sys/net/ipv4/ip_forward": ("1", "The network's settings are the platform's, in its namespace too."),
    "/proc/sys/net/ipv4/ping_group_range": ("0 2147483647", "The network's settings are the platform's."),
    "/proc/sys/user/max_user_namespaces": ("0", "Kernel settings are the host's."),
    "/proc/sysrq-trigger": ("h", "Reboots the machine, or kills everything on it."),
    "/proc/self/oom_score_adj": ("-1000", "A function must die before the server when the machine lacks memory."),
    "/proc/self/uid_map": ("0 0 1", "Maps of users are for who makes a user namespace."),
    "/proc/self/gid_map": ("0 0 1", "Maps of users are for who makes a user namespace."),
    "/proc/self/setgroups": ("allow", "Maps of users are for who makes a user namespace."),
    "/proc/self/loginuid": ("0", "Whose session it is, is the audit's."),
    "/proc/self/attr/current": ("unconfined", "Labels of a security module are the host's."),
    "/proc/self/clear_refs": ("1", "/proc is read-only altogether."),
    "/proc/self/timens_offsets": ("monotonic 1 1", "Clocks are the host's."),
    "/proc/mtrr": ("base=0x0 size=0x1000 type=uncachable", "How the machine's memory is cached."),
    "/proc/irq/default_smp_affinity": ("1", "Which processor serves interrupts is the host's."),
    "/proc/bus/pci/devices": ("x", "The machine's devices."),
    "/proc/dynamic_debug/control": ("+p", "The kernel's log."),
    "/sys/kernel/uevent_helper": ("/tmp/x", "A program named here runs as root on the host."),
    "/sys/power/state": ("mem", "Sends the machine to sleep."),
}


def add_files():
    for path, why in HIDDEN.items():
        name = "read_" + path.strip("/").replace("/", "_").replace(".", "_").replace("-", "_")
        by = "private-proc" if path.startswith("/proc") else "private-root"
        add_attempt("proc_files", name, by, why, NOTHING, lambda facts, path=path: content(path))
    for path, (text, why) in WRITES.items():
        name = "write_" + path.strip("/").replace("/", "_").replace("-", "_")
        by = "private-proc" if path.startswith("/proc") else "private-root"
        add_attempt("proc_files", name, by, why, ("masked", "EROFS", "EACCES", "EPERM", "ENOENT", "EIO"),
                    lambda facts, path=path, text=text: write(path, text))


add_files()


@control("ok")
def own_status(facts):
    """Programs read about themselves and about the machine's size."""
    for path in ("/proc/self/status", "/proc/self/maps", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat"):
        with open(path) as file:
            assert file.read(1)
    return "ok"


# Bound from the host by the kernel's own rules, which name the directory of the disk that a bind mount shows. The name
# leads nowhere inside: the attempts on files are told it in full. An image is bound as the root itself.
BOUND = {"/var/task", "/opt", "/var/runtime", "/var/runtime/zerun_runtime", "/var/lang"}


@attempt("namespaces", "own mounts")
def mounts_of_the_host(facts):
    """No mount of the host is to be seen, and of the host's paths only those of what was bound for the function."""
    with open("/proc/self/mountinfo") as file:
        lines = [line.split() for line in file]
    bound = BOUND | ({"/"} if facts.get("own_secret") == "image" else set())
    telling = {line[4] for line in lines if any(path in line[3] for path in facts["host_paths"])}
    top = [line for line in lines if line[4] == "/"]
    return "own mounts" if telling <= bound and len(top) == 1 else f"{telling - bound} {top}"


@attempt("no-capabilities", lambda seen: seen in ("EPERM", "EACCES", "zero"))
def frames_in_pagemap(facts):
    """Physical addresses make a rowhammer attack: without CAP_SYS_ADMIN the kernel gives zeroes."""
    def look():
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap, open("/proc/self/maps") as maps:
            start = int(next(maps).split("-")[0], 16)
            pagemap.seek(start // 4096 * 8)
            frame = int.from_bytes(pagemap.read(8), "little") & ((1 << 55) - 1)
        return "zero" if frame == 0 else f"frame {frame:x}"

    return observe(look)


@attempt("no-capabilities", "zeroes", *NOTHING)
def addresses_in_iomem(facts):
    """Where the machine's memory lies: without CAP_SYS_ADMIN the kernel gives zeroes."""
    def look():
        with open("/proc/iomem") as file:
            ranges = [line.split(":")[0].strip() for line in file]
        return "zeroes" if all(set(one) <= set("0-") for one in ranges) else f"tells {ranges[0]}"

    return observe(look)


@attempt("no-capabilities", "zeroes", *NOTHING)
def addresses_in_modules(facts):
    """Where the kernel's modules lie."""
    def look():
        with open("/proc/modules") as file:
            addresses = {line.split()[-1] for line in file if "0x" in line}
        return "zeroes" if all(int(one, 16) == 0 for one in addresses) else f"tells {addresses}"

    return observe(look)


@attempt("cgroup-namespace", lambda seen: "zerun" not in seen)
def own_cgroup_path(facts):
    """The path of the function's control group would tell the host's layout."""
    with open("/proc/self/cgroup") as file:
        return file.read()
