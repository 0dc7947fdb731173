"""The part of Argo CD's Application that Landbridge reads."""

from __future__ import annotations

from landbridge.api.kind import Kind
from landbridge.api.meta import Lean, Object


class Destination(Lean, frozen=True, gc=False):
    """The cluster to deploy to: by the address or by the name that its Secret has."""

    server: str = ""
    name: str = ""


class ApplicationSpec(Lean, frozen=True, gc=False):
    """What to deploy where."""

    destination: Destination = Destination()


class Application(Object, frozen=True, gc=False):
    """What Argo CD deploys from one source to one cluster."""

    spec: ApplicationSpec = ApplicationSpec()


APPLICATIONS = Kind("argoproj.io", "v1alpha1", "applications", "Application", Application)
