"""Metrics and logs. Imports nothing of ours."""
