"""Delivery under fire: messages go through queues, functions, tables and their streams, and events to functions, while
the server is killed every few seconds. Nothing that was acknowledged is lost, groups stay in order, and what cannot be
dealt with becomes dead letters.

ZERUN_FIRE_MESSAGES: sent to the standard queue; a tenth of it to the FIFO queue, and as events. ZERUN_FIRE_SECONDS: how
long all may take. The table that is printed at the end (`-s`) says how it went.
"""

import json
import os
import threading
import time
from pathlib import Path

import pytest

import server
from crash.fire.platform import Platform
from packing import zip_of
from server import ROLE, wait_until

MESSAGES = int(os.environ.get("ZERUN_FIRE_MESSAGES", 2_000))
SECONDS_MAX = int(os.environ.get("ZERUN_FIRE_SECONDS", 300))
IS_LONG = MESSAGES > 20_000
KILL_AFTER = (3, 8) if IS_LONG else (1, 4)
KILLS_MIN = 3
SENDERS = 4
FEWER = MESSAGES // 10
GROUPS = 50
EACH = FEWER // GROUPS
POISON = 500 if IS_LONG else 100
# Each time that the server dies under a message counts as one.
RECEIVES_MAX = 6
# Of functions and of leases.
SECONDS = 10 if IS_LONG else 5
CODE = zip_of({"index.js": (Path(__file__).parent / "fire/index.js").read_text()})

pytestmark = pytest.mark.crash


def poison(messages):
    return {n for n in range(messages) if n % POISON == 7}


