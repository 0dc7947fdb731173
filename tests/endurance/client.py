"""The client, which runs in a pod of the consumer: `python -S -c SOURCE RATE SECONDS HOST...`.

Open loop: each request has its time, and starts then whether earlier ones were answered or not; its latency counts from
that time. Each resolves the name and opens a connection of its own. It uses what the image's cut-down Python has, and
speaks in lines of tab-separated fields.
"""

import socket
import sys
import threading
import time
from collections import Counter

PATIENCE = 5.0
"""Seconds that a step of a request may take, and after which it has failed."""


class Tally:
    """What came of the requests."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: list[tuple[float, str, str]] = []
        self.latencies: list[float] = []
        self.unsent = 0.0
        """The most seconds by which a request started late."""
        self._lock = threading.Lock()

    def count(self, host: str, due: float, began: float, answer: str, error: str) -> None:
        """Take in one request; ``due`` and ``began`` are of the monotonic clock."""
        with self._lock:
            self.unsent = max(self.unsent, began - due)
            self.latencies.append(time.monotonic() - due)
            if error:
                self.failures.append((due, host, error))
            else:
                self.answers[f"{host} {answer}"] += 1

    def lines(self, start: float) -> list[str]:
        """All of it."""
        ranked = sorted(self.latencies)
        spread = [str(ranked[round((len(ranked) - 1) * share)]) for share in (0.5, 0.99, 1)]
        return [
            "\t".join(["sent", str(len(ranked))]),
            "\t".join(["latency", *spread]),
            "\t".join(["unsent", str(self.unsent)]),
            *("\t".join(["answer", answer, str(count)]) for answer, count in sorted(self.answers.items())),
            *("\t".join(["failed", str(due - start), host, error]) for due, host, error in sorted(self.failures)),
            "end",
        ]


def ask(host: str) -> str:
    """The answer of ``GET /svc``."""
    with socket.create_connection((host, 80), PATIENCE) as connection:
        connection.sendall(f"GET /svc HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        said = b""
        while chunk := connection.recv(4096):
            said += chunk
    head, _, body = said.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise OSError(f"answered {said[:80]!r}")
    return body.decode().strip()


def main(rate: float, seconds: float, hosts: list[str]) -> None:
    """Ask ``rate`` times a second, the hosts in turn."""
    tally = Tally()

    def request(host: str, due: float) -> None:
        began = time.monotonic()
        try:
            tally.count(host, due, began, ask(host), "")
        except OSError as error:
            tally.count(host, due, began, "", f"{type(error).__name__}: {error}")

    start = time.monotonic() + 0.5
    threads: list[threading.Thread] = []
    for number in range(round(rate * seconds)):
        due = start + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        thread = threading.Thread(target=request, args=(hosts[number % len(hosts)], due))
        thread.start()
        threads = [one for one in threads if one.is_alive()] + [thread]
    for thread in threads:
        thread.join()
    print(*tally.lines(start), sep="\n", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
