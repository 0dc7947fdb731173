"""Writing small files: whole or not at all, and not touched when they say the same already.

kube-proxy ends when its configuration is written, even with the same content: so an `up` that repairs must not.
"""

from pathlib import Path


def put(path: Path, content: str | bytes) -> None:
    """Make `path` have that content, readable for its owner alone."""
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and path.read_bytes() == data:
        return
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_bytes(data)
    beside.rename(path)
