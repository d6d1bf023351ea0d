// DynamoDB-Toolbox: tables, entities and schemas as its guide shows them.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { DeleteItemCommand } from "dynamodb-toolbox/entity/actions/delete";
import { GetItemCommand } from "dynamodb-toolbox/entity/actions/get";
import { PutItemCommand } from "dynamodb-toolbox/entity/actions/put";
import { $add, $append, UpdateItemCommand } from "dynamodb-toolbox/entity/actions/update";
import { Entity } from "dynamodb-toolbox/entity";
import { item } from "dynamodb-toolbox/schema/item";
import { list } from "dynamodb-toolbox/schema/list";
import { map } from "dynamodb-toolbox/schema/map";
import { number } from "dynamodb-toolbox/schema/number";
import { string } from "dynamodb-toolbox/schema/string";
import { QueryCommand } from "dynamodb-toolbox/table/actions/query";
import { ScanCommand } from "dynamodb-toolbox/table/actions/scan";
import { Table } from "dynamodb-toolbox/table";

const client = new DynamoDBClient({});
const name = "toolbox";
const Pokes = new Table({
  name,
  documentClient: DynamoDBDocumentClient.from(client),
  partitionKey: { name: "pk", type: "string" },
  sortKey: { name: "sk", type: "string" },
});
const Pokemon = new Entity({
  name: "pokemon",
  table: Pokes,
  schema: item({
    trainer: string().key().savedAs("pk"),
    id: string().key().savedAs("sk"),
    level: number().default(1),
    moves: list(string()).optional(),
    stats: map({ hp: number(), speed: number().optional() }).optional(),
  }),
});

before(async () => {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: ["pk", "sk"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { TableName: name });
});

test("an entity is put, read, updated and deleted", async () => {
  const key = { trainer: "ash", id: "pikachu" };
  const put = Pokemon.build(PutItemCommand).item({ ...key, moves: ["spark"], stats: { hp: 35 } });
  await put.options({ condition: { attr: "id", exists: false } }).send();
  await assert.rejects(put.options({ condition: { attr: "id", exists: false } }).send(), { name: "ConditionalCheckFailedException" });
  const update = Pokemon.build(UpdateItemCommand).item({ ...key, level: $add(2), moves: $append(["thunder"]), stats: { speed: 90 } });
  const { Attributes } = await update.options({ returnValues: "ALL_NEW" }).send();
  assert.deepEqual([Attributes.level, Attributes.moves, Attributes.stats], [3, ["spark", "thunder"], { hp: 35, speed: 90 }]);
  const { Item } = await Pokemon.build(GetItemCommand).key(key).options({ attributes: ["level", "stats.hp"] }).send();
  assert.deepEqual(Item, { level: 3, stats: { hp: 35 } });
  await Pokemon.build(DeleteItemCommand).key(key).send();
  assert.equal((await Pokemon.build(GetItemCommand).key(key).send()).Item, undefined);
});

test("a table is queried and scanned for its entities", async () => {
  for (const [id, level] of [["abra", 5], ["bulbasaur", 9], ["charmander", 12], ["diglett", 2]]) {
    await Pokemon.build(PutItemCommand).item({ trainer: "misty", id, level }).send();
  }
  const found = await Pokes.build(QueryCommand)
    .query({ partition: "misty", range: { gte: "b" } })
    .entities(Pokemon)
    .options({ filters: { pokemon: { attr: "level", gt: 2 } }, reverse: true })
    .send();
  assert.deepEqual(found.Items.map((one) => one.id), ["charmander", "bulbasaur"]);
  assert.equal((await Pokes.build(ScanCommand).entities(Pokemon).options({ limit: 3 }).send()).Items.length, 3);
});
