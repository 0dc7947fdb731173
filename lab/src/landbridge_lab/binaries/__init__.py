"""The Kubernetes binaries: built once from pinned Go modules, or the user's own."""

from landbridge_lab.binaries.folder import binaries_folder

__all__ = ["binaries_folder"]
