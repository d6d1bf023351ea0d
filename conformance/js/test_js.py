"""Runs the tests written for the AWS SDK for JavaScript v3, each file on a server of its own."""

import subprocess
from pathlib import Path

import pytest

from packing import zip_of

HERE = Path(__file__).resolve().parent
ECHO = """
exports.handler = async (event) => {
  console.log("echoing");
  if (event.fail) throw new Error(event.fail);
  return { echo: event };
};
"""
STREAM = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  for (const word of event.words) stream.write(word);
  await new Promise(setImmediate);
  if (event.fail) throw new Error(event.fail);
  stream.end();
});
"""


@pytest.mark.parametrize("file", sorted(path.name for path in HERE.glob("*.test.js")))
def test_javascript(file, fresh_zerun, node_runtime, tmp_path):
    echo = tmp_path / "echo.zip"
    echo.write_bytes(zip_of({"index.js": ECHO}))
    stream = tmp_path / "stream.zip"
    stream.write_bytes(zip_of({"index.js": STREAM}))
    environment = fresh_zerun.client_environment() | {
        "NODE_RUNTIME": node_runtime, "ECHO_ZIP": str(echo), "STREAM_ZIP": str(stream)}
    done = subprocess.run(["node", "--test", "--test-reporter=spec", file], cwd=HERE, env=environment, timeout=300,
                          capture_output=True, text=True)
    print(done.stdout, done.stderr, sep="\n")
    assert done.returncode == 0, done.stdout[-4000:]
