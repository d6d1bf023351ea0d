// sqs-consumer: what comes is handled and deleted, what fails comes again; and the client it stands on.
import assert from "node:assert/strict";
import { once } from "node:events";
import { before, test } from "node:test";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";

const sqs = new SQSClient({});
let QueueUrl;

before(async () => {
  ({ QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "consumed" })));
});

const left = async () => {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
  );
  return ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    .map((name) => Number(Attributes[name]))
    .reduce((a, b) => a + b);
};

test("messages are handled, deleted, and tried again", async () => {
  const handled = [];
  const failed = new Set();
  const consumer = Consumer.create({
    queueUrl: QueueUrl,
    sqs,
    batchSize: 10,
    waitTimeSeconds: 5,
    terminateVisibilityTimeout: true,
    handleMessage: async (message) => {
      if (message.Body === "bad" && !failed.has(message.MessageId)) {
        failed.add(message.MessageId);
        throw new Error("not this time");
      }
      handled.push(message.Body);
      return message;
    },
  });
  consumer.on("error", (error) => assert.fail(error));
  consumer.on("processing_error", () => {});
  consumer.start();
  const Entries = ["a", "b", "bad", "c"].map((MessageBody, number) => ({ Id: `${number}`, MessageBody }));
  const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  assert.equal(sent.Successful.length, 4);
  while (handled.length < 4) await once(consumer, "message_processed");
  while ((await left()) > 0) await once(consumer, "response_processed");
  const stopped = once(consumer, "stopped");
  consumer.stop({ abort: true });
  await stopped;
  assert.deepEqual(handled.sort(), ["a", "b", "bad", "c"]);
  assert.equal(failed.size, 1);
});

test("digests are checked and errors are classes", async () => {
  // The client compares each message's MD5 with its own.
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "ä😀" }));
  assert.match(sent.MD5OfMessageBody, /^[0-9a-f]{32}$/);
  await assert.rejects(sqs.send(new GetQueueUrlCommand({ QueueName: "none" })), QueueDoesNotExist);
});
