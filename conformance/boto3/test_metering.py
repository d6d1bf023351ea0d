"""What functions used: told to Prometheus, kept in the store, priced by `zerun bill`."""

import csv
import io
import json
import re
import socket
import subprocess
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest

from packing import zip_of
from server import BINARY, ROLE, Server, clean_environment, wait_until

CODE = {"index.js": "exports.handler = async (event) => { if (event.fail) throw new Error('no'); return 'x'.repeat(100); };"}


@pytest.fixture
def metered(tmp_path, packs):
    """A server that tells Prometheus, and where."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % free.getsockname()[1]
    server = Server(tmp_path / "data", options=["--metrics", address]).start()
    yield server, f"http://{address}/metrics"
    if server.is_running():
        assert server.stop() == 0
    server.assert_nothing_left()


def figures(url):
    text = urllib.request.urlopen(url).read().decode()
    assert text.endswith("# EOF\n")
    return {name: float(value) for name, value in re.findall(r"^([^#\s][^\n]*) (\S+)$", text, re.M)}


def bill(server, *options):
    """Of yesterday, today and tomorrow, so that midnight does not matter."""
    today = datetime.now(timezone.utc)
    begin, end = (today - timedelta(days=1)).date(), (today + timedelta(days=2)).date()
    done = subprocess.run([BINARY, "bill", "--data", server.data, "--from", str(begin), "--to", str(end), *options],
                          check=True, capture_output=True, text=True, env=clean_environment())
    return done.stdout


def invoke_some(server, runtime, name):
    lam = server.client("lambda")
    lam.create_function(FunctionName=name, Runtime=runtime, Handler="index.handler", Role=ROLE,
                        Code={"ZipFile": zip_of(CODE)}, MemorySize=256, Timeout=10)
    for event in [{}, {}, {}, {"fail": True}]:
        lam.invoke(FunctionName=name, Payload=json.dumps(event))
    return lam


def test_invocations_are_told_kept_and_priced(metered, node_runtime):
    server, url = metered
    lam = invoke_some(server, node_runtime, "metered")
    lam.put_function_concurrency(FunctionName="metered", ReservedConcurrentExecutions=0)
    with pytest.raises(lam.exceptions.TooManyRequestsException):
        lam.invoke(FunctionName="metered")
    labels = '{account="000000000000",region="us-east-1",function="metered"}'

    def all_counted():
        now = figures(url)
        return now.get(f"zerun_function_throttles_total{labels}") == 1 and now

    found = wait_until(all_counted, seconds_max=60, what="the figures of the function")
    assert found[f"zerun_function_invocations_total{labels}"] == 4
    assert found[f"zerun_function_errors_total{labels}"] == 1
    assert found[f"zerun_function_cold_starts_total{labels}"] >= 1
    assert found[f"zerun_function_duration_seconds_count{labels}"] == 4
    assert found[f"zerun_function_response_bytes_total{labels}"] > 300
    assert found[f"zerun_function_cpu_seconds_total{labels}"] > 0
    assert found['zerun_http_requests_total{operation="Invoke",status="2xx"}'] == 4
    assert found['zerun_http_requests_total{operation="Invoke",status="4xx"}'] == 1
    assert found["zerun_store_commits_total"] >= 1
    assert found["zerun_records_set_aside"] == 0

    running = json.loads(bill(server, "--format", "json"))
    [row] = running["rows"]
    assert row["of"] == "000000000000 us-east-1 metered"
    assert (row["invocations"], row["errors"], row["throttles"]) == (4, 1, 1)
    assert row["gb_seconds"] > 0 and len(row["costs"]) == len(running["books"]) >= 5
    lambda_x86 = row["costs"][[book["id"] for book in running["books"]].index("aws-lambda-x86")]
    assert lambda_x86 == pytest.approx(row["gb_seconds"] * 0.0000166667 + 4 * 0.0000002)

    assert server.stop() == 0
    # Nobody serves now: the same is read from the directory.
    assert json.loads(bill(server, "--format", "json")) == running
    rows = list(csv.DictReader(io.StringIO(bill(server, "--format", "csv", "--by", "account"))))
    assert [row["of"] for row in rows] == ["000000000000", "total"]
    assert rows[0]["invocations"] == "4"
    table = bill(server, "--by", "day", "--free-tier")
    assert "Published prices" in table
    assert "google-functions-1st-gen USD*" in table and "* unverified, of GHz-seconds: " in table
    assert "aws-lambda-x86 USD*" not in table


def test_a_kill_loses_at_most_what_was_not_flushed(metered, node_runtime):
    server, url = metered
    invoke_some(server, node_runtime, "flushed")
    # Told since the last flush, so they are in the store.
    wait_until(lambda: any("flushed" in name for name in figures(url)), seconds_max=60, what="the flush")
    server.kill()
    [row] = json.loads(bill(server, "--format", "json"))["rows"]
    assert 1 <= row["invocations"] <= 4
    # The next start removes what the killed one could not.
    server.start()
    assert json.loads(bill(server, "--format", "json"))["rows"] == [row]


def test_what_cannot_be_priced_is_refused(metered, tmp_path):
    server, _ = metered
    def refused(*options):
        done = subprocess.run([BINARY, "bill", "--data", server.data, *options], capture_output=True, text=True,
                              env=clean_environment())
        assert done.returncode != 0 and not done.stdout
        return done.stderr
    assert "before it begins" in refused("--from", "2026-11-02", "--to", "2026-11-01")
    assert "neither" in refused("--from", "yesterday", "--to", "2026-11-01")
    assert "kept no longer" in refused("--from", "2020-01-01", "--to", "2020-02-01")
    book = tmp_path / "book.toml"
    book.write_text("[[book]]\nid = 'x'\n")
    today = datetime.now(timezone.utc).date()
    assert "price book" in refused("--from", str(today), "--to", str(today + timedelta(days=1)), "--price-book", str(book))
    done = subprocess.run([BINARY, "serve", "--data", server.data, "--metrics", "0.0.0.0:9464"], capture_output=True,
                          text=True, env=clean_environment())
    assert done.returncode != 0 and "loopback" in done.stderr
