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
    platform.ready()
    loop.run(platform, handler, state)
