"""One real Zerun server: started from the real binary, spoken to by unmodified clients, stopped, and looked after."""

import configparser
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import boto3
from botocore.config import Config

import leftovers

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("ZERUN_BIN", ROOT / "target/debug/zerun"))
# Where the SDKs that managed runtimes carry are installed, once for all servers.
PACKS = Path(os.environ.get("ZERUN_PACKS", ROOT / "target/packs"))
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30
REGION = "us-east-1"
# The role of most functions here. Whatever its functions do, they change no rights.
ROLE_NAME = "test"
ROLE = f"arn:aws:iam::000000000000:role/{ROLE_NAME}"


# Ids of the server processes that run now: children of ours that are no orphans.
RUNNING = set()


class Server:
    """A server process on a data directory. It may be stopped or killed, and started again on the same directory."""

    def __init__(self, data: Path, *, command="serve", options=(), environment=None, user=None, binary=BINARY):
        self.data = Path(data)
        self.command = command
        self.options = list(options)
        self.environment = environment or {}
        # The id of another user to run as; the binary must be one that this user can reach.
        self.identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self.binary = binary
        self.log = self.data.with_name(self.data.name + ".log")
        self.process = None
        self.endpoint = None
        self.sessions = {}

    def start(self, *, role=True):
        """`role`: at the first start, make the role that functions of tests name."""
        assert self.process is None, "already started"
        is_new = not (self.data / "credentials").exists()
        leftovers.adopt_orphans()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, self.command, "--data", self.data, "--listen", "127.0.0.1:0", *self.options],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
                env=clean_environment() | self.environment, **self.identity)
        RUNNING.add(self.process.pid)
        # The endpoint is promised as the first line; a server that hangs before it must fail the test, not hang it.
        watchdog = threading.Timer(START_SECONDS_MAX, self.process.kill)
        watchdog.start()
        self.endpoint = self.process.stdout.readline().strip()
        watchdog.cancel()
        if not self.endpoint.startswith("http://"):
            status = self.process.wait()
            self.forget_process()
            raise AssertionError(f"zerun said {self.endpoint!r} and ended with status {status}:\n{self.last_words()}")
        if is_new and role:
            self.make_role()
        return self

    def make_role(self, name=ROLE_NAME, *, keys=None):
        """A role for functions of the keys' account, which may do everything but change rights; returns its ARN."""
        iam = self.client("iam", keys=keys)
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        everything = {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document(everything))
        return made["Role"]["Arn"]

    def stop(self):
        """Asks for a graceful stop, waits for it, and returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no graceful stop within {STOP_SECONDS_MAX} s:\n{self.last_words()}")
        finally:
            self.forget_process()

    def kill(self):
        """`kill -9` of the server process alone: what it started must end by itself."""
        self.process.kill()
        self.process.wait()
        self.forget_process()

    def forget_process(self):
        RUNNING.discard(self.process.pid)
        self.process.stdout.close()
        self.process = None

    def assert_nothing_left(self):
        """No process, mount or control group remains of this server, which has stopped."""
        leftovers.assert_nothing_left(self.data, RUNNING)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def keys(self):
        """The account's root key pair, as first start wrote it."""
        file = configparser.ConfigParser()
        assert file.read(self.data / "credentials"), f"no credentials file in {self.data}"
        return file["default"]["aws_access_key_id"], file["default"]["aws_secret_access_key"]

    def session(self, keys=None):
        """A boto3 session; kept, since making one reads service models for a good part of a second."""
        keys = keys or self.keys()
        if keys not in self.sessions:
            self.sessions[keys] = boto3.Session(*keys, region_name=REGION)
        return self.sessions[keys]

    def client(self, service, *, keys=None, **config):
        """An unmodified boto3 client. Retries are off unless asked for: the first answer is what is tested."""
        config = {"retries": {"total_max_attempts": 1}, "read_timeout": 120} | config
        return self.session(keys).client(service, endpoint_url=self.endpoint, config=Config(**config))

    def client_environment(self):
        """The environment in which any AWS tool finds this server."""
        access, secret = self.keys()
        return clean_environment() | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def last_words(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def clean_environment():
    """The caller's environment without anything that would point an AWS client, or Zerun, elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ZERUN_"))}
    kept["ZERUN_PACKS"] = str(PACKS)
    if "ZERUN_LOG" in os.environ:
        kept["ZERUN_LOG"] = os.environ["ZERUN_LOG"]
    kept["AWS_CONFIG_FILE"] = kept["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    return kept


def wait_until(condition, *, seconds_max=30.0, what="the condition"):
    """Waits for a condition, never for a fixed time, and returns its first true value."""
    deadline = time.monotonic() + seconds_max
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds_max} s")
        time.sleep(0.05)
