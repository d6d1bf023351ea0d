"""Concurrency: reserved, provisioned, the account's; and bursts."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from expectation import refused
from packing import zip_of
from server import ROLE, wait_until

KIND = {"index.js": """
let n = 0;
exports.handler = async (event) => {
  await new Promise((done) => setTimeout(done, event.wait || 0));
  return [process.env.AWS_LAMBDA_INITIALIZATION_TYPE, ++n];
};"""}


def invoke(lam, name, event=None, **options):
    answer = lam.invoke(FunctionName=name, Payload=json.dumps(event or {}), **options)
    assert "FunctionError" not in answer, answer
    return json.loads(answer["Payload"].read())


def provisioned(lam, name, qualifier):
    found = lam.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
    return found["Status"], found["AvailableProvisionedConcurrentExecutions"]


def test_provisioned_concurrency_is_there_before_the_event(lam, function):
    name = function(KIND, Publish=True)
    answer = lam.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=2)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (answer["Status"], answer["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 2)
    wait_until(lambda: provisioned(lam, name, "1") == ("READY", 2), what="provisioned instances")
    assert invoke(lam, name, Qualifier="1") == ["provisioned-concurrency", 1]
    assert invoke(lam, name) == ["on-demand", 1], "$LATEST has none"

    listed = lam.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
    assert [entry["FunctionArn"].split(":")[-2:] for entry in listed] == [[name, "1"]]
    assert listed[0]["Status"] == "READY" and listed[0]["AllocatedProvisionedConcurrentExecutions"] == 2

    # What is changed is $LATEST; the version's instances stay.
    lam.update_function_configuration(FunctionName=name, Timeout=9)
    assert invoke(lam, name, Qualifier="1") == ["provisioned-concurrency", 2]

    lam.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    with refused("ProvisionedConcurrencyConfigNotFoundException", status=404):
        lam.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    assert lam.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []


def test_an_alias_takes_its_provisioned_concurrency_along(lam, function):
    name = function(KIND, Publish=True)
    lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lam.put_provisioned_concurrency_config(FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1)
    wait_until(lambda: provisioned(lam, name, "live") == ("READY", 1), what="the first version's")
    with refused("ResourceConflictException", status=409):
        lam.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1)
    lam.update_function_code(FunctionName=name, ZipFile=zip_of({"index.js": KIND["index.js"] + "// changed"}), Publish=True)
    lam.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    wait_until(lambda: invoke(lam, name, Qualifier="2")[0] == "provisioned-concurrency", what="the second version's")
    wait_until(lambda: invoke(lam, name, Qualifier="1")[0] == "on-demand", what="the end of the first version's")
    lam.delete_alias(FunctionName=name, Name="live")
    wait_until(lambda: invoke(lam, name, Qualifier="2")[0] == "on-demand", what="the end of the second version's")


def test_a_version_is_provisioned_by_one_name_only(lam, function):
    name = function(KIND, Publish=True)
    lam.update_function_code(FunctionName=name, ZipFile=zip_of({"index.js": KIND["index.js"] + "// changed"}), Publish=True)
    lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    put = lambda qualifier: lam.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=1)
    put("live")
    put("2")
    taken = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
    with refused("ResourceConflictException", status=409, naming=taken):
        lam.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    with refused("ResourceConflictException", status=409, naming=taken):
        lam.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    assert lam.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    lam.create_alias(FunctionName=name, Name="shared", FunctionVersion="1",
                     RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    weights = "Alias with weights can not be used with Provisioned Concurrency"
    with refused("InvalidParameterValueException", status=400, naming=weights):
        put("shared")
    # What is provisioned is the version's, by whatever name it is invoked.
    wait_until(lambda: provisioned(lam, name, "live") == ("READY", 1), what="provisioned instances")
    assert invoke(lam, name, Qualifier="1")[0] == "provisioned-concurrency"
    lam.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="2")
    lam.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    wait_until(lambda: provisioned(lam, name, "live") == ("READY", 1), what="the second version's")


def test_what_cannot_be_provisioned_is_refused_or_fails_with_its_reason(lam, function):
    name = function({"index.js": "throw new Error('no');"}, Publish=True)
    put = lambda **options: lam.put_provisioned_concurrency_config(FunctionName=name, **options)
    with refused("InvalidParameterValueException", status=400):
        put(Qualifier="$LATEST", ProvisionedConcurrentExecutions=1)
    with refused("ResourceNotFoundException", status=404):
        put(Qualifier="7", ProvisionedConcurrentExecutions=1)
    with refused("InvalidParameterValueException", status=400):
        put(Qualifier="1", ProvisionedConcurrentExecutions=100_000)
    lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    with refused("InvalidParameterValueException", status=400):
        put(Qualifier="1", ProvisionedConcurrentExecutions=3)
    put(Qualifier="1", ProvisionedConcurrentExecutions=1)
    with refused("InvalidParameterValueException", status=400):
        lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    failed = lambda: lam.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    wait_until(lambda: failed()["Status"] == "FAILED", what="the failure")
    assert failed()["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"


def test_provisioned_concurrency_outlives_a_restart(fresh_zerun, node_runtime):
    lam = fresh_zerun.client("lambda")
    lam.create_function(FunctionName="kept", Runtime=node_runtime, Handler="index.handler", Role=ROLE, Publish=True,
                        Code={"ZipFile": zip_of(KIND)})
    lam.put_provisioned_concurrency_config(FunctionName="kept", Qualifier="1", ProvisionedConcurrentExecutions=1)
    wait_until(lambda: provisioned(lam, "kept", "1") == ("READY", 1), what="provisioned instances")
    assert fresh_zerun.stop() == 0
    fresh_zerun.assert_nothing_left()
    fresh_zerun.start()
    lam = fresh_zerun.client("lambda")
    wait_until(lambda: provisioned(lam, "kept", "1") == ("READY", 1), what="provisioned instances, again")
    assert invoke(lam, "kept", Qualifier="1") == ["provisioned-concurrency", 1]


def test_reserved_concurrency_leaves_something_for_others(fresh_zerun, node_runtime):
    lam = fresh_zerun.client("lambda")
    for name in ("a", "b"):
        lam.create_function(FunctionName=name, Runtime=node_runtime, Handler="index.handler", Role=ROLE, Publish=True,
                            Code={"ZipFile": zip_of(KIND)})
    limits = lambda: lam.get_account_settings()["AccountLimit"]
    assert (limits()["ConcurrentExecutions"], limits()["UnreservedConcurrentExecutions"]) == (1000, 1000)
    lam.put_function_concurrency(FunctionName="a", ReservedConcurrentExecutions=600)
    least = "UnreservedConcurrentExecution below its minimum value of [100]."
    with refused("InvalidParameterValueException", status=400, naming=least):
        lam.put_function_concurrency(FunctionName="b", ReservedConcurrentExecutions=301)
    lam.put_function_concurrency(FunctionName="b", ReservedConcurrentExecutions=300)
    assert limits()["UnreservedConcurrentExecutions"] == 100
    lam.put_function_concurrency(FunctionName="a", ReservedConcurrentExecutions=100)
    lam.delete_function(FunctionName="b")
    assert limits()["UnreservedConcurrentExecutions"] == 900
    lam.put_provisioned_concurrency_config(FunctionName="a", Qualifier="1", ProvisionedConcurrentExecutions=1)
    assert limits()["UnreservedConcurrentExecutions"] == 900, "within what is reserved"
    lam.delete_function_concurrency(FunctionName="a")
    assert limits()["UnreservedConcurrentExecutions"] == 999


def test_a_burst_of_two_hundred_is_answered(lam, function):
    name = function({"index.js": "exports.handler = async (event) => event;"})
    with ThreadPoolExecutor(max_workers=200) as pool:
        answers = list(pool.map(lambda n: invoke(lam, name, n), range(1, 201)))
    assert answers == list(range(1, 201))


def throttled(lam, name):
    """The reason for which an invocation is refused, in Lambda's exact words."""
    with pytest.raises(lam.exceptions.TooManyRequestsException) as error:
        lam.invoke(FunctionName=name)
    answer = error.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert (answer["Type"], answer["message"], answer["retryAfterSeconds"]) == ("User", "Rate Exceeded.", "1")
    return answer["Reason"]


