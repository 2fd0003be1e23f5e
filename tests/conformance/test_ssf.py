"""The plans of the Shared Signals transmitter, plain and for the CAEP Interoperability Profile.

Each test is one module of the OpenID Foundation's suite in our own words, or several that ask the same of different calls; named after
them without `openid-ssf-`. Streams are fetched from and pushed to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.conformance.conftest import Deployment
from tests.conformance.ssf import CAEP, SCOPES, SSF, WANTED, Receiver
from tests.conformance.variants import IS_FULL
from tests.support.browser import Browser
from tests.support.shared_signals import POLL, PUSH, Listener

pytestmark = pytest.mark.slow
EITHER = pytest.mark.parametrize("method", [POLL, PUSH], ids=["poll", "push"])
# That nothing is pushed takes seconds to see.
QUIET = EITHER if IS_FULL else pytest.mark.parametrize("method", [POLL], ids=["poll"])
VERIFICATION = f"{SSF}verification"
BROKEN = ";{ broken"
NOBODYS = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def receiver(deployment: Deployment) -> Iterator[Receiver]:
    """Yield a receiver whose streams go at the end."""
    with Listener() as listener:
        made = Receiver(deployment, listener)
        yield made
        made.close()


def test_transmitter_metadata(receiver: Receiver) -> None:
    answer = requests.get(f"{receiver.world.issuer}/.well-known/ssf-configuration", timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    metadata = answer.json()
    assert (metadata["issuer"], metadata["spec_version"]) == (receiver.world.issuer, "1_0")
    assert metadata["default_subjects"] in {"ALL", "NONE"}
    assert {"spec_urn": "urn:ietf:rfc:6749"} in metadata["authorization_schemes"]
    assert set(metadata["delivery_methods_supported"]) == {PUSH, POLL}
    for name in ("jwks_uri", "configuration_endpoint", "status_endpoint", "verification_endpoint"):
        assert metadata[name].startswith(f"{receiver.world.issuer}/"), name
    # CAEP Interoperability Profile section 2.7.2: found from the issuer, and with the scopes that the receiver asks.
    resource = requests.get(f"{receiver.world.issuer}/.well-known/oauth-protected-resource", timeout=30).json()
    assert set(SCOPES.split()) <= set(resource["scopes_supported"])


@EITHER
def test_stream_control_happy_path(receiver: Receiver, method: str) -> None:
    stream = receiver.create(method)
    of = {"stream_id": stream["stream_id"]}
    assert receiver.read(stream) == stream
    for verb, asked in (
        ("PATCH", receiver.config(method, description="Another")),
        ("PUT", receiver.config(method)),
        ("PUT", receiver.config(method, description=None, events_requested=WANTED[:1])),
        ("PUT", {}),
    ):
        answer = receiver.streams(verb, {**of, **asked})
        assert (answer.status_code, answer.json()["iss"]) == (200, receiver.world.issuer)
        for shown in (answer.json(), receiver.read(stream)):
            receiver.reflected(shown, asked)
            assert set(shown["events_delivered"]) <= set(asked.get("events_requested", ()))
    answer = receiver.ask("GET", receiver.metadata["status_endpoint"], params=of)
    assert (answer.status_code, answer.json()) == (200, {**of, "status": "enabled"})
    for status in ("paused", "disabled", "enabled"):
        receiver.set_status(stream, status)
    receiver.remove(stream)


def test_stream_control_create_stream_without_delivery(receiver: Receiver) -> None:
    stream = receiver.create(delivery=None)
    assert stream["delivery"]["endpoint_url"].startswith(f"{receiver.world.issuer}/")


def test_stream_control_unknown_requested_event_is_ignored(receiver: Receiver) -> None:
    made_up = "https://suite.example.vn/event-type/made-up"
    stream = receiver.create(events_requested=[*WANTED, made_up])
    assert made_up not in stream["events_delivered"] + stream["events_supported"]


@EITHER
def test_stream_control_error_create_stream_with_duplicate_config(receiver: Receiver, method: str) -> None:
    streams = [receiver.create(method) for _number in range(4)]
    assert len({one["stream_id"] for one in streams}) == 4
    assert receiver.streams("POST", receiver.config(method)).status_code == 409


def test_transmitter_poll_endpoint_url_unique_per_stream(receiver: Receiver) -> None:
    urls = {receiver.create()["delivery"]["endpoint_url"] for _number in range(2)}
    assert len(urls) == 2


def calls(receiver: Receiver, stream_id: str) -> dict[str, Callable[..., requests.Response]]:
    """Return every call of the stream control and of verification, about a stream."""
    params, body = {"stream_id": stream_id}, {"stream_id": stream_id}
    status, verification = receiver.metadata["status_endpoint"], receiver.metadata["verification_endpoint"]
    changed = {**body, **receiver.config()}
    return {
        "read": lambda **how: receiver.streams("GET", params=params, **how),
        "update": lambda **how: receiver.streams("PATCH", changed, **how),
        "replace": lambda **how: receiver.streams("PUT", changed, **how),
        "delete": lambda **how: receiver.streams("DELETE", params=params, **how),
        "read-status": lambda **how: receiver.ask("GET", status, params=params, **how),
        "update-status": lambda **how: receiver.ask("POST", status, {**body, "status": "paused"}, **how),
        "verification": lambda **how: receiver.ask("POST", verification, body, **how),
    }


def test_stream_control_error_of_an_unknown_stream(receiver: Receiver) -> None:
    for name, call in calls(receiver, NOBODYS).items():
        assert call().status_code == 404, name


def test_stream_control_error_without_and_with_an_invalid_access_token(receiver: Receiver) -> None:
    of_one = calls(receiver, receiver.create()["stream_id"])
    of_one["create"] = lambda **how: receiver.streams("POST", receiver.config(), **how)
    for name, call in of_one.items():
        without, invalid = call(token=""), call(token="invalid" + receiver.access)
        assert (without.status_code, invalid.status_code) == (401, 401), name
        assert "Bearer" in without.headers["WWW-Authenticate"]
        assert "error=" not in without.headers["WWW-Authenticate"]
        assert 'error="invalid_token"' in invalid.headers["WWW-Authenticate"]


def test_stream_control_error_with_an_invalid_body(receiver: Receiver) -> None:
    of_one = calls(receiver, receiver.create()["stream_id"])
    for name in ("update", "replace", "update-status", "verification"):
        assert of_one[name](raw=BROKEN).status_code == 400, name
    assert receiver.streams("POST", raw=BROKEN).status_code == 400


def test_stream_control_error_create_stream_with_read_only_token(receiver: Receiver) -> None:
    stream, token = receiver.create(), receiver.token("ssf.read")
    allowed = {"read", "read-status"}
    for name, call in calls(receiver, stream["stream_id"]).items():
        answer = call(token=token)
        assert answer.status_code == (200 if name in allowed else 403), name
        assert name in allowed or 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert receiver.streams("POST", receiver.config(), token=token).status_code == 403
    assert receiver.ask("POST", stream["delivery"]["endpoint_url"], {}, token=token).status_code == 403


def test_stream_control_error_token_in_uri_query(receiver: Receiver) -> None:
    params = {"stream_id": receiver.create()["stream_id"], "access_token": receiver.access}
    assert receiver.streams("GET", params=params, token="").status_code in {400, 401}


def test_transmitter_poll_endpoint_authorization(receiver: Receiver) -> None:
    url = receiver.create()["delivery"]["endpoint_url"]
    for token in ("", "invalid"):
        answer = receiver.ask("POST", url, {"maxEvents": 1, "returnImmediately": True}, token=token)
        assert answer.status_code == 401
        assert "Bearer" in answer.headers["WWW-Authenticate"]


@EITHER
def test_stream_subject_control(deployment: Deployment, receiver: Receiver, method: str) -> None:
    tokens = receiver.world.sign_in(receiver.rp, deployment.person)
    stream = receiver.create(method)
    subject = {"format": "iss_sub", "iss": receiver.world.issuer, "sub": tokens.sub}
    body = {"stream_id": stream["stream_id"], "subject": subject, "verified": True}
    assert receiver.ask("POST", receiver.metadata["add_subject_endpoint"], body).status_code == 200
    del body["verified"]
    assert receiver.ask("POST", receiver.metadata["remove_subject_endpoint"], body).status_code == 204


@EITHER
def test_transmitter_stream_verification(receiver: Receiver, method: str) -> None:
    stream = receiver.create(method)
    state = receiver.verify(stream)
    claims = receiver.next(stream, VERIFICATION)
    assert claims["events"][VERIFICATION] == {"state": state}
    assert claims["sub_id"] == {"format": "opaque", "id": stream["stream_id"]}


def test_transmitter_stream_verification_push_no_auth(receiver: Receiver) -> None:
    delivery = {"method": PUSH, "endpoint_url": f"http://{receiver.listener.host}/ssf-push"}
    state = receiver.verify(receiver.create(PUSH, delivery=delivery))
    assert receiver.checked(receiver.pushed(authorization=None))["events"] == {VERIFICATION: {"state": state}}


def test_transmitter_stream_verification_poll_and_ack_and_set_errs(receiver: Receiver) -> None:
    stream = receiver.create()
    receiver.verify(stream)
    sets = receiver.poll(stream)
    assert receiver.poll(stream).keys() == sets.keys(), "it comes again until it is acknowledged"
    assert receiver.poll(stream, ack=list(sets)) == {}
    other = receiver.create()
    receiver.verify(other)
    errors = {jti: {"err": "invalid_request", "description": "?"} for jti in receiver.poll(other)}
    body = {"maxEvents": 0, "returnImmediately": True, "setErrs": errors}
    answer = receiver.ask("POST", other["delivery"]["endpoint_url"], body)
    assert (answer.status_code, answer.json()["sets"]) == (200, {})
    assert errors
    assert receiver.poll(other) == {}


def test_transmitter_stream_verification_long_poll(receiver: Receiver) -> None:
    stream = receiver.create()
    state = receiver.verify(stream)
    (token,) = receiver.poll(stream, returnImmediately=False).values()
    assert receiver.checked(token)["events"] == {VERIFICATION: {"state": state}}


def is_silent(receiver: Receiver, stream: dict[str, Any]) -> bool:
    """Tell whether nothing is fetched, or pushed within what the pusher takes for two rounds; the suite looks for 20 seconds."""
    if stream["delivery"]["method"] == POLL:
        return receiver.poll(stream) == {}
    return receiver.pushed(seconds=5) == ""


@QUIET
def test_transmitter_paused_stream_holds_events(receiver: Receiver, method: str) -> None:
    stream = receiver.create(method)
    receiver.set_status(stream, "paused")
    state = receiver.verify(stream)
    assert is_silent(receiver, stream)
    receiver.set_status(stream, "enabled")
    assert receiver.next(stream, VERIFICATION)["events"][VERIFICATION] == {"state": state}


@QUIET
def test_transmitter_disabled_stream_drops_events(receiver: Receiver, method: str) -> None:
    stream = receiver.create(method)
    receiver.set_status(stream, "disabled")
    receiver.verify(stream)
    assert is_silent(receiver, stream)
    receiver.set_status(stream, "enabled")
    state = receiver.verify(stream)
    assert receiver.next(stream, VERIFICATION)["events"][VERIFICATION] == {"state": state}


@EITHER
def test_transmitter_stream_caep_interop(deployment: Deployment, receiver: Receiver, method: str) -> None:
    browser = Browser(receiver.rp.redirect_uri)
    tokens = receiver.world.sign_in(receiver.rp, deployment.person, browser)
    stream = receiver.create(method)
    receiver.verify(stream)
    receiver.next(stream, VERIFICATION)
    person = {"format": "iss_sub", "iss": receiver.world.issuer, "sub": tokens.sub}
    account = receiver.world.wiring.accounts.find(deployment.person.code)
    receiver.world.wiring.credentials.set_password(
        account.id, deployment.person.password, actor=f"account:{account.id}"
    )
    changed = receiver.next(stream, f"{CAEP}credential-change")
    assert changed["sub_id"] == person
    said = changed["events"][f"{CAEP}credential-change"]
    assert (said["credential_type"], said["change_type"]) == ("password", "update")
    browser.open(receiver.rp.logout_url(id_token_hint=tokens.id_token))
    ended = receiver.next(stream, f"{CAEP}session-revoked")
    # A complex subject is a warning of the suite's: the profile names email and iss_sub, and CAEP itself shows complex ones.
    assert ended["sub_id"]["user"] == person
    for event in (said, ended["events"][f"{CAEP}session-revoked"]):
        assert event["initiating_entity"] in {"admin", "user", "policy", "system"}
        assert 0 < event["event_timestamp"] < 100_000_000_000
        assert event["reason_admin"].keys() == {"vi", "en"}, "CAEP Interoperability Profile sections 3.1 and 3.2"
        assert all(event["reason_admin"].values())
