"""The answers: `GET /svc` names this Service and its cluster, `GET /call` adds what the next Service says."""

import os
import socket
import threading
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from urllib.parse import urlsplit

# A call down the chain waits longer for an answer than for a connection, so that it is the Service next to the one
# that is gone that says so.
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0


class NoAnswerError(Exception):
    """The next Service did not answer; the message is one line for the caller."""


def own_name() -> str:
    """Say who answers: service2(newcluster)."""
    cluster = os.environ.get("MY_CLUSTER") or os.environ.get("ENV_NAME", "unknown")
    return f"{os.environ.get('MY_SERVICE_NAME', 'unknown')}({cluster})"


def fetch(url: str) -> tuple[int, str]:
    """Get a page over a connection of its own: each call goes where the Service routes new connections now."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=CONNECT_SECONDS)
    try:
        connection.connect()
        connection.sock.settimeout(ANSWER_SECONDS)
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as error:
        raise NoAnswerError(f"error: {parts.netloc} does not answer: {error}") from error
    finally:
        connection.close()


def call() -> tuple[int, str]:
    """Answer `GET /call`; what went wrong further down is passed up as it is."""
    url = os.environ.get("SERVICE_URL")
    if not url:
        return 500, f"{own_name()} --> error: SERVICE_URL is not set"
    try:
        status, said = fetch(url)
    except NoAnswerError as error:
        return 502, f"{own_name()} --> {error}"
    return (200 if status == 200 else 502), f"{own_name()} --> {said}"


class Handler(BaseHTTPRequestHandler):
    """One request per connection (HTTP/1.0), so that an ended pod keeps no caller."""

    timeout = ANSWER_SECONDS

    def do_GET(self) -> None:
        """Answer the two pages."""
        match urlsplit(self.path).path:
            case "/svc":
                status, text = 200, own_name()
            case "/call":
                status, text = call()
            case _:
                status, text = 404, "error: ask for /svc or /call"
        self._reply(status, text.encode())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingMixIn, TCPServer):
    """Answers on a socket that listens already, each connection in a thread of its own."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener

    def start(self) -> None:
        """Answer from now on, in the background."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}).start()

    def end(self) -> None:
        """Take no more connections, and finish what was asked."""
        self.shutdown()
        self.server_close()
