"""The private way to the platform: one frame a message over a connected socket.

A frame is the length of all that follows (4 bytes), its kind (1 byte), the header's length (4 bytes), the
header (JSON, or nothing), and the body; numbers little-endian.
"""

import json
import os

from .event import Event

_SPECIALISE, _INVOKE, _RESTORE = 1, 2, 3
_READY, _INIT_ERROR, _RESPONSE, _ERROR, _NEXT, _LOADED = 16, 17, 18, 19, 23, 24

_AFTER_LENGTH = 5
_PREFIX = 4 + _AFTER_LENGTH
_READ = 1 << 16


class Channel:
    def __init__(self, descriptor):
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor
        self._received = b""

    def loaded(self):
        """Says that this process can be specialised."""
        self._write(_frame(_LOADED))

    def environment(self):
        """Waits, without limit, for what to become: the environment as a list of pairs."""
        return self._read(_SPECIALISE)[0]["env"]

    def ready(self):
        self._write(_frame(_READY))

    def init_error(self, document):
        body = json.dumps(document).encode()
        self._write(_frame(_INIT_ERROR, {"error_type": document["errorType"]}, body), body)

    def wait_for_restore(self):
        """Says that this process can be kept, and waits, without limit, until it goes on."""
        self.ready()
        self._read(_RESTORE)

    def restore_error(self, document):
        self.init_error(document)

    def next(self):
        """Waits, without limit, for an event."""
        header, body = self._read(_INVOKE)
        event = Event(header["id"], header["deadline_ms"], body)
        event.arn = header["arn"]
        event.trace_id = header["trace"]
        event.client_context = header.get("client_context")
        event.cognito_identity = header.get("cognito_identity")
        return event

    def respond(self, event, content_type, body):
        header = {"id": event.request_id}
        if content_type != "application/json":
            header["content_type"] = content_type
        # Nothing is left to do when a handler has returned: both words at once.
        self._write(_frame(_RESPONSE, header, body), body, _frame(_NEXT))

    def fail(self, event, document):
        body = json.dumps(document).encode()
        header = {"id": event.request_id, "error_type": document["errorType"]}
        self._write(_frame(_ERROR, header, body), body, _frame(_NEXT))

    def _read(self, kind):
        received = self._more(self._received, _PREFIX)
        length = int.from_bytes(received[:4], "little")
        received = self._more(received, 4 + length)
        start = _PREFIX + int.from_bytes(received[5:_PREFIX], "little")
        if received[4] != kind:
            raise RuntimeError("the platform sent a frame of kind %d" % received[4])
        header = json.loads(received[_PREFIX:start] or b"null")
        body = received[start : 4 + length]
        self._received = received[4 + length :]
        return header, body

    def _more(self, received, size):
        """At least `size` bytes."""
        if len(received) >= size:
            return received
        pieces, count = [received], len(received)
        while count < size:
            piece = os.read(self._descriptor, max(size - count, _READ))
            if not piece:
                raise ConnectionError("the platform closed the channel")
            pieces.append(piece)
            count += len(piece)
        return b"".join(pieces)

    def _write(self, *pieces):
        left = sum(map(len, pieces)) - os.writev(self._descriptor, pieces)
        if left > 0:
            rest = memoryview(b"".join(pieces))
            rest = rest[len(rest) - left :]
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


def _frame(kind, header=None, body=b""):
    """All of a frame but its body."""
    text = b"" if header is None else json.dumps(header, separators=(",", ":")).encode()
    length = _AFTER_LENGTH + len(text) + len(body)
    return length.to_bytes(4, "little") + bytes((kind,)) + len(text).to_bytes(4, "little") + text
