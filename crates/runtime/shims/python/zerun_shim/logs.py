"""How `logging` and errors are written: `[LEVEL]\\t<time>\\t<request id>\\t<message>`.

A line break inside an entry travels as CR, so that the entry stays one.
"""

import json
import logging
import os
import sys
import time

_LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40, "FATAL": 50}
_OWN_ATTRIBUTES = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}


class State:
    """What entries carry of the running invocation."""

    request_id = ""


class _Handler(logging.Handler):
    def __init__(self, state):
        super().__init__()
        self._state = state

    def emit(self, record):
        record.aws_request_id = self._state.request_id
        try:
            sys.stdout.write(_one_line(self.format(record)))
            sys.stdout.flush()
        except Exception:
            self.handleError(record)


class _TextFormatter(logging.Formatter):
    converter = time.gmtime

    def __init__(self):
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
            "%Y-%m-%dT%H:%M:%S",
        )


class _JsonFormatter(logging.Formatter):
    converter = time.gmtime

    def format(self, record):
        entry = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.aws_request_id:
            entry["requestId"] = record.aws_request_id
        if record.exc_info and record.exc_info[0] is not None:
            entry["errorType"] = record.exc_info[0].__name__
            entry["errorMessage"] = str(record.exc_info[1])
            entry["stackTrace"] = self.formatException(record.exc_info).split("\n")
        for name, value in vars(record).items():
            if name not in _OWN_ATTRIBUTES and name not in entry:
                entry[name] = value
        return json.dumps(entry, default=str, ensure_ascii=False)


def install():
    """Sets up the root logger; a function that wants another set-up replaces it as anywhere else."""
    # Lines must be out when an invocation ends, and in order with what C code writes.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    state = State()
    handler = _Handler(state)
    handler.setFormatter(_JsonFormatter() if _is_json() else _TextFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    level = _LEVELS.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper())
    if _is_json() and level is not None:
        root.setLevel(level)
    return state


def log_error(document):
    """Writes an error document the way the platform shows unhandled errors."""
    if _is_json():
        entry = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "level": "ERROR"}
        entry.update(document)
        sys.stdout.write(json.dumps(entry) + "\n")
    else:
        lines = ["[ERROR] %s: %s" % (document["errorType"], document["errorMessage"])]
        if document["stackTrace"]:
            lines.append("Traceback (most recent call last):")
            lines.extend(document["stackTrace"])
        sys.stdout.write(_one_line("\n".join(line.rstrip("\n") for line in lines)))
    sys.stdout.flush()


def _is_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


def _one_line(text):
    return text.replace("\n", "\r") + "\n"
