"""Proof key for code exchange at the token endpoint: S256 alone, and no way around it."""

from __future__ import annotations

import base64
import hashlib

import pytest

from idp.model.session import Session
from tests.support.token_world import VERIFIER, Registered, TokenWorld


def challenge(verifier: str) -> str:
    """Return the S256 challenge."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def reasons(world: TokenWorld) -> list[str]:
    """Return the reasons of all refusals."""
    return [row["reason"] for row in world.events("token:request", outcome="refused")]


@pytest.mark.spec("RFC 7636", "4.6")
def test_wrong_verifier_is_refused_and_does_not_spend_the_code(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    code = world.code(portal, session)
    assert world.redeem(portal, code, code_verifier="w" * 43).json["error"] == "invalid_grant"
    assert reasons(world) == ["code_verifier_mismatch"]
    assert world.redeem(portal, code).status == 200


@pytest.mark.spec("RFC 9700", "2.1.1")
@pytest.mark.spec("RFC 7636", "4.5")
def test_verifier_may_not_be_left_out(world: TokenWorld, portal: Registered, session: Session) -> None:
    assert world.redeem(portal, world.code(portal, session), code_verifier="").json["error"] == "invalid_grant"
    assert reasons(world) == ["code_verifier_missing"]


@pytest.mark.spec("RFC 7636", "4.1")
@pytest.mark.parametrize("verifier", ["v" * 42, "v" * 129, "v" * 42 + "+", "v" * 42 + "=", "ü" * 43, " " * 43])
def test_verifier_of_another_form_is_refused(
    world: TokenWorld, portal: Registered, session: Session, verifier: str
) -> None:
    code = world.code(portal, session, challenge=challenge(verifier))
    assert world.redeem(portal, code, code_verifier=verifier).json["error"] == "invalid_grant"
    assert reasons(world) == ["code_verifier"]


@pytest.mark.spec("RFC 7636", "4.1")
@pytest.mark.parametrize("verifier", ["v" * 43, "-._~" * 32, "Aa0-._~" * 7])
def test_every_verifier_of_the_right_form_passes(
    world: TokenWorld, portal: Registered, session: Session, verifier: str
) -> None:
    code = world.code(portal, session, challenge=challenge(verifier))
    assert world.redeem(portal, code, code_verifier=verifier).status == 200


@pytest.mark.spec("RFC 7636", "4.5")
@pytest.mark.spec("RFC 7636", "4.2")
def test_challenge_is_never_compared_as_plain(world: TokenWorld, portal: Registered, session: Session) -> None:
    code = world.code(portal, session, challenge=VERIFIER)
    assert world.redeem(portal, code).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 9700", "2.1.1")
@pytest.mark.spec("RFC 9700", "4.8.2")
def test_verifier_for_a_code_without_a_challenge_is_a_downgrade(world: TokenWorld, session: Session) -> None:
    client = world.add_client(require_pkce=False)
    code = world.code(client, session, challenge="")
    assert world.redeem(client, code).json["error"] == "invalid_grant"
    assert reasons(world) == ["pkce_downgrade"]
    assert world.redeem(client, code, code_verifier="").status == 200
