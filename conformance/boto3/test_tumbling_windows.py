"""Tumbling windows: what a function sums up of a shard within a time, and that it is told when that is over."""

import itertools
import json
import time
from collections import defaultdict
from datetime import datetime

import pytest

from driven import Driven
from expectation import refused
from server import wait_until

# Adds up `n`, as its state; notes what it was handed, and of large states how large they were.
SUMS = """
import json, os
import boto3

notes = boto3.client("dynamodb")

def handler(event, context):
    told = json.loads(json.dumps(event))
    state = event.get("state", {})
    if "large" in state:
        told["state"]["large"] = len(state["large"])
    images = [(r["dynamodb"]["SequenceNumber"], r["dynamodb"]["NewImage"]) for r in event["Records"]]
    if any("fails" in image for _, image in images) and not os.environ.get("REPORTS"):
        note(context, told, "failed")
        raise ValueError("as told")
    failed = []
    for number, image in images:
        if "fails" in image:
            failed.append({"itemIdentifier": number})
            break
        state["sum"] = state.get("sum", 0) + int(image["n"]["S"])
        if "large" in image:
            state["large"] = "x" * (1024 * 1024)
    note(context, told, "some failed" if failed else "done")
    if any("forgets" in image for _, image in images):
        return {"status": "done"}
    if not event.get("isFinalInvokeForWindow"):
        return {"state": state, "batchItemFailures": failed}

def note(context, event, outcome):
    notes.put_item(TableName=os.environ["NOTES"], Item={
        "pk": {"S": context.aws_request_id}, "outcome": {"S": outcome}, "event": {"S": json.dumps(event)}})
"""

# Seconds of the longest window, in which a test may do what it has to do.
LONG = 900


@pytest.fixture
def driven(lam, dynamodb, python_runtime):
    return Driven(lam, dynamodb, python_runtime, code=SUMS)


def within_one_long_window(seconds):
    wait_until(lambda: time.time() % LONG < LONG - seconds, what="a window with room", seconds_max=seconds + 5)


def seconds(window):
    return [datetime.fromisoformat(window[end].replace("Z", "+00:00")).timestamp() for end in ("start", "end")]


def numbers_of(event):
    return [int(record["dynamodb"]["NewImage"]["n"]["S"]) for record in event["Records"]]


def finals(driven):
    return [event for event in driven.notes() if event.get("isFinalInvokeForWindow")]


def test_what_comes_within_a_window_is_summed_up_and_its_end_is_told(driven, lam):
    made = driven.map(TumblingWindowInSeconds=2, BatchSize=4)
    assert made["TumblingWindowInSeconds"] == 2
    assert lam.get_event_source_mapping(UUID=made["UUID"])["TumblingWindowInSeconds"] == 2
    counted = itertools.count()
    wait_until(lambda: driven.put("same", n=str(next(counted))) or len(finals(driven)) >= 2, what="two windows")
    count = next(counted)
    total = sum(range(count))
    wait_until(lambda: sum(event["state"].get("sum", 0) for event in finals(driven)) == total, what="the last window")
    of_window = defaultdict(list)
    for event in driven.notes():
        of_window[event["window"]["start"]].append(event)
        assert event["eventSourceARN"] == driven.stream and event["shardId"].startswith("shardId-")
        assert event["isWindowTerminatedEarly"] is False
    assert len(of_window) >= 2
    seen = []
    for events in of_window.values():
        start, end = seconds(events[0]["window"])
        assert end - start == 2 and start % 2 == 0
        (last,) = [event for event in events if event["isFinalInvokeForWindow"]]
        assert last["Records"] == []
        batches = sorted((event for event in events if event["Records"]),
                         key=lambda event: event["Records"][0]["dynamodb"]["SequenceNumber"])
        so_far = 0
        for event in batches:
            assert event["state"].get("sum", 0) == so_far, "what was summed up is handed on"
            so_far += sum(numbers_of(event))
            seen += numbers_of(event)
        assert last["state"] == {"sum": so_far}
    assert sorted(seen) == list(range(count))


def test_a_window_ends_by_itself_and_is_ended_when_windows_are_switched_off(driven, lam):
    made = driven.map(TumblingWindowInSeconds=3)
    driven.put("only", n="7")
    wait_until(lambda: len(finals(driven)) == 1, what="the window's end without further records")
    assert finals(driven)[0]["state"] == {"sum": 7}
    driven.put("again", n="8")
    wait_until(lambda: [8] in map(numbers_of, driven.notes()), what="the next window")
    lam.update_event_source_mapping(UUID=made["UUID"], TumblingWindowInSeconds=0)
    wait_until(lambda: len(finals(driven)) == 2, what="the end of the window that was open")
    driven.put("plain", n="9")
    wait_until(lambda: [9] in map(numbers_of, driven.notes()), what="a batch of no window")
    plain = next(event for event in driven.notes() if numbers_of(event) == [9])
    assert set(plain) == {"Records"} and len(finals(driven)) == 2


def test_a_state_that_is_too_large_ends_the_window_early(driven):
    within_one_long_window(60)
    driven.map(TumblingWindowInSeconds=LONG)
    driven.put("a", n="1", large="yes")
    wait_until(lambda: [event for event in driven.notes() if event["isWindowTerminatedEarly"]], what="the early end")
    driven.put("b", n="2")
    wait_until(lambda: len(driven.notes()) == 3, what="the window to go on")
    early = next(event for event in driven.notes() if event["isWindowTerminatedEarly"])
    assert early["Records"] == [] and early["state"] == {"sum": 1, "large": 1024 * 1024}
    after = next(event for event in driven.notes() if numbers_of(event) == [2])
    assert after["state"] == {} and after["window"] == early["window"]
    assert not any(event["isFinalInvokeForWindow"] for event in driven.notes())


