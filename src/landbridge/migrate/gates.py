"""What must be true before one of the two clusters is left with fewer endpoints: each reason why it must not be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from landbridge.migrate.floor import View, refusals


class Verdict(StrEnum):
    """What came of a check. Only a Pass lets anything be taken away (M3)."""

    PASS = "Pass"  # noqa: S105  (no password)
    FAIL = "Fail"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"
    NO_DATA = "NoData"


@dataclass(frozen=True)
class Checked:
    """What a check found, of which pods, and from where."""

    check: str
    consumer: str
    template: str
    verdict: Verdict


def against_drain(
    checked: Sequence[Checked],
    views: Sequence[View],
    before: Mapping[str, int],
    *,
    checks: Collection[str],
    template: str,
    old: str,
    left: int = 0,
) -> list[str]:
    """Why ``old`` must not be left with so few: each check without a Pass from each consumer (M2), and the floor (M1).

    A verdict on other pods than those of ``template`` is none; of several of one check, all must be a Pass.
    """
    reasons = [] if checks else ["no check is asked for"]
    for consumer in sorted(before):
        for check in sorted(checks):
            found = {
                row.verdict for row in checked if (row.check, row.consumer, row.template) == (check, consumer, template)
            }
            if found != {Verdict.PASS}:
                said = ", ".join(sorted(found)) or Verdict.NO_DATA
                reasons.append(f"{check} from {consumer}: {said}")
    return reasons + _below(views, before, old, left)


def against_withdrawal(
    views: Sequence[View], before: Mapping[str, int], *, old: str, new: str, restored: bool, left: int = 0
) -> list[str]:
    """Why a roll back must not leave ``new`` with so few yet: the old cluster comes first, and serves (M4, M1)."""
    reasons = [] if restored else [f"{old} is not as it was"]
    reasons += [
        f"{consumer} sees no endpoint of {old}"
        for consumer in sorted(before)
        if not any(view.consumer == consumer and view.serving.get(old) and view.counted() for view in views)
    ]
    return reasons + _below(views, before, new, left)


def _below(views: Sequence[View], before: Mapping[str, int], cluster: str, left: int) -> list[str]:
    if not before:
        return ["it is not known what any consumer saw before"]
    return [
        f"{refusal.consumer} would see {refusal.would_see}, and its floor is {refusal.floor}"
        for refusal in refusals(views, before, cluster=cluster, left=left)
    ]
