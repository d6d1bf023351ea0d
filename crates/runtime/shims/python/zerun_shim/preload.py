"""What a generic process imports before there is a function: what handlers and the SDK use most.

A function must not be able to tell. What it brings itself is found first in a process of its own, so whatever
its packages come before is forgotten again, together with all that could have seen it.
"""

import importlib
import importlib.machinery
import os
import sys

# The standard library, as handlers and their packages import it.
_LIBRARY = (
    "argparse", "asyncio", "base64", "bisect", "calendar", "collections.abc", "concurrent.futures",
    "concurrent.futures.thread", "configparser", "contextlib", "contextvars", "copy", "csv", "dataclasses",
    "datetime", "decimal", "email.message", "email.mime.multipart", "email.mime.text", "email.parser",
    "email.utils", "enum", "fractions", "functools", "glob", "gzip", "hashlib", "heapq", "hmac", "html",
    "http.client", "http.cookies", "importlib.metadata", "importlib.resources", "inspect", "io",
    "ipaddress", "itertools", "locale", "logging.config", "logging.handlers", "math", "mimetypes",
    "numbers", "operator", "pathlib", "pickle", "platform", "pprint", "queue", "random", "secrets",
    "selectors", "shlex", "shutil", "signal", "socket", "ssl", "statistics", "string", "struct",
    "subprocess", "tempfile", "textwrap", "threading", "typing", "urllib.error", "urllib.parse",
    "urllib.request", "uuid", "xml.etree.ElementTree", "xml.sax.saxutils", "zipfile", "zlib", "zoneinfo",
)  # fmt: skip

# The pack, with what making a client of it would import.
_PACK = (
    "boto3", "boto3.dynamodb.conditions", "boto3.dynamodb.types", "boto3.s3.inject", "boto3.s3.transfer",
    "boto3.session", "botocore.config", "botocore.exceptions", "botocore.handlers", "botocore.httpsession",
    "botocore.session", "botocore.signers", "dateutil.parser", "dateutil.tz", "jmespath",
    "s3transfer.manager", "s3transfer.subscribers", "urllib3",
)  # fmt: skip
_PACKAGES_OF_PACK = frozenset(
    ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
)


class _Part:
    """Modules that were imported together, and know of each other."""

    def __init__(self):
        self.modules = set()
        # Their packages. A process forked off a template looks here, rather than at the modules: each string it
        # looked at would be written to, and so its page be no longer shared.
        self.packages = frozenset()
        # What they looked for in vain: a function that brings it would have changed them.
        self.missed = set()

    def load(self, names):
        before = set(sys.modules)
        sys.meta_path.append(self)
        try:
            for name in names:
                try:
                    importlib.import_module(name)
                except ImportError:
                    # Another version, or an interpreter built without it.
                    pass
        finally:
            sys.meta_path.remove(self)
        self.add(set(sys.modules) - before)

    def add(self, modules):
        self.modules.update(modules)
        self.packages = frozenset(map(_top, self.modules))

    def find_spec(self, name, path=None, target=None):
        """As a finder of modules, asked last."""
        self.missed.add(_top(name))
        return None

    def would_see(self, names):
        return not (names.isdisjoint(self.missed) and names.isdisjoint(self.packages))


_library, _pack = _Part(), _Part()


def load():
    """Imports everything that is there. The search path is the interpreter's and the pack's."""
    _library.load(_LIBRARY)
    _pack.load(_PACK)
    # What only the pack imports of the library stays when the pack goes.
    _library.add(name for name in _pack.modules if _top(name) not in _PACKAGES_OF_PACK)
    _pack.modules -= _library.modules
    _pack.add(())


def forget_shadowed(directories):
    """Forgets what was loaded as far as packages in `directories` would have come before it."""
    brought = set()
    for directory in directories:
        try:
            brought.update(_top(name) for name in os.listdir(directory))
        except OSError:
            pass
    # What was known of them dates from before the code was there.
    for directory in directories:
        sys.path_importer_cache.pop(directory, None)
    if _library.would_see(brought):
        _forget(_library.modules, brought)
        _forget(_pack.modules, brought)
    elif _pack.would_see(brought):
        _forget(_pack.modules, brought)


def _forget(modules, brought):
    for name in modules:
        if _top(name) in brought or not _is_native(name):
            sys.modules.pop(name, None)


def _is_native(name):
    """Modules of machine code do not hold what they were imported beside, and may refuse to come twice."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    loader = getattr(spec, "loader", None)
    return isinstance(loader, importlib.machinery.ExtensionFileLoader) or (
        loader is importlib.machinery.BuiltinImporter
    )


def _top(name):
    return name.split(".", 1)[0]
