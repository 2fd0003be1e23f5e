"""Password managers find the page on which a password is changed (W3C, A Well-Known URL for Changing Passwords)."""

from __future__ import annotations

from tests.support.token_world import TokenWorld
from tests.support.visit import Visitor

WELL_KNOWN = "/.well-known/change-password"
UNKNOWN = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"


def test_the_well_known_address_leads_to_the_page_of_the_password(world: TokenWorld) -> None:
    visitor = Visitor(world, world.add_person(75))
    page = visitor.open(WELL_KNOWN)
    assert (page.status, page.url) == (200, "/account/security/password")


def test_nobody_in_particular_is_asked_to_sign_in_first(world: TokenWorld) -> None:
    assert Visitor(world).open(WELL_KNOWN).form == "login-form"


def test_other_well_known_addresses_are_not_found_as_password_managers_rely_on(world: TokenWorld) -> None:
    assert Visitor(world).open(UNKNOWN).status == 404
