"""Renders what a person applies by hand or by GitOps: ``python -m landbridge.deploy deploy``, or ``make generate``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from landbridge.api import crd
from landbridge.enroll.argocd import health
from landbridge.fleet import policy, rbac

HEADER = "# Rendered from src/landbridge by `make generate`; a change made here would be overwritten.\n"
PATCH = (
    "# A patch of settings that are there: for `kubectl patch --patch-file`, or for kustomize. Not for `kubectl\n"
    "# apply`, which may take the other settings away.\n"
)
LIMITS = "# For Kubernetes 1.31. `landbridge fleet join` adds the namespaces and networks that a member declares.\n"


def files() -> dict[str, str]:
    """Every rendered file: its path below the folder, and its text."""
    crds = {f"crds/{item.kind.group}_{item.kind.plural}.yaml": _text([crd.render(item)]) for item in crd.DEFINITIONS}
    roles = {
        f"rbac/{side}.yaml": _text([rbac.namespace(), *rbac.manifests(account)])
        for side, account in (("hub", rbac.HUB), ("member", rbac.MEMBER))
    }
    policies = {"policy/member.yaml": _text(policy.manifests(policy.Limits()), HEADER + LIMITS)}
    return crds | roles | policies | {"argocd/argocd-cm.yaml": _text([health.config_map()], HEADER + PATCH)}


def write(folder: Path) -> None:
    """Write all files, and remove what is rendered no more."""
    rendered = {folder / path: text for path, text in files().items()}
    for path, text in rendered.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for parent in {path.parent for path in rendered}:
        for stale in set(parent.glob("*.yaml")) - rendered.keys():
            stale.unlink()


def _text(documents: Iterable[Mapping[str, Any]], header: str = HEADER) -> str:
    unshared = [msgspec.json.decode(msgspec.json.encode(document)) for document in documents]  # no YAML aliases
    return header + yaml.dump_all(unshared, Dumper=_Dumper, sort_keys=False, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, so that a script can be read."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
