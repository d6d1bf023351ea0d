"""`kill -9` while messages are sent, received and deleted: what was acknowledged is there, and FIFO groups are in order.

ZERUN_CRASH_ROUNDS sets the number of rounds.
"""

import os
import random
import threading
import time
from collections import Counter

import pytest
from botocore.exceptions import BotoCoreError, ClientError

import server

ROUNDS = int(os.environ.get("ZERUN_CRASH_ROUNDS", 8))
LOAD_SECONDS_MAX = 1.0
SENDERS = 4
RECEIVERS = 2
# What could not be told whether it happened.
CUT = (BotoCoreError, ClientError, ConnectionError)

pytestmark = pytest.mark.crash


class Load:
    """Senders and receivers on one queue. What each was told is kept across rounds."""

    def __init__(self, suffix=""):
        self.name = f"under-fire{suffix}"
        self.is_fifo = bool(suffix)
        self.sent, self.tried, self.deleted, self.seen = set(), set(), set(), []
        self.numbers = Counter()

    def url(self, zerun):
        return f"{zerun.endpoint}/000000000000/{self.name}"

    def run(self, zerun, seconds):
        self.ended = threading.Event()
        threads = [threading.Thread(target=self.send, args=(zerun, number)) for number in range(SENDERS)]
        threads += [threading.Thread(target=self.receive, args=(zerun,)) for _ in range(RECEIVERS)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        zerun.kill()
        self.ended.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()

    def send(self, zerun, sender):
        sqs = zerun.client("sqs", connect_timeout=5)
        while not self.ended.is_set():
            self.numbers[sender] += 1
            body = f"{sender} {self.numbers[sender]}"
            of_group = {"MessageGroupId": str(sender), "MessageDeduplicationId": body.replace(" ", "-")}
            self.tried.add(body)
            try:
                sqs.send_message(QueueUrl=self.url(zerun), MessageBody=body, **(of_group if self.is_fifo else {}))
            except CUT:
                return
            self.sent.add(body)

    def receive(self, zerun):
        sqs = zerun.client("sqs", connect_timeout=5)
        while not self.ended.is_set():
            try:
                self.take(sqs, zerun)
            except CUT:
                return

    def take(self, sqs, zerun, **more):
        url = self.url(zerun)
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=2, **more).get("Messages", [])
        for one in messages:
            self.seen.append(one["Body"])
            try:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
            except ClientError as error:
                # Of a FIFO queue: its lease ended while the server was away.
                assert error.response["Error"]["Code"] == "InvalidParameterValue", error
                continue
            self.deleted.add(one["Body"])
        return messages


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_kill_9_loses_no_message(tmp_path, packs, suffix):
    chance, load = random.Random(1), Load(suffix)
    zerun = server.Server(tmp_path / "data").start()
    try:
        zerun.client("sqs").create_queue(QueueName=load.name, Attributes={"FifoQueue": "true"} if suffix else {})
        for _ in range(ROUNDS):
            load.run(zerun, LOAD_SECONDS_MAX * chance.random())
            zerun.start()
        sqs = zerun.client("sqs")

        def left():
            told = sqs.get_queue_attributes(QueueUrl=load.url(zerun), AttributeNames=["All"])["Attributes"]
            return sum(int(told[name]) for name in told if name.startswith("ApproximateNumber"))

        deadline = time.monotonic() + 120
        while left() and time.monotonic() < deadline:
            load.take(sqs, zerun, WaitTimeSeconds=3)
        assert left() == 0, "the counts tell that there are more"
        lost = load.sent - set(load.seen)
        assert not lost, f"{len(lost)} of {len(load.sent)} that were acknowledged: {sorted(lost)[:10]}"
        assert set(load.seen) <= load.tried and len(load.sent) > ROUNDS
        if suffix:
            in_order(load)
        assert zerun.stop() == 0, zerun.last_words()
    finally:
        if zerun.is_running():
            zerun.kill()


def in_order(load):
    """Of each group: what is received for the first time follows all that was sent before."""
    highest, known = {}, set()
    for body in load.seen:
        group, number = body.split()
        if body not in known:
            assert int(number) > highest.get(group, 0), f"{body} came after {highest[group]}"
            highest[group] = int(number)
        known.add(body)