def test_what_is_given_up_is_not_summed_up(driven, lam):
    within_one_long_window(60)
    made = driven.map(TumblingWindowInSeconds=LONG, BatchSize=1, MaximumRetryAttempts=1)
    driven.put("a", n="1")
    driven.put("a", n="2", fails="yes")
    driven.put("a", n="4")
    wait_until(lambda: [4] in map(numbers_of, driven.notes()), what="what comes behind")
    assert len(driven.notes("failed")) == 2
    assert {event["state"]["sum"] for event in driven.notes("failed")} == {1}
    # An answer without a state is no answer.
    driven.put("a", n="8", forgets="yes")
    driven.put("a", n="16")
    wait_until(lambda: [16] in map(numbers_of, driven.notes()), what="what comes behind")
    assert len([event for event in driven.notes() if numbers_of(event) == [8]]) == 2
    last = next(event for event in driven.notes() if numbers_of(event) == [16])
    assert last["state"] == {"sum": 5}
    wait_until(lambda: lam.get_event_source_mapping(UUID=made["UUID"])["LastProcessingResult"] == "OK",
               what="the last result")


def test_a_batch_that_is_halved_and_one_of_which_some_failed(lam, dynamodb, python_runtime):
    within_one_long_window(100)
    for variables, settings in [
        ({}, {"BisectBatchOnFunctionError": True}),
        ({"REPORTS": "yes"}, {"FunctionResponseTypes": ["ReportBatchItemFailures"]}),
    ]:
        driven = Driven(lam, dynamodb, python_runtime, code=SUMS, variables=variables)
        for number in range(6):
            driven.put("same", n=str(2**number), **({"fails": "yes"} if number == 5 else {}))
        driven.map(TumblingWindowInSeconds=LONG, BatchSize=6, MaximumRetryAttempts=0, **settings)
        driven.put("same", n="64")
        wait_until(lambda: [64] in map(numbers_of, driven.notes()), what="what comes behind")
        last = next(event for event in driven.notes() if numbers_of(event) == [64])
        assert last["state"] == {"sum": 31}, settings


def test_the_end_of_a_window_is_told_until_it_is_taken(lam, dynamodb, python_runtime):
    fails = SUMS.replace("    told =", """    if event["isFinalInvokeForWindow"] and os.environ.get("FAILS"):
        note(context, event, "failed")
        raise ValueError("not yet")
    told =""")
    driven = Driven(lam, dynamodb, python_runtime, code=fails, variables={"FAILS": "yes"})
    driven.map(TumblingWindowInSeconds=2, MaximumRetryAttempts=0)
    driven.put("a", n="1")
    wait_until(lambda: len(driven.notes("failed")) >= 2, what="the end, again")
    first = driven.notes("failed")[0]["window"]
    driven.put("a", n="2")
    lam.update_function_configuration(FunctionName=driven.name, Environment={
        "Variables": {"NOTES": f"{driven.name}-notes"}})
    wait_until(lambda: len(finals(driven)) == 2, what="both ends")
    ends = sorted(finals(driven), key=lambda event: event["window"]["start"])
    assert [event["state"] for event in ends] == [{"sum": 1}, {"sum": 2}] and ends[0]["window"] == first


def test_a_kill_goes_on_with_what_was_summed_up(fresh_zerun, python_runtime):
    within_one_long_window(150)
    driven = Driven(fresh_zerun.client("lambda"), fresh_zerun.client("dynamodb"), python_runtime, code=SUMS)
    driven.map(TumblingWindowInSeconds=LONG, BatchSize=3)

    def handled():
        return {number for event in driven.notes() for number in numbers_of(event)}

    for round in range(4):
        before = handled()
        for number in range(12):
            driven.put("same", n=str(1 + round * 12 + number))
        # It is killed while it works on them.
        wait_until(lambda: handled() > before, what="some of them")
        fresh_zerun.kill()
        fresh_zerun.start()
        driven.lam, driven.dynamodb = fresh_zerun.client("lambda"), fresh_zerun.client("dynamodb")
    driven.put("same", n="1000")
    wait_until(lambda: any(1000 in numbers_of(event) for event in driven.notes()), what="the last", seconds_max=60)
    # What was handed over twice is in the sum once: state and place are one.
    events = [event for event in driven.notes() if 1000 in numbers_of(event)]
    assert {event["state"].get("sum", 0) + sum(numbers_of(event)) for event in events} == {sum(range(1, 49)) + 1000}
    assert len({event["window"]["start"] for event in driven.notes()}) == 1


@pytest.mark.parametrize("wrong, naming", [
    ({"TumblingWindowInSeconds": 901}, "TumblingWindowInSeconds"),
    ({"TumblingWindowInSeconds": 60, "ParallelizationFactor": 2}, "ParallelizationFactor"),
])
def test_windows_that_cannot_be(driven, lam, wrong, naming):
    with refused("InvalidParameterValueException", "ValidationException", status=400, naming=naming):
        driven.map(**wrong)
    made = driven.map(Enabled=False)
    with refused("InvalidParameterValueException", "ValidationException", status=400, naming=naming):
        lam.update_event_source_mapping(UUID=made["UUID"], **wrong)
