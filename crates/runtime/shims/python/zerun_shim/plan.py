"""Makes the system calls of a plan: a list that the sandbox wrote for a process forked into it.

What they mean is decided where the sandboxes are made. Here is only how: with the C library's `syscall`, which
no module of the standard library offers.
"""

import ctypes

CLONE_NEWPID = 0x20000000
_PR_SET_DUMPABLE = 4
# The same on every architecture.
_SYS_CLOSE_RANGE = 436
_ALL = 0xFFFFFFFF

_library = ctypes.CDLL(None, use_errno=True)
_syscall = _library.syscall
_syscall.restype = ctypes.c_long


class _Filter(ctypes.Structure):
    """`struct sock_fprog`: how many instructions of eight bytes, and where."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def carry_out(plan, descriptors):
    """Raises OSError at the first step that fails and must not. `descriptors` are those the plan names."""
    previous = 0
    for step in plan["steps"]:
        # What addresses point at must live as long as the call.
        kept = []
        words = [_word(argument, previous, descriptors, kept) for argument in step["arguments"]]
        words += [0] * (6 - len(words))
        result = _syscall(ctypes.c_long(step["call"]), *map(ctypes.c_long, words))
        if result >= 0:
            previous = result
        elif not step["may_fail"]:
            raise OSError(ctypes.get_errno(), step["what"])


def _word(argument, previous, descriptors, kept):
    if argument == "previous":
        return previous
    [(kind, value)] = argument.items()
    if kind == "number":
        return value
    if kind == "descriptor":
        return descriptors[value]
    data = bytes.fromhex(value)
    kept.append(data)
    # The bytes themselves: none of these calls writes there, and a buffer would take a new type for each length.
    address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
    if kind == "bytes":
        return address
    if kind != "filter":
        raise ValueError(f"unknown argument {kind}")
    kept.append(_Filter(len(data) // 8, address))
    return ctypes.addressof(kept[-1])


def enter(namespace, kind=0):
    """Joins the namespace that the descriptor stands for; of a process's, the one of that kind."""
    if _library.setns(namespace, kind) < 0:
        raise OSError(ctypes.get_errno(), "cannot join a namespace")


def be_dumpable():
    """As a program that was just executed is: otherwise its files in /proc would be root's."""
    if _library.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "cannot be dumpable")


def close_from(first):
    """Closes every descriptor from this one up."""
    if _syscall(ctypes.c_long(_SYS_CLOSE_RANGE), *map(ctypes.c_long, (first, _ALL, 0))) < 0:
        raise OSError(ctypes.get_errno(), "cannot close descriptors")
