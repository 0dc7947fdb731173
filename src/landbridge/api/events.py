"""Kinds of events.k8s.io."""

from __future__ import annotations

from typing import Literal

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object

EventType = Literal["Normal", "Warning"]


class ObjectReference(Lean, frozen=True, gc=False):
    """What an Event is about."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


class EventSeries(Lean, frozen=True, gc=False):
    """That it happened again."""

    count: int
    last_observed_time: str


class Event(Object, frozen=True, gc=False):
    """What happened to an object, for people; the API server forgets it after an hour."""

    event_time: str = ""
    type: str = ""
    reason: str = ""
    action: str = ""
    note: str = ""
    regarding: ObjectReference | None = None
    reporting_controller: str = ""
    reporting_instance: str = ""
    series: EventSeries | None = None


EVENTS = Kind("events.k8s.io", "v1", "events", "Event", Event)
