"""Celery, unmodified, with queues as its broker and a bucket for results."""

import json
import os
import signal
import subprocess
import sys
from urllib.parse import quote

import pytest

from server import REGION, wait_until

TASKS = """
import os
from celery import Celery

app = Celery("tasks", broker="sqs://")
app.conf.broker_transport_options = {
    "region": os.environ["AWS_REGION"], "wait_time_seconds": 2, "visibility_timeout": 30, "polling_interval": 0.1,
    "queue_name_prefix": "celery-test-", "is_secure": False}
app.conf.task_default_queue = "jobs"
app.conf.broker_connection_retry_on_startup = True


@app.task(bind=True, acks_late=True, max_retries=3)
def add(self, place, a, b):
    if self.request.retries < 1 and a < 0:
        raise self.retry(countdown=1)
    with open(os.path.join(place, f"{a}-{b}"), "w") as file:
        file.write(str(a + b))
"""


@pytest.fixture
def celery(zerun, tmp_path):
    (tmp_path / "tasks.py").write_text(TASKS)
    address = zerun.endpoint.removeprefix("http://")
    access, secret = zerun.keys()
    environment = zerun.client_environment() | {
        "PYTHONPATH": str(tmp_path), "CELERY_BROKER_URL": f"sqs://{access}:{quote(secret, safe='')}@{address}//", "AWS_REGION": REGION}
    return tmp_path, environment


def test_tasks_are_done_also_those_that_fail_first(zerun, celery):
    folder, environment = celery
    done = folder / "done"
    done.mkdir()
    log = open(folder / "worker.log", "wb")
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--concurrency", "2", "--loglevel", "INFO"],
        cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        ask = "import json, sys, tasks\nfor a, b in json.loads(sys.argv[2]): tasks.add.delay(sys.argv[1], a, b)\n"
        pairs = [[number, number] for number in range(20)] + [[-1, 1]]
        subprocess.run([sys.executable, "-c", ask, str(done), json.dumps(pairs)], cwd=folder, env=environment,
                       check=True, timeout=60)
        expected = {f"{a}-{b}": str(a + b) for a, b in pairs}
        wait_until(lambda: {one.name: one.read_text() for one in done.iterdir()} == expected, seconds_max=90,
                   what="all tasks done")
        sqs = zerun.client("sqs")
        (url,) = sqs.list_queues(QueueNamePrefix="celery-test-jobs")["QueueUrls"]

        def left():
            told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            return sum(int(told[name]) for name in told if name.startswith("ApproximateNumber"))

        wait_until(lambda: left() == 0, seconds_max=60, what="nothing left")
    except AssertionError as error:
        raise AssertionError((folder / "worker.log").read_text(errors="replace")[-4000:]) from error
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(30)
        except subprocess.TimeoutExpired:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
        log.close()
