"""Tables through the AWS SDK for Go v2, as it is published."""

import os
import subprocess
from pathlib import Path

from server import BINARY

HERE = Path(__file__).resolve().parent
# Beside what cargo makes, so that it is kept as long as that is.
PROGRAM = BINARY.resolve().parent.parent / "official" / "tables"


def test_tables_in_go(zerun):
    subprocess.run(["go", "build", "-trimpath", "-buildvcs=false", "-o", PROGRAM, "."], check=True, cwd=HERE / "tables",
                   env=os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"})
    done = subprocess.run([PROGRAM], env=zerun.client_environment(), capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
