"""The plan of FAPI-CIBA: requests signed and bound, poll and ping, by assertions and by certificates.

Each test is one module of the OpenID Foundation's suite in our own words, named after it without `fapi-ciba-id1-`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.conformance.ciba import Desk, Notifications
from tests.conformance.conftest import Banks
from tests.conformance.fapi import LEFT_OUT, Manner, error
from tests.conformance.test_fapi_proofs import broken, none
from tests.conformance.variants import IS_FULL
from tests.support.browser import Browser
from tests.support.rp_checks import half_hash

pytestmark = pytest.mark.slow
CLIENT = {"invalid_client", "invalid_request", "access_denied"}
BY_KEY, BY_CERTIFICATE = Manner("private_key_jwt", "mtls"), Manner("mtls", "mtls")
BAD = (
    "1234 \U0001f44d\U0001f3ff 品川 Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor " * 3
)


@pytest.fixture(scope="module")
def notifications() -> Iterator[Notifications]:
    """Run the client's endpoint."""
    with Notifications() as listening:
        yield listening


@pytest.fixture(scope="module")
def registered(banks: Banks, notifications: Notifications) -> dict[tuple[Manner, str], Desk]:
    """Register a client for each manner and mode."""
    made = {}
    for manner in (BY_KEY, BY_CERTIFICATE):
        for mode in ("poll", "ping"):
            desk = Desk(banks.world, banks.person, manner, notified_at=notifications.url if mode == "ping" else "")
            desk.client = banks.world.client(**desk.registration())
            made[manner, mode] = desk
    time.sleep(1.1)  # A worker that has just loaded the clients looks again a second later.
    return made


@pytest.fixture(params=[BY_KEY, BY_CERTIFICATE], ids=lambda one: one.name)
def manner(request: pytest.FixtureRequest) -> Manner:
    """Return how the clients authenticate."""
    found: Manner = request.param
    return found


@pytest.fixture
def desk(registered: dict[tuple[Manner, str], Desk], manner: Manner, banks: Banks) -> Desk:
    """Return the client in poll mode, in front of somebody new."""
    return before_somebody_new(registered[manner, "poll"], banks)


@pytest.fixture
def other(registered: dict[tuple[Manner, str], Desk], manner: Manner) -> Desk:
    """Return another client."""
    return registered[manner, "ping"]


@pytest.fixture
def pinged(registered: dict[tuple[Manner, str], Desk], banks: Banks, notifications: Notifications) -> Desk:
    """Return the client in ping mode, in front of somebody new."""
    notifications.status, notifications.location = 204, ""
    return before_somebody_new(registered[BY_KEY, "ping"], banks)


def before_somebody_new(desk: Desk, banks: Banks) -> Desk:
    """Return the client with a person who was asked nothing yet."""
    desk.person, desk.browser = banks.world.person(), Browser()
    return desk


def test_discovery_end_point_verification(banks: Banks) -> None:
    metadata = requests.get(f"{banks.world.issuer}/.well-known/openid-configuration", timeout=30).json()
    assert {"poll", "ping"} == set(metadata["backchannel_token_delivery_modes_supported"])
    assert "urn:openid:params:grant-type:ciba" in metadata["grant_types_supported"]
    assert {"PS256", "ES256"} <= set(metadata["backchannel_authentication_request_signing_alg_values_supported"])
    assert metadata["tls_client_certificate_bound_access_tokens"] is True


def test_happy_flow(desk: Desk) -> None:
    auth_req_id = desk.asked(scope="email openid")
    desk.answer()
    body = desk.checked(desk.collect(auth_req_id))
    assert "nonce" not in body["claims"]
    assert not {"c_hash", "s_hash"} & set(body["claims"])
    assert body["claims"].get("at_hash", half_hash(body["access_token"], "PS256")) == half_hash(
        body["access_token"], "PS256"
    )
    assert desk.resource(body["access_token"]).json()["sub"] == body["claims"]["sub"]


def test_user_rejects_authentication(desk: Desk) -> None:
    auth_req_id = desk.asked()
    desk.answer(allow=False)
    assert error(desk.collect(auth_req_id)) == "access_denied"


def test_multiple_call_to_token_endpoint(desk: Desk) -> None:
    auth_req_id = desk.asked()
    for _ in range(10):
        assert error(desk.collect(auth_req_id)) in {"authorization_pending", "slow_down"}


