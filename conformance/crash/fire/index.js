// What runs under fire. Each handler writes down what it was handed, so that it can be held against what was sent.
const { BatchWriteItemCommand, DynamoDBClient, UpdateItemCommand } = require("@aws-sdk/client-dynamodb");

const tables = new DynamoDBClient({ maxAttempts: 8 });
const BATCH = 25;

const isPoison = (n) => n % Number(process.env.POISON) === 7;

async function write(table, items) {
  const byKey = new Map(items.map((item) => [JSON.stringify([item.pk, item.sk]), item]));
  const unique = [...byKey.values()];
  for (let at = 0; at < unique.length; at += BATCH) {
    let asked = { [table]: unique.slice(at, at + BATCH).map((Item) => ({ PutRequest: { Item } })) };
    while (asked[table]?.length) {
      asked = (await tables.send(new BatchWriteItemCommand({ RequestItems: asked }))).UnprocessedItems ?? {};
    }
  }
}

// Moves a mark from at least `before` to at least `after`. False: something in between was never seen.
async function advance(table, key, before, after) {
  const first = { ConditionExpression: "attribute_not_exists(#n) OR #n < :after" };
  const next = { ConditionExpression: "#n >= :before AND #n < :after" };
  try {
    await tables.send(new UpdateItemCommand({
      TableName: table, Key: { pk: { S: key } }, UpdateExpression: "SET #n = :after", ...(before ? next : first),
      ExpressionAttributeNames: { "#n": "n" },
      ExpressionAttributeValues: { ...(before && { ":before": { N: `${before}` } }), ":after": { N: `${after}` } },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    }));
    return true;
  } catch (error) {
    if (error.name !== "ConditionalCheckFailedException") throw error;
    // It was here before: what comes again does not count.
    return Number(error.Item?.n?.N ?? 0) >= after;
  }
}

// Messages of a standard queue become rows; some are never dealt with.
exports.collect = async (event) => {
  const failed = event.Records.filter((one) => isPoison(JSON.parse(one.body).n));
  const done = event.Records.filter((one) => !failed.includes(one));
  await write("items", done.map((one) => ({ pk: { S: `${JSON.parse(one.body).n}` } })));
  return { batchItemFailures: failed.map((one) => ({ itemIdentifier: one.messageId })) };
};

// Messages of a FIFO queue: each with the id that the queue gave it, and how far each group has come.
exports.follow = async (event) => {
  const groups = new Map();
  for (const one of event.Records) {
    const { group, n } = JSON.parse(one.body);
    const seen = groups.get(group) ?? [];
    seen.push(n);
    groups.set(group, seen);
  }
  const wrong = [];
  for (const [group, seen] of groups) {
    const inOrder = seen.every((n, at) => at === 0 || n === seen[at - 1] + 1);
    if (!inOrder || !(await advance("groups", group, seen[0] - 1, seen.at(-1)))) wrong.push({ group, seen });
  }
  await write("in-order", event.Records.map((one) => {
    const { group, n } = JSON.parse(one.body);
    return { pk: { S: `${group}/${n}` }, sk: { S: one.messageId } };
  }));
  await report(wrong);
};

// Changes of rows, each new once.
exports.mirror = async (event) => {
  await write("mirrored", event.Records.map((one) => ({ pk: one.dynamodb.Keys.pk })));
};

// Changes of marks: each says from where to where.
exports.mark = async (event) => {
  const wrong = [];
  for (const { dynamodb: { Keys, NewImage, OldImage } } of event.Records) {
    const [before, after] = [Number(OldImage?.n?.N ?? 0), Number(NewImage.n.N)];
    if (!(await advance("marks", Keys.pk.S, before, after))) wrong.push({ mark: Keys.pk.S, before, after });
  }
  await report(wrong);
};

exports.invoked = async (event) => {
  if (isPoison(event.n)) throw new Error("as told");
  await write("invoked", [{ pk: { S: `${event.n}` } }]);
};

async function report(wrong) {
  await write("wrong", wrong.map((one) => ({ pk: { S: JSON.stringify(one) } })));
}
