"""Checks of what people write into kubeconfigs and Secrets: addresses of API servers, host names, tokens.

They come before the first connection, because aiohttp and ssl answer a malformed one with a ValueError, which callers
do not expect of a connection.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from yarl import URL

LONGEST_TOKEN = 16_384
"""Characters of a token: those of service accounts have about 1,000."""


def flaw(server: str) -> str:
    """Why ``server`` is no address to use, empty if it is one. It is never quoted: it may hold a password."""
    if not _plain(server):
        return "it holds white space or control characters"
    try:
        parts, url = urlsplit(server), URL(server)
    except ValueError:
        return "it is not a URL as https://host:port"
    if "@" in parts.netloc:
        return "it holds a user or a password: a URL as https://host:port is needed"
    if parts.scheme != "https":
        return "it is not a URL as https://host:port, and TLS is always verified"
    if parts.query or parts.fragment:
        return "it is more than a URL as https://host:port: it has a query or a fragment"
    if url.port == 0 or not usable_host(url.raw_host or ""):
        return "it has no usable host or port: a URL as https://host:port is needed"
    return ""


def usable_host(name: str) -> bool:
    """Whether a host can be called so: an address, or labels of 1 to 63 characters that IDNA can encode."""
    try:
        return _plain(name) and bool(name.encode("idna"))
    except UnicodeError:
        return False


def usable_token(token: str) -> bool:
    """Whether a header can carry it: of a sane length, no white space, no control characters, nothing beyond ASCII."""
    return 0 < len(token) <= LONGEST_TOKEN and token.isascii() and _plain(token)


def _plain(text: str) -> bool:
    return text.isprintable() and not any(map(str.isspace, text))
