"""Network namespaces of the tests' own: a piece of Internet without touching this machine's network."""

import ctypes
import os
import socketserver
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLONE_NEWNET = 0x40000000


class Namespace:
    """A network namespace, as long as it is not closed. What `do` runs, and every process it starts, is in it."""

    def __init__(self):
        self.thread = ThreadPoolExecutor(max_workers=1)
        self.path = self.do(self._enter)
        self.ip("link set lo up")

    @staticmethod
    def _enter():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "no network namespace")
        return f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"

    def do(self, work, *arguments, **options):
        return self.thread.submit(work, *arguments, **options).result()

    def ip(self, words):
        self.do(subprocess.run, ["ip", *words.split()], check=True)

    def close(self):
        self.thread.shutdown()


class Internet:
    """A namespace for a server, and one with somebody else in it at a public and at a private address."""

    PUBLIC, PRIVATE, OWN = "93.184.216.34", "10.1.2.3", "93.184.216.1"

    def __init__(self):
        self.here, self.there = Namespace(), Namespace()
        self.here.ip(f"link add near type veth peer name far netns {self.there.path}")
        for namespace, interface, addresses in [(self.here, "near", [self.OWN, "10.1.2.1"]),
                                                (self.there, "far", [self.PUBLIC, self.PRIVATE])]:
            for address in addresses:
                namespace.ip(f"addr add {address}/24 dev {interface}")
            namespace.ip(f"link set {interface} up")
        self.servers = [self.there.do(ThreadingHTTPServer, ("0.0.0.0", 80), Hello),
                        self.here.do(ThreadingHTTPServer, ("0.0.0.0", 80), Hello),
                        self.there.do(socketserver.UDPServer, ("0.0.0.0", 53), Names)]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        self.here.close()
        self.there.close()


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"hello from {self.connection.getsockname()[0]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Names(socketserver.BaseRequestHandler):
    """Knows public.* and private.*, and nobody else."""

    def handle(self):
        question, socket = self.request
        first = question[13:13 + question[12]]
        end = question.index(0, 12) + 5
        address = {b"public": Internet.PUBLIC, b"private": Internet.PRIVATE}.get(first)
        is_a = question[end - 4:end - 2] == b"\0\1"
        code = 0x80 if address else 0x83
        answer = b"" if not (address and is_a) else (
            b"\xc0\x0c\0\1\0\1\0\0\0\x09\0\4" + bytes(int(part) for part in address.split(".")))
        head = question[:2] + bytes([0x81, code, 0, 1, 0, 1 if answer else 0, 0, 0, 0, 0])
        socket.sendto(head + question[12:end] + answer, self.client_address)