class Fire:
    def __init__(self, platform, runtime):
        self.platform, self.insist, self.runtime = platform, platform.insist, runtime
        self.failures = []
        self.urls = {}

    def build(self):
        for table in ("items", "groups", "in-order", "mirrored", "marks", "invoked", "wrong"):
            self.make_table(table)
        dead = self.make_queue("dead")
        self.make_queue("messages", RedrivePolicy=json.dumps(
            {"deadLetterTargetArn": dead, "maxReceiveCount": RECEIVES_MAX}))
        self.make_queue("messages.fifo", FifoQueue="true")
        given_up, letters = self.make_queue("given-up"), self.make_queue("letters")
        for name in ("collect", "follow", "mirror", "mark", "invoked"):
            dead_letters = {"DeadLetterConfig": {"TargetArn": letters}} if name == "invoked" else {}
            self.insist("lambda", "create_function", FunctionName=name, Runtime=self.runtime, Role=ROLE,
                        Handler=f"index.{name}", Timeout=SECONDS, MemorySize=256, Code={"ZipFile": CODE},
                        Environment={"Variables": {"POISON": str(POISON)}}, **dead_letters)
            wait_until(lambda: self.insist("lambda", "get_function_configuration", FunctionName=name)["State"] == "Active",
                       what="the function")
        self.insist("lambda", "put_function_event_invoke_config", FunctionName="invoked", MaximumRetryAttempts=0,
                    DestinationConfig={"OnFailure": {"Destination": given_up}})
        more = {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 1} if IS_LONG else {"BatchSize": 10}
        self.map("collect", self.arn("messages"), FunctionResponseTypes=["ReportBatchItemFailures"], **more)
        self.map("follow", self.arn("messages.fifo"), BatchSize=10)
        for function, table in (("mirror", "items"), ("mark", "groups")):
            stream = self.insist("dynamodb", "describe_table", TableName=table)["Table"]["LatestStreamArn"]
            self.map(function, stream, StartingPosition="TRIM_HORIZON", BatchSize=1_000, ParallelizationFactor=2)

    def make_table(self, name):
        names = ["pk", "sk"] if name == "in-order" else ["pk"]
        streamed = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
        self.insist("dynamodb", "create_table", TableName=name, BillingMode="PAY_PER_REQUEST",
                    AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in names],
                    KeySchema=[{"AttributeName": one, "KeyType": kind} for one, kind in zip(names, ("HASH", "RANGE"))],
                    **(streamed if name in ("items", "groups") else {}))
        wait_until(lambda: self.insist("dynamodb", "describe_table", TableName=name)["Table"]["TableStatus"] == "ACTIVE",
                   what="the table")

    def make_queue(self, name, **attributes):
        attributes |= {"VisibilityTimeout": str(SECONDS)}
        self.urls[name] = self.insist("sqs", "create_queue", QueueName=name, Attributes=attributes)["QueueUrl"]
        return self.arn(name)

    def arn(self, queue):
        return f"arn:aws:sqs:us-east-1:000000000000:{queue}"

    def url(self, queue):
        # The server listens at another port in each life.
        return f"{self.platform.zerun.endpoint}/000000000000/{queue}"

    def map(self, function, source, **settings):
        self.insist("lambda", "create_event_source_mapping", FunctionName=function, EventSourceArn=source, **settings)

    def fire(self):
        """Sends everything, and returns when it is acknowledged."""
        work = [(self.send_messages, MESSAGES), (self.send_in_order, GROUPS), (self.send_events, FEWER)]
        threads = [threading.Thread(target=self.kept, args=(send, range(sender, total, SENDERS)))
                   for send, total in work for sender in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self.failures, self.failures

    def kept(self, send, numbers):
        try:
            send(numbers)
        except Exception as error:
            self.failures.append(error)

    def send_messages(self, numbers):
        for batch in (numbers[at:at + 10] for at in range(0, len(numbers), 10)):
            entries = [{"Id": str(n), "MessageBody": json.dumps({"n": n})} for n in batch]
            self.send_batch("messages", entries)

    def send_in_order(self, groups):
        for first in range(1, EACH + 1, 10):
            for group in groups:
                batch = range(first, min(first + 10, EACH + 1))
                entries = [{"Id": str(n), "MessageGroupId": f"g{group}", "MessageDeduplicationId": f"g{group}-{n}",
                            "MessageBody": json.dumps({"group": f"g{group}", "n": n})} for n in batch]
                self.send_batch("messages.fifo", entries)

    def send_batch(self, queue, entries):
        url = self.url(queue)
        answer = self.insist("sqs", "send_message_batch", QueueUrl=url, Entries=entries)
        assert not answer.get("Failed"), answer

    def send_events(self, numbers):
        for n in numbers:
            self.insist("lambda", "invoke", FunctionName="invoked", InvocationType="Event", Payload=json.dumps({"n": n}))

    def done(self):
        """Grows while messages are dealt with."""
        return -self.waiting("messages") - self.waiting("messages.fifo")

    def waiting(self, queue):
        told = self.insist("sqs", "get_queue_attributes", QueueUrl=self.url(queue), AttributeNames=["All"])["Attributes"]
        return sum(int(told[name]) for name in told if name.startswith("ApproximateNumber"))

    def count(self, table):
        start, total = {}, 0
        while True:
            page = self.insist("dynamodb", "scan", TableName=table, Select="COUNT", ConsistentRead=True, **start)
            total += page["Count"]
            if "LastEvaluatedKey" not in page:
                return total
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def keys(self, table):
        rows = self.platform.pages("scan", "Items", TableName=table, ConsistentRead=True, ProjectionExpression="pk")
        return [row["pk"]["S"] for row in rows]

    def drained(self, queue):
        """The bodies of all its messages."""
        bodies = []
        while self.waiting(queue):
            got = self.insist("sqs", "receive_message", QueueUrl=self.url(queue), MaxNumberOfMessages=10,
                              WaitTimeSeconds=1, VisibilityTimeout=60).get("Messages", [])
            bodies += [json.loads(one["Body"]) for one in got]
            if got:
                entries = [{"Id": str(at), "ReceiptHandle": one["ReceiptHandle"]} for at, one in enumerate(got)]
                self.insist("sqs", "delete_message_batch", QueueUrl=self.url(queue), Entries=entries)
        return bodies

    def until(self, condition, what):
        left = self.platform.deadline - time.monotonic()
        return wait_until(condition, seconds_max=max(left, 1), what=what)


def test_nothing_is_lost_under_fire(tmp_path, packs, node_runtime):
    began = time.monotonic()
    zerun = server.Server(tmp_path / "data").start()
    platform = Platform(zerun, KILL_AFTER, began + SECONDS_MAX, done=lambda: fire.done())
    fire = Fire(platform, node_runtime)
    try:
        fire.build()
        platform.killer.start()
        fire.fire()
        sent_s = time.monotonic() - began
        fire.until(lambda: platform.kills >= KILLS_MIN and fire.waiting("messages") <= MESSAGES // 100, "most messages")
        platform.calm.set()
        platform.killer.join()
        fire.until(lambda: fire.waiting("messages") + fire.waiting("messages.fifo") == 0, "empty queues")
        done_s = time.monotonic() - began
        check(fire)
        print(f"\n{MESSAGES} messages, {GROUPS * EACH} in order, {FEWER} events; killed {platform.kills} times; "
              f"acknowledged after {sent_s:.0f} s, done after {done_s:.0f} s")
        assert zerun.stop() == 0, zerun.last_words()
    finally:
        platform.calm.set()
        if platform.killer.is_alive():
            platform.killer.join()
        if zerun.is_running():
            zerun.kill()


def check(fire):
    assert fire.keys("wrong") == []
    bad = poison(MESSAGES)
    dead = [body["n"] for body in fire.drained("dead")]
    items = {int(key) for key in fire.keys("items")}
    assert not items & bad, "what always fails was done"
    lost = set(range(MESSAGES)) - items - set(dead)
    assert not lost, f"{len(lost)} messages are lost: {sorted(lost)[:10]}"
    assert bad <= set(dead), f"{len(bad - set(dead))} dead letters are missing"
    # All that was done is in the table's stream.
    fire.until(lambda: fire.count("mirrored") == len(items), "the table's changes")
    # One id for each message: what a client sends again within the window is the same message.
    in_order = fire.keys("in-order")
    assert len(in_order) == len(set(in_order)) == GROUPS * EACH
    marks = {f"g{group}": EACH for group in range(GROUPS)}
    for table in ("groups", "marks"):
        def arrived():
            rows = fire.platform.pages("scan", "Items", TableName=table, ConsistentRead=True)
            return {row["pk"]["S"]: int(row["n"]["N"]) for row in rows} == marks

        fire.until(arrived, f"all of {table}")
    failed = poison(FEWER)
    fire.until(lambda: fire.count("invoked") == FEWER - len(failed), "all events")
    for queue, number in (("given-up", lambda told: told["requestPayload"]["n"]), ("letters", lambda told: told["n"])):
        told = set()

        def complete():
            told.update(number(body) for body in fire.drained(queue))
            return told >= failed

        fire.until(complete, f"all of {queue}")
        assert told == failed
    assert fire.keys("wrong") == []
    extra = set(dead) - bad
    assert len(extra) <= MESSAGES // 20
    print(f"\n{len(bad)} poisoned messages of {len(dead)} dead letters; {len(extra)} others were taken too often by "
          f"servers that died")
