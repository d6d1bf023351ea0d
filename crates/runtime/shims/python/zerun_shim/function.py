"""The life of a function's process, once its environment is there."""

import os
import sys

from . import errors, loader, loop, logs


def run(platform):
    """Loads the handler and serves events. Ends only with the process."""
    state = logs.install()
    loader.arrange_search_path(os.environ["LAMBDA_TASK_ROOT"])
    try:
        handler = loader.load_handler(os.environ["_HANDLER"])
    except Exception as error:
        document = errors.describe(error)
        logs.log_error(document)
        platform.init_error(document)
        sys.exit(1)
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        _be_kept(platform)
    platform.ready()
    loop.run(platform, handler, state)


def _be_kept(platform):
    """Waits, initialised, until this process is needed, with the function's hooks before and after."""
    hooks = sys.modules.get("snapshot_restore_py")
    try:
        for func, args, kwargs in reversed(hooks.get_before_snapshot() if hooks else ()):
            func(*args, **kwargs)
    except Exception as error:
        _fail(platform.init_error, "Runtime.BeforeSnapshotError", error)
    platform.wait_for_restore()
    try:
        for func, args, kwargs in hooks.get_after_restore() if hooks else ():
            func(*args, **kwargs)
    except Exception as error:
        _fail(platform.restore_error, "Runtime.AfterRestoreError", error)


def _fail(tell, error_type, error):
    document = errors.describe(error)
    logs.log_error(document)
    document["errorType"] = error_type
    tell(document)
    sys.exit(1)
