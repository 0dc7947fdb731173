"""``landbridge controller`` as a child process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.api.waiting import eventually

STARTED = 30.0


@dataclass
class ControllerProcess:
    """One controller of a fleet: started, ended, killed, and asked over HTTP."""

    kubeconfig: Path
    log: Path
    options: Sequence[str] = ("--lease-seconds", "1", "--verbose")
    port: int = field(default_factory=lambda: free_port())
    command: Sequence[str | Path] = (Path(sys.executable).with_name("landbridge"),)
    environment: Mapping[str, str] | None = None
    """By default ours."""
    _process: Process | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id while it runs."""
        if self._process is None:
            raise RuntimeError("the controller does not run")
        return self._process.pid

    async def start(self) -> None:
        """Start it, and wait until it leads and has the hub in view."""
        await self.spawn()
        await eventually(self._ready, bool, STARTED)

    async def started(self) -> None:
        """Wait until it says anything at all, whether it leads or not."""
        await eventually(self._answers, bool, STARTED)

    async def spawn(self) -> None:
        """Start it."""
        options = ("--listen", f"127.0.0.1:{self.port}", *self.options)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                "controller",
                "--kubeconfig",
                self.kubeconfig,
                *options,
                stderr=log,
                env=self.environment,
            )

    @asynccontextmanager
    async def with_options(self, *options: str) -> AsyncGenerator[None]:
        """Run with other options while the body runs."""
        before = self.options
        await self.end()
        self.options = options
        await self.start()
        try:
            yield
        finally:
            await self.end()
            self.options = before
            await self.start()

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """It stands still while the body runs, and sees afterwards what happened."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal and wait for its exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.returncode is None:
            process.send_signal(number)
        return await process.wait()

    async def get(self, path: str) -> tuple[int, str]:
        """Status and text of an answer."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as response:
            return response.status, await response.text()

    async def metric(self, name: str, **labels: str) -> float:
        """Sum of the samples of that name with these labels."""
        _, text = await self.get("/metrics")
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    def cpu_seconds(self) -> float:
        """CPU that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Memory that it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    async def _ready(self) -> bool:
        return await self._answer() == (200, "ok, leading\n")

    async def _answers(self) -> bool:
        return await self._answer() is not None

    async def _answer(self) -> tuple[int, str] | None:
        if not self.running:
            raise AssertionError(f"the controller ended; its log:\n{self.said()}")
        try:
            return await self.get("/readyz")
        except aiohttp.ClientError:
            return None

    def said(self, since: int = 0) -> str:
        """Its log after that many bytes."""
        return self.log.read_bytes()[since:].decode()


def free_port(first: int = 20000 + os.getpid() % 1000 * 10) -> int:
    """A port below those that the kernel gives to clients: nobody takes it between this look and its use."""
    for port in range(first, first + 1000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port for the controller")
