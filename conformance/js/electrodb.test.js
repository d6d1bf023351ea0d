// ElectroDB, a library for several kinds of things in one table: what its guide shows, on a model like the guide's own.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { Entity, Service } from "electrodb";

const client = new DynamoDBClient({});
const table = "electro";
const keys = (pk, sk) => [
  { AttributeName: pk, KeyType: "HASH" },
  { AttributeName: sk, KeyType: "RANGE" },
];

before(async () => {
  const names = ["pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"];
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: keys("pk", "sk"),
      GlobalSecondaryIndexes: [1, 2].map((number) => ({
        IndexName: `gsi${number}`,
        KeySchema: keys(`gsi${number}pk`, `gsi${number}sk`),
        Projection: { ProjectionType: "ALL" },
      })),
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { TableName: table });
});

const Worker = new Entity(
  {
    model: { entity: "worker", version: "1", service: "firm" },
    attributes: {
      worker: { type: "string" },
      office: { type: "string", required: true },
      team: { type: ["design", "sales"], required: true },
      salary: { type: "number", required: true },
      skills: { type: "set", items: "string" },
      notes: { type: "list", items: { type: "string" } },
      hired: { type: "string", default: () => "2026-01-01" },
    },
    indexes: {
      workers: { pk: { field: "pk", composite: ["worker"] }, sk: { field: "sk", composite: [] } },
      colleagues: {
        index: "gsi1",
        collection: "workplace",
        pk: { field: "gsi1pk", composite: ["office"] },
        sk: { field: "gsi1sk", composite: ["team", "worker"] },
      },
      teams: {
        index: "gsi2",
        pk: { field: "gsi2pk", composite: ["team"] },
        sk: { field: "gsi2sk", composite: ["hired", "worker"] },
      },
    },
  },
  { client, table },
);

const Office = new Entity(
  {
    model: { entity: "office", version: "1", service: "firm" },
    attributes: {
      office: { type: "string" },
      country: { type: "string", required: true },
      desks: { type: "number", default: 10 },
    },
    indexes: {
      offices: { pk: { field: "pk", composite: ["country"] }, sk: { field: "sk", composite: ["office"] } },
      office: {
        index: "gsi1",
        collection: "workplace",
        pk: { field: "gsi1pk", composite: ["office"] },
        sk: { field: "gsi1sk", composite: [] },
      },
    },
  },
  { client, table },
);

const Firm = new Service({ worker: Worker, office: Office }, { client, table });
const worker = (name, more) => ({ worker: name, office: "berlin", team: "design", salary: 100, ...more });

test("create, get, patch, upsert and remove", async () => {
  await Worker.create(worker("ann", { skills: ["go", "c"], notes: ["first"] })).go();
  const { data } = await Worker.get({ worker: "ann" }).go();
  assert.deepEqual({ ...data, skills: data.skills.sort() }, {
    ...worker("ann", { skills: ["c", "go"], notes: ["first"], hired: "2026-01-01" }),
  });
  await assert.rejects(Worker.create(worker("ann")).go(), /conditional request failed/);
  const patched = await Worker.patch({ worker: "ann" })
    .set({ salary: 120 })
    .add({ skills: ["rust"] })
    .append({ notes: ["second"] })
    .where(({ salary }, { lt }) => lt(salary, 110))
    .go({ response: "all_new" });
  assert.equal(patched.data.salary, 120);
  assert.deepEqual(patched.data.notes, ["first", "second"]);
  await assert.rejects(Worker.patch({ worker: "nobody" }).set({ salary: 1 }).go(), /conditional request failed/);
  await Worker.upsert(worker("bob", { salary: 1 })).go();
  await Worker.remove({ worker: "bob" }).go();
  assert.equal((await Worker.get({ worker: "bob" }).go()).data, null);
});

test("batches, queries with conditions on the sort key, filters and pages", async () => {
  const names = Array.from({ length: 40 }, (_, number) => `w${String(number).padStart(2, "0")}`);
  const many = names.map((name, number) =>
    worker(name, { office: "paris", team: number % 2 ? "sales" : "design", hired: `2026-02-${String(number % 28 + 1).padStart(2, "0")}`, salary: number }),
  );
  const { unprocessed } = await Worker.put(many).go();
  assert.deepEqual(unprocessed, []);
  const read = await Worker.get(names.map((name) => ({ worker: name }))).go();
  assert.equal(read.data.length, 40);
  const sales = await Worker.query.teams({ team: "sales" }).between({ hired: "2026-02-03" }, { hired: "2026-02-06" }).go();
  assert.deepEqual(sales.data.map((one) => one.hired).sort(), ["2026-02-04", "2026-02-04", "2026-02-06", "2026-02-06"].slice(0, sales.data.length));
  const rich = await Worker.query
    .colleagues({ office: "paris" })
    .begins({ team: "design" })
    .where(({ salary }, { gte }) => gte(salary, 20))
    .go({ pages: "all" });
  assert.deepEqual(rich.data.map((one) => one.salary), [20, 22, 24, 26, 28, 30, 32, 34, 36, 38]);
  const seen = [];
  let cursor = null;
  do {
    const page = await Worker.query.colleagues({ office: "paris" }).go({ cursor, limit: 7 });
    seen.push(...page.data);
    cursor = page.cursor;
  } while (cursor !== null);
  assert.equal(seen.length, 40);
  assert.ok((await Worker.scan.go({ pages: "all" })).data.length >= 40);
});

test("a collection reads several kinds of things at once", async () => {
  await Office.create({ office: "rome", country: "it" }).go();
  await Worker.put([worker("r1", { office: "rome" }), worker("r2", { office: "rome" })]).go();
  const { data } = await Firm.collections.workplace({ office: "rome" }).go();
  assert.deepEqual(data.office, [{ office: "rome", country: "it", desks: 10 }]);
  assert.deepEqual(data.worker.map((one) => one.worker), ["r1", "r2"]);
});

test("a transaction over both kinds", async () => {
  const write = () =>
    Firm.transaction
      .write(({ worker: workers, office }) => [
        workers.create(worker("t1", { office: "oslo" })).commit(),
        office.create({ office: "oslo", country: "no" }).commit(),
      ])
      .go();
  assert.equal((await write()).canceled, false);
  const again = await write();
  assert.equal(again.canceled, true);
  assert.deepEqual(again.data.map((one) => one.code), ["ConditionalCheckFailed", "ConditionalCheckFailed"]);
});
