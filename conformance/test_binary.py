"""The binary as a person meets it: its commands, its first lines, its files and its mistakes' messages."""

import json
import signal
import socket
import stat
import subprocess
from contextlib import closing

import pytest

from expectation import refused
from http_client import request
from server import BINARY, Server, clean_environment


def zerun_says(*words, status=0):
    done = subprocess.run([BINARY, *map(str, words)], env=clean_environment(), capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


@pytest.fixture
def dev(tmp_path):
    server = Server(tmp_path / "data", command="dev").start()
    yield server
    if server.process is not None:
        assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


def test_help_names_every_command():
    for command in ("serve", "dev", "env", "doctor", "runtime"):
        assert command in zerun_says("--help")
        assert "Usage" in zerun_says(command, "--help")


def test_first_start_makes_what_clients_need(dev):
    assert (dev.data / "endpoint").read_text().strip() == dev.endpoint
    assert stat.S_IMODE((dev.data / "credentials").stat().st_mode) == 0o600
    health = request(dev.endpoint, "GET", "/_zerun/health")
    assert health.status == 200 and health.json(), health.text
    access, secret = dev.keys()
    assert len(access) == 20 and access.startswith("AKIA") and len(secret) == 40
    assert dev.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_env_is_ready_for_eval(dev):
    printed = zerun_says("env", "--data", dev.data)
    told = subprocess.run(["bash", "-c", f"eval '{printed}'; echo $AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID $AWS_REGION"],
                          env=clean_environment(), capture_output=True, text=True, check=True).stdout.split()
    assert told == [dev.endpoint, dev.keys()[0], "us-east-1"]
    assert dev.stop() == 0
    assert "AWS_SECRET_ACCESS_KEY" in zerun_says("env", "--data", dev.data), "works without a server, too"


def test_dev_knows_the_well_known_keys_and_a_later_serve_does_not(dev):
    well_known = ("test", "test")
    dev.client("s3", keys=well_known).create_bucket(Bucket="made-in-dev")
    assert dev.stop() == 0
    dev.command = "serve"
    dev.start()
    assert [bucket["Name"] for bucket in dev.client("s3").list_buckets()["Buckets"]] == ["made-in-dev"]
    with refused("InvalidAccessKeyId", status=403):
        dev.client("s3", keys=well_known).list_buckets()


def test_dev_stays_on_loopback(tmp_path):
    said = zerun_says("dev", "--data", tmp_path, "--listen", "0.0.0.0:0", status=1)
    assert "loopback" in said.lower() or "test/test" in said, said


def test_one_server_a_directory(dev):
    said = zerun_says("serve", "--data", dev.data, "--listen", "127.0.0.1:0", status=1)
    assert str(dev.data) in said, said


def test_a_taken_port_is_named(tmp_path):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert address in zerun_says("serve", "--data", tmp_path / "data", "--listen", address, status=1)


def test_ctrl_c_ends_it_in_order(dev):
    dev.process.send_signal(signal.SIGINT)
    assert dev.process.wait(timeout=30) == 0, dev.last_words()
    dev.forget_process()


def test_doctor_tells_what_this_machine_gives(dev):
    told = json.loads(zerun_says("doctor", "--json", "--data", dev.data))
    assert told
    table = zerun_says("doctor", "--data", dev.data)
    for word in ("cgroup", "seccomp", "nodejs", "python"):
        assert word in table.lower(), table


def test_runtimes_are_listed(tmp_path, node_runtime, python_runtime):
    listed = zerun_says("runtime", "list", "--data", tmp_path)
    assert node_runtime in listed and python_runtime in listed, listed


def test_coverage_is_honest(dev):
    coverage = request(dev.endpoint, "GET", "/_zerun/coverage").json()
    text = json.dumps(coverage)
    assert "PutObject" in text and "Invoke" in text and "GetCallerIdentity" in text
