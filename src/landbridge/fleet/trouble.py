"""Word of a cluster's trouble, left on its Secret for who looks without the controller."""

from __future__ import annotations

from dataclasses import dataclass

from landbridge.api.meta import ObjectMeta
from landbridge.api.names import TROUBLE
from landbridge.telemetry.text import shown


@dataclass(frozen=True)
class Trouble:
    """What is wrong, and since when that was said (RFC 3339, UTC)."""

    since: str
    text: str

    def render(self) -> str:
        """As the annotation has it."""
        return f"{self.since} {self.text}"


def read_trouble(meta: ObjectMeta) -> Trouble | None:
    """What the annotation of a Secret says, if there is one; who may write Secrets may have written anything."""
    since, _, text = meta.annotations.get(TROUBLE, "").partition(" ")
    return Trouble(shown(since), shown(text)) if text else None
