"""What an upstream may get wrong, or somebody on the way: every answer that does not pass is a refusal, and nobody is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from idp.storage.tables import accounts, sessions
from tests.support.stores import stored
from tests.support.token_world import ISSUER
from tests.support.upstream_world import UpstreamWorld

OIDC: Final = {
    "wrong_iss": "id_token_token_issuer_refused",
    "wrong_aud": "id_token_token_audience_refused",
    "second_aud": "aud",
    "wrong_azp": "azp",
    "expired": "id_token_token_expired",
    "stale_id_token": "iat",
    "wrong_nonce": "nonce",
    "no_nonce": "nonce",
    "wrong_at_hash": "at_hash",
    "alg_none": "id_token_token_algorithm_refused",
    "alg_hmac": "id_token_token_algorithm_refused",
    "strange_key": "id_token_token_signature_invalid",
    "no_id_token": "id_token_missing",
    "userinfo_other_sub": "userinfo_sub",
    "not_json": "malformed_answer",
    "oversized": "oversized_answer",
    "no_iss": "iss_missing",
    "mixed_up_iss": "iss",
}
VNCONNECT: Final = {
    "wrong_aud": "id_token_token_audience_refused",
    "wrong_iss": "id_token_token_issuer_refused",
    "expired": "id_token_token_expired",
    "wrong_nonce": "nonce",
    "wrong_azp": "azp",
    "id_token_other_sub": "userinfo_sub",
    "userinfo_other_sub": "userinfo_sub",
    "oversized": "oversized_answer",
    "not_json": "malformed_answer",
}
VNEID: Final = {
    "tampered_code": "envelope",
    "wrong_key_code": "envelope",
    "tampered_token": "envelope",
    "tampered_userinfo": "envelope",
    "truncated": "envelope",
    "wrong_key": "envelope",
    "old_envelope": "envelope_age",
    "plain": "envelope",
    "no_sub": "sub",
    "not_json": "envelope",
}


@pytest.mark.spec("OIDC Core", "3.1.3.7")
@pytest.mark.spec("RFC 9207", "2.4")
@pytest.mark.parametrize(
    ("name", "faults"), [("mau", OIDC), ("vnconnect", VNCONNECT), ("vneid", VNEID)], ids=["oidc", "vnconnect", "vneid"]
)
def test_answer_that_fails_any_check_signs_nobody_in(up: UpstreamWorld, name: str, faults: Mapping[str, str]) -> None:
    for fault, reason in faults.items():
        up.simulators[name].faults = {fault}
        page = up.through(up.browser(), name)
        assert (page.status, page.text_of("error-code")) == (400, "access_denied"), fault
        assert page.text_of("case-code"), fault
        assert reason not in page.text, fault
        assert up.refusals()[-1] == reason, fault
    assert len(up.refusals()) == len(faults)
    assert stored(up.world.database, sessions) == stored(up.world.database, accounts) == []


def test_answer_of_another_issuer_is_not_redeemed(up: UpstreamWorld) -> None:
    up.simulators["mau"].faults = {"mixed_up_iss"}
    up.through(up.browser(), "mau")
    assert up.simulators["mau"].tokens == {}


@pytest.mark.spec("RFC 8414", "3.3")
def test_metadata_that_name_another_issuer_are_not_used(up: UpstreamWorld) -> None:
    up.simulators["mau"].base += "/other"
    page = up.at_upstream(up.browser(), "mau")
    assert page.status == 503, "nobody is sent to an address that they name"
    assert page.url.startswith(f"{ISSUER}/signin/")
    up.simulators["mau"].base = up.simulators["mau"].base.removesuffix("/other")
    assert up.at_upstream(up.browser(), "mau").status == 200


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("replayed_userinfo", "replayed"), ("replayed_token", "replayed"), ("swapped_keys", "envelope")],
)
def test_vneid_envelope_of_an_earlier_sign_in_is_not_taken_again(up: UpstreamWorld, fault: str, reason: str) -> None:
    first = up.browser()
    up.finish(first, up.through(first, "vneid", "mau-21"))
    up.simulators["vneid"].faults = {fault}
    page = up.through(up.browser(), "vneid", "mau-22")
    assert page.text_of("error-code") == "access_denied"
    assert up.refusals() == [reason]
    assert len(stored(up.world.database, sessions)) == 1


def test_all_refusals_of_envelopes_look_alike(up: UpstreamWorld) -> None:
    texts = set()
    for fault in ("tampered_code", "wrong_key_code", "truncated", "wrong_key", "plain"):
        up.simulators["vneid"].faults = {fault}
        page = up.through(up.browser(), "vneid")
        main = page.soup.find("h1")
        assert main is not None
        texts.add((page.status, main.get_text(), page.text_of("error-code")))
    assert len(texts) == 1
