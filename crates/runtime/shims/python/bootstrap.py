"""The process that runs a Python handler: loads it, then takes one event after another."""

import os
import sys

# The modules below live in a package beside this file; the handler's imports must not find them by
# accident, so the directory leaves the search path as soon as they are loaded.
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _HERE)


def main():
    descriptor = os.environ.pop("_ZERUN_CHANNEL_FD", None)
    orders = os.environ.pop("_ZERUN_TEMPLATE_FD", None)
    if orders is not None:
        from zerun_shim import generic

        leave_search_path()
        generic.preload.load()
        from zerun_shim import zygote

        zygote.serve(int(orders), generic.main)
    elif descriptor is None:
        from zerun_shim import function
        from zerun_shim.api import Api

        platform = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    elif "_HANDLER" in os.environ:
        from zerun_shim import function
        from zerun_shim.channel import Channel

        platform = Channel(int(descriptor))
    else:
        from zerun_shim import generic

        leave_search_path()
        generic.preload.load()
        generic.main(int(descriptor))
    leave_search_path()
    function.run(platform)


def leave_search_path():
    sys.path[:] = [entry for entry in sys.path if entry != _HERE]


main()
