"""What closes an upstream for everybody: what we find out by ourselves, or people of several networks one after another; no stranger alone."""

from __future__ import annotations

import pytest

from idp.flows.upstream.breaker import LIMIT, PAUSE, WITNESSED, Breakers
from tests.support.clock import FrozenClock

NETWORKS = ("192.0.2.1", "198.51.100.1", "203.0.113.1")


@pytest.fixture
def breakers(clock: FrozenClock) -> Breakers:
    return Breakers(clock)


def test_what_we_ask_ourselves_closes_it_after_three_times_and_once_more_after_the_pause(
    breakers: Breakers, clock: FrozenClock
) -> None:
    for number in range(LIMIT):
        assert breakers.is_open("a") == (number >= LIMIT)
        breakers.failed("a")
    assert breakers.is_open("a")
    clock.advance(PAUSE)
    assert not breakers.is_open("a")
    breakers.failed("a")
    assert breakers.is_open("a")
    breakers.succeeded("a")
    assert (breakers.is_open("a"), breakers.standing("a").failures) == (False, 0)


@pytest.mark.parametrize("network", ["192.0.2.{}", "2001:db8:1:{}::1", "::ffff:192.0.2.{}", "nothing {}"])
def test_one_network_closes_it_for_nobody_however_often(breakers: Breakers, network: str) -> None:
    for number in range(20):
        breakers.failed("a", brought_from=network.format(number))
    assert not breakers.is_open("a")
    assert breakers.standing("a").failures == 1


def test_several_networks_close_it_and_after_the_pause_it_takes_as_many_again(
    breakers: Breakers, clock: FrozenClock
) -> None:
    for network in NETWORKS:
        assert not breakers.is_open("a")
        breakers.failed("a", brought_from=network)
    assert breakers.is_open("a")
    clock.advance(PAUSE)
    for network in NETWORKS[1:]:
        breakers.failed("a", brought_from=network)
        assert not breakers.is_open("a")
    breakers.failed("a", brought_from=NETWORKS[0])
    assert breakers.is_open("a")


def test_outages_that_lie_far_apart_or_on_both_sides_of_an_answer_are_not_in_a_row(
    breakers: Breakers, clock: FrozenClock
) -> None:
    for network in NETWORKS:
        breakers.failed("a", brought_from=network)
        clock.advance(WITNESSED)
    assert not breakers.is_open("a")
    breakers.failed("a", brought_from=NETWORKS[0])
    breakers.failed("a", brought_from=NETWORKS[1])
    breakers.succeeded("a")
    breakers.failed("a", brought_from=NETWORKS[2])
    assert not breakers.is_open("a")


def test_both_sorts_add_up(breakers: Breakers) -> None:
    breakers.failed("a")
    breakers.failed("a")
    breakers.failed("a", brought_from=NETWORKS[0])
    assert breakers.is_open("a")
