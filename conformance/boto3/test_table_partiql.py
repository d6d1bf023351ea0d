"""PartiQL: statements alone, in batches and in transactions."""

import pytest

from expectation import refused
from tables import LOCAL, key, make, user


@pytest.fixture
def table(dynamodb):
    """A new table with the key pk (S), sk (N) and ten items in two partitions."""
    name = make(dynamodb, **LOCAL)["TableName"]
    for number in range(5):
        for partition in "pq":
            dynamodb.put_item(TableName=name, Item=key(number, partition) | {
                "at": {"S": f"{9 - number}"}, "n": {"N": str(number)}, "m": {"M": {"deep": {"S": partition}}}})
    return name


def run(db, statement, *parameters, **more):
    if parameters:
        more["Parameters"] = list(parameters)
    return db.execute_statement(Statement=statement, **more)


def numbers(told):
    return [int(item["sk"]["N"]) for item in told["Items"]]


def test_items_are_selected(dynamodb, table):
    def run_(text, *parameters, **more):
        return run(dynamodb, text.replace(" T ", f' "{table}" '), *parameters, **more)

    assert numbers(run_("SELECT * FROM T WHERE pk = 'p' AND sk >= ?", {"N": "3"})) == [3, 4]
    assert numbers(run_("SELECT sk FROM T WHERE pk = 'p' AND n < 2 ORDER BY sk DESC")) == [1, 0]
    assert sorted(numbers(run_("SELECT * FROM T WHERE n = 4"))) == [4, 4]
    assert len(run_("SELECT * FROM T ")["Items"]) == 10
    assert numbers(run_("SELECT * FROM T WHERE pk IN ['p', 'q'] AND sk = 1")) == [1, 1]
    assert run_("SELECT m.deep, n FROM T WHERE pk = 'q' AND sk = 0")["Items"] == [{"deep": {"S": "q"}, "n": {"N": "0"}}]
    local = run(dynamodb, f'SELECT sk FROM "{table}"."by-at" WHERE pk = \'p\' AND begins_with("at", \'7\')')
    assert numbers(local) == [2]
    told = run_("SELECT * FROM T WHERE pk = 'p'", ReturnConsumedCapacity="TOTAL", ConsistentRead=True)
    assert told["ConsumedCapacity"]["CapacityUnits"] == 1
    assert run_("SELECT * FROM T WHERE pk = 'nobody'")["Items"] == []


def test_a_selection_goes_on_from_its_token(dynamodb, table):
    text = f"SELECT sk FROM \"{table}\" WHERE pk IN ['p', 'q'] AND n <> 1"
    found, token, pages = [], {}, 0
    while True:
        told = run(dynamodb, text, Limit=3, **token)
        found, pages = found + numbers(told), pages + 1
        if "NextToken" not in told:
            break
        assert "LastEvaluatedKey" in told
        token = {"NextToken": told["NextToken"]}
    assert found == [0, 2, 3, 4, 0, 2, 3, 4] and pages == 4
    with refused("ValidationException", naming="NextToken"):
        run(dynamodb, f'SELECT sk FROM "{table}"', NextToken=run(dynamodb, text, Limit=1)["NextToken"])


def test_items_are_changed(dynamodb, table):
    insert = f"INSERT INTO \"{table}\" VALUE {{'pk': 'r', 'sk': 1, 's': <<'a'>>, 'l': [1, ?]}}"
    run(dynamodb, insert, {"S": "x"})
    with refused("DuplicateItemException", status=400, naming="Duplicate primary key exists in table"):
        run(dynamodb, insert, {"S": "x"})
    update = f'UPDATE "{table}" SET n = ? SET s = set_add(s, <<\'b\'>>) REMOVE l[0] WHERE pk = \'r\' AND sk = 1'
    told = run(dynamodb, update + " RETURNING MODIFIED NEW *", {"N": "7"})["Items"]
    assert told[0]["n"] == {"N": "7"} and "pk" not in told[0]
    assert dynamodb.get_item(TableName=table, Key=key(1, "r"))["Item"] == key(1, "r") | {
        "n": {"N": "7"}, "s": {"SS": ["a", "b"]}, "l": {"L": [{"S": "x"}]}}
    with refused("ConditionalCheckFailedException", status=400):
        run(dynamodb, f"UPDATE \"{table}\" SET n = n + 1 WHERE pk = 'r' AND sk = 1 AND n = 8")
    with refused("ConditionalCheckFailedException", status=400):
        run(dynamodb, f"UPDATE \"{table}\" SET n = 1 WHERE pk = 'r' AND sk = 2")
    delete = f"DELETE FROM \"{table}\" WHERE pk = 'r' AND sk = 1 RETURNING ALL OLD *"
    assert run(dynamodb, delete)["Items"][0]["n"] == {"N": "7"}
    assert run(dynamodb, delete)["Items"] == []


@pytest.mark.parametrize("text, naming", [
    ("SELECT * FROM T WHERE pk = ", "Statement wasn't well formed"),
    ("UPDATE T SET n = 1 WHERE pk = 'p'", "mandatory equality on all key attributes"),
    ("SELECT * FROM T ORDER BY sk", "Must have WHERE clause"),
    ("EXISTS(SELECT * FROM T WHERE pk = 'p' AND sk = 1)", "transaction"),
    ("SELECT * FROM T WHERE pk = ? AND sk = ?", "Number of parameters"),
    ("UPDATE T SET pk = 'q' WHERE pk = 'p' AND sk = 1", "part of the key"),
])
def test_what_cannot_be_is_refused(dynamodb, table, text, naming):
    with refused("ValidationException", status=400, naming=naming):
        run(dynamodb, text.replace(" T ", f' "{table}" '))


