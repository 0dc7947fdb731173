"""Argo CD in a cluster of the lab: its own manifests of a core installation, and a Git server beside it."""
