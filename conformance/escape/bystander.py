"""Somebody who works beside a function that misbehaves, and must notice nothing but that the machine is busy."""

import json
import statistics
import threading
import time

from packing import zip_of
from server import ROLE

CODE = {"index.py": """
import hashlib, os
calls = 0
def handler(event, context):
    global calls
    calls += 1
    with open("/tmp/bystander", "w") as file:
        file.write(str(event))
    return {"square": event * event, "calls": calls, "hash": hashlib.sha256(str(event).encode()).hexdigest()[:8],
            "files": len(os.listdir("/tmp"))}
"""}


class Bystander:
    """Invokes its function again and again while a `with` block runs; each answer is checked."""

    def __init__(self, zerun, runtime, name="bystander"):
        self.lam = zerun.client("lambda")
        self.name = name
        self.lam.create_function(FunctionName=name, Runtime=runtime, Handler="index.handler", Role=ROLE, Timeout=60,
                                 MemorySize=256, Code={"ZipFile": zip_of(CODE)})
        self.seconds = []
        self.wrong = []
        self.calls = 0
        self.quiet = None
        for number in range(20):
            self.ask(number)
        self.quiet = statistics.median(self.seconds)

    def ask(self, number):
        began = time.monotonic()
        answer = self.lam.invoke(FunctionName=self.name, Payload=json.dumps(number).encode())
        said = json.loads(answer["Payload"].read())
        self.seconds.append(time.monotonic() - began)
        if not isinstance(said, dict) or said.get("square") != number * number or said.get("files") != 1:
            self.wrong.append((number, said))

    def __enter__(self):
        self.seconds, self.wrong = [], []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()
        return self

    def work(self):
        number = 0
        while not self.stopped.is_set():
            number += 1
            try:
                self.ask(number)
            except Exception as error:
                self.wrong.append((number, repr(error)))

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def assert_undisturbed(self, what):
        """Each answer was right. How long they took is told, not judged: the machine has other users too."""
        assert not self.wrong, f"beside {what} {len(self.wrong)} of {len(self.seconds)} answers were wrong: {self.wrong[:3]}"
        assert self.seconds, f"beside {what} nobody was answered"
        median, worst = statistics.median(self.seconds), max(self.seconds)
        print(f"beside {what}: {len(self.seconds)} answers, median {median * 1000:.1f} ms "
              f"({median / self.quiet:.1f} times the quiet one), worst {worst * 1000:.0f} ms")
