"""The search for leftovers finds them: a check that cannot fail would prove nothing."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

import leftovers
import server


def test_an_orphan_is_found_wherever_it_moved(tmp_path):
    leftovers.adopt_orphans()
    told = tmp_path / "pid"
    # A grandchild in a session of its own, whose parent is killed.
    parent = subprocess.Popen(["bash", "-c", f"setsid sleep 600 & echo $! > {told}; wait"])
    orphan = int(server.wait_until(lambda: told.exists() and told.read_text().strip()))
    parent.kill()
    parent.wait()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(leftovers, "GONE_SECONDS_MAX", 0.2)
            with pytest.raises(AssertionError, match=f"{orphan} S sleep 600"):
                leftovers.assert_nothing_runs(server.RUNNING)
    finally:
        os.kill(orphan, signal.SIGKILL)
    leftovers.assert_nothing_runs(server.RUNNING)


def test_half_written_files_are_found(tmp_path):
    for name in ("blobs/tmp/1", "endpoint.new", "x.draft-3", "blobs/ab/1"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {str(path.relative_to(tmp_path)) for path in leftovers.temporary_files(tmp_path)}
    assert found == {"blobs/tmp/1", "endpoint.new", "x.draft-3"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes control groups")
def test_groups_are_found_while_others_come_and_go(tmp_path):
    name = f"zerun-leftover-{os.getpid()}"
    (tmp_path / "sandboxes").mkdir()
    (tmp_path / "sandboxes/cgroups").write_text(f"/somewhere/{name}\n")
    root = next(path for path in (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup")) if (path / "cgroup.procs").exists())
    assert leftovers.cgroups(tmp_path) == []
    (root / name / "inner").mkdir(parents=True)
    try:
        assert leftovers.cgroups(tmp_path) == [root / name, root / name / "inner"]
    finally:
        (root / name / "inner").rmdir()
        (root / name).rmdir()
    leftovers.assert_nothing_left(tmp_path, server.RUNNING)
