"""Deployment packages and layers made to reach outside of the place where they are unpacked."""

import io
import itertools
import os
import stat
import zipfile

import pytest

from expectation import refused
from packing import zip_of
from server import ROLE

numbers = itertools.count(1)
READ = "def handler(event, context):\n    return [read(path) for path in event]\n\ndef read(path):\n" \
       "    try:\n        return open(path, 'rb').read(64).decode(errors='replace')\n    except OSError as error:\n" \
       "        return type(error).__name__\n"


def archive(*entries, code=READ):
    """A zip of entries (name, mode with its type, content), beside a handler."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name, mode, content in (("index.py", stat.S_IFREG | 0o644, code), *entries):
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = mode << 16
            made.writestr(entry, content)
    return packed.getvalue()


def link(name, to):
    return name, stat.S_IFLNK | 0o777, to


@pytest.fixture
def create(lam, python_runtime):
    def make(package, **more):
        name = f"archive-{next(numbers)}"
        lam.create_function(**{"FunctionName": name, "Runtime": python_runtime, "Handler": "index.handler", "Role": ROLE,
                               "Code": {"ZipFile": package}} | more)
        return name

    return make


# What lies beside the place where code is unpacked, seen from there.
CLIMBS = ["../escape", "a/../../escape", "/escape", "//escape", "a/../../../escape", "..\\escape", "C:\\escape", "\0escape",
          "a/\0/escape", "./../escape", "..", "../../credentials"]


@pytest.mark.parametrize("name", CLIMBS, ids=repr)
def test_a_name_that_climbs_reaches_nothing(zerun, create, invoke, name, tmp_path):
    """Refused, or, where the name can be read as one inside (as unzip does), put inside."""
    before = {path for path in zerun.data.rglob("escape")} | {path for path in zerun.data.parent.glob("*")}
    # The library would end the name at a NUL, so it comes in afterwards.
    package = archive((name.replace("\0", "?"), stat.S_IFREG | 0o644, "x")).replace(b"?", b"\0")
    try:
        function = create(package)
    except Exception as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error
    else:
        assert invoke(function, []) == []
    escaped = {path for path in zerun.data.rglob("escape") if "code" not in path.relative_to(zerun.data).parts}
    escaped |= {path for path in zerun.data.parent.glob("*")}
    assert escaped <= before and not os.path.exists("/escape")


def test_links_are_followed_inside_only(zerun, create, invoke, facts):
    """A link is a name: it is followed where it is used, in the sandbox, where nothing of the host is."""
    targets = {"shadow": "/etc/shadow", "host": facts["host_file"], "up": "../../../../../../.." + facts["host_file"],
               "credentials": str(zerun.data / "credentials"), "proc": "/proc/1/environ", "root": "/proc/1/root/etc/shadow",
               "beside": "../../credentials"}
    try:
        function = create(archive(*(link(name, to) for name, to in targets.items()),
                                  link("inside", "index.py"), link("loop", "loop")))
    except Exception as error:
        # That it refuses them is right as well.
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error
        return
    said = invoke(function, [f"/var/task/{name}" for name in (*targets, "inside", "loop")])
    assert said[-2].startswith("def handler"), "an innocent link must work"
    assert all(one in ("FileNotFoundError", "PermissionError", "OSError") for one in (*said[:-2], said[-1])), said


def test_nothing_is_written_through_a_link(zerun, create, invoke, tmp_path):
    """First a link to somewhere, then a file below it: the file must not come to lie there."""
    target = tmp_path / "target"
    target.mkdir(mode=0o777)
    for entries in (
        (link("way", str(target)), ("way/escape", stat.S_IFREG | 0o644, "x")),
        (link("way", "../../.."), ("way/escape", stat.S_IFREG | 0o644, "x")),
        (link("a", "."), link("a/b", str(target)), ("b/escape", stat.S_IFREG | 0o644, "x")),
    ):
        with refused("InvalidParameterValueException", "InvalidZipFileException"):
            create(archive(*entries))
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("kind", [stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_there_are_no_devices_in_an_archive(zerun, create, invoke, kind):
    """Entries that are neither files, directories nor links are refused, or are no more than files."""
    try:
        function = create(archive(("special", kind | 0o666, "")))
    except Exception as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error
        return
    assert invoke(function, ["/var/task/special"]) == [""]


def test_set_uid_bits_do_not_survive(zerun, create, invoke):
    """A program that a package brings runs as whoever starts it."""
    code = "import os\ndef handler(event, context):\n    seen = os.lstat('/var/task/program')\n" \
           "    return [oct(seen.st_mode & 0o7777), bool(os.statvfs('/var/task').f_flag & os.ST_NOSUID), seen.st_uid]\n"
    function = create(archive(("program", stat.S_IFREG | 0o6755, "#!/bin/sh\nid"), code=code))
    mode, nosuid, _ = invoke(function)
    assert mode in ("0o755", "0o555") and nosuid
    on_host = [path for path in (zerun.data / "code").rglob("program")]
    assert on_host and all(not path.stat().st_mode & 0o7000 for path in on_host)


def test_two_names_for_one_file_do_not_overlay_the_platform(zerun, create, invoke):
    """Names that differ in case or come twice are the package's own affair."""
    code = "import os\ndef handler(event, context):\n    return sorted(os.listdir('/var/task'))\n"
    package = archive(("INDEX.PY", stat.S_IFREG | 0o644, "X = 1"), ("Index.py", stat.S_IFREG | 0o644, "X = 2"), code=code)
    assert invoke(create(package)) == ["INDEX.PY", "Index.py", "index.py"]


