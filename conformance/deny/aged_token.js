// Makes a session token a day older: opens it with the master key of its data directory, moves its times and seals it
// again. What is tested is that a token that has expired is refused, and none lives for less than 15 minutes.
//
//     node aged_token.js MASTER_KEY_FILE ACCESS_KEY_ID TOKEN
const { createCipheriv, createDecipheriv, createHmac, randomBytes } = require("node:crypto");
const { readFileSync } = require("node:fs");

const DAY_MS = 24 * 60 * 60 * 1000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const [file, accessKeyId, token] = process.argv.slice(2);
const master = Buffer.from(readFileSync(file, "utf8").trim(), "hex");
const key = createHmac("sha256", master).update("session token").digest();
const sealed = Buffer.from(token, "base64");

const opener = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES));
opener.setAAD(Buffer.from(accessKeyId));
opener.setAuthTag(sealed.subarray(-TAG_BYTES));
const claims = JSON.parse(Buffer.concat([opener.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), opener.final()]));

claims.validity.issued -= DAY_MS;
claims.validity.expires -= DAY_MS;

const nonce = randomBytes(NONCE_BYTES);
const sealer = createCipheriv("aes-256-gcm", key, nonce);
sealer.setAAD(Buffer.from(accessKeyId));
const text = Buffer.concat([sealer.update(JSON.stringify(claims)), sealer.final()]);
process.stdout.write(Buffer.concat([nonce, text, sealer.getAuthTag()]).toString("base64"));