@pytest.mark.skipif(not IS_FULL, reason="waits for half a minute: IDP_TEST_CONFORMANCE=full")
def test_auth_req_id_expired(desk: Desk) -> None:
    auth_req_id = desk.asked(requested_expiry=30)
    time.sleep(31)
    assert error(desk.collect(auth_req_id)) == "expired_token"


def test_ensure_authorization_request_with_binding_message_succeeds(desk: Desk) -> None:
    desk.asked(binding_message="Quầy 3, số 71")
    assert "Quầy 3, số 71" in desk.reviewed().text


def test_ensure_authorization_request_with_potentially_bad_binding_message(desk: Desk) -> None:
    answer = desk.ask(binding_message=BAD)
    assert answer.status_code == 200 or error(answer) == "invalid_binding_message"


def test_ensure_requested_expiry_as_string_succeeds(desk: Desk) -> None:
    assert desk.ask(requested_expiry="30").json()["expires_in"] == 30


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        *((f"missing-{name}", {name: LEFT_OUT}) for name in ("aud", "iss", "exp", "iat", "nbf", "jti")),
        ("bad-aud", {"aud": "https://other.example.vn"}),
        ("expired-exp", {"exp": timedelta(seconds=-300)}),
        ("exp-is-70-minutes-in-future", {"exp": timedelta(minutes=70)}),
        ("nbf-is-10-minutes-in-future", {"nbf": timedelta(minutes=10), "exp": timedelta(minutes=15)}),
        ("nbf-is-70-minutes-in-past", {"nbf": timedelta(minutes=-70)}),
        ("multiple-hints", {"id_token_hint": "x.y.z"}),
    ],
)
def test_ensure_request_object_fails(desk: Desk, name: str, changes: dict[str, Any]) -> None:
    assert name
    assert error(desk.ask(**changes)) == "invalid_request"


def test_ensure_request_object_bad_iss_fails(desk: Desk, other: Desk) -> None:
    assert error(desk.ask(iss=other.client_id)) == "invalid_request"


def test_ensure_request_object_signature_algorithm_fails(desk: Desk, other: Desk) -> None:
    rs256 = type(desk.key)(desk.key.kid, "RS256", desk.key.private)
    whole = desk.key.sign(desk.claims())
    for token in (none(whole), broken(whole), rs256.sign(desk.claims()), other.key.sign(desk.claims())):
        assert error(desk.ask(token)) == "invalid_request"


def test_ensure_unsigned_backchannel_authorization_request_fails(desk: Desk) -> None:
    assert error(desk.ask(form={"scope": "openid", "login_hint": desk.person.code})) == "invalid_request"


def test_ensure_wrong_auth_req_id_in_token_endpoint_request(desk: Desk, other: Desk) -> None:
    assert error(other.collect(desk.asked())) == "invalid_grant"


def test_ensure_mtls_holder_of_key_required(desk: Desk) -> None:
    auth_req_id = desk.asked()
    desk.answer()
    assert error(desk.collect(auth_req_id, bound=False)) in {"invalid_client", "invalid_grant", "invalid_request"}


@pytest.mark.parametrize("manner", [BY_CERTIFICATE], indirect=True, ids=lambda one: one.name)
def test_ensure_wrong_client_id_is_refused(desk: Desk, other: Desk) -> None:
    foreign = {"request": desk.key.sign(desk.claims()), "client_id": other.client_id}
    assert error(desk.ask(form=foreign)) == "invalid_client"
    form = {
        "grant_type": "urn:openid:params:grant-type:ciba",
        "auth_req_id": desk.asked(),
        "client_id": other.client_id,
    }
    assert error(desk.token(form, proven=form)) in CLIENT


@pytest.mark.parametrize("manner", [BY_KEY], indirect=True, ids=lambda one: one.name)
def test_ensure_without_client_assertion_fails(desk: Desk) -> None:
    assert error(desk.ask(form={"request": desk.key.sign(desk.claims()), "client_id": desk.client_id})) in CLIENT
    form = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": desk.asked(), "client_id": desk.client_id}
    assert error(desk.token(form, proven=form)) in CLIENT


