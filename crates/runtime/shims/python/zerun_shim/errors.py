"""Error documents, as callers get them."""

import traceback


class RuntimeFault(Exception):
    """A fault that the platform names. `error_type` is what the caller sees."""

    def __init__(self, error_type, message, stack_trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


def describe(error, request_id=""):
    """The document for `error`; frames of this package are left out of its trace."""
    if isinstance(error, RuntimeFault):
        error_type, stack_trace = error.error_type, error.stack_trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        shown = [frame for frame in frames if not _is_ours(frame.filename)]
        error_type, stack_trace = type(error).__name__, traceback.format_list(shown)
    return {
        "errorMessage": _text(error),
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": stack_trace,
    }


def _text(error):
    try:
        return str(error)
    except Exception as problem:
        return "the error's message cannot be read: %s" % type(problem).__name__


def _is_ours(filename):
    return "/zerun_shim/" in filename or filename.startswith("<frozen importlib")
