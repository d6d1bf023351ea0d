// Shows the thumbnails: a page at `/`, and each image at `/thumb/<key>`.
//
// An ordinary Lambda function behind a function URL. The SDK comes with the runtime, so nothing is bundled.
const { S3Client, GetObjectCommand, ListObjectsV2Command } = require("@aws-sdk/client-s3");

const s3 = new S3Client({});
const bucket = process.env.THUMBNAILS;
const THUMBNAILS_SHOWN_MAX = 200;
const THUMB = "/thumb/";

module.exports.handler = async (event) => {
  const path = event.rawPath;
  if (path === "/") return page();
  if (path.startsWith(THUMB)) return thumbnail(decodeURIComponent(path.slice(THUMB.length)));
  return text(404, "There is nothing here. The gallery is at /");
};

async function page() {
  const listing = await s3.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: THUMBNAILS_SHOWN_MAX }));
  const figures = (listing.Contents ?? []).map(({ Key, Size }) => {
    const name = escape(Key);
    // The link is relative, so the page works under whichever address the function URL is reached by.
    return `<figure><img src="thumb/${encodeURIComponent(Key)}" alt="${name}"><figcaption>${name}, ${Size} bytes</figcaption></figure>`;
  });
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Photos</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem; }
  main { display: flex; flex-wrap: wrap; gap: 1.5rem; }
  figure { margin: 0; }
  figcaption { color: #555; }
</style>
<h1>${figures.length} thumbnails</h1>
<main>
${figures.join("\n")}
</main>
</html>
`;
  return { statusCode: 200, headers: { "content-type": "text/html; charset=utf-8" }, body };
}

async function thumbnail(key) {
  try {
    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return {
      statusCode: 200,
      headers: { "content-type": object.ContentType, etag: object.ETag },
      isBase64Encoded: true,
      body: await object.Body.transformToString("base64"),
    };
  } catch (error) {
    if (error.name === "NoSuchKey") return text(404, "There is no such thumbnail.");
    throw error;
  }
}

function text(statusCode, body) {
  return { statusCode, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

function escape(string) {
  return string.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
