"""What a lab with nodes needs of the machine, and how it is refused."""

import os
from pathlib import Path

import pytest
from landbridge_lab.errors import MachineLacksError
from landbridge_lab.images import recipes
from landbridge_lab.nodes import packages
from landbridge_lab.nodes.packages import ensure_packages, missing_packages, require_root
from landbridge_lab.progress import Silent


def test_what_is_missing_is_named_by_its_package_once() -> None:
    programs = {"sh": "dash", "no-such-program": "some-package", "no-other-program": "some-package"}

    assert missing_packages(programs) == ["some-package"]


async def test_nothing_is_installed_where_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PROGRAMS", {"sh": "dash"})

    await ensure_packages(Silent())


async def test_what_argocd_needs_is_asked_for_only_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PROGRAMS", {"sh": "dash"})
    monkeypatch.setattr(packages, "ARGOCD_PROGRAMS", {"no-such-program": "some-package"})
    monkeypatch.setattr(packages, "APT_GET", "/no/apt-get")

    await ensure_packages(Silent())
    with pytest.raises(MachineLacksError, match="some-package"):
        await ensure_packages(Silent(), argocd=True)


async def test_a_machine_without_apt_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PROGRAMS", {"no-such-program": "some-package"})
    monkeypatch.setattr(packages, "APT_GET", "/no/apt-get")

    with pytest.raises(MachineLacksError, match="some-package"):
        await ensure_packages(Silent())


async def test_apt_works_after_a_plain_su_and_waits_for_another_apt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$PATH $*" >>{tmp_path}/called\n')
    apt.chmod(0o755)
    monkeypatch.setattr(packages, "PROGRAMS", {"no-such-program": "some-package"})
    monkeypatch.setattr(packages, "APT_GET", str(apt))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    await ensure_packages(Silent())

    update, install = (tmp_path / "called").read_text().splitlines()
    assert all("/usr/sbin:" in line and ":/sbin:" in line for line in (update, install))
    assert "-o DPkg::Lock::Timeout=120 some-package" in install


async def test_an_installation_that_fails_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PROGRAMS", {"no-such-program": "some-package"})
    monkeypatch.setattr(packages, "APT_GET", "/bin/false")

    with pytest.raises(MachineLacksError, match="could not be installed"):
        await ensure_packages(Silent())


def test_packages_that_the_images_are_made_of_are_among_them() -> None:
    assert {"busybox-static", "curl", "libc-bin", "python3"} <= {*packages.PROGRAMS.values()}


def test_programs_that_the_images_take_are_checked_where_they_are_taken_from() -> None:
    assert {"/usr/bin/busybox", "/usr/bin/curl", "/usr/bin/getent", "/usr/bin/python3"} <= packages.PROGRAMS.keys()
    taken = {"/usr/bin/git", "/usr/bin/redis-check-rdb", "/usr/bin/tini", *recipes.GIT}
    assert taken <= packages.ARGOCD_PROGRAMS.keys()


def test_others_than_root_are_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MachineLacksError, match="--control-plane-only"):
        require_root()

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    require_root()
