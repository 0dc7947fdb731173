"""Options that several commands share, and how they speak."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from landbridge.telemetry.text import shown

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
MemberServer = Annotated[
    str,
    Parameter(
        help="With --from-argocd: URL by which this command reaches the cluster, if not that of the Secret.",
        show_default=False,
    ),
]
Proxy = Annotated[
    str,
    Parameter(
        help="URL of the proxy through which the controller reaches the cluster, or `direct` for none any more; "
        "your own is not kept.",
        show_default=False,
    ),
]
DryRun = Annotated[bool, Parameter(negative=(), help="Check everything, change nothing, and say what would be done.")]
Format = Literal["text", "json"]
Output = Annotated[Format, Parameter(name=["--output", "-o"], help="How to print the result.")]


LONGEST_LINE = 4000
"""Bytes that are printed of it: names and messages may be others' (rule S15)."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Console:
    """Print a result as a table: as wide as the terminal, or wide enough for a file. Gives what prints more lines."""
    table = Table(*(Column(name, overflow="fold") for name in columns), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(escape(shown(cell, LONGEST_LINE)) for cell in row))
    console = Console(soft_wrap=True, width=None if Console().is_terminal else 240)
    console.print(table)
    return console


def report(line: str) -> None:
    """Say what is being done, on standard error: standard output is for results."""
    print(shown(line, LONGEST_LINE), file=sys.stderr, flush=True)
