"""Deploys the photo example with an unmodified AWS SDK, uploads the photographs and follows them on their way.

The endpoint and the credentials come from the environment (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, …; `zerun env` prints
them), as for any program that uses boto3. Running it again updates what is there.
"""

import argparse
import base64
import json
import subprocess
import sys
import time
import uuid
import zipfile
from io import BytesIO
from pathlib import Path

import boto3

HERE = Path(__file__).resolve().parent
PHOTOS, THUMBNAILS, INDEX = "photos", "thumbnails", "photos-index"
TABLE, TOLD = "photos", "photos-indexed"
WAIT_SECONDS_MAX = 60
STEPS = 9


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", type=Path, default=HERE / "build", help="where dependencies are unpacked")
    options = arguments.parse_args()
    deploy(boto3.Session(), options.build)


def deploy(session, build):
    """Returns the gallery's function URL."""
    s3, functions, tables = session.client("s3"), session.client("lambda"), session.client("dynamodb")
    queues = session.client("sqs")
    account = session.client("sts").get_caller_identity()["Account"]

    step(1, "building the thumbnail function (Python, Pillow in the zip)")
    thumbnail_zip = zip_python(HERE / "thumbnail", build / "thumbnail")
    gallery_zip = zip_folder(HERE / "gallery")

    step(2, f"buckets {PHOTOS}, {THUMBNAILS} and {INDEX}; table {TABLE}; queue {TOLD}")
    for bucket in (PHOTOS, THUMBNAILS, INDEX):
        create_bucket(s3, bucket)
    table, stream = put_table(tables)
    queue = queues.create_queue(QueueName=TOLD)["QueueUrl"]
    queue_arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    step(3, "roles: what each function may do")
    iam = session.client("iam")
    thumbnail_role = put_role(iam, "photos-thumbnail", [
        allow("s3:GetObject", f"arn:aws:s3:::{PHOTOS}/*"), allow("s3:PutObject", f"arn:aws:s3:::{THUMBNAILS}/*"),
        allow("dynamodb:PutItem", table)])
    index_role = put_role(iam, "photos-index", [
        # Who may not list a bucket is not told that an object is not there.
        allow("s3:ListBucket", f"arn:aws:s3:::{INDEX}"), allow("s3:GetObject", f"arn:aws:s3:::{INDEX}/*"),
        allow("s3:PutObject", f"arn:aws:s3:::{INDEX}/*"), allow("sqs:SendMessage", queue_arn),
        allow(["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], f"{table}/stream/*"),
        allow("dynamodb:ListStreams", "*")])
    gallery_role = put_role(iam, "photos-gallery", [
        allow("s3:ListBucket", f"arn:aws:s3:::{THUMBNAILS}"), allow("s3:GetObject", f"arn:aws:s3:::{THUMBNAILS}/*")])

    step(4, "function thumbnail, run by the photos bucket")
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    thumbnail = put_function(functions, thumbnail_role, "thumbnail", python, "handler.handler", thumbnail_zip,
                             {"THUMBNAILS": THUMBNAILS, "TABLE": TABLE})
    permit(functions, "thumbnail", "photos-bucket", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
           SourceArn=f"arn:aws:s3:::{PHOTOS}", SourceAccount=account)
    s3.put_bucket_notification_configuration(Bucket=PHOTOS, NotificationConfiguration={
        "LambdaFunctionConfigurations": [{
            "Id": "thumbnail",
            "LambdaFunctionArn": thumbnail,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".jpg"}]}},
        }]})

    step(5, "function index, run by the changes of the table")
    put_function(functions, index_role, "index", python, "handler.handler", zip_folder(HERE / "index"),
                 {"BUCKET": INDEX, "TOLD": queue})
    map_source(functions, "index", stream)

    step(6, "function gallery, behind a URL")
    put_function(functions, gallery_role, "gallery", f"nodejs{node_major()}.x", "index.handler", gallery_zip, {"THUMBNAILS": THUMBNAILS})
    permit(functions, "gallery", "public-url", Action="lambda:InvokeFunctionUrl", Principal="*",
           FunctionUrlAuthType="NONE")
    url = function_url(functions, "gallery")

    photographs = sorted((HERE / "photos").glob("*.jpg"))
    step(7, f"uploading {len(photographs)} photographs")
    upload = uuid.uuid4().hex
    for path in photographs:
        s3.put_object(Bucket=PHOTOS, Key=path.name, Body=path.read_bytes(), ContentType="image/jpeg",
                      Metadata={"upload": upload})

    step(8, "following them: bucket, thumbnail, row, index, queue")
    told = follow(queues, functions, queue, [path.name for path in photographs], upload)
    step(9, "each hop, in milliseconds from the one before\n")
    draw(told)
    for bucket in (PHOTOS, THUMBNAILS):
        print_listing(s3, bucket)
    return url


def step(number, text):
    print(f"[{number}/{STEPS}] {text}", flush=True)


def zip_python(source, build):
    """The function's own files with its requirements, installed for this interpreter."""
    requirements = source / "requirements.txt"
    stamp = build / ".installed"
    wanted = f"{sys.version}\n{requirements.read_text()}"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--only-binary=:all:",
                        "--target", build, "-r", requirements], check=True)
        stamp.write_text(wanted)
    return zip_folder(build, source)


def zip_folder(*folders):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
                    # A fixed date: the same files give the same zip, and so the same CodeSha256.
                    entry = zipfile.ZipInfo(str(path.relative_to(folder)), date_time=(2020, 1, 1, 0, 0, 0))
                    entry.external_attr = (0o755 if path.stat().st_mode & 0o100 else 0o644) << 16
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, path.read_bytes())
    return packed.getvalue()


def create_bucket(s3, bucket):
    region = s3.meta.region_name
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **place)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass


def allow(action, resource):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def put_role(iam, name, statements):
    """A role for functions, which may do what the statements say and no more. Returns its ARN."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    try:
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document([trust]))["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="photos", PolicyDocument=document(statements))
    return arn


def document(statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def put_function(functions, role, name, runtime, handler, code, variables):
    """Creates the function, or brings an existing one to this code and configuration. Returns its ARN."""
    configuration = {
        "FunctionName": name,
        "Runtime": runtime,
        "Handler": handler,
        "Role": role,
        "MemorySize": 512,
        "Timeout": 30,
        "Environment": {"Variables": variables},
    }
    try:
        arn = functions.create_function(Code={"ZipFile": code}, **configuration)["FunctionArn"]
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    except functions.exceptions.ResourceConflictException:
        arn = functions.update_function_code(FunctionName=name, ZipFile=code)["FunctionArn"]
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
        functions.update_function_configuration(**configuration)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    return arn


def put_table(tables):
    """The table's ARN and its stream's."""
    try:
        tables.create_table(
            TableName=TABLE, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "photo", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "photo", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    except tables.exceptions.ResourceInUseException:
        pass
    tables.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1})
    told = tables.describe_table(TableName=TABLE)["Table"]
    return told["TableArn"], told["LatestStreamArn"]


def map_source(functions, name, source):
    try:
        functions.create_event_source_mapping(FunctionName=name, EventSourceArn=source, StartingPosition="TRIM_HORIZON")
    except functions.exceptions.ResourceConflictException:
        pass


def permit(functions, name, statement, **permission):
    try:
        functions.add_permission(FunctionName=name, StatementId=statement, **permission)
    except functions.exceptions.ResourceConflictException:
        pass


def function_url(functions, name):
    try:
        return functions.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    except functions.exceptions.ResourceConflictException:
        return functions.get_function_url_config(FunctionName=name)["FunctionUrl"]


def node_major():
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    return version.strip().lstrip("v").split(".")[0]


def follow(queues, functions, queue, keys, upload):
    """What the queue is told of each photograph of this upload."""
    told, start = {}, time.monotonic()
    while missing := [key for key in keys if key not in told]:
        if time.monotonic() - start > WAIT_SECONDS_MAX:
            explain_missing(functions, missing[0])
            raise SystemExit(1)
        found = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5,
                                       MessageSystemAttributeNames=["SentTimestamp"])
        for message in found.get("Messages", []):
            row = json.loads(message["Body"])
            if row["upload"] == upload:
                told[row["photo"]] = row | {"told_ms": int(message["Attributes"]["SentTimestamp"])}
            queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [told[key] for key in keys]


HOPS = [("thumbnail begins", "thumbnail_started_ms"), ("row noted", "noted_ms"), ("index begins", "index_started_ms"),
        ("index written", "indexed_ms"), ("queue told", "told_ms")]


def draw(told):
    """A line for each photograph, and a bar of its way whose parts are as long as its hops."""
    width = 48
    print(f"      {'':14}{'uploaded':>9}" + "".join(f"{name:>18}" for name, _ in HOPS) + f"{'in all':>10}")
    longest = max(row["told_ms"] - row["uploaded_ms"] for row in told) or 1
    for row in told:
        times = [row["uploaded_ms"]] + [row[name] for _, name in HOPS]
        hops = [max(0, after - before) for before, after in zip(times, times[1:])]
        bar = "".join(letter * round(hop * width / longest) for letter, hop in zip("▁▃▁▃▁", hops))
        print(f"      {row['photo']:14}{'0':>9}" + "".join(f"{f'+{hop}':>18}" for hop in hops)
              + f"{times[-1] - times[0]:>7} ms   {bar}")
    print("      (▁ on its way, ▃ in a function; the first time, instances have to start)\n")


def explain_missing(functions, key):
    """Calls the function as the notification would and shows what it logs: that is where the reason is."""
    print(f"The queue was told nothing of {key} after {WAIT_SECONDS_MAX} s. Calling the first function by hand:", file=sys.stderr)
    event = {"Records": [{"eventTime": "1970-01-01T00:00:00.000Z", "s3": {"bucket": {"name": PHOTOS}, "object": {"key": key}}}]}
    answer = functions.invoke(FunctionName="thumbnail", LogType="Tail", Payload=json.dumps(event))
    print(base64.b64decode(answer.get("LogResult", "")).decode(), file=sys.stderr)
    print(answer["Payload"].read().decode(), file=sys.stderr)


def print_listing(s3, bucket):
    print(f"s3://{bucket}")
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        print(f"  {entry['LastModified']:%Y-%m-%d %H:%M:%S} {entry['Size']:>8}  {entry['Key']}")


if __name__ == "__main__":
    main()
