"""The tutorial as a program: real clusters come up, are joined, and three Services move from one to another.

Run it from the repository's root: `python -m demo` (or `make demo`).
"""