@pytest.mark.parametrize("manner", [BY_KEY], indirect=True, ids=lambda one: one.name)
def test_ensure_invalid_client_assertions_in_backchannel_authorization_request_fail(desk: Desk, other: Desk) -> None:
    url = f"{desk.issuer}/bc-authorize"
    wrong: tuple[dict[str, Any], ...] = (
        *({name: LEFT_OUT} for name in ("sub", "iss", "aud")),
        *({name: "other"} for name in ("sub", "iss", "aud")),
        {"exp": timedelta(seconds=-300)},
    )
    rs256 = type(desk.key)(desk.key.kid, "RS256", desk.key.private)
    whole = desk.assertion(aud=url)
    mangled = [desk.assertion(rs256, aud=url), desk.assertion(other.key, aud=url), none(whole), broken(whole)]
    for assertion in [*(desk.assertion(**{"aud": url, **changes}) for changes in wrong), *mangled]:
        assert error(desk.ask(assertion=assertion)) in CLIENT
    bare = desk.proven({"request": desk.key.sign(desk.claims())})
    for kind in ({}, {"client_assertion_type": "urn:x"}):
        form = {name: value for name, value in bare.items() if name != "client_assertion_type"} | kind
        assert error(requests.post(url, data=form, timeout=30)) in CLIENT
    assert desk.asked(assertion=desk.assertion(aud=url))


@pytest.mark.parametrize("manner", [BY_KEY], indirect=True, ids=lambda one: one.name)
def test_ensure_client_assertion_with_iss_aud_to_token_endpoint_succeeds(desk: Desk) -> None:
    auth_req_id = desk.asked(assertion=desk.assertion())
    desk.answer()
    assert desk.checked(desk.collect(auth_req_id, assertion=desk.assertion()))["claims"]["sub"]


@pytest.mark.parametrize("manner", [BY_KEY], indirect=True, ids=lambda one: one.name)
def test_ensure_client_assertion_signature_algorithm_in_token_endpoint_request_is_rs256_fails(desk: Desk) -> None:
    rs256 = type(desk.key)(desk.key.kid, "RS256", desk.key.private)
    auth_req_id = desk.asked()
    desk.answer()
    assert error(desk.collect(auth_req_id, assertion=desk.assertion(rs256, aud=f"{desk.issuer}/token"))) in CLIENT
    assert desk.checked(desk.collect(auth_req_id))["claims"]["sub"]


def test_ensure_other_scope_order_succeeds(desk: Desk) -> None:
    auth_req_id = desk.asked(scope="email openid")
    desk.answer()
    assert desk.checked(desk.collect(auth_req_id))["claims"]["sub"]


def test_refresh_token(desk: Desk, other: Desk) -> None:
    auth_req_id = desk.asked(scope="openid offline_access")
    desk.answer()
    first = desk.checked(desk.collect(auth_req_id))
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert error(other.token(form)) == "invalid_grant"
    assert error(desk.token(form, bound=False)) in {"invalid_client", "invalid_grant", "invalid_request"}
    fresh = desk.checked(desk.token(form))
    assert fresh["claims"]["sub"] == first["claims"]["sub"]
    assert desk.resource(fresh["access_token"]).status_code == 200


def told(pinged: Desk, notifications: Notifications) -> str:
    """Ask, let the person agree, check the notification; return the id."""
    auth_req_id = pinged.asked()
    assert error(pinged.collect(auth_req_id)) in {"authorization_pending", "slow_down"}
    pinged.answer()
    body, authorization, kind = notifications.next()
    assert body == {"auth_req_id": auth_req_id}
    assert authorization == f"Bearer {pinged.notification_token}"
    assert kind.partition(";")[0] == "application/json"
    return auth_req_id


def test_ping_happy_flow(pinged: Desk, notifications: Notifications) -> None:
    assert pinged.checked(pinged.collect(told(pinged, notifications)))["claims"]["sub"]


@pytest.mark.parametrize(
    "status", [200, 401, 403, 302], ids=["returns-a-body", "returns-401", "returns-403", "redirect"]
)
def test_ping_notification_endpoint_returns(pinged: Desk, notifications: Notifications, status: int) -> None:
    notifications.status, notifications.location = status, notifications.url + "/elsewhere" if status == 302 else ""
    auth_req_id = told(pinged, notifications)
    # The suite looks whether the server tries again, or goes where it was sent.
    assert notifications.is_silent(1.5)
    assert pinged.checked(pinged.collect(auth_req_id))["claims"]["sub"]
