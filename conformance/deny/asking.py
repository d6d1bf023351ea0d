"""Sends a case as somebody, and says what came of it."""

from dataclasses import dataclass

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from server import REGION


@dataclass
class Answer:
    status: int
    code: str
    message: str
    # What the client made of the answer; empty for an error.
    told: dict

    @property
    def is_error(self):
        return self.status >= 400


class Caller:
    """Somebody with credentials, or without (`keys=None`). One client for each service, made when it is needed."""

    def __init__(self, server, keys, token=None):
        self.server, self.keys, self.token = server, keys, token
        self.clients = {}

    def client(self, service):
        if service not in self.clients:
            options = {"retries": {"total_max_attempts": 1}, "read_timeout": 60, "parameter_validation": False,
                       "s3": {"addressing_style": "path"}}
            if self.keys is None:
                options["signature_version"] = UNSIGNED
            access, secret = self.keys or (None, None)
            # The session is the server's own, which has read its service models already.
            self.clients[service] = self.server.session().client(
                service, endpoint_url=self.server.endpoint, region_name=REGION, aws_access_key_id=access,
                aws_secret_access_key=secret, aws_session_token=self.token, config=Config(**options))
        return self.clients[service]

    def ask(self, case, params=None):
        try:
            told = getattr(self.client(case.client), case.method)(**(case.params if params is None else params))
        except ClientError as error:
            said = error.response.get("Error", {})
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return Answer(status, said.get("Code", ""), said.get("Message", ""), {})
        metadata = told.pop("ResponseMetadata")
        return Answer(metadata["HTTPStatusCode"], "", "", {name: read(value) for name, value in told.items()})


def read(value):
    """An answer's member; one that streams is read to its end, so that its connection can be used again."""
    if isinstance(value, StreamingBody):
        return value.read()
    return list(value) if type(value).__name__ == "EventStream" else value
