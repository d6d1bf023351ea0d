"""`snapshot_restore_py`: what a function wants done before its process is kept, and when it goes on.

The platform's stand-in for the library of that name, for functions that do not bring it.
"""

_before_snapshot = []
_after_restore = []


def register_before_snapshot(func, *args, **kwargs):
    """Registers `func`, or decorates it. Called before the process is kept, the last registered first."""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func, *args, **kwargs):
    """Registers `func`, or decorates it. Called when the process goes on, the first registered first."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot():
    return _before_snapshot


def get_after_restore():
    return _after_restore
