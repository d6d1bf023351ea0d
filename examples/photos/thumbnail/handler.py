"""Makes a thumbnail of every photograph that lands in the photos bucket, and notes it in a table.

An ordinary Lambda function: the event is S3's notification, boto3 comes with the runtime, Pillow is bundled in the zip.
"""

import io
import os
import time
from datetime import datetime
from urllib.parse import unquote_plus

import boto3
from PIL import Image, ImageOps

SIDE_PIXELS_MAX = 200

s3, table = boto3.client("s3"), boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    written, started = [], now_ms()
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        # Keys arrive form-encoded in notifications: a space is a plus sign.
        key = unquote_plus(record["s3"]["object"]["key"])
        uploaded = datetime.fromisoformat(record["eventTime"].replace("Z", "+00:00"))
        times = {"uploaded_ms": int(uploaded.timestamp() * 1000), "thumbnail_started_ms": started}
        written.append(make_thumbnail(bucket, key, times))
    return {"thumbnails": written}


def make_thumbnail(bucket, key, times):
    photo = s3.get_object(Bucket=bucket, Key=key)
    with Image.open(io.BytesIO(photo["Body"].read())) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((SIDE_PIXELS_MAX, SIDE_PIXELS_MAX))
    encoded = io.BytesIO()
    upright.save(encoded, "JPEG", quality=85)
    s3.put_object(
        Bucket=os.environ["THUMBNAILS"],
        Key=key,
        Body=encoded.getvalue(),
        ContentType="image/jpeg",
        # The photograph's own metadata goes along, so a reader can tell which upload a thumbnail was made from.
        Metadata=photo["Metadata"],
    )
    table.put_item(Item={
        "photo": key, "upload": photo["Metadata"].get("upload", ""), "bytes": photo["ContentLength"],
        "width": upright.width, "height": upright.height, "noted_ms": now_ms()} | times)
    print(f"thumbnail of {bucket}/{key}: {upright.width}x{upright.height}")
    return key


def now_ms():
    return time.time_ns() // 1_000_000
