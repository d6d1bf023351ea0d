"""PynamoDB, a library of models over DynamoDB: what its guide shows, on models like the guide's own."""

import pytest
from pynamodb.attributes import (
    ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute, VersionAttribute)
from pynamodb.connection import Connection
from pynamodb.exceptions import DeleteError, PutError, TransactWriteError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, LocalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite


class ViewIndex(GlobalSecondaryIndex):
    class Meta:
        read_capacity_units = 2
        write_capacity_units = 1
        projection = AllProjection()

    views = NumberAttribute(hash_key=True)


class TimeIndex(LocalSecondaryIndex):
    class Meta:
        projection = AllProjection()

    forum = UnicodeAttribute(hash_key=True)
    posted = UTCDateTimeAttribute(range_key=True)


class Author(MapAttribute):
    name = UnicodeAttribute()
    posts = NumberAttribute(default=0)


class Thread(Model):
    class Meta:
        table_name = "threads"

    forum = UnicodeAttribute(hash_key=True)
    subject = UnicodeAttribute(range_key=True)
    views = NumberAttribute(default=0)
    posted = UTCDateTimeAttribute(null=True)
    tags = UnicodeSetAttribute(null=True)
    replies = ListAttribute(default=list)
    author = Author(null=True)
    by_views = ViewIndex()
    by_time = TimeIndex()


class Document(Model):
    class Meta:
        table_name = "documents"
        billing_mode = "PAY_PER_REQUEST"

    name = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute(null=True)
    version = VersionAttribute()


@pytest.fixture(scope="module", autouse=True)
def tables(zerun):
    key, secret = zerun.keys()
    for model in (Thread, Document):
        model.Meta.host, model.Meta.region = zerun.endpoint, "us-east-1"
        model.Meta.aws_access_key_id, model.Meta.aws_secret_access_key = key, secret
    assert not Thread.exists()
    Thread.create_table(read_capacity_units=100, write_capacity_units=100, wait=True)
    Document.create_table(wait=True)
    yield
    Thread.delete_table()
    Document.delete_table()


def test_a_model_is_saved_changed_refreshed_and_deleted():
    thread = Thread("pets", "cats", tags={"cute", "small"}, author=Author(name="ann"))
    thread.save()
    assert Thread.describe_table()["ItemCount"] == 1 and Thread.count() == 1
    found = Thread.get("pets", "cats")
    assert (found.tags, found.author.name, found.views) == ({"cute", "small"}, "ann", 0)
    found.update(actions=[Thread.views.add(2), Thread.replies.set(Thread.replies.append([{"by": "bob"}])),
                          Thread.author.posts.set(Thread.author.posts + 1), Thread.tags.delete({"small"})],
                 condition=Thread.views < 1)
    assert (found.views, found.author.posts, found.tags) == (2, 1, {"cute"})
    thread.refresh()
    assert thread.replies[0]["by"] == "bob"
    with pytest.raises(PutError) as caught:
        Thread("pets", "cats").save(Thread.subject.does_not_exist())
    assert caught.value.cause_response_code == "ConditionalCheckFailedException"
    with pytest.raises(DeleteError):
        thread.delete(Thread.views.is_in(7, 8))
    thread.delete()
    with pytest.raises(Thread.DoesNotExist):
        Thread.get("pets", "cats")


def test_batches_queries_and_indexes():
    with Thread.batch_write() as batch:
        for number in range(60):
            batch.save(Thread("news", f"n-{number:02}", views=number % 3))
    assert len(list(Thread.batch_get([("news", f"n-{number:02}") for number in range(60)]))) == 60
    assert Thread.count("news", Thread.subject.startswith("n-1")) == 10
    found = [thread.subject for thread in Thread.query("news", Thread.subject.between("n-10", "n-20"), Thread.views == 2,
                                                       scan_index_forward=False, page_size=4)]
    assert found == ["n-20", "n-17", "n-14", "n-11"]
    assert Thread.by_views.count(1) == 20
    assert sorted(thread.subject for thread in Thread.by_views.query(1, limit=5, page_size=3))[0].startswith("n-")
    assert sum(1 for _ in Thread.scan(Thread.views == 0, page_size=11)) == 20
    pages = Thread.query("news", limit=10)
    first = list(pages)
    rest = list(Thread.query("news", last_evaluated_key=pages.last_evaluated_key))
    assert len(first) == 10 and len(rest) == 50
    with Thread.batch_write() as batch:
        for thread in Thread.query("news"):
            batch.delete(thread)
    assert Thread.count("news") == 0


def test_versions_lock_optimistically():
    Document("a", text="one").save()
    mine, theirs = Document.get("a"), Document.get("a")
    mine.text = "mine"
    mine.save()
    theirs.text = "theirs"
    with pytest.raises(PutError):
        theirs.save()
    assert (Document.get("a").text, Document.get("a").version) == ("mine", 2)


def test_transactions(zerun):
    key, secret = zerun.keys()
    connection = Connection(region="us-east-1", host=zerun.endpoint)
    connection.session.set_credentials(key, secret)
    with TransactWrite(connection=connection, client_request_token="once") as transaction:
        transaction.save(Document("t1", text="1"))
        transaction.save(Document("t2", text="2"), condition=Document.name.does_not_exist())
    with TransactGet(connection=connection) as transaction:
        one, two = transaction.get(Document, "t1"), transaction.get(Document, "t2")
    assert (one.get().text, two.get().text) == ("1", "2")
    with pytest.raises(TransactWriteError) as caught:
        with TransactWrite(connection=connection) as transaction:
            transaction.update(Document("t3"), actions=[Document.text.set("3")])
            transaction.condition_check(Document, "t1", condition=Document.text == "other")
    # Conditions alone come first.
    reasons = caught.value.cancellation_reasons
    assert [reason.code if reason else None for reason in reasons] == ["ConditionalCheckFailed", None]
    with pytest.raises(Document.DoesNotExist):
        Document.get("t3")
