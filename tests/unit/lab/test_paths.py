"""Where a lab keeps things."""

from pathlib import Path

import pytest
from landbridge_lab.errors import RefusedError
from landbridge_lab.network.machines import require_visible
from landbridge_lab.paths import cache_home, lab_dir


def test_the_users_folders_are_used_unless_others_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LANDBRIDGE_LAB_STATE", raising=False)
    monkeypatch.delenv("LANDBRIDGE_LAB_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    assert lab_dir("lab").root == Path("/home/me/.local/state/landbridge-lab/lab")
    assert cache_home() == Path("/home/me/.cache/landbridge-lab")

    monkeypatch.setenv("LANDBRIDGE_LAB_STATE", "/s")
    monkeypatch.setenv("LANDBRIDGE_LAB_CACHE", "/c")
    assert lab_dir("lab").root == Path("/s/lab")
    assert cache_home() == Path("/c")


def test_the_longest_socket_path_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    room = 107 - len("/lab/twenty-letters-name-/etcd-client.sock")
    monkeypatch.setenv("LANDBRIDGE_LAB_STATE", "/" + "s" * (room - 1))
    files = lab_dir("lab").cluster("twenty-letters-name-")
    assert all(len(str(path)) <= 107 for path in (files.etcd_client, files.etcd_peer, files.forwarder))

    monkeypatch.setenv("LANDBRIDGE_LAB_STATE", "/" + "s" * room)
    with pytest.raises(RefusedError, match="LANDBRIDGE_LAB_STATE"):
        lab_dir("lab")


@pytest.mark.parametrize("hidden", ["/run/labs", "/var/log", "/var/lib/labs"])
def test_folders_that_nodes_could_not_see_are_refused(hidden: str) -> None:
    with pytest.raises(RefusedError, match="of their own"):
        require_visible(Path("/home/me"), Path(hidden))


def test_other_folders_are_fine() -> None:
    require_visible(Path("/home/me"), Path("/srv/labs"), Path("/var/lab"))
