"""`make run`'s own program, from nothing to thumbnails, and once more on the same data directory."""

import subprocess
import sys

import leftovers
import server


def test_the_example_runs_twice_on_one_directory(tmp_path, packs):
    leftovers.adopt_orphans()
    data = tmp_path / "data"
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, server.ROOT / "examples/photos/run.py", "--zerun", server.BINARY, "--data", data, "--once"],
            env=server.clean_environment(), capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "queue told" in done.stdout and done.stdout.count(" ms ") == 3, done.stdout
        assert "The gallery answers with 3 thumbnails" in done.stdout
        leftovers.assert_nothing_left(data, server.RUNNING)
