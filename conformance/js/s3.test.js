// S3 through the AWS SDK for JavaScript v3. The endpoint and the credentials come from the environment.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { before, test } from "node:test";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
  waitUntilBucketExists,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const s3 = new S3Client({});
const Bucket = "javascript";
const MIB = 1024 * 1024;

before(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await waitUntilBucketExists({ client: s3, maxWaitTime: 10 }, { Bucket });
});

test("put, head, get", async () => {
  const Key = "folder/a key with spaces+plus.txt";
  const put = await s3.send(
    new PutObjectCommand({ Bucket, Key, Body: "hello", ContentType: "text/plain", Metadata: { colour: "green" } }),
  );
  assert.equal(put.ETag, `"${createHash("md5").update("hello").digest("hex")}"`);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  assert.equal(head.ContentLength, 5);
  assert.deepEqual(head.Metadata, { colour: "green" });
  const got = await s3.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  assert.equal(got.ContentType, "text/plain");
  assert.equal(await got.Body.transformToString(), "hello");
});

test("a stream of known length, sent in signed-trailer chunks", async () => {
  const content = randomBytes(3 * MIB + 17);
  await s3.send(
    new PutObjectCommand({ Bucket, Key: "stream", Body: Readable.from(pieces(content)), ContentLength: content.length }),
  );
  await assertContent("stream", content);
});

for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "SHA1", "SHA256"]) {
  test(`checksum ${ChecksumAlgorithm}`, async () => {
    const Key = `checksum-${ChecksumAlgorithm}`;
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: "checked", ChecksumAlgorithm }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
    assert.ok(got[`Checksum${ChecksumAlgorithm}`], `no ${ChecksumAlgorithm} came back`);
    assert.equal(await got.Body.transformToString(), "checked");
  });
}

test("a stream of unknown length, uploaded in parts by lib-storage", async () => {
  const content = randomBytes(23 * MIB);
  const upload = new Upload({
    client: s3,
    params: { Bucket, Key: "parts", Body: Readable.from(pieces(content)) },
    partSize: 5 * MIB,
    queueSize: 3,
  });
  const done = await upload.done();
  assert.match(done.ETag, /-5"$/);
  await assertContent("parts", content);
});

test("presigned put and get", async () => {
  const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
  const stored = await fetch(put, { method: "PUT", body: "by link" });
  assert.equal(stored.status, 200, await stored.text());
  const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
  assert.equal(await (await fetch(get)).text(), "by link");
  const spoiled = await fetch(get.replace("/signed?", "/other?"));
  assert.equal(spoiled.status, 403);
});

test("listing in pages, copying, deleting many", async () => {
  const keys = Array.from({ length: 25 }, (_, number) => `many/${String(number).padStart(2, "0")}`);
  await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))));
  const listed = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 10 }, { Bucket, Prefix: "many/" })) {
    assert.ok(page.Contents.length <= 10);
    listed.push(...page.Contents.map(({ Key }) => Key));
  }
  assert.deepEqual(listed, keys);
  await s3.send(new CopyObjectCommand({ Bucket, Key: "copied", CopySource: `${Bucket}/many/07` }));
  await assertContent("copied", Buffer.from("many/07"));
  const deleted = await s3.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
  );
  assert.equal(deleted.Deleted.length, keys.length);
});

test("errors have their names", async () => {
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "missing" })), { name: "NoSuchKey" });
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket: "no-such-bucket", Key: "k" })), { name: "NoSuchBucket" });
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: "missing" })), { name: "NotFound" });
  await s3.send(new PutObjectCommand({ Bucket, Key: "once", Body: "1", IfNoneMatch: "*" }));
  await assert.rejects(s3.send(new PutObjectCommand({ Bucket, Key: "once", Body: "2", IfNoneMatch: "*" })), {
    name: "PreconditionFailed",
  });
});

function* pieces(content) {
  for (let at = 0; at < content.length; at += 64 * 1024) yield content.subarray(at, at + 64 * 1024);
}

async function assertContent(Key, expected) {
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
  const content = Buffer.from(await got.Body.transformToByteArray());
  assert.ok(content.equals(expected), `${Key}: ${content.length} bytes differ from ${expected.length} expected`);
}