def test_beyond_what_is_reserved_is_throttled_as_lambda_does(lam, function):
    name = function(KIND)
    lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert throttled(lam, name) == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_functions_that_reserved_nothing_leave_reservations_alone(fresh_zerun, node_runtime, tmp_path):
    lam = fresh_zerun.client("lambda")
    for name in ("reserved", "a", "b"):
        lam.create_function(FunctionName=name, Runtime=node_runtime, Handler="index.handler", Role=ROLE, Timeout=60,
                            Code={"ZipFile": zip_of(KIND)})
    lam.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=900)
    # Lambda leaves 100 to everyone else; an operator's lower limit makes that two, of which this server has many free.
    assert fresh_zerun.stop() == 0
    config = tmp_path / "zerun.toml"
    config.write_text("[limits]\naccount_concurrency = 902\n")
    fresh_zerun.options = ["--config", config]
    fresh_zerun.start()
    lam = fresh_zerun.client("lambda")
    # What looks whether both are at work may take the place of one.
    patient = fresh_zerun.client("lambda", retries={"total_max_attempts": 20, "mode": "standard"})
    assert lam.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 2
    with ThreadPoolExecutor(max_workers=2) as pool:
        working = [pool.submit(invoke, patient, name, {"wait": 8000}) for name in ("a", "b")]
        wait_until(lambda: throttled_now(lam, "a"), what="both at work")
        assert throttled(lam, "b") == "ConcurrentInvocationLimitExceeded"
        assert invoke(lam, "reserved") == ["on-demand", 1]
        for answer in working:
            answer.result()
    invoke(lam, "b")


def throttled_now(lam, name):
    try:
        lam.invoke(FunctionName=name)
    except lam.exceptions.TooManyRequestsException:
        return True
    return False
