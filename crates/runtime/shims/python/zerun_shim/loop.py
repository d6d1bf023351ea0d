"""Pulls events and posts answers, for ever."""

import json
import os
import sys

from . import errors, logs
from .context import LambdaContext
from .encoding import encode


def run(platform, handler, state):
    while True:
        event = platform.next()
        state.request_id = event.request_id
        os.environ["_X_AMZN_TRACE_ID"] = event.trace_id
        try:
            content_type, body = _answer(handler, event)
        except Exception as error:
            document = errors.describe(error, event.request_id)
            logs.log_error(document)
            _flush()
            platform.fail(event, document)
        else:
            _flush()
            platform.respond(event, content_type, body)


def _answer(handler, event):
    # A content type of its own means that the event is not JSON.
    if event.content_type.startswith("application/json"):
        try:
            argument = json.loads(event.body)
        except ValueError as error:
            raise errors.RuntimeFault(
                "Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error
            ) from None
    else:
        argument = event.body
    result = handler(argument, LambdaContext(event))
    if isinstance(result, (bytes, bytearray)):
        return "application/unknown", bytes(result)
    return "application/json", encode(result)


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # The handler closed it.
            pass
