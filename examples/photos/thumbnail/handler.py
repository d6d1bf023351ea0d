"""Makes a thumbnail of every photograph that lands in the photos bucket.

An ordinary Lambda function: the event is S3's notification, boto3 comes with the runtime, Pillow is bundled in the zip.
"""

import io
import os
from urllib.parse import unquote_plus

import boto3
from PIL import Image, ImageOps

SIDE_PIXELS_MAX = 200

s3 = boto3.client("s3")


def handler(event, context):
    written = []
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        # Keys arrive form-encoded in notifications: a space is a plus sign.
        key = unquote_plus(record["s3"]["object"]["key"])
        written.append(make_thumbnail(bucket, key))
    return {"thumbnails": written}


def make_thumbnail(bucket, key):
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
    print(f"thumbnail of {bucket}/{key}: {upright.width}x{upright.height}")
    return key
