"""What an operator gives each account at most, and that one account's burst is no other's matter."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from packing import zip_of
from server import ROLE, Server

SLOW = ("AKIASLOWSLOWSLOWSLOW", "slow-secret-slow-secret-slow-secret-slow")
FEW = ("AKIAFEWFEWFEWFEWFEWF", "few-secret-few-secret-few-secret-few-sec")
CONFIG = f"""
[[account]]
id = "111111111111"
access_key_id = "{SLOW[0]}"
secret_access_key = "{SLOW[1]}"
limits = {{ requests_per_second = 1, request_burst = 3 }}
[[account]]
id = "222222222222"
access_key_id = "{FEW[0]}"
secret_access_key = "{FEW[1]}"
limits = {{ concurrency = 1 }}
"""


@pytest.fixture(scope="module")
def zerun(tmp_path_factory, packs):
    folder = tmp_path_factory.mktemp("limits")
    (folder / "zerun.toml").write_text(CONFIG)
    server = Server(folder / "data", options=["--config", folder / "zerun.toml"]).start()
    yield server
    assert server.stop() == 0, server.last_words()
    server.assert_nothing_left()


def until_refused(call):
    """How often a call passes before it is refused, and how it is."""
    for passed in range(1000):
        try:
            call()
        except ClientError as error:
            return passed, error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError("it is never refused")


@pytest.mark.parametrize("service, operation, code, status", [
    ("sts", "get_caller_identity", "Throttling", 400),
    ("s3", "list_buckets", "SlowDown", 503),
    ("lambda", "list_functions", "TooManyRequestsException", 429),
])
def test_requests_beyond_the_rate_are_refused_as_sdks_expect(zerun, service, operation, code, status):
    client = zerun.client(service, keys=SLOW)
    passed, *told = until_refused(getattr(client, operation))
    assert passed <= 30 and told == [code, status]
    # Others do not notice; and an SDK that may try again gets through.
    for _ in range(30):
        getattr(zerun.client(service), operation)()
    patient = zerun.client(service, keys=SLOW, retries={"mode": "standard", "total_max_attempts": 8})
    getattr(patient, operation)()


def test_a_stranger_uses_up_nobodys_rate(zerun):
    wrong = zerun.client("sts", keys=(SLOW[0], "wrong-secret-wrong-secret-wrong-secret-w"))
    for _ in range(20):
        with pytest.raises(ClientError) as caught:
            wrong.get_caller_identity()
        assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    patient = zerun.client("sts", keys=SLOW, retries={"mode": "standard", "total_max_attempts": 8})
    patient.get_caller_identity()


WAITS = "exports.handler = () => new Promise((done) => setTimeout(() => done('done'), 1500));"


def test_concurrency_is_an_accounts_own(zerun, lam, node_runtime):
    few = zerun.client("lambda", keys=FEW)
    assert few.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1
    assert lam.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1000
    for client, role in ((few, zerun.make_role(keys=FEW)), (lam, ROLE)):
        client.create_function(FunctionName="waits", Runtime=node_runtime, Handler="index.handler", Timeout=30,
                               Role=role, Code={"ZipFile": zip_of({"index.js": WAITS})})
        client.get_waiter("function_active_v2").wait(FunctionName="waits", WaiterConfig={"Delay": 1})

    def invoke(client):
        try:
            return json.loads(client.invoke(FunctionName="waits")["Payload"].read())
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(8) as pool:
        theirs = [pool.submit(invoke, few) for _ in range(4)]
        mine = [pool.submit(invoke, lam) for _ in range(4)]
        assert sorted(answer.result() for answer in theirs) == ["TooManyRequestsException"] * 3 + ["done"]
        assert [answer.result() for answer in mine] == ["done"] * 4
