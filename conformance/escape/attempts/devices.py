"""Hardware, and the kernel's drivers, which trust whoever may open them."""

import fcntl
import os
import stat

from escape.attempt import add_attempt, attempt, control, observe

DEVICES = {
    "/dev/mem": "The machine's memory.",
    "/dev/kmem": "The kernel's memory.",
    "/dev/port": "The machine's input and output ports.",
    "/dev/kmsg": "The kernel's log, to be read and to be forged.",
    "/dev/console": "The machine's console.",
    "/dev/tty": "A terminal, into whose input one could type.",
    "/dev/tty0": "A terminal of the machine.",
    "/dev/ptmx": "Makes terminals, whose line disciplines have had many holes.",
    "/dev/pts": "Terminals of others.",
    "/dev/loop0": "A disk made of a file, perhaps another function's /tmp.",
    "/dev/loop-control": "Makes disks of files.",
    "/dev/sda": "A disk of the machine.",
    "/dev/vda": "A disk of the machine.",
    "/dev/nvme0n1": "A disk of the machine.",
    "/dev/mapper/control": "Makes disks of disks.",
    "/dev/fuse": "File systems answered by a process: the kernel waits for what it says.",
    "/dev/net/tun": "Network interfaces made by a process.",
    "/dev/kvm": "Virtual machines: a large part of the kernel.",
    "/dev/vhost-net": "A large part of the kernel, made for virtual machines.",
    "/dev/vhost-vsock": "Talks to the machine's own host.",
    "/dev/vsock": "Talks to the machine's own host.",
    "/dev/cpu/0/msr": "Registers of the processor.",
    "/dev/input": "The machine's keyboard.",
    "/dev/uinput": "A keyboard made by a process.",
    "/dev/dri": "The machine's graphics.",
    "/dev/snd": "The machine's microphone.",
    "/dev/rtc": "The machine's clock.",
    "/dev/watchdog": "Reboots the machine.",
    "/dev/userfaultfd": "Lets a process decide when the kernel may go on.",
    "/dev/mqueue": "Message queues of others.",
    "/dev/hugepages": "Memory that no limit counts.",
}

IOCTLS = {
    "type_into_a_terminal": (0x5412, "TIOCSTI types into the terminal of whoever started us."),
    "paste_into_a_terminal": (0x541C, "TIOCLINUX pastes into the machine's console."),
    "take_a_terminal": (0x540E, "TIOCSCTTY makes a terminal our own."),
    "change_the_line_discipline": (0x5423, "TIOCSETD loads kernel modules for anybody."),
    "freeze_tmp": (0xC004_5877, "FIFREEZE stops everybody who writes to the file system."),
    "shut_tmp_down": (0x8004_587D, "EXT4_IOC_SHUTDOWN is how the platform ends /tmp; nobody else may."),
    "trim_tmp": (0xC018_5879, "FITRIM works on the whole disk."),
    "map_blocks_of_tmp": (0x1, "FIBMAP tells where on the disk a file lies."),
    "change_flags_of_tmp": (0x4008_6602, "FS_IOC_SETFLAGS makes files that cannot be removed."),
    "enable_verity_of_tmp": (0x4080_6685, "The kernel would parse a signature of ours."),
    "encrypt_tmp": (0x800C_6613, "Keys in the kernel."),
    "resize_tmp": (0x4008_6610, "EXT4_IOC_RESIZE_FS changes the size of the disk under /tmp."),
}


def add_devices():
    for path, why in DEVICES.items():
        name = "open_" + path.removeprefix("/dev/").replace("/", "_").replace("-", "_")
        add_attempt("devices", name, "private-root", why, ("ENOENT", "EACCES", "ENXIO"),
                    lambda facts, path=path: observe(lambda: os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))))
    for name, (request, why) in IOCTLS.items():
        add_attempt("devices", name, "seccomp", why, ("ENOSYS",), lambda facts, request=request: ioctl_on_tmp(request))


def ioctl_on_tmp(request):
    directory = os.open("/tmp", os.O_RDONLY)
    return observe(lambda: fcntl.ioctl(directory, request, bytes(256)))


add_devices()


@control("ok")
def devices_that_programs_need(facts):
    """Nothing, zeroes, a full disk and randomness."""
    with open("/dev/null", "wb") as null, open("/dev/urandom", "rb") as random, open("/dev/zero", "rb") as zero:
        null.write(b"x")
        assert len(random.read(8)) == 8 and zero.read(2) == b"\0\0"
    return observe(lambda: open("/dev/full", "wb", buffering=0).write(b"x")).replace("ENOSPC", "ok")


@attempt("private-root", ["fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom", "zero"])
def list_devices(facts):
    """There are five devices, and none of them drives hardware."""
    return sorted(os.listdir("/dev"))


@attempt("no-capabilities", "EPERM")
def make_a_disk(facts):
    """A device file for the machine's disk would be the disk. Device files take a privilege, and /tmp ignores them."""
    return observe(lambda: os.mknod("/tmp/disk", stat.S_IFBLK | 0o666, os.makedev(7, 0)))


@attempt("no-capabilities", "EPERM", "EACCES")
def make_memory(facts):
    """A device file for the machine's memory would be the memory."""
    return observe(lambda: os.mknod("/dev/shm/mem", stat.S_IFCHR | 0o666, os.makedev(1, 1)))


@attempt("private-root", "nodev")
def devices_in_tmp(facts):
    """Even a device file that came there by other ways would do nothing in /tmp."""
    here = [os.statvfs(path).f_flag & os.ST_NODEV for path in ("/tmp", "/dev/shm", "/var/task", "/usr", "/")]
    return "nodev" if all(here) else f"{here}"
