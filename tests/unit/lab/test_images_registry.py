"""The lab's registry, served and pushed to in a network namespace of its own, as in the lab."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from landbridge_lab.commands import run
from landbridge_lab.images import REGISTRY_IMAGES, Images, push, serve_command, write_config
from landbridge_lab.images.archive import Image, write_archive
from landbridge_lab.images.tree import File

ADDRESS = "127.0.0.1:5000"
NAMESPACE = ("unshare", "--user", "--map-root-user", "--net", "--kill-child", "--fork")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Serve a registry; gives the prefix that brings a command to it."""
    config = tmp_path / "registry.json"
    write_config(config, ADDRESS, tmp_path / "storage")
    script = 'ip link set lo up && echo up && exec "$@"'
    command = (*NAMESPACE, "sh", "-c", script, "sh", *serve_command(config))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().strip()
        yield ("nsenter", "--target", child, "--user", "--preserve-credentials", "--net")
        process.kill()


async def test_pushed_images_are_served_under_the_tutorials_names(
    registry: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # the caller's proxy has no place in the lab
    archives = [tmp_path / f"{number}.tar" for number in range(4)]
    for path, name in zip(archives, ("a:1", "b:1", *REGISTRY_IMAGES), strict=True):
        write_archive(Image(name, [{"name": File(name.encode())}], ["/name"]), path)
    sandbox, coredns, web_demo, curl = archives
    await push(Images(sandbox, coredns, web_demo, curl), ADDRESS, registry)
    for name in REGISTRY_IMAGES:
        repository, _, tag = name.partition("/")[2].partition(":")
        tags = await run(
            [*registry, "curl", "--silent", "--noproxy", "*", f"http://{ADDRESS}/v2/{repository}/tags/list"]
        )
        assert json.loads(tags) == {"name": repository, "tags": [tag]}
