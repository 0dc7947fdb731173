"""Options that several commands share, and how they speak."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Kubeconfig = Annotated[
    Path | None, Parameter(help="Your kubeconfig; by default $KUBECONFIG, or ~/.kube/config.", show_default=False)
]
HubContext = Annotated[
    str | None, Parameter(help="Context of the hub; by default the current one.", show_default=False)
]
FromArgoCD = Annotated[
    str | None,
    Parameter(
        name="--from-argocd",
        help="In place of --context: name of the Secret by which Argo CD on the hub knows the cluster.",
        show_default=False,
    ),
]
DryRun = Annotated[bool, Parameter(negative=(), help="Check everything, change nothing, and say what would be done.")]
Format = Literal["text", "json"]
Output = Annotated[Format, Parameter(name=["--output", "-o"], help="How to print the result.")]


def report(line: str) -> None:
    """Say what is being done, on standard error: standard output is for results."""
    print(line, file=sys.stderr, flush=True)
