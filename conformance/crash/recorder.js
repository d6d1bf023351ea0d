// Leaves a mark for every event it was given, so that the test can tell which ones arrived.
const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3");

const s3 = new S3Client({});

exports.handler = async (event) => {
  const marks = event.Records
    ? event.Records.map((record) => decodeURIComponent(record.s3.object.key.replace(/\+/g, " ")))
    : [event.id];
  for (const Key of marks) await s3.send(new PutObjectCommand({ Bucket: "seen", Key, Body: "seen" }));
};
