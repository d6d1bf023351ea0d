"""The public way to the platform: the Runtime API."""

import json

from .connection import Connection
from .event import Event

_BASE = "/2018-06-01/runtime"


class Api:
    def __init__(self, address):
        self._connection = Connection(address)

    def ready(self):
        """Asking for the first event says so."""

    def init_error(self, document):
        self._post_error("/init/error", document)

    def wait_for_restore(self):
        """Says that this process can be kept, and waits, without limit, until it goes on."""
        reply = self._connection.request("GET", _BASE + "/restore/next")
        if reply.status != 200:
            raise RuntimeError("restore/next answered %d" % reply.status)

    def restore_error(self, document):
        self._post_error("/restore/error", document)

    def next(self):
        """Waits, without limit, for an event."""
        reply = self._connection.request("GET", _BASE + "/invocation/next")
        if reply.status != 200:
            raise RuntimeError("invocation/next answered %d" % reply.status)
        headers = reply.headers
        event = Event(
            headers["lambda-runtime-aws-request-id"],
            int(headers["lambda-runtime-deadline-ms"]),
            reply.body,
            headers.get("content-type", "application/json"),
        )
        event.arn = headers.get("lambda-runtime-invoked-function-arn")
        event.trace_id = headers.get("lambda-runtime-trace-id", "")
        event.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        event.client_context = _text(headers, "lambda-runtime-client-context")
        event.cognito_identity = _text(headers, "lambda-runtime-cognito-identity")
        return event

    def respond(self, event, content_type, body):
        path = "%s/invocation/%s/response" % (_BASE, event.request_id)
        self._connection.request("POST", path, {"Content-Type": content_type}, body)

    def fail(self, event, document):
        self._post_error("/invocation/%s/error" % event.request_id, document)

    def _post_error(self, path, document):
        # A refusal is left alone: the platform has already given up on this event.
        self._connection.request(
            "POST",
            _BASE + path,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Function-Error-Type": document["errorType"],
            },
            json.dumps(document).encode(),
        )


def _text(headers, name):
    text = headers.get(name)
    # Headers were read byte by byte; JSON is UTF-8.
    return text.encode("latin-1").decode("utf-8", "replace") if text else None
