"""Pulls events and posts answers, for ever."""

import json
import os
import sys

from . import errors, logs
from .context import LambdaContext
from .encoding import encode

_BASE = "/2018-06-01/runtime"


def run(connection, handler, state):
    while True:
        event = connection.request("GET", _BASE + "/invocation/next")
        if event.status != 200:
            raise RuntimeError("invocation/next answered %d" % event.status)
        request_id = event.headers["lambda-runtime-aws-request-id"]
        state.request_id = request_id
        os.environ["_X_AMZN_TRACE_ID"] = event.headers.get("lambda-runtime-trace-id", "")
        path = "%s/invocation/%s" % (_BASE, request_id)
        try:
            content_type, body = _answer(handler, event)
        except Exception as error:
            document = errors.describe(error, request_id)
            logs.log_error(document)
            _flush()
            errors.post(connection, path + "/error", document)
        else:
            _flush()
            connection.request("POST", path + "/response", {"Content-Type": content_type}, body)


def _answer(handler, event):
    # A content type of its own means that the event is not JSON.
    if event.headers.get("content-type", "application/json").startswith("application/json"):
        try:
            argument = json.loads(event.body)
        except ValueError as error:
            raise errors.RuntimeFault(
                "Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error
            ) from None
    else:
        argument = event.body
    result = handler(argument, LambdaContext(event.headers))
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
