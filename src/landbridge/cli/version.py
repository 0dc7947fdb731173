"""``landbridge version``"""

from __future__ import annotations

import platform

import msgspec

from landbridge import __version__
from landbridge.cli.options import Output


def version(*, output: Output = "text") -> None:
    """Print the version of Landbridge."""
    if output == "json":
        print(msgspec.json.encode({"version": __version__, "python": platform.python_version()}).decode())
    else:
        print(f"landbridge {__version__}")
