"""The page for developers says what the discovery document says, and its example registers."""

from __future__ import annotations

import json
import re

import pytest

from idp.config.registration import Registration
from policies.claims import CLAIMS
from tests.architecture.tree import ROOT
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.visit import Landing, Visitor

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def page(world: TokenWorld) -> Landing:
    return Visitor(world).open("/developers?lang=en")


def test_every_endpoint_and_ability_of_the_discovery_document_is_named(world: TokenWorld, page: Landing) -> None:
    document = world.get(DISCOVERY).json
    shown = [code.get_text() for code in page.soup.select("main code")]
    assert page.status == 200
    assert {value for name, value in document.items() if name.endswith("_endpoint")} <= set(shown)
    assert {document["issuer"], document["jwks_uri"], ISSUER + DISCOVERY} <= set(shown)
    for name in ("grant_types_supported", "token_endpoint_auth_methods_supported", "scopes_supported"):
        assert set(document[name]) <= set(shown), name
    assert set(CLAIMS) <= set(shown)


def test_the_example_is_a_registration_that_is_taken(world: TokenWorld, page: Landing) -> None:
    example = page.soup.select_one("#registration")
    assert example is not None
    client, secret, ignored = world.wiring.clients.register(json.loads(example.get_text()), is_operator=True)
    assert client.is_active
    assert secret
    assert ignored == ()


def test_dynamic_registration_is_named_only_where_it_answers(world: TokenWorld, page: Landing) -> None:
    assert world.wiring.settings.registration == Registration()
    assert "registration_endpoint" not in page.soup.select("main")[0].get_text()


def test_the_libraries_are_those_that_have_a_guide(page: Landing) -> None:
    guides = (ROOT / "docs" / "integration" / "README.md").read_text("utf-8")
    rows = [
        [cell.get_text() for cell in row.select("td")]
        for row in page.soup.select("section[aria-labelledby=stacks] tr")[1:]
    ]
    assert len(rows) == len(re.findall(r"^\| \[", guides, re.MULTILINE))
    for stack, _ in rows:
        assert re.search(rf"^\| \[{re.escape(stack.split()[0].partition('.js')[0])}", guides, re.MULTILINE), stack


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_front_page_leads_to_it(world: TokenWorld, language: str) -> None:
    visitor = Visitor(world)
    assert visitor.open(f"/?lang={language}").soup.select_one("a[href='/developers']") is not None
    assert visitor.open(f"/developers?lang={language}").status == 200
