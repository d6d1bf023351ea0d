"""SnapStart: published versions whose instances are initialised before anybody asks."""

import base64
import json

from expectation import refused

HOOKS = {"app.py": """
import os
from snapshot_restore_py import register_after_restore, register_before_snapshot

calls = ['load ' + os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']]
register_before_snapshot(lambda: calls.append('before'))

@register_after_restore
def after():
    calls.append('after')

def handler(event, context):
    return calls
"""}
ON = {"ApplyOn": "PublishedVersions"}


def publish(lam, name):
    version = lam.publish_version(FunctionName=name)
    assert version["State"] == "Pending"
    assert version["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    lam.get_waiter("published_version_active").wait(FunctionName=name, Qualifier=version["Version"],
                                                    WaiterConfig={"Delay": 1})
    return version["Version"]


def test_a_version_is_initialised_when_it_is_published(lam, function, python_runtime):
    name = function(HOOKS, Runtime=python_runtime, Handler="app.handler", SnapStart=ON)
    latest = lam.get_function_configuration(FunctionName=name)
    assert latest["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    version = publish(lam, name)
    published = lam.get_function_configuration(FunctionName=name, Qualifier=version)
    assert published["State"] == "Active"
    assert published["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    answer = lam.invoke(FunctionName=name, Qualifier=version, LogType="Tail")
    assert json.loads(answer["Payload"].read()) == ["load snap-start", "before", "after"]
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "RESTORE_START Runtime Version: " in log
    report = next(line for line in log.splitlines() if line.startswith("REPORT "))
    assert "Restore Duration: " in report and "Billed Restore Duration: " in report
    assert "Init Duration: " not in report
    # What is not published starts as ever.
    answer = lam.invoke(FunctionName=name)
    assert json.loads(answer["Payload"].read()) == ["load on-demand"]


def test_node_versions_are_initialised_too(lam, function):
    name = function({"index.js": "const kind = process.env.AWS_LAMBDA_INITIALIZATION_TYPE; exports.handler = async () => kind;"})
    lam.update_function_configuration(FunctionName=name, SnapStart=ON)
    version = publish(lam, name)
    assert json.loads(lam.invoke(FunctionName=name, Qualifier=version)["Payload"].read()) == "snap-start"
    lam.update_function_configuration(FunctionName=name, SnapStart={"ApplyOn": "None"})
    assert lam.publish_version(FunctionName=name)["State"] == "Active"


def test_a_version_that_does_not_come_up_has_failed(lam, function, python_runtime):
    name = function({"app.py": "raise Exception('no good')"}, Runtime=python_runtime, Handler="app.handler", SnapStart=ON)
    version = lam.publish_version(FunctionName=name)["Version"]

    def state():
        return lam.get_function_configuration(FunctionName=name, Qualifier=version)

    while (found := state())["State"] == "Pending":
        pass
    assert found["State"] == "Failed"
    assert found["StateReasonCode"] == "FunctionError"
    assert "no good" in found["StateReason"]
    with refused("ResourceConflictException", naming="Failed"):
        lam.invoke(FunctionName=name, Qualifier=version)


AFTER = {"app.py": """
from snapshot_restore_py import register_after_restore

@register_after_restore
def after():
    raise Exception('not now')

def handler(event, context):
    return 1
"""}


def test_a_hook_that_fails_is_an_error_of_the_service(lam, function, python_runtime):
    name = function(AFTER, Runtime=python_runtime, Handler="app.handler", SnapStart=ON)
    version = publish(lam, name)
    with refused("SnapStartException", status=400, naming="afterRestore"):
        lam.invoke(FunctionName=name, Qualifier=version)


SLOW = {"app.py": "import time\ntime.sleep(3)\ndef handler(event, context):\n    return 1\n"}


def test_a_version_that_is_not_ready_says_so(lam, function, python_runtime):
    name = function(SLOW, Runtime=python_runtime, Handler="app.handler", SnapStart=ON)
    version = lam.publish_version(FunctionName=name)["Version"]
    with refused("SnapStartNotReadyException", status=409, naming="initializing"):
        lam.invoke(FunctionName=name, Qualifier=version)


def test_what_cannot_be_kept_is_refused(lam, function):
    with refused("InvalidParameterValueException", naming="SnapStart"):
        function({"bootstrap": "#!/bin/sh"}, Runtime="provided.al2023", SnapStart=ON)
    with refused("InvalidParameterValueException", naming="SnapStart"):
        function(HOOKS, SnapStart=ON, EphemeralStorage={"Size": 1024})


def test_a_version_has_instances_ahead_of_time_in_one_way_only(lam, function):
    name = function({"index.js": "exports.handler = async () => 1;"}, Publish=True)
    lam.update_function_configuration(FunctionName=name, SnapStart=ON)
    lam.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    restored = publish(lam, name)
    put = lambda qualifier: lam.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=1)
    with refused("InvalidParameterValueException", naming="SnapStart"):
        put(restored)
    lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    put("live")
    with refused("InvalidParameterValueException", naming="SnapStart"):
        lam.update_alias(FunctionName=name, Name="live", FunctionVersion=restored)
    assert lam.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
