"""A mapping's life in the AWS CLI, unmodified."""

import json

from driven import Driven, Fed


def test_a_mapping_in_the_cli(zerun, aws, lam, dynamodb, python_runtime):
    def run(*words):
        printed = aws("lambda", *words)
        return json.loads(printed) if printed.strip() else {}

    fed = Fed(lam, zerun.client("sqs"), python_runtime)
    made = run("create-event-source-mapping", "--function-name", fed.name, "--event-source-arn", fed.arn,
               "--batch-size", "5", "--tags", "team=a", "--scaling-config", "MaximumConcurrency=2",
               "--filter-criteria", json.dumps({"Filters": [{"Pattern": json.dumps({"body": [{"prefix": "a"}]})}]}))
    uuid = made["UUID"]
    assert run("get-event-source-mapping", "--uuid", uuid)["BatchSize"] == 5
    assert run("list-tags", "--resource", made["EventSourceMappingArn"])["Tags"] == {"team": "a"}
    listed = run("list-event-source-mappings", "--function-name", fed.name)["EventSourceMappings"]
    assert [one["UUID"] for one in listed] == [uuid]
    changed = run("update-event-source-mapping", "--uuid", uuid, "--no-enabled", "--batch-size", "6")
    assert (changed["BatchSize"], changed["State"]) == (6, "Updating")
    assert run("get-event-source-mapping", "--uuid", uuid)["State"] == "Disabled"
    run("delete-event-source-mapping", "--uuid", uuid)
    assert run("list-event-source-mappings", "--function-name", fed.name)["EventSourceMappings"] == []

    driven = Driven(lam, dynamodb, python_runtime)
    of_stream = run("create-event-source-mapping", "--function-name", driven.name, "--event-source-arn", driven.stream,
                    "--starting-position", "TRIM_HORIZON", "--tumbling-window-in-seconds", "30", "--no-enabled")
    assert of_stream["TumblingWindowInSeconds"] == 30 and of_stream["StartingPosition"] == "TRIM_HORIZON"
