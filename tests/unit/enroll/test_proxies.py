from __future__ import annotations

import pytest

from landbridge.enroll.proxies import INVALID_PROXY, reached, wished
from landbridge.fleet.refusal import RefusedError
from landbridge.kube.config import ServerConfig

URL = "http://me:s3cr3t@proxy:3128"
DIRECTLY = ServerConfig("https://a")
THROUGH = ServerConfig("https://a", proxy=URL)


@pytest.mark.parametrize(
    ("given", "stored", "proxy"),
    [
        ("", None, None),
        ("", DIRECTLY, None),
        ("", THROUGH, URL),
        (URL, None, URL),
        ("http://other:1", THROUGH, "http://other:1"),
        ("direct", THROUGH, None),
    ],
)
def test_what_is_not_given_stays_as_it_is(given: str, stored: ServerConfig | None, proxy: str | None) -> None:
    assert wished(given, stored) == proxy


def test_what_cannot_be_used_is_refused_and_not_quoted() -> None:
    with pytest.raises(RefusedError, match="--proxy cannot be used: SOCKS") as refusal:
        wished("socks5://me:s3cr3t@proxy")
    assert refusal.value.reason == INVALID_PROXY
    assert "s3cr3t" not in str(refusal.value)


def test_both_ways_are_told_without_passwords() -> None:
    assert reached(THROUGH, DIRECTLY) == "at https://a through proxy http://proxy:3128"
    assert reached(DIRECTLY, THROUGH) == "at https://a, without your proxy http://proxy:3128 (with one: --proxy)"
    assert reached(DIRECTLY, DIRECTLY) == "at https://a"
