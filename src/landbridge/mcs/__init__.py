"""Endpoint sync: gather (read caches), decide (pure), apply (write).

`plan`, `exports`, `intent`, `conflicts` and `status` are pure; `member` and `gather` read caches; `apply` writes.
The rules S1-S14 that the docstrings name are explained in docs/architecture.md.
"""
