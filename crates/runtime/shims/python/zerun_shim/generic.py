"""A process that is started before anybody knows for which function, and becomes that function's."""

import os
import time

from . import function, loader, preload
from .channel import Channel


def main(descriptor):
    """Waits on the channel for what to become, and becomes it. Never returns.

    Whoever forks processes off one in which `preload.load` has run calls this in each.
    """
    channel = Channel(descriptor)
    channel.loaded()
    become(channel.environment())
    function.run(channel)


def become(environment):
    """Makes this process what one would be that had been started with `environment`."""
    # Where the locale asked for is not there, the interpreter sets this itself when it starts.
    coerced = os.environ.get("LC_CTYPE")
    # One by one: `clear` and `update` ask the abstract base classes, which in a fork writes to what they know.
    for name in list(os.environ):
        del os.environ[name]
    if coerced is not None:
        os.environ["LC_CTYPE"] = coerced
    for name, value in environment:
        os.environ[name] = value
    time.tzset()
    # Anew, although it is the same path: the code was mounted over the directory that was entered before.
    os.chdir(os.environ["LAMBDA_TASK_ROOT"])
    preload.forget_shadowed(loader.own_directories(os.environ["LAMBDA_TASK_ROOT"]))
