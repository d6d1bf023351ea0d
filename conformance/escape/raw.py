"""System calls by name, made directly: what a C library would refuse or repair by itself does not count.

A call gives "ok", the name of its error, or "absent" where this machine's architecture never had it.
"""

import ctypes
import errno
import mmap
import platform

# Numbers on x86-64 and on ARM64. Those from 424 up are the same everywhere.
NUMBERS = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "capset": (126, 91),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "delete_module": (176, 106),
    "execveat": (322, 281),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "getpid": (39, 172),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "ioperm": (173, None),
    "iopl": (172, None),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "listmount": (458, 458),
    "lookup_dcookie": (212, 18),
    "lsm_get_self_attr": (459, 459),
    "mbind": (237, 235),
    "memfd_secret": (447, 447),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pivot_root": (155, 41),
    "prctl": (157, 167),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "sched_setattr": (314, 274),
    "seccomp": (317, 277),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "shmget": (29, 194),
    "socket": (41, 198),
    "statmount": (457, 457),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sync": (162, 81),
    "syncfs": (306, 267),
    "syslog": (103, 116),
    "sysfs": (139, None),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "ustat": (136, None),
    "vhangup": (153, 58),
}

X86_64 = platform.machine() == "x86_64"
ABSENT = "absent"

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def number(name):
    on_x86_64, on_arm64 = NUMBERS[name]
    return on_x86_64 if X86_64 else on_arm64


def call(name, *arguments):
    """Makes the call. Arguments are integers, bytes, ctypes values, or None for a null pointer."""
    wanted = number(name)
    if wanted is None:
        return ABSENT
    return call_number(wanted, *arguments)


def call_number(wanted, *arguments):
    result = libc.syscall(ctypes.c_long(wanted), *map(as_argument, arguments))
    return "ok" if result >= 0 else errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno()))


def result_of(name, *arguments):
    """What the call returns; raises `OSError` when it fails."""
    result = libc.syscall(ctypes.c_long(number(name)), *map(as_argument, arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def as_argument(value):
    if value is None:
        return ctypes.c_void_p(0)
    return ctypes.c_long(value) if isinstance(value, int) else value


def run_machine_code(code):
    """Jumps into `code`, a function without arguments, and gives what it leaves in the accumulator."""
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)()


def compat_call(wanted):
    """A call through the 32-bit door of x86-64: mov eax, wanted; int 0x80; ret. Gives its result or error."""
    result = run_machine_code(b"\xb8" + wanted.to_bytes(4, "little") + b"\xcd\x80\xc3")
    return "ok" if result >= 0 else errno.errorcode.get(-result, str(result))
