"""Load whose every acknowledgement is written down, so that it can be held against what a restarted server knows.

Content is a function of its key and version, so a torn or mixed-up object shows. What was asked for but not
acknowledged when the server died may have happened or not, but never halfway.
"""

import hashlib
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

IN, OUT, PLAIN = "incoming", "seen", "plain"
FUNCTION = "recorder"
# Around the edges that matter inside: inline in the store, one blob, several writes of one blob.
SIZES = (0, 1, 1_000, 40_000, 700_000)
PART = 5 * 1024 * 1024
# Bounds what one round leaves for the function to do, so that rounds do not pile up more than can be worked off.
EVENTS_PER_ROUND_MAX = 30


def content(key, version):
    size = SIZES[int(hashlib.sha256(key.encode()).hexdigest(), 16) % len(SIZES)]
    seed = hashlib.sha256(f"{key}@{version}".encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


class Ledger:
    """What was asked for and what was acknowledged, over all rounds."""

    def __init__(self):
        self.lock = threading.Lock()
        # Per key of PLAIN: the last acknowledged state and every state that may have followed. None: deleted.
        self.settled = {}
        self.possible = {}
        self.notified = set()
        self.invoked = set()
        self.multipart = {}
        self.acknowledged = 0

    def attempt(self, key, version):
        with self.lock:
            self.possible.setdefault(key, []).append(version)

    def settle(self, key, version):
        with self.lock:
            self.settled[key] = version
            self.possible[key] = []
            self.acknowledged += 1

    def note(self, kind, entry):
        with self.lock:
            getattr(self, kind).add(entry)
            self.acknowledged += 1


class Load:
    """One round of load on a running server; ends when told, or when the server dies under it."""

    def __init__(self, server, ledger, number, seed):
        self.server, self.ledger, self.number = server, ledger, number
        self.random = random.Random(seed)
        self.ended = threading.Event()
        self.pool = ThreadPoolExecutor(max_workers=8)
        self.unexpected = []
        self.s3 = server.client("s3", connect_timeout=5, read_timeout=20, max_pool_connections=8)
        self.lam = server.client("lambda", connect_timeout=5, read_timeout=20, max_pool_connections=8)

    def start(self):
        workers = [self.overwrite, self.overwrite, self.notify, self.notify, self.invoke, self.upload_parts]
        self.running = [self.pool.submit(self.until_ended, work, self.random.random(), index)
                        for index, work in enumerate(workers)]

    def stop(self):
        self.ended.set()
        self.pool.shutdown(wait=True)
        for each in self.running:
            each.result()
        assert not self.unexpected, self.unexpected[:5]

    def until_ended(self, work, seed, index):
        chance, count = random.Random(seed), 0
        while not self.ended.is_set():
            count += 1
            try:
                if work(chance, f"{self.number}-{index}-{count}", count) is False:
                    return
            except ClientError as error:
                # A dying server may drop a connection; an error answer from it is a finding.
                if not self.ended.is_set():
                    self.unexpected.append(f"{work.__name__}: {error}")
                return
            except (BotoCoreError, HTTPClientError, OSError):
                return

    def overwrite(self, chance, name, count):
        # Few keys for each worker of its own: they are overwritten and deleted over and over, across rounds.
        key = f"plain/{name.split('-')[1]}/{chance.randrange(20)}"
        version = None if chance.random() < 0.2 else name
        self.ledger.attempt(key, version)
        if version is None:
            self.s3.delete_object(Bucket=PLAIN, Key=key)
        else:
            self.s3.put_object(Bucket=PLAIN, Key=key, Body=content(key, version), Metadata={"version": version})
        self.ledger.settle(key, version)

    def notify(self, chance, name, count):
        if count > EVENTS_PER_ROUND_MAX // 2:
            return False
        self.s3.put_object(Bucket=IN, Key=f"n-{name}", Body=b"x")
        self.ledger.note("notified", f"n-{name}")

    def invoke(self, chance, name, count):
        if count > EVENTS_PER_ROUND_MAX:
            return False
        self.lam.invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=json.dumps({"id": f"i-{name}"}))
        self.ledger.note("invoked", f"i-{name}")

    def upload_parts(self, chance, name, count):
        if count > 2:
            return False
        key = f"multipart/{self.number % 4}"
        self.ledger.attempt(key, name)
        upload = self.s3.create_multipart_upload(Bucket=PLAIN, Key=key, Metadata={"version": name})["UploadId"]
        parts = []
        for number, body in enumerate(parts_of(key, name), 1):
            tag = self.s3.upload_part(Bucket=PLAIN, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]
            parts.append({"PartNumber": number, "ETag": tag})
        self.s3.complete_multipart_upload(Bucket=PLAIN, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
        self.ledger.settle(key, name)


def parts_of(key, version):
    whole = hashlib.sha256(f"{key}@{version}".encode()).digest()
    return [whole * (PART // len(whole)), whole * 100]


def expected(key, version):
    return b"".join(parts_of(key, version)) if key.startswith("multipart/") else content(key, version)
