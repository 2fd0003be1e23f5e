"""Which addresses are one for counting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policies.places import UNKNOWN, place, shown


def test_ipv4_host_is_an_address_and_its_24_a_network() -> None:
    assert place("203.0.113.7") == place("203.0.113.7")
    assert place("203.0.113.7").address != place("203.0.113.8").address
    assert place("203.0.113.7").network == place("203.0.113.250").network == "203.0.113.0/24"
    assert place("203.0.114.7").network != place("203.0.113.7").network


def test_ipv6_64_is_an_address_and_its_48_a_network() -> None:
    one, other = place("2001:db8:1:2::1"), place("2001:db8:1:2:ffff::9")
    assert one.address == other.address == "2001:db8:1:2::/64"
    assert place("2001:db8:1:3::1").address != one.address
    assert place("2001:db8:1:3::1").network == one.network == "2001:db8:1::/48"


def test_ipv4_within_ipv6_and_scoped_addresses_are_no_fresh_counter() -> None:
    assert place("::ffff:203.0.113.7") == place("203.0.113.7")
    assert place("fe80::1%eth0") == place("fe80::1")


@given(st.text(max_size=60))
def test_any_text_has_a_place(raw: str) -> None:
    found = place(raw)
    assert (found.address == UNKNOWN) == (found.network == UNKNOWN)


def test_strangers_see_the_network_only() -> None:
    assert (shown("203.0.113.7"), shown("2001:db8:1:2::1"), shown("nonsense")) == ("203.0.113.x", "2001:db8:1::", "")
