"""Changing the tree of files that a function sees."""

import os

from escape.attempt import attempt, control, observe
from escape.raw import call

MS_REMOUNT, MS_BIND, MS_MOVE, MS_SHARED = 32, 4096, 8192, 1 << 20
MNT_DETACH = 2
AT_FDCWD, OPEN_TREE_CLONE = -100, 1


@control("ok")
def own_directory(facts):
    """A function's own tree is /tmp."""
    return observe(lambda: os.makedirs("/tmp/a/b/c", exist_ok=True))


@attempt("seccomp", "EPERM")
def mount_tmpfs(facts):
    """Mounting takes a privilege that no function has."""
    return call("mount", b"none", b"/tmp", b"tmpfs", 0, None)


@attempt("seccomp", "EPERM")
def mount_proc(facts):
    """A new /proc would be without masks and could be written."""
    return call("mount", b"none", b"/tmp", b"proc", 0, None)


@attempt("seccomp", "EPERM")
def mount_cgroup(facts):
    """A hierarchy mounted anew could be written, its release_agent run by root on the host."""
    return call("mount", b"none", b"/tmp", b"cgroup", 0, b"memory")


@attempt("seccomp", "EPERM")
def bind_root(facts):
    """A bind mount could lay one directory over another."""
    return call("mount", b"/", b"/tmp", None, MS_BIND, None)


@attempt("seccomp", "EPERM")
def remount_writable(facts):
    """The root is read-only, and stays."""
    return call("mount", None, b"/", None, MS_REMOUNT | MS_BIND, None)


@attempt("seccomp", "EPERM")
def share_propagation(facts):
    """Shared mounts would show on the host."""
    return call("mount", None, b"/", None, MS_SHARED, None)


@attempt("seccomp", "EPERM")
def move_a_mount(facts):
    """What is bound somewhere stays there."""
    return call("mount", b"/var/task", b"/tmp", None, MS_MOVE, None)


@attempt("seccomp", "EPERM")
def unmount_a_mask(facts):
    """Below the mask lies the machine's memory."""
    return call("umount2", b"/proc/kcore", 0)


@attempt("seccomp", "EPERM")
def detach_proc(facts):
    """What is mounted stays mounted."""
    return call("umount2", b"/proc", MNT_DETACH)


@attempt("seccomp", "EPERM")
def pivot_root(facts):
    """The root stays where it is."""
    return call("pivot_root", b"/tmp", b"/tmp")


@attempt("seccomp", "EPERM")
def chroot(facts):
    """The classic: who may change the root can climb out of it."""
    return call("chroot", b"/tmp")


@attempt("seccomp", "EPERM")
def open_tree(facts):
    """The newer calls for mounts are the older ones in pieces."""
    return call("open_tree", AT_FDCWD, b"/", OPEN_TREE_CLONE)


@attempt("seccomp", "EPERM")
def fsopen(facts):
    """File systems parse what they are given, in the kernel: CVE-2022-0185 was there."""
    return call("fsopen", b"ext4", 0)


@attempt("seccomp", "EPERM")
def fspick(facts):
    """Reconfigures a mounted file system."""
    return call("fspick", AT_FDCWD, b"/", 0)


@attempt("seccomp", "EPERM")
def fsconfig(facts):
    """CVE-2022-0185 was in this call."""
    return call("fsconfig", 0, 0, None, None, 0)


@attempt("seccomp", "EPERM")
def fsmount(facts):
    """Makes a mount of what fsopen opened."""
    return call("fsmount", 0, 0, 0)


@attempt("seccomp", "EPERM")
def move_mount(facts):
    """Puts a mount into the tree."""
    return call("move_mount", AT_FDCWD, b"/var/task", AT_FDCWD, b"/tmp", 0)


@attempt("seccomp", "EPERM")
def mount_setattr(facts):
    """Would make the read-only writable."""
    return call("mount_setattr", AT_FDCWD, b"/", 0, bytes(32), 32)


@attempt("seccomp", "ENOSYS")
def statmount(facts):
    """Tells about mounts by number, those out of sight included; unknown calls are not there."""
    return call("statmount", bytes(24), bytes(512), 512, 0)


@attempt("seccomp", "ENOSYS")
def listmount(facts):
    """Lists mounts by number; unknown calls are not there."""
    return call("listmount", bytes(24), bytes(64), 8, 0)


@attempt("private-root", "EROFS", "EACCES")
def make_a_mount_point(facts):
    """The root can be written only by process 1, through a mount that nobody else holds."""
    return observe(lambda: os.mkdir("/escape"))
