"""The tutorial's application, run as the process that it is in a pod, on loopback."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from landbridge_lab import images

FOLDER = Path(images.__file__).parent
COMMAND = (sys.executable, "-S", "-m", "web_demo")


@dataclass
class Application:
    """A running web-demo."""

    process: subprocess.Popen[str]
    port: int

    def ask(self, path: str) -> tuple[int, str]:
        """Ask over a new connection."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer

    def end(self, number: int = signal.SIGTERM) -> int:
        """Signal it and wait for its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


Start = Callable[..., Application]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start applications on ports that the kernel chooses; whatever is left of them ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*, prefix: tuple[str, ...] = (), path: Path = FOLDER, **environment: str) -> Application:
        variables = {"PYTHONPATH": f"{path}:{FOLDER}", "PORT": "0", "LINGER_SECONDS": "0"} | environment
        pipe = subprocess.PIPE
        process = subprocess.Popen((*prefix, *COMMAND), env=variables, stdin=pipe, stdout=pipe, text=True)
        started.append(process)
        assert process.stdout
        return Application(process, int(process.stdout.readline().rpartition(" ")[2]))

    yield start
    for process in started:
        process.kill()
        with process:
            pass


@pytest.fixture
def next_service() -> Iterator[socket.socket]:
    """Stand in for the next Service: a socket that listens and is answered by hand."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        yield listener


def url(listener: socket.socket, path: str = "/svc") -> str:
    """Name the stand-in as SERVICE_URL does."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}{path}"


def test_names_itself_and_its_cluster(start: Start) -> None:
    assert start(MY_SERVICE_NAME="service3", MY_CLUSTER="oldcluster").ask("/svc") == (200, "service3(oldcluster)")


def test_takes_the_cluster_from_env_name_where_my_cluster_is_missing(start: Start) -> None:
    assert start(MY_SERVICE_NAME="service3", ENV_NAME="newcluster").ask("/svc") == (200, "service3(newcluster)")


def test_chains_the_three_services(start: Start) -> None:
    third = start(MY_SERVICE_NAME="service3", MY_CLUSTER="oldcluster")
    second_url = f"http://127.0.0.1:{third.port}/svc"
    second = start(MY_SERVICE_NAME="service2", MY_CLUSTER="newcluster", SERVICE_URL=second_url)
    first_url = f"http://127.0.0.1:{second.port}/call"
    first = start(MY_SERVICE_NAME="service1", MY_CLUSTER="oldcluster", SERVICE_URL=first_url)
    chain = "service1(oldcluster) --> service2(newcluster) --> service3(oldcluster)"
    assert first.ask("/call") == (200, chain)


def test_says_in_one_line_that_the_next_service_does_not_answer(start: Start, next_service: socket.socket) -> None:
    gone, address = url(next_service), f"127.0.0.1:{next_service.getsockname()[1]}"
    next_service.close()
    application = start(MY_SERVICE_NAME="service1", MY_CLUSTER="oldcluster", SERVICE_URL=gone)
    said = f"service1(oldcluster) --> error: {address} does not answer: [Errno 111] Connection refused"
    assert application.ask("/call") == (502, said)


def test_passes_on_what_went_wrong_further_down(start: Start, next_service: socket.socket) -> None:
    gone = url(next_service)
    next_service.close()
    second = start(MY_SERVICE_NAME="service2", MY_CLUSTER="oldcluster", SERVICE_URL=gone)
    second_url = f"http://127.0.0.1:{second.port}/call"
    first = start(MY_SERVICE_NAME="service1", MY_CLUSTER="oldcluster", SERVICE_URL=second_url)
    status, said = first.ask("/call")
    assert status == 502
    assert said.startswith("service1(oldcluster) --> service2(oldcluster) --> error: 127.0.0.1:")


def test_says_that_it_was_not_told_whom_to_call(start: Start) -> None:
    status, said = start(MY_SERVICE_NAME="service1", MY_CLUSTER="oldcluster").ask("/call")
    assert (status, said) == (500, "service1(oldcluster) --> error: SERVICE_URL is not set")


def test_knows_no_other_page(start: Start) -> None:
    assert start().ask("/metrics") == (404, "error: ask for /svc or /call")


def test_listens_before_it_has_imported_what_it_answers_with(start: Start, tmp_path: Path) -> None:
    (tmp_path / "http").mkdir()
    (tmp_path / "http" / "__init__.py").write_text("import sys\nsys.stdin.read()\n")
    application = start(path=tmp_path)
    with socket.create_connection(("127.0.0.1", application.port), timeout=10) as early:
        assert application.process.poll() is None
        assert early.getpeername()[1] == application.port


def test_goes_on_answering_new_connections_after_sigterm(start: Start) -> None:
    application = start(MY_SERVICE_NAME="service3", MY_CLUSTER="oldcluster", LINGER_SECONDS="3")
    application.process.send_signal(signal.SIGTERM)
    answers = {application.ask("/svc") for _ in range(20)}
    assert answers == {(200, "service3(oldcluster)")}
    assert application.process.wait(timeout=30) == 0


def test_finishes_what_was_asked_before_it_ends(start: Start, next_service: socket.socket) -> None:
    application = start(MY_SERVICE_NAME="service1", MY_CLUSTER="oldcluster", SERVICE_URL=url(next_service))
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(application.ask, "/call")
        connection, _ = next_service.accept()
        application.process.send_signal(signal.SIGTERM)
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nservice2(newcluster)")
        assert answer.result() == (200, "service1(oldcluster) --> service2(newcluster)")
    assert application.process.wait(timeout=30) == 0


def test_every_call_is_a_connection_of_its_own(start: Start, next_service: socket.socket) -> None:
    application = start(MY_SERVICE_NAME="service1", MY_CLUSTER="oldcluster", SERVICE_URL=url(next_service))

    def serve(count: int) -> None:
        for _ in range(count):
            connection, _ = next_service.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    server = threading.Thread(target=serve, args=(3,))
    server.start()
    assert [application.ask("/call")[0] for _ in range(3)] == [200, 200, 200]
    server.join(timeout=10)
    assert not server.is_alive()


def test_ends_on_sigterm_as_process_1(start: Start) -> None:
    namespaces = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")
    application = start(prefix=namespaces, MY_SERVICE_NAME="service3", MY_CLUSTER="oldcluster")
    pid = application.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert application.ask("/svc") == (200, "service3(oldcluster)")
    subprocess.run(["kill", "-TERM", child], check=True)
    assert application.process.wait(timeout=30) == 0


def test_ends_on_ctrl_c_too(start: Start) -> None:
    assert start().end(signal.SIGINT) == 0
