"""Results as JSON: everything that `json` knows, and Decimal as a number of all its digits."""

import json
import os
import re
import sys

from .errors import RuntimeFault

# From this version on, what is not ASCII is written as it is.
_PLAIN_UNICODE_SINCE = (3, 12)


def encode(result):
    """UTF-8 JSON. Raises RuntimeFault for what JSON cannot say."""
    decimals = _Decimals()
    try:
        text = json.dumps(
            result,
            ensure_ascii=sys.version_info < _PLAIN_UNICODE_SINCE,
            default=decimals.stand_in,
        )
    except Exception as error:
        raise RuntimeFault(
            "Runtime.MarshalError", "Unable to marshal response: %s" % error
        ) from None
    return decimals.put_back(text).encode("utf-8", "surrogatepass")


class _Decimals:
    """`json` can only write a float for a Decimal, which would lose digits: a string that occurs nowhere
    else stands in for it, and is replaced in the finished text."""

    def __init__(self):
        self._token = None

    def stand_in(self, value):
        # Not imported here: most functions never need it.
        decimal = sys.modules.get("decimal")
        if decimal is None or not isinstance(value, decimal.Decimal):
            raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)
        if value.is_nan() or value.is_infinite():
            return float(value)
        if self._token is None:
            self._token = "decimal-%s:" % os.urandom(16).hex()
        return self._token + str(value)

    def put_back(self, text):
        if self._token is None:
            return text
        return re.sub('"%s([^"]*)"' % self._token, r"\1", text)
