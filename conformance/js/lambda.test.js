// Lambda and STS through the AWS SDK for JavaScript v3. The deployment package comes from the caller, ready zipped.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const lambda = new LambdaClient({});
const FunctionName = "javascript";

before(async () => {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: process.env.NODE_RUNTIME,
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/test",
      Code: { ZipFile: readFileSync(process.env.ECHO_ZIP) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20 }, { FunctionName });
});

test("invoke and read the log", async () => {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName, LogType: "Tail", Payload: JSON.stringify({ word: "hello" }) }),
  );
  assert.equal(answer.StatusCode, 200);
  assert.equal(answer.FunctionError, undefined);
  assert.deepEqual(JSON.parse(answer.Payload.transformToString()), { echo: { word: "hello" } });
  const log = Buffer.from(answer.LogResult, "base64").toString();
  assert.match(log, /echoing/);
  assert.match(log, /REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB/);
});

test("a handler's error", async () => {
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify({ fail: "on purpose" }) }));
  assert.equal(answer.FunctionError, "Unhandled");
  const error = JSON.parse(answer.Payload.transformToString());
  assert.equal(error.errorMessage, "on purpose");
  assert.equal(error.errorType, "Error");
  assert.ok(Array.isArray(error.trace));
});

async function streamed(event) {
  const answer = await lambda.send(
    new InvokeWithResponseStreamCommand({ FunctionName: "streams", LogType: "Tail", Payload: JSON.stringify(event) }),
  );
  const read = { text: "", complete: undefined };
  for await (const { PayloadChunk, InvokeComplete } of answer.EventStream) {
    if (PayloadChunk) read.text += Buffer.from(PayloadChunk.Payload).toString();
    if (InvokeComplete) read.complete = InvokeComplete;
  }
  return read;
}

test("a streamed answer", async () => {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: "streams",
      Runtime: process.env.NODE_RUNTIME,
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/test",
      Code: { ZipFile: readFileSync(process.env.STREAM_ZIP) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20 }, { FunctionName: "streams" });
  const whole = await streamed({ words: ["a", "b", "c"] });
  assert.equal(whole.text, "abc");
  assert.equal(whole.complete.ErrorCode, undefined);
  assert.match(Buffer.from(whole.complete.LogResult, "base64").toString(), /REPORT RequestId/);
  const broken = await streamed({ words: ["a"], fail: "on purpose" });
  assert.equal(broken.text, "a");
  assert.equal(broken.complete.ErrorCode, "Error");
  assert.equal(JSON.parse(broken.complete.ErrorDetails).errorMessage, "on purpose");
});

test("an asynchronous invocation is accepted", async () => {
  const answer = await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload: "{}" }));
  assert.equal(answer.StatusCode, 202);
});

test("delete", async () => {
  await lambda.send(new DeleteFunctionCommand({ FunctionName }));
  await assert.rejects(lambda.send(new GetFunctionCommand({ FunctionName })), { name: "ResourceNotFoundException" });
});

test("who am I", async () => {
  const identity = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Account, "000000000000");
  assert.equal(identity.Arn, "arn:aws:iam::000000000000:root");
});
