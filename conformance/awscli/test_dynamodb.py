"""A table's life in the AWS CLI, unmodified."""

import json


def test_a_table_in_the_cli(aws):
    def db(*words):
        return aws("dynamodb", *words)

    db("create-table", "--table-name", "Music", "--billing-mode", "PAY_PER_REQUEST",
       "--attribute-definitions", "AttributeName=Artist,AttributeType=S", "AttributeName=SongTitle,AttributeType=S",
       "--key-schema", "AttributeName=Artist,KeyType=HASH", "AttributeName=SongTitle,KeyType=RANGE")
    db("wait", "table-exists", "--table-name", "Music")
    for song, awards in (("Call Me Today", 1), ("Howdy", 2), ("Happy Day", 10)):
        db("put-item", "--table-name", "Music", "--item", json.dumps(
            {"Artist": {"S": "Acme Band"}, "SongTitle": {"S": song}, "Awards": {"N": str(awards)}}))
    found = json.loads(db("get-item", "--consistent-read", "--table-name", "Music",
                          "--key", '{"Artist": {"S": "Acme Band"}, "SongTitle": {"S": "Happy Day"}}'))
    assert found["Item"]["Awards"] == {"N": "10"}
    changed = json.loads(db("update-item", "--table-name", "Music", "--return-values", "ALL_NEW",
                            "--key", '{"Artist": {"S": "Acme Band"}, "SongTitle": {"S": "Howdy"}}',
                            "--update-expression", "SET Awards = Awards + :n", "--expression-attribute-values", '{":n": {"N": "5"}}'))
    assert changed["Attributes"]["Awards"] == {"N": "7"}
    # The CLI asks for page after page by itself.
    queried = json.loads(db("query", "--table-name", "Music", "--page-size", "1", "--key-condition-expression", "Artist = :name",
                            "--expression-attribute-values", '{":name": {"S": "Acme Band"}}', "--no-scan-index-forward"))
    assert [item["SongTitle"]["S"] for item in queried["Items"]] == ["Howdy", "Happy Day", "Call Me Today"]
    db("update-table", "--table-name", "Music", "--attribute-definitions", "AttributeName=Awards,AttributeType=N",
       "--global-secondary-index-updates", json.dumps([{"Create": {
           "IndexName": "by-awards", "KeySchema": [{"AttributeName": "Awards", "KeyType": "HASH"}],
           "Projection": {"ProjectionType": "KEYS_ONLY"}}}]))
    db("wait", "table-exists", "--table-name", "Music")
    counted = db("scan", "--table-name", "Music", "--index-name", "by-awards", "--select", "COUNT", "--query", "Count")
    assert json.loads(counted) == 3
    arn = json.loads(db("describe-table", "--table-name", "Music"))["Table"]["TableArn"]
    db("tag-resource", "--resource-arn", arn, "--tags", "Key=stage,Value=test")
    assert json.loads(db("list-tags-of-resource", "--resource-arn", arn))["Tags"] == [{"Key": "stage", "Value": "test"}]
    db("delete-table", "--table-name", "Music")
    db("wait", "table-not-exists", "--table-name", "Music")
