"""Finds the handler's function, and what its imports search."""

import importlib
import os
import site
import sys

from .errors import RuntimeFault


def own_directories(task_root):
    """Where the function's own modules are, first to last: its code, then its layers."""
    version = "python%d.%d" % sys.version_info[:2]
    return [task_root, "/opt/python/lib/%s/site-packages" % version, "/opt/python"]


def arrange_search_path(task_root):
    """The code first, then layers, then what the platform brings, then the interpreter's own library."""
    shim_directory = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    runtime_directory = os.path.dirname(shim_directory)
    platform_paths = {runtime_directory, os.environ.get("LAMBDA_RUNTIME_DIR")}
    rest = [entry for entry in sys.path if entry not in platform_paths]
    sys.path[:] = own_directories(task_root) + rest + [runtime_directory]
    _offer_site_builtins()
    sys.meta_path.append(_Hooks)


class _Hooks:
    """Finds `snapshot_restore_py` for functions that do not bring it: asked last."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "snapshot_restore_py":
            return None
        from importlib.util import spec_from_file_location

        return spec_from_file_location(name, os.path.join(os.path.dirname(__file__), "snapshot.py"))


def _offer_site_builtins():
    """`exit` and `quit`, which the interpreter leaves to the `site` module; it runs without that so that
    nothing installed on the host is importable."""
    site.setquit()


def load_handler(text):
    """The function that `[dir/]module.function` names.

    Raises RuntimeFault for what the platform names, and whatever the module itself raises.
    """
    module_name, dot, function_name = text.rpartition(".")
    if not dot:
        raise RuntimeFault(
            "Runtime.MalformedHandlerName",
            "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % text,
        )
    module_name = module_name.replace("/", ".")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise RuntimeFault(
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module %s as a handler module" % module_name,
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise RuntimeFault(
            "Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error)
        ) from None
    except SyntaxError as error:
        place = '  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)
        raise RuntimeFault(
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module '%s': %s" % (module_name, error),
            [place],
        ) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise RuntimeFault(
            "Runtime.HandlerNotFound",
            "Handler '%s' missing on module '%s'" % (function_name, module_name),
        ) from None
