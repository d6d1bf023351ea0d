"""Page views counted in a table by a function, called by many at once: none is lost, none is counted twice."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

from packing import zip_of
from server import ROLE

CLIENTS = 64
# Ten thousand of them with ZERUN_PAGE_VIEWS=10000.
CALLS = int(os.environ.get("ZERUN_PAGE_VIEWS", "1000"))
PAGES = 5

COUNT = """
const { DynamoDBClient, UpdateItemCommand } = require("@aws-sdk/client-dynamodb");
const tables = new DynamoDBClient({});
exports.handler = async ({ page }) => {
  const { Attributes } = await tables.send(new UpdateItemCommand({
    TableName: "page-views", Key: { page: { S: page } }, ReturnValues: "UPDATED_NEW",
    UpdateExpression: "ADD #views :one", ExpressionAttributeNames: { "#views": "views" },
    ExpressionAttributeValues: { ":one": { N: "1" } } }));
  return Number(Attributes.views.N);
};
"""


def test_every_page_view_is_counted_once(zerun, node_runtime):
    dynamodb, lam = zerun.client("dynamodb"), zerun.client("lambda", max_pool_connections=CLIENTS, retries={"max_attempts": 10})
    dynamodb.create_table(TableName="page-views", BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "page", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "page", "KeyType": "HASH"}])
    lam.create_function(FunctionName="count", Runtime=node_runtime, Handler="index.handler", MemorySize=128, Timeout=60,
                        Role=ROLE, Code={"ZipFile": zip_of({"index.js": COUNT})})
    lam.get_waiter("function_active_v2").wait(FunctionName="count", WaiterConfig={"Delay": 1})

    def view(number):
        answer = lam.invoke(FunctionName="count", Payload=json.dumps({"page": f"/{number % PAGES}"}))
        body = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return number % PAGES, body

    with ThreadPoolExecutor(CLIENTS) as pool:
        told = list(pool.map(view, range(CALLS)))
    # Each call saw a count of its own, from one up.
    for page in range(PAGES):
        assert sorted(count for of, count in told if of == page) == list(range(1, CALLS // PAGES + 1))
    items = dynamodb.scan(TableName="page-views", ConsistentRead=True)["Items"]
    assert {item["page"]["S"]: int(item["views"]["N"]) for item in items} == {f"/{page}": CALLS // PAGES for page in range(PAGES)}