def test_a_bomb_is_refused(zerun, create):
    """A few kilobytes that become gigabytes; what was unpacked of it is gone."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("index.py", READ)
        for number in range(30):
            made.writestr(f"zeroes-{number}", bytes(10 << 20))
    before = sorted((zerun.data / "code").iterdir())
    with refused("InvalidParameterValueException", naming="unzipped size"):
        create(packed.getvalue())
    kept = [path for path in (zerun.data / "code").iterdir() if not path.name.startswith(".")]
    assert sorted(kept) == [path for path in before if not path.name.startswith(".")]


def test_layers_reach_no_further(lam, create, invoke):
    """Layers are laid over each other on the host, where none of their links is followed."""
    out = link("python", "/etc"), link("up", "../../../../..")
    for entry in out:
        with refused("InvalidParameterValueException"):
            lam.publish_layer_version(LayerName="out", Content={"ZipFile": archive(entry)})
    arns = []
    for name, entries in {
        "one": (link("bin", "other"), ("other/one", stat.S_IFREG | 0o644, "x"), link("index", "index.py")),
        "two": (("bin/two", stat.S_IFREG | 0o755, "x"), link("other/one", "../index.py")),
    }.items():
        made = lam.publish_layer_version(LayerName=f"escape-{name}", Content={"ZipFile": archive(*entries)})
        arns.append(made["LayerVersionArn"])
    code = "import os\ndef handler(event, context):\n    return {at: sorted(os.listdir(at)) for at in ('/opt', '/opt/bin', '/opt/other')}\n"
    seen = invoke(create(zip_of({"index.py": code}), Layers=arns))
    # Of the same name, the later layer's directory is there instead of the earlier one's link, and not through it.
    assert seen == {"/opt": ["bin", "index", "index.py", "other"], "/opt/bin": ["two"], "/opt/other": ["one"]}


def test_code_is_closed_to_other_users_of_the_machine(zerun, create, invoke):
    """Even where the data directory itself is open, somebody else on the host reads no function's code."""
    assert invoke(create(archive()), []) == []
    for name in ("code", "instances", "sandboxes", "runtime-shims", "blobs", "store"):
        assert stat.S_IMODE((zerun.data / name).stat().st_mode) == 0o700, name
    for name in ("credentials", "master.key"):
        assert stat.S_IMODE((zerun.data / name).stat().st_mode) == 0o600, name
