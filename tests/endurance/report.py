"""What the client said, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Failure:
    """A request without a right answer."""

    second: float
    """Of the run, at which it was due."""
    host: str
    error: str


@dataclass
class Report:
    """What came of the requests; times in seconds, latencies from when each was due."""

    sent: int = 0
    p50: float = 0.0
    p99: float = 0.0
    slowest: float = 0.0
    latest_start: float = 0.0
    """The most by which a request started late: how open the loop was."""
    answers: dict[str, int] = field(default_factory=dict)
    """Answers by Service and who answered."""
    failures: list[Failure] = field(default_factory=list)
    complete: bool = False
    """Whether the client came to its end."""


def read_report(lines: Sequence[str]) -> Report:
    """The report in a client's log."""
    report = Report()
    for line in lines:
        match line.split("\t"):
            case ["sent", count]:
                report.sent = int(count)
            case ["latency", p50, p99, slowest]:
                report.p50, report.p99, report.slowest = float(p50), float(p99), float(slowest)
            case ["unsent", seconds]:
                report.latest_start = float(seconds)
            case ["answer", answer, count]:
                report.answers[answer] = int(count)
            case ["failed", second, host, error]:
                report.failures.append(Failure(float(second), host, error))
            case ["end"]:
                report.complete = True
    return report
