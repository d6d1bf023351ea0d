"""What tests of tables make."""

import itertools
import json

numbers = itertools.count(1)

# A local index, by-at.
LOCAL = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"},
                             {"AttributeName": "at", "AttributeType": "S"}],
    "LocalSecondaryIndexes": [{"IndexName": "by-at", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]}],
}


def make(dynamodb, **changed):
    name = f"table-{next(numbers)}"
    wanted = {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST",
    } | changed
    made = dynamodb.create_table(**wanted)["TableDescription"]
    dynamodb.get_waiter("table_exists").wait(TableName=wanted["TableName"], WaiterConfig={"Delay": 1})
    return made


def key(number, partition="p"):
    return {"pk": {"S": partition}, "sk": {"N": str(number)}}


def user(zerun, iam, name, **statement):
    """A client that may do what the statement says."""
    iam.create_user(UserName=name)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"} | statement]}
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return zerun.client("dynamodb", keys=(made["AccessKeyId"], made["SecretAccessKey"]))
