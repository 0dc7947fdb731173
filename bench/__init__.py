"""Benchmarks of endpoint sync, on real API servers and with the real controller.

Run them from the repository's root: `python -m bench` (or `make bench`). Machines differ, and a shared one differs from
minute to minute: each figure stands beside what a plain client did in the same run, and the ratio is what counts.
"""
