"""A queue's life in the AWS CLI, unmodified."""

import json


def test_a_queue_in_the_cli(zerun, aws):
    def sqs(*words):
        # This version of the CLI takes the endpoint of queues from nowhere else.
        printed = aws("sqs", *words, "--endpoint-url", zerun.endpoint)
        return json.loads(printed) if printed.strip() else {}

    url = sqs("create-queue", "--queue-name", "cli", "--attributes", '{"VisibilityTimeout": "5"}')["QueueUrl"]
    sent = sqs("send-message", "--queue-url", url, "--message-body", "hello")
    (one,) = sqs("receive-message", "--queue-url", url, "--attribute-names", "All")["Messages"]
    assert (one["MessageId"], one["Body"]) == (sent["MessageId"], "hello")
    sqs("delete-message", "--queue-url", url, "--receipt-handle", one["ReceiptHandle"])
    told = sqs("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]
    assert (told["VisibilityTimeout"], told["ApproximateNumberOfMessages"]) == ("5", "0")
    sqs("tag-queue", "--queue-url", url, "--tags", "team=a")
    assert sqs("list-queue-tags", "--queue-url", url)["Tags"] == {"team": "a"}
    assert sqs("list-queues", "--queue-name-prefix", "cli")["QueueUrls"] == [url]
    sqs("delete-queue", "--queue-url", url)
