"""Landbridge: Services move between Kubernetes clusters under their own names."""
