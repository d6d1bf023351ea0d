"""The process that runs a Python handler: loads it, then pulls one event after another."""

import os
import sys

# The modules below live in a package beside this file; the handler's imports must not find them by
# accident, so the directory leaves the search path as soon as they are loaded.
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _HERE)
from zerun_shim import errors, loader, logs, loop  # noqa: E402
from zerun_shim.connection import Connection  # noqa: E402

sys.path[:] = [entry for entry in sys.path if entry != _HERE]


def main():
    connection = Connection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    state = logs.install()
    loader.arrange_search_path(os.environ["LAMBDA_TASK_ROOT"], _HERE)
    try:
        handler = loader.load_handler(os.environ["_HANDLER"])
    except Exception as error:
        document = errors.describe(error)
        logs.log_error(document)
        errors.post(connection, "/2018-06-01/runtime/init/error", document)
        sys.exit(1)
    loop.run(connection, handler, state)


main()
