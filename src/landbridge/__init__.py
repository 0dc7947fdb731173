"""Landbridge: Services move between Kubernetes clusters under their own names."""

__version__ = "0.1.0"
