"""A server that is killed every few seconds, and clients that insist."""

import random
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

# What could not be told whether it happened, and what is refused for want of room.
CUT = (BotoCoreError, ConnectionError)
LATER = {"TooManyRequestsException", "ThrottlingException", "ServiceUnavailable", "InternalServerError", "ServiceException"}

LIFE_SECONDS_MAX = 15


class Platform:
    """`kill_after`: the bounds of a random time that each life lasts, in seconds. On a machine that is busy with something
    else it lasts until something was done in it (`done` tells how much is), at most LIFE_SECONDS_MAX."""

    def __init__(self, zerun, kill_after, deadline, done):
        self.zerun, self.kill_after, self.deadline, self.done = zerun, kill_after, deadline, done
        self.life, self.kills = 0, 0
        self.up = threading.Event()
        self.up.set()
        self.calm = threading.Event()
        self.own = threading.local()
        self.killer = threading.Thread(target=self.kill_again_and_again)

    def kill_again_and_again(self):
        chance = random.Random(1)
        while not self.calm.wait(chance.uniform(*self.kill_after)):
            before, longest = self.done(), time.monotonic() + LIFE_SECONDS_MAX
            while self.done() <= before and time.monotonic() < longest and not self.calm.wait(0.2):
                pass
            self.up.clear()
            self.zerun.kill()
            self.kills += 1
            self.zerun.start()
            self.life += 1
            self.up.set()

    def client(self, service):
        """This thread's, of the server as it is now."""
        clients = self.own.__dict__
        if clients.get("life") != self.life:
            clients.clear()
            clients["life"] = self.life
        if service not in clients:
            clients[service] = self.zerun.client(service, connect_timeout=5, read_timeout=30, max_pool_connections=1)
        return clients[service]

    def insist(self, service, operation, **asked):
        """Until it is answered, however often the server dies meanwhile."""
        while time.monotonic() < self.deadline:
            self.up.wait(30)
            try:
                return getattr(self.client(service), operation)(**asked)
            except CUT:
                self.own.__dict__.clear()
            except ClientError as error:
                if error.response["Error"]["Code"] not in LATER:
                    raise
            # Neither a server that starts nor one that is full is to be asked in a tight loop.
            time.sleep(0.05)
        raise AssertionError(f"{operation} had no answer in time:\n{self.zerun.last_words()}")

    def pages(self, operation, member, **asked):
        """All of a table's operation that comes in pages."""
        start = {}
        while True:
            page = self.insist("dynamodb", operation, **asked, **start)
            yield from page.get(member, [])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
