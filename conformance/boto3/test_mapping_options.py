"""What mappings are made with beside a source and a function: tags, pollers, filters, buckets that are told of failures;
and how they are listed."""

import itertools
import json

import pytest

from driven import Driven, Fed, numbers
from expectation import refused
from packing import zip_of
from server import document, wait_until


@pytest.fixture(scope="module")
def sqs(zerun):
    return zerun.client("sqs")


@pytest.fixture
def fed(lam, sqs, python_runtime):
    return Fed(lam, sqs, python_runtime)


def test_a_mapping_has_tags(fed, lam, iam, zerun):
    made = fed.map(Enabled=False, Tags={"team": "a", "cost": "x"})
    arn = made["EventSourceMappingArn"]
    assert arn == f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{made['UUID']}"
    assert lam.list_tags(Resource=arn)["Tags"] == {"team": "a", "cost": "x"}
    lam.tag_resource(Resource=arn, Tags={"team": "b", "new": ""})
    lam.untag_resource(Resource=arn, TagKeys=["cost", "never"])
    # What changes beside them leaves them.
    lam.update_event_source_mapping(UUID=made["UUID"], BatchSize=3)
    assert lam.list_tags(Resource=arn)["Tags"] == {"team": "b", "new": ""}
    many = {str(number): "" for number in range(51)}
    for wrong in ({"aws:x": "1"}, {"k" * 129: "1"}, {"k": "v" * 257}, many):
        with refused("InvalidParameterValueException", "ValidationException", status=400):
            lam.tag_resource(Resource=arn, Tags=wrong)
        with refused("InvalidParameterValueException", "ValidationException", status=400):
            lam.create_event_source_mapping(FunctionName=fed.name, EventSourceArn=fed.arn, Tags=wrong)
    many.popitem()
    with refused("InvalidParameterValueException", status=400, naming="50"):
        lam.tag_resource(Resource=arn, Tags=many)
    assert lam.list_tags(Resource=arn)["Tags"] == {"team": "b", "new": ""}
    none = arn.replace(made["UUID"], "00000000-0000-4000-8000-000000000000")
    for call in (lambda: lam.list_tags(Resource=none), lambda: lam.tag_resource(Resource=none, Tags={"a": "b"}),
                 lambda: lam.untag_resource(Resource=none, TagKeys=["a"])):
        with refused("ResourceNotFoundException", status=404):
            call()
    lam.delete_event_source_mapping(UUID=made["UUID"])
    with refused("ResourceNotFoundException", status=404):
        lam.list_tags(Resource=arn)


