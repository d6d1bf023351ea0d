"""A topic's life in the AWS CLI, unmodified."""

import json

from server import document


def test_a_topic_in_the_cli(zerun, aws):
    def run(*words):
        printed = aws(*words, "--endpoint-url", zerun.endpoint)
        return json.loads(printed) if printed.strip() else {}

    def sns(*words):
        return run("sns", *words)

    topic = sns("create-topic", "--name", "cli", "--attributes", "DisplayName=Mine", "--tags", "Key=team,Value=a")["TopicArn"]
    url = run("sqs", "create-queue", "--queue-name", "cli-topic")["QueueUrl"]
    queue = topic.replace(":sns:", ":sqs:") + "-topic"
    policy = document({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                       "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}})
    run("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", json.dumps({"Policy": policy}))
    subscription = sns("subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", queue,
                       "--attributes", json.dumps({"FilterPolicy": '{"kind": ["wanted"]}'}))["SubscriptionArn"]
    attributes = json.dumps({"kind": {"DataType": "String", "StringValue": "wanted"}})
    sns("publish", "--topic-arn", topic, "--message", "other")
    published = sns("publish", "--topic-arn", topic, "--message", "hello", "--subject", "About",
                    "--message-attributes", attributes)
    (one,) = run("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "10")["Messages"]
    told = json.loads(one["Body"])
    assert (told["MessageId"], told["Message"], told["Subject"]) == (published["MessageId"], "hello", "About")
    sns("set-subscription-attributes", "--subscription-arn", subscription, "--attribute-name", "RawMessageDelivery",
        "--attribute-value", "true")
    told = sns("get-subscription-attributes", "--subscription-arn", subscription)["Attributes"]
    assert told["RawMessageDelivery"] == "true"
    assert [one["TopicArn"] for one in sns("list-topics")["Topics"]] == [topic]
    assert sns("list-tags-for-resource", "--resource-arn", topic)["Tags"] == [{"Key": "team", "Value": "a"}]
    sns("unsubscribe", "--subscription-arn", subscription)
    sns("delete-topic", "--topic-arn", topic)
    assert sns("list-topics")["Topics"] == []
