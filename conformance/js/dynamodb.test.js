// DynamoDB through the AWS SDK for JavaScript v3: the plain client and the document client.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ResourceNotFoundException,
  TransactionCanceledException,
  UpdateTableCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  NumberValue,
  paginateQuery,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";

const client = new DynamoDBClient({});
const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
const TableName = "animals";

before(async () => {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "species", AttributeType: "S" },
        { AttributeName: "name", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "species", KeyType: "HASH" },
        { AttributeName: "name", KeyType: "RANGE" },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { TableName });
});

test("attribute values as they are on the wire", async () => {
  const Item = {
    species: { S: "cat" },
    name: { S: "Tom" },
    weight: { N: "4.2" },
    photo: { B: new Uint8Array([0, 255]) },
    seen: { BOOL: true },
    toys: { SS: ["ball", "mouse"] },
  };
  await client.send(new PutItemCommand({ TableName, Item }));
  const Key = { species: Item.species, name: Item.name };
  const found = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  assert.deepEqual(found.Item, Item);
});

test("documents go in and come out as they are in JavaScript", async () => {
  const Item = {
    species: "dog",
    name: "Rex",
    age: 7,
    owners: [{ name: "Ann", since: 2019 }, null],
    tags: new Set(["good", "brown"]),
    photo: new Uint8Array([1, 2, 3]),
    chip: undefined,
  };
  await documents.send(new PutCommand({ TableName, Item }));
  const { Item: found } = await documents.send(new GetCommand({ TableName, Key: { species: "dog", name: "Rex" } }));
  delete Item.chip;
  assert.deepEqual(found, Item);
});

test("numbers beyond a double keep all their digits", async () => {
  const large = NumberValue.from("12345678901234567890.123456789");
  await documents.send(new PutCommand({ TableName, Item: { species: "number", name: "large", n: large } }));
  const exact = DynamoDBDocumentClient.from(new DynamoDBClient({}), { unmarshallOptions: { wrapNumbers: true } });
  const { Item } = await exact.send(new GetCommand({ TableName, Key: { species: "number", name: "large" } }));
  assert.equal(Item.n.toString(), large.toString());
});

test("update with a condition, and what was there when it failed", async () => {
  const Key = { species: "bird", name: "Tweety" };
  const update = new UpdateCommand({
    TableName,
    Key,
    UpdateExpression: "SET #f.seen = if_not_exists(#f.seen, :zero) + :one",
    ConditionExpression: "attribute_exists(#f)",
    ExpressionAttributeNames: { "#f": "feathers" },
    ExpressionAttributeValues: { ":zero": 0, ":one": 1 },
    ReturnValues: "UPDATED_NEW",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  await documents.send(new PutCommand({ TableName, Item: { ...Key, bald: true } }));
  await assert.rejects(documents.send(update), (error) => {
    assert.equal(error.name, "ConditionalCheckFailedException");
    assert.deepEqual(error.Item.bald, { BOOL: true });
    return true;
  });
  await documents.send(new PutCommand({ TableName, Item: { ...Key, feathers: {} } }));
  for (const seen of [1, 2]) {
    const { Attributes } = await documents.send(update);
    assert.deepEqual(Attributes, { feathers: { seen } });
  }
  const { Attributes } = await documents.send(new DeleteCommand({ TableName, Key, ReturnValues: "ALL_OLD" }));
  assert.deepEqual(Attributes, { ...Key, feathers: { seen: 2 } });
});

test("many at once, read by pages and in segments", async () => {
  const names = Array.from({ length: 60 }, (_, number) => `fish-${String(number).padStart(2, "0")}`);
  for (let from = 0; from < names.length; from += 25) {
    const puts = names.slice(from, from + 25).map((name) => ({ PutRequest: { Item: { species: "fish", name } } }));
    const { UnprocessedItems } = await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
    assert.deepEqual(UnprocessedItems, {});
  }
  const found = [];
  const input = {
    TableName,
    KeyConditionExpression: "species = :fish AND begins_with(#n, :begin)",
    ExpressionAttributeNames: { "#n": "name" },
    ExpressionAttributeValues: { ":fish": "fish", ":begin": "fish-" },
  };
  for await (const page of paginateQuery({ client: documents, pageSize: 7 }, { ...input })) {
    found.push(...page.Items.map((item) => item.name));
  }
  assert.deepEqual(found, names);
  const last = await documents.send(new QueryCommand({ ...input, ScanIndexForward: false, Limit: 1 }));
  assert.equal(last.Items[0].name, "fish-59");
  const scan = (Segment) =>
    documents.send(
      new ScanCommand({
        TableName,
        Segment,
        TotalSegments: 4,
        FilterExpression: "species = :fish",
        ExpressionAttributeValues: { ":fish": "fish" },
      }),
    );
  const segments = await Promise.all([0, 1, 2, 3].map(scan));
  assert.equal(segments.flatMap((page) => page.Items).length, 60);
  const Keys = [{ species: "fish", name: "fish-01" }, { species: "fish", name: "none" }];
  const { Responses } = await documents.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys } } }));
  assert.deepEqual(Responses[TableName], [Keys[0]]);
});

test("transactions do all or nothing", async () => {
  const Key = { species: "mouse", name: "Jerry" };
  const put = (name, more = {}) => ({ Put: { TableName, Item: { species: "mouse", name }, ...more } });
  await documents.send(new TransactWriteCommand({ TransactItems: [put("Jerry"), put("Nibbles")] }));
  const fails = { ConditionExpression: "attribute_not_exists(species)" };
  await assert.rejects(
    documents.send(new TransactWriteCommand({ TransactItems: [put("Speedy"), put("Jerry", fails)] })),
    (error) => {
      assert.ok(error instanceof TransactionCanceledException);
      assert.deepEqual(error.CancellationReasons.map((reason) => reason.Code), ["None", "ConditionalCheckFailed"]);
      return true;
    },
  );
  const get = (name) => ({ Get: { TableName, Key: { ...Key, name } } });
  const { Responses } = await documents.send(new TransactGetCommand({ TransactItems: [get("Jerry"), get("Speedy")] }));
  assert.deepEqual(Responses.map((one) => one.Item), [Key, undefined]);
});

test("an index is added to a table that is there", async () => {
  await client.send(
    new UpdateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: "name", AttributeType: "S" }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: "by-name",
            KeySchema: [{ AttributeName: "name", KeyType: "HASH" }],
            Projection: { ProjectionType: "ALL" },
          },
        },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { TableName });
  const { Items } = await documents.send(
    new QueryCommand({
      TableName,
      IndexName: "by-name",
      KeyConditionExpression: "#n = :n",
      ExpressionAttributeNames: { "#n": "name" },
      ExpressionAttributeValues: { ":n": "Rex" },
    }),
  );
  assert.equal(Items[0].species, "dog");
});

test("errors are the SDK's classes", async () => {
  await assert.rejects(client.send(new DescribeTableCommand({ TableName: "none" })), ResourceNotFoundException);
});