def test_batches_of_statements(dynamodb, table):
    one = f'SELECT * FROM "{table}" WHERE pk = ? AND sk = ?'
    told = dynamodb.batch_execute_statement(ReturnConsumedCapacity="TOTAL", Statements=[
        {"Statement": one, "Parameters": [{"S": "p"}, {"N": "1"}]},
        {"Statement": one, "Parameters": [{"S": "p"}, {"N": "99"}]},
        {"Statement": f"SELECT * FROM \"{table}\" WHERE pk = 'p'"},
        {"Statement": "SELECT * FROM nowhere WHERE pk = 'p'"}])
    first, second, third, fourth = told["Responses"]
    assert first["TableName"] == table and first["Item"]["n"] == {"N": "1"} and "Item" not in second
    assert third["Error"]["Code"] == "ValidationError" and "must specify the primary key" in third["Error"]["Message"]
    assert fourth["Error"]["Code"] == "ResourceNotFound"
    told = dynamodb.batch_execute_statement(Statements=[
        {"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': 'new', 'sk': 1}}"},
        {"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': 'p', 'sk': 1}}"},
        {"Statement": f"UPDATE \"{table}\" SET n = 5 WHERE pk = 'p' AND sk = 1 AND n = 7",
         "ReturnValuesOnConditionCheckFailure": "ALL_OLD"},
        {"Statement": f"DELETE FROM \"{table}\" WHERE pk = 'p' AND sk = 2"}])
    codes = [response.get("Error", {}).get("Code") for response in told["Responses"]]
    assert codes == [None, "DuplicateItem", "ConditionalCheckFailed", None]
    assert told["Responses"][2]["Error"]["Item"]["n"] == {"N": "1"}
    assert "Item" in dynamodb.get_item(TableName=table, Key=key(1, "new"))
    with refused("ValidationException", naming="either read statements or write statements"):
        dynamodb.batch_execute_statement(Statements=[
            {"Statement": f"SELECT * FROM \"{table}\" WHERE pk = 'p' AND sk = 1"},
            {"Statement": f"DELETE FROM \"{table}\" WHERE pk = 'p' AND sk = 2"}])


def test_transactions_of_statements(dynamodb, table):
    exists = {"Statement": f"EXISTS(SELECT * FROM \"{table}\" WHERE pk = 'p' AND sk = 1 AND n = 1)"}
    insert = {"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': 'new', 'sk': 1}}"}
    add = {"Statement": f'UPDATE "{table}" SET n = n + ? WHERE pk = \'p\' AND sk = 2', "Parameters": [{"N": "1"}]}
    ask = {"TransactStatements": [exists, insert, add], "ClientRequestToken": "once"}
    assert dynamodb.execute_transaction(**ask)["Responses"] == [{}, {}, {}]
    dynamodb.execute_transaction(**ask)
    assert dynamodb.get_item(TableName=table, Key=key(2))["Item"]["n"] == {"N": "3"}
    with refused("TransactionCanceledException", naming="[None, DuplicateItem, None]"):
        dynamodb.execute_transaction(TransactStatements=[exists, insert, add])
    assert dynamodb.get_item(TableName=table, Key=key(2))["Item"]["n"] == {"N": "3"}
    found = dynamodb.execute_transaction(TransactStatements=[
        {"Statement": f"SELECT n FROM \"{table}\" WHERE pk = 'p' AND sk = {number}"} for number in (2, 77)])["Responses"]
    assert found == [{"Item": {"n": {"N": "3"}}}, {}]


def test_policies_can_forbid_full_scans(zerun, dynamodb, iam, table):
    """As in https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html."""
    reader = user(zerun, iam, "no-scans", Action=["dynamodb:PartiQLSelect"], Condition={
        "Bool": {"dynamodb:FullTableScan": ["false"]}})
    assert len(run(reader, f"SELECT * FROM \"{table}\" WHERE pk = 'p'")["Items"]) == 5
    with refused("AccessDeniedException", status=400, naming="dynamodb:PartiQLSelect"):
        run(reader, f'SELECT * FROM "{table}" WHERE n = 1')
    with refused("AccessDeniedException", status=400, naming="dynamodb:PartiQLDelete"):
        run(reader, f"DELETE FROM \"{table}\" WHERE pk = 'p' AND sk = 1")
    # What is not there yet may be there when it is read.
    careless = user(zerun, iam, "no-known-scans", Action=["dynamodb:PartiQLSelect"], Condition={
        "BoolIfExists": {"dynamodb:FullTableScan": ["false"]}})
    with refused("AccessDeniedException", status=400, naming="dynamodb:PartiQLSelect"):
        run(careless, 'SELECT * FROM "none-yet"')
    ours = user(zerun, iam, "statements-of-p", Action=["dynamodb:PartiQL*"], Condition={
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["p"]}})
    run(ours, f"UPDATE \"{table}\" SET n = 8 WHERE pk = 'p' AND sk = 1")
    with refused("AccessDeniedException", status=400):
        run(ours, f"UPDATE \"{table}\" SET n = 8 WHERE pk = 'q' AND sk = 1")
    with refused("AccessDeniedException", status=400):
        run(ours, f"SELECT * FROM \"{table}\" WHERE pk IN ['p', 'q']")
