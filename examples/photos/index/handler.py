"""Keeps an index of all photographs up to date with the table, and tells a queue of each one that it took in.

Driven by the table's stream: what runs it is a change of a row, whoever made it.
"""

import json
import os
import time

import boto3
from botocore.exceptions import ClientError

INDEX = "index.json"
TRIES_MAX = 20

s3, sqs = boto3.client("s3"), boto3.client("sqs")


def handler(event, context):
    started = now_ms()
    rows = [plain(record["dynamodb"]["NewImage"]) for record in event["Records"] if "NewImage" in record["dynamodb"]]
    gone = [record["dynamodb"]["Keys"]["photo"]["S"] for record in event["Records"] if record["eventName"] == "REMOVE"]
    write(rows, gone)
    indexed = now_ms()
    for row in rows:
        told = row | {"index_started_ms": started, "indexed_ms": indexed}
        sqs.send_message(QueueUrl=os.environ["TOLD"], MessageBody=json.dumps(told))
    print(f"{len(rows)} photographs indexed, {len(gone)} taken out")


def write(rows, gone):
    """Shards are worked on side by side, so another one may write at the same moment: who comes second tries again."""
    for _ in range(TRIES_MAX):
        index, condition = read()
        for row in rows:
            index[row["photo"]] = {"width": row["width"], "height": row["height"], "bytes": row["bytes"]}
        for photo in gone:
            index.pop(photo, None)
        try:
            s3.put_object(Bucket=os.environ["BUCKET"], Key=INDEX, Body=json.dumps(index, indent=1, sort_keys=True),
                          ContentType="application/json", **condition)
            return
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise
    raise RuntimeError(f"the index was written by others {TRIES_MAX} times in a row")


def read():
    """The index, and what must still be so when it is written."""
    try:
        found = s3.get_object(Bucket=os.environ["BUCKET"], Key=INDEX)
        return json.loads(found["Body"].read()), {"IfMatch": found["ETag"]}
    except s3.exceptions.NoSuchKey:
        return {}, {"IfNoneMatch": "*"}


def plain(image):
    return {name: int(value["N"]) if "N" in value else value["S"] for name, value in image.items()}


def now_ms():
    return time.time_ns() // 1_000_000
