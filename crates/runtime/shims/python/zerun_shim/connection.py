"""One keep-alive HTTP/1.1 connection to the Runtime API, one request at a time.

Written for one server, whose replies always carry a Content-Length; http.client would cost more of a
cold start than the rest of this package together.
"""

import socket


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # names in lower case
        self.body = body


class Connection:
    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._host_header = address
        self._socket = None

    def request(self, method, path, headers=None, body=b""):
        """Sends one request and waits, without limit, for its reply."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: " + self._host_header]
        for name, value in (headers or {}).items():
            lines.append("%s: %s" % (name, _clean(value)))
        lines.append("Content-Length: %d\r\n\r\n" % len(body))
        try:
            self._socket.sendall("\r\n".join(lines).encode("latin-1") + body)
            return self._receive()
        except BaseException:
            # Whatever came in between, this connection is out of step now.
            self._socket.close()
            self._socket = None
            raise

    def _receive(self):
        received = bytearray()
        end = -1
        while end < 0:
            received += self._more()
            end = received.find(b"\r\n\r\n")
        status_line, *lines = bytes(received[:end]).decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = received[end + 4 :]
        size = int(headers.get("content-length", "0"))
        while len(body) < size:
            body += self._more()
        if headers.get("connection", "").lower() == "close":
            self._socket.close()
            self._socket = None
        return Reply(int(status_line.split(" ")[1]), headers, bytes(body[:size]))

    def _more(self):
        chunk = self._socket.recv(1 << 16)
        if not chunk:
            raise ConnectionError("the Runtime API closed the connection")
        return chunk


def _clean(value):
    """A header's value holds no line breaks and nothing beyond Latin-1."""
    return "".join(c if " " <= c <= "~" else " " for c in str(value))
