"""`kill -9` at random points under load: what was acknowledged is there, nothing is torn, nothing is left running.

ZERUN_CRASH_ROUNDS sets the number of rounds, ZERUN_CRASH_SEED repeats the moments of an earlier run (as far as the
machine allows: the load is real, so its interleaving differs).
"""

import os
import random
import subprocess
import threading
import time
from pathlib import Path

import pytest

import leftovers
import server
from command import records, zerun as command
from crash.load import FUNCTION, IN, OUT, PLAIN, Ledger, Load, expected
from packing import zip_of
from server import ROLE

ROUNDS = int(os.environ.get("ZERUN_CRASH_ROUNDS", 8))
SEED = int(os.environ.get("ZERUN_CRASH_SEED", time.time()))
LOAD_SECONDS_MAX = 1.5
# Every so many rounds the function's work is waited for; until then it piles up across kills.
ROUNDS_BETWEEN_DRAINS = 4
DRAIN_SECONDS_MAX = 120
RECOVERY_KILLS_SHARE = 0.2

pytestmark = pytest.mark.crash


def test_kill_9_loses_nothing_and_leaves_nothing(tmp_path, packs, node_runtime):
    print(f"\nZERUN_CRASH_SEED={SEED}, {ROUNDS} rounds")
    zerun = server.Server(tmp_path / "data").start()
    try:
        kill_and_check(zerun, node_runtime)
    finally:
        # A check that failed must not leave a server behind.
        if zerun.is_running():
            zerun.kill()


def kill_and_check(zerun, node_runtime):
    chance, ledger = random.Random(SEED), Ledger()
    prepare(zerun, node_runtime)
    for number in range(1, ROUNDS + 1):
        started = time.monotonic()
        load = Load(zerun, ledger, number, seed=chance.random())
        load.start()
        # Squared: early moments, with much beginning at once, are tried more often.
        time.sleep(LOAD_SECONDS_MAX * chance.random() ** 2)
        load.ended.set()
        zerun.kill()
        load.stop()
        leftovers.assert_nothing_runs(server.RUNNING)
        stale = leftovers.sandbox_cgroups(zerun.data)
        if chance.random() < RECOVERY_KILLS_SHARE:
            kill_while_starting(zerun, chance)
        zerun.start()
        left = stale & leftovers.sandbox_cgroups(zerun.data)
        assert not left, f"control groups of the killed server are still there: {left}"
        assert not leftovers.mounts(zerun.data)
        check_objects(zerun, ledger)
        if number % ROUNDS_BETWEEN_DRAINS == 0 or number == ROUNDS:
            check_events(zerun, ledger)
        print(f"round {number}: {ledger.acknowledged} acknowledged, {time.monotonic() - started:.1f} s", flush=True)
    check_temporary_files(zerun)
    assert zerun.stop() == 0, zerun.last_words()
    zerun.assert_nothing_left()
    # What was torn is the end of a file, and what changed something was recorded before it was said.
    assert "Nothing was changed" in command(zerun, "audit", "--verify")
    made = [record["requestParameters"]["bucket"] for record in records(zerun, "--action", "s3:CreateBucket")]
    assert made == [IN, OUT, PLAIN], made
    assert min(ledger.acknowledged, len(ledger.notified), len(ledger.invoked)) > ROUNDS, "hardly any load was acknowledged"
    print(f"{ROUNDS} kills; {ledger.acknowledged} acknowledged writes, {len(ledger.notified)} notifications and "
          f"{len(ledger.invoked)} invocations among them: none lost")


def prepare(zerun, node_runtime):
    s3, lam = zerun.client("s3"), zerun.client("lambda")
    for bucket in (IN, OUT, PLAIN):
        s3.create_bucket(Bucket=bucket)
    code = (Path(__file__).with_name("recorder.js")).read_text()
    arn = lam.create_function(FunctionName=FUNCTION, Runtime=node_runtime, Handler="index.handler", Timeout=60,
                              MemorySize=256, Role=ROLE,
                              Code={"ZipFile": zip_of({"index.js": code})})["FunctionArn"]
    lam.add_permission(FunctionName=FUNCTION, StatementId="incoming", Action="lambda:InvokeFunction",
                       Principal="s3.amazonaws.com", SourceArn=f"arn:aws:s3:::{IN}")
    s3.put_bucket_notification_configuration(Bucket=IN, NotificationConfiguration={
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]})


def kill_while_starting(zerun, chance):
    """Recovery itself is cut short: at a random moment of a start, before or after it serves."""
    process = subprocess.Popen([server.BINARY, "serve", "--data", zerun.data, "--listen", "127.0.0.1:0"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                               env=server.clean_environment())
    killer = threading.Timer(chance.random() * 0.3, process.kill)
    killer.start()
    process.wait()
    killer.cancel()
    leftovers.assert_nothing_runs(server.RUNNING)


def check_objects(zerun, ledger):
    """Each object is in its last acknowledged state, or wholly in one that was asked for afterwards."""
    s3 = zerun.client("s3")
    listed = {entry["Key"]: entry for entry in pages(s3, PLAIN)}
    for key in set(ledger.settled) | set(ledger.possible):
        allowed = [ledger.settled.get(key), *ledger.possible.get(key, [])]
        found = None
        if key in listed:
            answer = s3.get_object(Bucket=PLAIN, Key=key, ChecksumMode="ENABLED")
            body, found = answer["Body"].read(), answer["Metadata"]["version"]
            assert body == expected(key, found), f"{key} is torn: {len(body)} bytes under version {found}"
            assert listed[key]["Size"] == len(body) and listed[key]["ETag"] == answer["ETag"], listed[key]
        assert found in allowed, f"{key} is {found}, acknowledged or possible were {allowed}"
        # From here on this is what is known: nothing asked for before the kill may still happen.
        ledger.settled[key], ledger.possible[key] = found, []
    unasked = set(listed) - set(ledger.settled)
    assert not unasked, f"objects that nobody asked for: {unasked}"
    stored = {entry["Key"] for entry in pages(s3, IN)}
    missing = ledger.notified - stored
    assert not missing, f"acknowledged objects are missing: {sorted(missing)[:10]}"


def check_events(zerun, ledger):
    """Each acknowledged notification and invocation reaches the function, however often the server died before."""
    s3 = zerun.client("s3")
    waited_for = ledger.notified | ledger.invoked

    def missing():
        return waited_for - {entry["Key"] for entry in pages(s3, OUT)}

    deadline = time.monotonic() + DRAIN_SECONDS_MAX
    while left := missing():
        assert zerun.is_running(), zerun.last_words()
        assert time.monotonic() < deadline, \
            f"{len(left)} of {len(waited_for)} events never reached the function: {sorted(left)[:10]}"
        time.sleep(0.1)


def check_temporary_files(zerun):
    """With everything deleted, a start leaves no half-written file and no bytes that nothing names."""
    zerun.client("lambda").delete_function(FunctionName=FUNCTION)
    s3 = zerun.client("s3")
    for bucket in (IN, OUT, PLAIN):
        for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            if objects := [{"Key": entry["Key"]} for entry in page.get("Contents", [])]:
                assert "Errors" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    zerun.kill()
    leftovers.assert_nothing_runs(server.RUNNING)
    zerun.start()
    kept = [zerun.data / "blobs", zerun.data / "code"]
    server.wait_until(lambda: not leftovers.temporary_files(zerun.data) and not any(map(files, kept)),
                      what="the sweep of what nothing names any more")


def files(folder):
    """The mark that tells which boot of the machine unpacked the code names no code, and stays."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".boot"]


def pages(s3, bucket):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from page.get("Contents", [])
