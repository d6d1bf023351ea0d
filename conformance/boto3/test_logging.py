"""`LoggingConfig`: text or JSON, levels, log groups, as the functions' own log lines show them."""

import base64
import json

from expectation import refused

TALKS = {"index.js": "exports.handler = async () => { console.debug('low'); console.warn('high'); console.log('plain'); };"}
GROUP = {"index.js": "exports.handler = async () => process.env.AWS_LAMBDA_LOG_GROUP_NAME;"}


def log_of(lam, name):
    answer = lam.invoke(FunctionName=name, LogType="Tail")
    return base64.b64decode(answer["LogResult"]).decode().splitlines()


def test_text_is_the_default_and_has_no_levels(lam, function):
    name = function(TALKS)
    assert any(line.startswith("START RequestId: ") for line in log_of(lam, name))
    with refused("InvalidParameterValueException", naming="JSON"):
        lam.update_function_configuration(FunctionName=name, LoggingConfig={"SystemLogLevel": "WARN"})


def test_json_shapes_the_platform_lines(lam, function):
    name = function(TALKS, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG", "ApplicationLogLevel": "DEBUG"})
    assert lam.get_function_configuration(FunctionName=name)["LoggingConfig"] == {
        "LogFormat": "JSON", "SystemLogLevel": "DEBUG", "ApplicationLogLevel": "DEBUG", "LogGroup": f"/aws/lambda/{name}"}
    lines = [json.loads(line) for line in log_of(lam, name)]
    platform = {line["type"]: line["record"] for line in lines if "type" in line}
    assert list(platform) == ["platform.initStart", "platform.initRuntimeDone", "platform.initReport",
                              "platform.start", "platform.runtimeDone", "platform.report"]
    assert platform["platform.initStart"]["initializationType"] == "on-demand"
    assert platform["platform.initStart"]["phase"] == "init"
    report = platform["platform.report"]
    assert report["status"] == "success"
    assert report["requestId"] == platform["platform.start"]["requestId"]
    assert report["metrics"]["initDurationMs"] > 0
    assert report["metrics"]["memorySizeMB"] == 128
    assert [line["message"] for line in lines if "message" in line] == ["low", "high", "plain"]


def test_levels_leave_lines_out(lam, function):
    name = function(TALKS, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN", "ApplicationLogLevel": "WARN"})
    lines = [json.loads(line) for line in log_of(lam, name)]
    assert [line["message"] for line in lines] == ["high"]
    lam.update_function_configuration(FunctionName=name, LoggingConfig={"LogFormat": "Text"})
    assert lam.get_function_configuration(FunctionName=name)["LoggingConfig"] == {
        "LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    assert any(line.startswith("REPORT ") for line in log_of(lam, name))


def test_an_error_of_the_code_is_a_warning_of_the_platform(lam, function):
    name = function({"index.js": "exports.handler = async () => { throw new Error('no'); };"},
                    LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    lines = [json.loads(line) for line in log_of(lam, name)]
    platform = {line["type"]: line["record"] for line in lines if "type" in line}
    assert platform["platform.report"]["status"] == "error"
    assert platform["platform.runtimeDone"]["status"] == "error"


def test_code_finds_its_log_group(lam, function):
    name = function(GROUP, LoggingConfig={"LogGroup": "of/my-own"})
    assert json.loads(lam.invoke(FunctionName=name)["Payload"].read()) == "of/my-own"
    assert lam.get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"] == "of/my-own"
