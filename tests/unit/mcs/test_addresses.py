"""Which addresses may be imported: those that a person declared, and never those of the node itself."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from landbridge.api.discovery import Endpoint, EndpointSlice
from landbridge.mcs.addresses import NEVER, NOTHING, Gate, gate
from tests.unit.objects import endpoint, slice_

DECLARED = ("10.1.0.0/16", "fd00:1::/64")
OWN = ("10.1.200.0/24", "10.96.0.0/16")
GATE = gate(DECLARED, OWN)
WIDE = gate(("0.0.0.0/0", "::/0"), ())


def admitted(by: Gate, *addresses: str, kind: str = "IPv4") -> list[str]:
    """The addresses that pass."""
    passed = by.through(slice_("s", *addresses, address_type=kind))
    return [address for one in (passed and passed.endpoints) or () for address in one.addresses]


def test_declared_addresses_pass_and_others_do_not_s9() -> None:
    assert admitted(GATE, "10.1.0.1", "10.2.0.1", "10.1.0.2") == ["10.1.0.1", "10.1.0.2"]
    assert admitted(GATE, "fd00:1::7", "fd00:2::7", kind="IPv6") == ["fd00:1::7"]


def test_the_edges_of_a_network_are_in_it_s9() -> None:
    addresses = ("10.0.255.255", "10.1.0.0", "10.1.255.255", "10.2.0.0")
    assert admitted(GATE, *addresses) == ["10.1.0.0", "10.1.255.255"]


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("IPv4", "0.0.0.0"),  # noqa: S104 an address of an endpoint, nothing listens
        ("IPv4", "0.1.2.3"),
        ("IPv6", "::"),
    ],
)
def test_the_unspecified_address_never_passes_s9(kind: str, address: str) -> None:
    assert not admitted(WIDE, address, kind=kind)


@pytest.mark.parametrize(("kind", "address"), [("IPv4", "127.0.0.1"), ("IPv4", "127.9.9.9"), ("IPv6", "::1")])
def test_loopback_never_passes_s9(kind: str, address: str) -> None:
    assert not admitted(WIDE, address, kind=kind)


@pytest.mark.parametrize(("kind", "address"), [("IPv4", "169.254.169.254"), ("IPv6", "fe80::1")])
def test_link_local_never_passes_s9(kind: str, address: str) -> None:
    assert not admitted(WIDE, address, kind=kind)


@pytest.mark.parametrize(("kind", "address"), [("IPv4", "224.0.0.1"), ("IPv4", "239.255.0.1"), ("IPv6", "ff02::1")])
def test_multicast_never_passes_s9(kind: str, address: str) -> None:
    assert not admitted(WIDE, address, kind=kind)


def test_broadcast_never_passes_s9() -> None:
    assert not admitted(WIDE, "255.255.255.255")


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:127.0.0.1",
        "::ffff:10.1.0.1",
        "::FFFF:7f00:1",
        "::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "2002:7f00:1::1",
    ],
)
def test_ipv4_in_disguise_never_passes_s9(address: str) -> None:
    assert not admitted(WIDE, address, kind="IPv6")


@pytest.mark.parametrize(
    ("kind", "address"), [("IPv4", "100.100.100.200"), ("IPv4", "168.63.129.16"), ("IPv6", "fd00:ec2::254")]
)
def test_what_a_cloud_tells_its_machines_never_passes_s9(kind: str, address: str) -> None:
    assert not admitted(WIDE, address, kind=kind)
    assert "never imported" in WIDE.why(address, kind)


def test_networks_that_look_odd_and_hold_pods_somewhere_pass_s9() -> None:
    assert admitted(WIDE, "100.64.0.1", "240.0.0.1") == ["100.64.0.1", "240.0.0.1"]


def test_the_consumers_own_networks_never_pass_s9() -> None:
    assert admitted(GATE, "10.1.199.255", "10.1.200.7", "10.1.201.0") == ["10.1.199.255", "10.1.201.0"]
    assert not admitted(gate(("10.0.0.0/8",), OWN), "10.96.0.1")


def test_names_never_pass_s9() -> None:
    assert GATE.through(slice_("s", "db.example.org", address_type="FQDN")) is None
    assert GATE.through(replace(slice_("s", address_type="FQDN"), endpoints=())) is None


NONSENSE = ("", " 10.1.0.1", "10.1.0.1 ", "010.1.0.1", "10.1.1", "0x0a.1.0.1", "10.1.0.1/32", "10.1.0.1\0", "x" * 9999)


@pytest.mark.parametrize("address", [*NONSENSE, "\ud800", "\u0661\u0660.1.0.1", "fd00:1::7"])
def test_what_is_no_address_of_the_type_does_not_pass_s9(address: str) -> None:
    assert not admitted(GATE, address)
    assert len(GATE.why(address, "IPv4")) < 400
    assert not admitted(GATE, "fe80::1%eth0", "10.1.0.1", kind="IPv6")


def test_an_endpoint_passes_with_all_its_addresses_or_not_at_all_s9() -> None:
    two = replace(slice_(), endpoints=(Endpoint(("10.1.0.1", "10.9.9.9")), endpoint("10.1.0.2")))
    assert GATE.through(two) == replace(two, endpoints=(endpoint("10.1.0.2"),))
    assert GATE.refused(two) == ["10.9.9.9"]


def test_a_slice_that_passes_whole_stays_the_same_object() -> None:
    whole, empty = slice_("s", "10.1.0.1"), replace(slice_(), endpoints=())
    assert GATE.through(whole) is whole
    assert GATE.through(empty) is empty


def test_where_nothing_is_declared_nothing_new_passes_and_what_was_there_stays_s9() -> None:
    assert not admitted(NOTHING, "10.1.0.1")
    known = gate((), OWN, ["10.1.0.1", "10.96.0.1", "127.0.0.1"])
    assert admitted(known, "10.1.0.1", "10.1.0.2", "10.96.0.1", "127.0.0.1") == ["10.1.0.1"]


def test_what_is_declared_counts_whatever_is_known_s9() -> None:
    assert not admitted(gate(DECLARED, (), ["10.9.9.9"]), "10.9.9.9")


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [
        ("10.9.9.9", "IPv4", "not in its declared pod networks (10.1.0.0/16, fd00:1::/64)"),
        ("127.0.0.1", "IPv4", "loopback"),
        ("fe80::1", "IPv6", "link-local"),
        ("10.96.0.1", "IPv4", "of the importing cluster"),
        ("x", "IPv4", "no IPv4 address"),
        ("x.org", "FQDN", "no FQDN address"),
    ],
)
def test_it_says_why(address: str, kind: str, words: str) -> None:
    assert words in GATE.why(address, kind)


def test_it_says_that_nothing_is_declared() -> None:
    assert "no pod networks are declared" in NOTHING.why("10.1.0.1", "IPv4")


def test_networks_are_parsed_once_for_two_clusters() -> None:
    assert gate(DECLARED, OWN) is GATE


NETWORKS = st.lists(
    st.one_of(
        st.tuples(st.ip_addresses(v=4), st.integers(4, 32)), st.tuples(st.ip_addresses(v=6), st.integers(4, 128))
    ).map(lambda of: str(ip_network((of[0], of[1]), strict=False))),
    max_size=4,
).map(tuple)


@st.composite
def offered(draw: st.DrawFn) -> tuple[tuple[str, ...], tuple[str, ...], EndpointSlice]:
    """Networks, and a slice with addresses that often lie in them, or at their edges."""
    declared, barred = draw(NETWORKS), draw(NETWORKS)
    kind = draw(st.sampled_from(["IPv4", "IPv6", "FQDN"]))
    spans = [ip_network(text) for text in (*declared, *barred, *NEVER)]
    edges = list(chain.from_iterable((net[0], net[-1], net[net.num_addresses // 2]) for net in spans))
    near = st.sampled_from(edges).flatmap(lambda at: st.integers(-1, 1).map(lambda by: _moved(at, by)))
    address = st.one_of(near, near, st.ip_addresses().map(str), st.text(max_size=8))
    endpoints = draw(st.lists(st.lists(address, min_size=1, max_size=2).map(tuple), max_size=6))
    return declared, barred, replace(slice_(address_type=kind), endpoints=tuple(map(Endpoint, endpoints)))


def _moved(address: IPv4Address | IPv6Address, by: int) -> str:
    number = (int(address) + by) % (1 << address.max_prefixlen)
    return str(type(address)(number))


def _may(address: str, kind: str, declared: tuple[str, ...], barred: tuple[str, ...]) -> bool:
    """The rule once more, as slow as it is plain."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    within = [any(parsed in ip_network(text) for text in texts) for texts in (declared, barred, tuple(NEVER))]
    return kind == f"IPv{parsed.version}" and "%" not in address and within == [True, False, False]


@given(offered())
def test_nothing_outside_ever_gets_through_and_all_else_does_s9(
    case: tuple[tuple[str, ...], tuple[str, ...], EndpointSlice],
) -> None:
    declared, barred, slice_ = case
    passed = gate(declared, barred).through(slice_)
    wanted = [
        one
        for one in slice_.endpoints or ()
        if all(_may(address, slice_.address_type, declared, barred) for address in one.addresses)
    ]
    assert list((passed and passed.endpoints) or ()) == wanted
    assert len(gate(declared, barred).refused(slice_)) == len(slice_.endpoints or ()) - len(wanted) or not wanted
