"""Starts Zerun on a data directory, deploys the photo example and stays until Ctrl-C.

Ctrl-C stops the server gracefully; the data directory stays, and the next run goes on with it.
"""

import argparse
import configparser
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import boto3

import deploy

PORT_PREFERRED = 4566
STOP_SECONDS_MAX = 30


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--zerun", type=Path, required=True, help="the zerun binary")
    arguments.add_argument("--data", type=Path, required=True, help="the data directory; made if missing")
    arguments.add_argument("--once", action="store_true", help="stop after deploying, instead of waiting for Ctrl-C")
    options = arguments.parse_args()

    # Both ways of asking this program to end run the same clean-up below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server, endpoint = start(options.zerun, options.data)
    try:
        print(f"      {endpoint}, data in {options.data}, log in {log_path(options.data)}\n")
        show(options, endpoint)
        if not options.once:
            server.wait()
            raise SystemExit(f"zerun ended by itself with status {server.returncode}; see {log_path(options.data)}")
    except KeyboardInterrupt:
        print("\nstopping …", flush=True)
    finally:
        stop(server)
    print(f"stopped; everything is kept in {options.data}, and `make run` goes on with it")


def start(zerun, data):
    data.mkdir(parents=True, exist_ok=True)
    port = PORT_PREFERRED if is_free(PORT_PREFERRED) else 0
    with open(log_path(data), "ab") as log:
        # A session of its own: Ctrl-C in the terminal reaches this program, which then stops the server in order.
        server = subprocess.Popen([zerun, "dev", "--data", data, "--listen", f"127.0.0.1:{port}"],
                                  stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    endpoint = server.stdout.readline().strip()
    if not endpoint.startswith("http://"):
        server.wait()
        raise SystemExit(f"zerun did not start (status {server.returncode}). Its last words, from {log_path(data)}:\n"
                         + "\n".join(log_path(data).read_text(errors="replace").splitlines()[-20:])
                         + f"\n\nWhat this machine offers: {zerun} doctor --data {data}")
    return server, endpoint


def show(options, endpoint):
    keys = configparser.ConfigParser()
    keys.read(options.data / "credentials")
    session = boto3.Session(keys["default"]["aws_access_key_id"], keys["default"]["aws_secret_access_key"],
                            region_name="us-east-1")
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    url = deploy.deploy(session, deploy.HERE / "build")
    by_address = gallery_by_address(endpoint, url)
    with urllib.request.urlopen(by_address, timeout=60) as page:
        shown = page.read().decode().count("<figure>")
    print(f"""
The gallery answers with {shown} thumbnails. See it in a browser:
  {url}
  {by_address}    (where names under .localhost do not resolve)

Use this cloud from another terminal:
  eval "$({options.zerun} env --data {options.data})"
  {deploy.HERE.parent.parent / ".venv/bin/aws"} s3 ls s3://{deploy.THUMBNAILS}
""", flush=True)
    if not options.once:
        print("Ctrl-C stops Zerun.", flush=True)


def gallery_by_address(endpoint, url):
    """The same function URL addressed by path, which needs no name to resolve."""
    url_id = url.split("//", 1)[1].split(".", 1)[0]
    return f"{endpoint}/_zerun/function-url/{url_id}/"


def stop(server):
    # A second Ctrl-C must not cut the clean-up short.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
    try:
        server.wait(timeout=STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def log_path(data):
    return data / "zerun.log"


if __name__ == "__main__":
    main()