def test_policies_ask_for_the_tags_of_mappings(fed, lam, sqs, iam, zerun, python_runtime):
    mine = fed.map(Enabled=False, Tags={"team": "a"})
    theirs = Fed(lam, sqs, python_runtime).map(Enabled=False, Tags={"team": "b"})
    user = f"tagger-{next(numbers)}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    client = zerun.client("lambda", keys=(key["AccessKeyId"], key["SecretAccessKey"]))

    def may(*statements):
        iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document(*statements))

    may({"Effect": "Allow", "Action": "lambda:*", "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}})
    assert client.get_event_source_mapping(UUID=mine["UUID"])["UUID"] == mine["UUID"]
    assert client.list_tags(Resource=mine["EventSourceMappingArn"])["Tags"] == {"team": "a"}
    for call in (lambda: client.get_event_source_mapping(UUID=theirs["UUID"]),
                 lambda: client.update_event_source_mapping(UUID=theirs["UUID"], BatchSize=1),
                 lambda: client.delete_event_source_mapping(UUID=theirs["UUID"]),
                 lambda: client.list_tags(Resource=theirs["EventSourceMappingArn"]),
                 lambda: client.tag_resource(Resource=theirs["EventSourceMappingArn"], Tags={"team": "a"}),
                 lambda: client.untag_resource(Resource=theirs["EventSourceMappingArn"], TagKeys=["team"])):
        with refused("AccessDeniedException", status=403):
            call()
    # Who makes one with tags tags it, too, and may be told with which.
    make = {"FunctionName": fed.name, "Enabled": False}
    may({"Effect": "Allow", "Action": ["lambda:CreateEventSourceMapping", "lambda:TagResource"], "Resource": "*",
         "Condition": {"StringEquals": {"aws:RequestTag/team": "a"}}})
    new = [sqs.create_queue(QueueName=f"tagged-{next(numbers)}")["QueueUrl"] for _ in range(2)]
    arns = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            for url in new]
    assert client.create_event_source_mapping(EventSourceArn=arns[0], Tags={"team": "a"}, **make)["UUID"]
    for wrong in ({"team": "b"}, {}):
        with refused("AccessDeniedException", status=403, naming="lambda:CreateEventSourceMapping"):
            client.create_event_source_mapping(EventSourceArn=arns[1], Tags=wrong, **make)
    may({"Effect": "Allow", "Action": "lambda:CreateEventSourceMapping", "Resource": "*"})
    with refused("AccessDeniedException", status=403, naming="lambda:TagResource"):
        client.create_event_source_mapping(EventSourceArn=arns[1], Tags={"team": "a"}, **make)
    assert client.create_event_source_mapping(EventSourceArn=arns[1], **make)["UUID"]


def test_a_bucket_keeps_what_a_function_could_not_deal_with(lam, dynamodb, s3, iam, python_runtime):
    bucket = f"discarded-{next(numbers)}"
    s3.create_bucket(Bucket=bucket)
    driven = Driven(lam, dynamodb, python_runtime)
    driven.put("same", fails="yes", n="1")
    driven.put("same", fails="yes", n="2")
    driven.put("same", n="behind")
    with refused("InvalidParameterValueException", status=400, naming="no such bucket"):
        driven.map(DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::nobodys-bucket"}})
    destination = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
    made = driven.map(BatchSize=2, MaximumRetryAttempts=1, DestinationConfig=destination)
    assert made["DestinationConfig"]["OnFailure"] == destination["OnFailure"]
    wait_until(lambda: driven.keys(), what="the change behind")
    (entry,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    kind, service, uuid, shard, year, month, day, name = entry["Key"].split("/")
    assert (kind, service, uuid) == ("aws", "lambda", made["UUID"]) and shard.startswith("shardId-")
    at, random = name[:19], name[20:]
    assert at[:10] == f"{year}-{month}-{day}" and at[10] == "T" and at[13] == at[16] == "." and len(random) == 36
    told = json.loads(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert told["DDBStreamBatchInfo"]["batchSize"] == 2 and told["DDBStreamBatchInfo"]["shardId"] == shard
    assert json.loads(told["payload"]) == driven.notes("failed")[0]


def test_a_role_that_may_not_write_to_the_bucket_is_told_so(lam, dynamodb, s3, iam, python_runtime):
    bucket, role = f"closed-{next(numbers)}", f"writes-nothing-{next(numbers)}"
    s3.create_bucket(Bucket=bucket)
    driven = Driven(lam, dynamodb, python_runtime)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    table = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
    puts = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/aws/lambda/*"}
    lists = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}

    def may(*statements):
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(*statements))

    may(table)
    lam.update_function_configuration(FunctionName=driven.name, Role=arn)
    lam.get_waiter("function_updated_v2").wait(FunctionName=driven.name, WaiterConfig={"Delay": 1})
    asked = {"BatchSize": 1, "MaximumRetryAttempts": 0,
             "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}}
    for statements, naming in [((table,), "PutObject"), ((table, lists), "PutObject"), ((table, puts), "ListBucket")]:
        may(*statements)
        with refused("InvalidParameterValueException", status=400, naming=naming):
            driven.map(**asked)
    may(table, puts, lists)
    driven.map(**asked)
    # It is asked again at each write.
    may(table, lists)
    driven.put("same", fails="yes", n="1")
    driven.put("same", n="behind")
    wait_until(lambda: len(driven.keys()) == 1, what="the change behind")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    may(table, puts, lists)
    driven.put("same", fails="yes", n="2")
    driven.put("same", n="behind it")
    wait_until(lambda: len(driven.keys()) == 2, what="the change behind it")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


# Tells from when to when it ran.
TIMES = """
import json, os, time
import boto3

sqs = boto3.client("sqs")

def handler(event, context):
    begun = time.time()
    time.sleep(0.1)
    sqs.send_message(QueueUrl=os.environ["NOTES"], MessageBody=json.dumps([begun, time.time()]))
"""


def test_no_more_batches_are_under_way_than_asked_for(fed, lam):
    lam.update_function_code(FunctionName=fed.name, ZipFile=zip_of({"app.py": TIMES}))
    lam.get_waiter("function_updated_v2").wait(FunctionName=fed.name, WaiterConfig={"Delay": 1})
    for number in range(30):
        fed.send(str(number))
    fed.map(BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    wait_until(lambda: len(fed.records()) == 30, what="all messages", seconds_max=60)
    changes = sorted([(begun, 1) for begun, _ in fed.seen] + [(ended, -1) for _, ended in fed.seen])
    under_way = list(itertools.accumulate(change for _, change in changes))
    assert max(under_way) == 2


def test_pollers_of_a_queue_are_provisioned(fed, lam):
    for wrong, naming in [
        ({"MinimumPollers": 1, "MaximumPollers": 5}, "MinimumPollers"),
        ({"MinimumPollers": 6, "MaximumPollers": 5}, "MaximumPollers"),
        ({"MinimumPollers": 201}, "MinimumPollers"),
        ({"MaximumPollers": 10001}, "MaximumPollers"),
        ({"MinimumPollers": 2, "PollerGroupName": "g"}, "PollerGroupName"),
    ]:
        with refused("InvalidParameterValueException", "ValidationException", status=400, naming=naming):
            fed.map(ProvisionedPollerConfig=wrong)
    with refused("InvalidParameterValueException", status=400, naming="exclude each other"):
        fed.map(ProvisionedPollerConfig={"MinimumPollers": 2}, ScalingConfig={"MaximumConcurrency": 5})
    made = fed.map(ProvisionedPollerConfig={"MinimumPollers": 3})
    assert made["ProvisionedPollerConfig"] == {"MinimumPollers": 3, "MaximumPollers": 200}
    for number in range(60):
        fed.send(str(number))
    wait_until(lambda: len(fed.records()) == 60, what="all messages", seconds_max=60)
    changed = lam.update_event_source_mapping(UUID=made["UUID"], ProvisionedPollerConfig={"MaximumPollers": 2})
    assert changed["ProvisionedPollerConfig"] == {"MinimumPollers": 2, "MaximumPollers": 2}
    with refused("InvalidParameterValueException", status=400, naming="exclude each other"):
        lam.update_event_source_mapping(UUID=made["UUID"], ScalingConfig={"MaximumConcurrency": 5})
    # Neither number: as usual again.
    now = lam.update_event_source_mapping(UUID=made["UUID"], ProvisionedPollerConfig={},
                                          ScalingConfig={"MaximumConcurrency": 5})
    assert "ProvisionedPollerConfig" not in now and now["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_lists_are_paged_by_function_and_by_source(lam, sqs, python_runtime):
    one, other = Fed(lam, sqs, python_runtime), Fed(lam, sqs, python_runtime)

    def queue():
        url = sqs.create_queue(QueueName=f"listed-{next(numbers)}")["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def make(function, source):
        return lam.create_event_source_mapping(
            FunctionName=function, EventSourceArn=source, Enabled=False)["UUID"]

    shared = queue()
    sources = [queue() for _ in range(6)] + [shared]
    of_one = [make(one.name, source) for source in sources]
    of_other = [make(other.name, shared), make(other.name, sources[0])]

    def pages(size, **asked):
        marker, found = {}, []
        while True:
            page = lam.list_event_source_mappings(MaxItems=size, **asked, **marker)
            found.append([one["UUID"] for one in page["EventSourceMappings"]])
            if "NextMarker" not in page:
                return found
            marker = {"Marker": page["NextMarker"]}

    assert [len(page) for page in pages(2, FunctionName=one.name)] == [2, 2, 2, 1]
    assert [len(page) for page in pages(7, FunctionName=one.name)] == [7]
    assert [len(page) for page in pages(1, EventSourceArn=shared)] == [1, 1]
    for size in (1, 3, 100):
        assert sum(pages(size, FunctionName=one.name), []) == sorted(of_one)
        assert sum(pages(size, EventSourceArn=shared), []) == sorted([of_one[-1], of_other[0]])
        assert sum(pages(size, EventSourceArn=shared, FunctionName=other.name), []) == [of_other[0]]
    everything = sum(pages(4), [])
    assert set(of_one + of_other) <= set(everything) and everything == sorted(everything)
    assert pages(5, FunctionName="nobody") == [[]]
    assert pages(5, EventSourceArn=f"{shared}-none") == [[]]
    # An index follows what changes.
    lam.update_event_source_mapping(UUID=of_one[1], FunctionName=other.name)
    lam.delete_event_source_mapping(UUID=of_one[-1])
    assert sum(pages(2, FunctionName=one.name), []) == sorted(set(of_one) - {of_one[1], of_one[-1]})
    assert sum(pages(2, FunctionName=other.name), []) == sorted(of_other + [of_one[1]])
    assert sum(pages(2, EventSourceArn=shared), []) == [of_other[0]]
    assert sum(pages(2, EventSourceArn=sources[1]), []) == [of_one[1]]


@pytest.mark.parametrize("pattern", [
    "", "null", "[]", "\"a\"", "{", "{}", "{\"body\":1}", "{\"body\":\"a\"}", "{\"body\":[]}", "{\"body\":{}}",
    "{\"body\":[[1]]}", "{\"body\":[{}]}", "{\"body\":[{\"near\":1}]}", "{\"body\":[{\"prefix\":1}]}",
    "{\"body\":[{\"numeric\":[\"=\",\"1\"]}]}", "{\"body\":[{\"exists\":\"true\"}]}",
    "{\"body\":[{\"anything-but\":[1,\"a\"]}]}", "{\"$or\":[{\"body\":[1]}]}",
])
def test_patterns_that_cannot_be(fed, lam, pattern):
    with refused("InvalidParameterValueException", status=400, naming="Invalid filter pattern definition."):
        fed.map(FilterCriteria={"Filters": [{"Pattern": "{\"body\":[1]}"}, {"Pattern": pattern}]})


def test_filters_have_bounds(fed, lam):
    pattern = json.dumps({"body": ["x" * 4000]})
    with refused("InvalidParameterValueException", "ValidationException", status=400, naming="4096"):
        fed.map(FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": ["x" * 4097]})}]})
    with refused("InvalidParameterValueException", status=400, naming="5"):
        fed.map(FilterCriteria={"Filters": [{"Pattern": pattern}] * 6})
    made = fed.map(Enabled=False, FilterCriteria={"Filters": [{"Pattern": pattern}] * 5})
    assert len(made["FilterCriteria"]["Filters"]) == 5
    cleared = lam.update_event_source_mapping(UUID=made["UUID"], FilterCriteria={})
    assert "FilterCriteria" not in cleared


def test_a_consumer_that_always_fails_starves_nobody(lam, sqs, dynamodb, python_runtime):
    poisoned = Fed(lam, sqs, python_runtime, timeout=2, VisibilityTimeout="2")
    poisoned_stream = Driven(lam, dynamodb, python_runtime)
    others, other_stream = Fed(lam, sqs, python_runtime), Driven(lam, dynamodb, python_runtime)
    broken = [poisoned.map(), poisoned_stream.map(ParallelizationFactor=10)]
    for number in range(50):
        poisoned.send("fail")
        poisoned_stream.put(f"p{number}", fails="yes")

    def fail():
        results = [lam.get_event_source_mapping(UUID=one["UUID"])["LastProcessingResult"] for one in broken]
        return all("PROBLEM" in result for result in results)

    wait_until(fail, what="both to fail")
    others.map()
    other_stream.map()
    for number in range(100):
        others.send(str(number))
        other_stream.put(f"p{number % 7}", n=str(number))
    wait_until(lambda: len(others.records()) == 100, what="the other's messages", seconds_max=60)
    wait_until(lambda: len(other_stream.records()) == 100, what="the other's changes", seconds_max=60)
    # Nothing of what fails was lost, or done, meanwhile.
    assert fail() and not poisoned.is_empty() and not poisoned.records() and not poisoned_stream.records()
    assert len(poisoned_stream.notes("failed")) > 10
