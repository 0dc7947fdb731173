"""The client of the endurance run counts honestly."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator

import pytest

from tests.endurance import client
from tests.endurance.report import read_report


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[list[bytes]]:
    """Answers on loopback with what is in the list, in turn, and at its end for ever with the last."""
    answers = [b""]
    listener = socket.create_server(("127.0.0.1", 0))
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda _, patience: connect(listener.getsockname(), patience))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(answers.pop(0) if len(answers) > 1 else answers[0])

    thread = threading.Thread(target=serve)
    thread.start()
    yield answers
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def page(body: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.0 {status}\r\n\r\n{body}".encode()


def test_every_request_is_counted_also_those_that_fail(server: list[bytes], capsys: pytest.CaptureFixture[str]) -> None:
    server[:] = [page("web(old)"), page("", "502 Bad Gateway"), b"", page("web(new)")]
    client.main(1000.0, 0.01, ["web"])
    report = read_report(capsys.readouterr().out.splitlines())
    assert report.complete
    assert report.sent == 10
    assert sum(report.answers.values()) == 8
    assert report.answers.keys() == {"web web(old)", "web web(new)"}
    assert sorted(failure.error[:20] for failure in report.failures) == ["OSError: answered b'", "OSError: answered b'"]


def test_a_log_that_stops_in_the_middle_is_no_report() -> None:
    assert not read_report(["sent\t10", "latency\t0.1\t0.2\t0.3"]).complete
