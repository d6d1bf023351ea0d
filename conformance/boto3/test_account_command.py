"""Accounts that the operator makes with `zerun account`, while a server runs and while none does."""

import subprocess

import pytest

from expectation import refused
from server import BINARY, clean_environment


def account(data, *words, succeeds=True):
    done = subprocess.run([BINARY, "account", *words, "--data", data], capture_output=True, text=True, timeout=60,
                          env=clean_environment())
    assert (done.returncode == 0) == succeeds, done.stderr
    return done.stdout if succeeds else done.stderr


def keys_of(printed):
    words = dict(line.removeprefix("export ").split("=", 1) for line in printed.splitlines())
    return words["AWS_ACCESS_KEY_ID"], words["AWS_SECRET_ACCESS_KEY"]


@pytest.mark.parametrize("while_serving", [True, False])
def test_an_account_is_made_and_its_keys_renewed(fresh_zerun, while_serving):
    server = fresh_zerun

    def ask(*words, **more):
        if while_serving:
            return account(server.data, *words, **more)
        server.stop()
        try:
            return account(server.data, *words, **more)
        finally:
            server.start()

    one = keys_of(ask("create", "111111111111", "--name", "one"))
    who = server.client("sts", keys=one).get_caller_identity()
    assert who["Arn"] == "arn:aws:iam::111111111111:root"
    assert "there already" in ask("create", "111111111111", succeeds=False)
    two = keys_of(ask("new-key", "111111111111"))
    assert "delete one first" in ask("new-key", "111111111111", succeeds=False)
    server.client("s3", keys=two).create_bucket(Bucket="ours")
    listed = ask("list")
    assert "000000000000  root" in listed and f"111111111111  one  {' '.join(sorted([one[0], two[0]]))}" in listed
    assert one[1] not in listed
    ask("delete-key", one[0])
    with refused("InvalidClientTokenId", status=403):
        server.client("sts", keys=one).get_caller_identity()
    assert [bucket["Name"] for bucket in server.client("s3", keys=two).list_buckets()["Buckets"]] == ["ours"]
    assert "credentials" in ask("delete-key", server.keys()[0], succeeds=False)
    assert "no account" in ask("new-key", "333333333333", succeeds=False)
