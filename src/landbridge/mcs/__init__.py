"""Endpoint sync: gather (read caches), decide (pure), apply (write).

`plan`, `exports`, `intent`, `holdings`, `sweep`, `conflicts` and `status` are pure; `state`, `gather`, `ending` and
`departure` read memory; `apply` writes.
The rules S1-S15 that the docstrings name are explained in docs/architecture.md.
"""
