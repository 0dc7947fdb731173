"""Which statuses the hub refused, and will refuse again (rule S15): for a while these are brief."""

from __future__ import annotations

from dataclasses import dataclass, field

from landbridge.api.meta import Key
from landbridge.api.multicluster import MultiClusterServiceStatus
from landbridge.kube.errors import ApiError
from landbridge.kube.explain import described
from landbridge.mcs.brief import brief

BRIEF_FOR = 600.0
"""Seconds after which the whole status is tried again: a person may have mended the CRD."""

_UNFIT = frozenset({400, 413, 422})


def is_refusal(error: ApiError) -> bool:
    """Whether the same status would be refused again; etcd's own bound comes as a 500."""
    return error.status in _UNFIT or "too large" in str(error)


@dataclass
class Refusals:
    """Those of all MultiClusterServices."""

    _refused: dict[Key, tuple[float, str]] = field(default_factory=dict)
    """When, and why."""

    def add(self, key: Key, error: ApiError, now: float) -> bool:
        """The hub refused a status; gives whether there is a shorter one to try."""
        if self._in_force(key, now):
            return False
        self._refused[key] = (now, described(error))
        return True

    def fit(self, key: Key, status: MultiClusterServiceStatus, now: float) -> MultiClusterServiceStatus:
        """The status, as the hub is expected to take it."""
        return brief(status, self._refused[key][1]) if self._in_force(key, now) else status

    def forget(self, key: Key) -> None:
        """It took the whole status, or there is none any more."""
        self._refused.pop(key, None)

    def _in_force(self, key: Key, now: float) -> bool:
        return key in self._refused and now < self._refused[key][0] + BRIEF_FOR
