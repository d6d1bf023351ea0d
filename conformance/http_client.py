"""Requests that no SDK would send: hand-made, signed or not, over a plain connection."""

import hashlib
import http.client
import json
from contextlib import closing
from types import SimpleNamespace
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from server import REGION


def request(endpoint, method, path, *, headers=None, body=b"", host=None, seconds_max=60):
    """Sends one request as it is given. `host` addresses a virtual host on the same address."""
    address = urlsplit(endpoint)
    headers = dict(headers or {})
    if host:
        headers["Host"] = host
    with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=seconds_max)) as connection:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
    return SimpleNamespace(status=answer.status, headers=answer.headers, body=content,
                           text=content.decode(errors="replace"), json=lambda: json.loads(content))


def signed_headers(server, service, method, path, *, body=b"", headers=None, keys=None, host=None):
    """The headers of a correctly signed request, for tests to send or to spoil first."""
    access, secret = keys or server.keys()
    host = host or server.endpoint.removeprefix("http://")
    prepared = AWSRequest(method, f"http://{host}{path}", data=body, headers=dict(headers or {}) | {"Host": host})
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    if service == "s3":
        prepared.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
    signer(Credentials(access, secret), service, REGION).add_auth(prepared)
    return dict(prepared.headers.items())


def signed(server, service, method, path, *, body=b"", **options):
    headers = signed_headers(server, service, method, path, body=body, **options)
    return request(server.endpoint, method, path, headers=headers, body=body)


def url_path(function_url):
    """The path at which a function URL answers where its host name does not resolve."""
    url_id = urlsplit(function_url).hostname.split(".")[0]
    return f"/_zerun/function-url/{url_id}"
