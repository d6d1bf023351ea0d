"""What was acknowledged before a stop is there after it, and so are the keys, the addresses and the retries to come."""

import json
from concurrent.futures import ThreadPoolExecutor

from packing import zip_of
from server import ROLE, wait_until



def test_a_graceful_stop_keeps_everything(fresh_zerun, node_runtime):
    s3, lam = fresh_zerun.client("s3"), fresh_zerun.client("lambda")
    keys = fresh_zerun.keys()
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="small", Body=b"s", Metadata={"a": "b"})
    s3.put_object(Bucket="kept", Key="large", Body=bytes(3_000_000))
    upload = s3.create_multipart_upload(Bucket="kept", Key="unfinished")["UploadId"]
    s3.upload_part(Bucket="kept", Key="unfinished", UploadId=upload, PartNumber=1, Body=bytes(5 << 20))
    lam.create_function(FunctionName="kept", Runtime=node_runtime, Handler="index.handler", Role=ROLE,
                        Code={"ZipFile": zip_of({"index.js": "exports.handler = async (event) => event;"})})
    url = lam.create_function_url_config(FunctionName="kept", AuthType="NONE")["FunctionUrl"]

    assert fresh_zerun.stop() == 0
    fresh_zerun.assert_nothing_left()
    fresh_zerun.start()

    assert fresh_zerun.keys() == keys
    s3, lam = fresh_zerun.client("s3"), fresh_zerun.client("lambda")
    small = s3.get_object(Bucket="kept", Key="small")
    assert (small["Body"].read(), small["Metadata"]) == (b"s", {"a": "b"})
    assert s3.get_object(Bucket="kept", Key="large")["Body"].read() == bytes(3_000_000)
    parts = s3.list_parts(Bucket="kept", Key="unfinished", UploadId=upload)["Parts"]
    assert [part["Size"] for part in parts] == [5 << 20]
    assert json.loads(lam.invoke(FunctionName="kept", Payload=b"[1]")["Payload"].read()) == [1]
    # The port may differ, the name must not.
    again = lam.get_function_url_config(FunctionName="kept")["FunctionUrl"]
    assert again.split(".")[0] == url.split(".")[0]


def test_a_stop_lets_a_running_invocation_finish(fresh_zerun, node_runtime):
    s3, lam = fresh_zerun.client("s3"), fresh_zerun.client("lambda")
    s3.create_bucket(Bucket="signs")
    code = """
const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3");
exports.handler = async () => {
  await new S3Client({}).send(new PutObjectCommand({ Bucket: "signs", Key: "begun", Body: "" }));
  await new Promise((done) => setTimeout(done, 2000));
  return "finished";
};
"""
    lam.create_function(FunctionName="slow", Runtime=node_runtime, Handler="index.handler", Role=ROLE, Timeout=30,
                        MemorySize=512, Code={"ZipFile": zip_of({"index.js": code})})
    with ThreadPoolExecutor() as pool:
        running = pool.submit(lambda: lam.invoke(FunctionName="slow")["Payload"].read())
        wait_until(lambda: s3.list_objects_v2(Bucket="signs")["KeyCount"] == 1, what="the invocation's begin")
        assert fresh_zerun.stop() == 0
        assert json.loads(running.result()) == "finished"
