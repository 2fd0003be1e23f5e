"""The plans of RP-initiated, back-channel and front-channel logout and of session management.

Each test is one module of the OpenID Foundation's suite in our own words, and named after it. What
`oidcc-session-management-rp-initiated-logout` does in a browser with frames stands in ``tests/journeys/test_session_frame.py``.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.conformance.conftest import Deployment
from tests.conformance.dynamic import CALLBACK, Registrant
from tests.conformance.suite import Outcome, Suite
from tests.support.browser import Page
from tests.support.receiver import Receiver

pytestmark = pytest.mark.slow
AFTER = "https://suite.example.vn/test/a/alias/post_logout_redirect"
STATE = secrets.token_urlsafe(96)
WANTING = ("login_required", "interaction_required", "consent_required", "account_selection_required")


@pytest.fixture
def registrant(deployment: Deployment) -> Iterator[Registrant]:
    """Yield somebody who registers clients."""
    made = Registrant(deployment)
    yield made
    made.unregister()


@pytest.fixture
def suite(registrant: Registrant) -> Suite:
    """Return a run with a client that may be returned to after the sign-out."""
    return leaving(registrant)


def leaving(registrant: Registrant, **metadata: Any) -> Suite:
    """Register such a client."""
    made = registrant.suite(post_logout_redirect_uris=[AFTER], **metadata)
    made.browser.stops.append(AFTER)
    return made


def leave(suite: Suite, outcome: Outcome, **changes: str | None) -> Page:
    """Send the browser to the end-session endpoint; None takes a parameter out."""
    asked = {"id_token_hint": outcome.id_token, "post_logout_redirect_uri": AFTER, "state": STATE, **changes}
    given = {name: value for name, value in asked.items() if value is not None}
    return suite.browser.open(f"{suite.rp.discovery['end_session_endpoint']}?{urlencode(given)}")


def check_signed_out(suite: Suite) -> None:
    """Ask silently; it must be refused, since nobody is signed in any more."""
    attempt = suite.request(prompt="none")
    suite.refused(attempt, suite.browser.open(attempt.url), *WANTING)


def check_kept_here(page: Page) -> None:
    """The browser was sent nowhere: an error, or the question whether to sign out."""
    assert page.callback is None
    assert page.form("logout-form") or page.text_of("error-code"), page.text[:300]


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(deployment: Deployment) -> None:
    issuer = deployment.world.issuer
    metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=30).json()
    assert metadata["end_session_endpoint"].startswith(issuer)
    # And those of the modules of the same name for back-channel, front-channel and session management.
    for name in (
        "backchannel_logout",
        "backchannel_logout_session",
        "frontchannel_logout",
        "frontchannel_logout_session",
    ):
        assert metadata[f"{name}_supported"] is True
    assert metadata["check_session_iframe"].startswith(issuer)


def test_oidcc_rp_initiated_logout(suite: Suite) -> None:
    page = leave(suite, suite.run())
    assert page.url.partition("?")[0] == AFTER
    assert page.callback == {"state": STATE}
    check_signed_out(suite)


def test_oidcc_rp_initiated_logout_bad_logout_redirect_uri(suite: Suite) -> None:
    check_kept_here(leave(suite, suite.run(), post_logout_redirect_uri=f"{AFTER}/{secrets.token_urlsafe(6)}"))


def test_oidcc_rp_initiated_logout_query_added_to_logout_redirect_uri(suite: Suite) -> None:
    check_kept_here(leave(suite, suite.run(), post_logout_redirect_uri=f"{AFTER}?foo=bar"))


def test_oidcc_rp_initiated_logout_modified_id_token_hint(suite: Suite) -> None:
    outcome = suite.run()
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    _head, body, _signature = outcome.id_token.split(".")
    check_kept_here(leave(suite, outcome, id_token_hint=f"{none}.{body}."))


def test_oidcc_rp_initiated_logout_bad_id_token_hint(suite: Suite) -> None:
    outcome = suite.run()
    head, body, signature = outcome.id_token.split(".")
    broken = signature[:-8] + ("A" * 8 if not signature.endswith("A" * 8) else "B" * 8)
    check_kept_here(leave(suite, outcome, id_token_hint=f"{head}.{body}.{broken}"))


def test_oidcc_rp_initiated_logout_no_id_token_hint(suite: Suite) -> None:
    check_kept_here(leave(suite, suite.run(), id_token_hint=None))


def test_oidcc_rp_initiated_logout_no_params(suite: Suite) -> None:
    page = leave(suite, suite.run(), id_token_hint=None, post_logout_redirect_uri=None, state=None)
    check_kept_here(page)
    assert suite.browser.submit(page, "logout-form", "logout-confirm").status == 200
    check_signed_out(suite)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(suite: Suite) -> None:
    page = leave(suite, suite.run(), post_logout_redirect_uri=None)
    assert (page.status, page.callback) == (200, None)
    check_signed_out(suite)


def test_oidcc_rp_initiated_logout_no_state(suite: Suite) -> None:
    page = leave(suite, suite.run(), state=None)
    assert (page.url, page.callback) == (AFTER, {})
    check_signed_out(suite)


def test_oidcc_rp_initiated_logout_only_state(suite: Suite) -> None:
    check_kept_here(leave(suite, suite.run(), id_token_hint=None, post_logout_redirect_uri=None))


def test_oidcc_backchannel_rp_initiated_logout(registrant: Registrant) -> None:
    with Receiver() as receiver:
        suite = leaving(registrant, backchannel_logout_uri=receiver.url, backchannel_logout_session_required=True)
        outcome = suite.run()
        assert leave(suite, outcome).callback == {"state": STATE}
        form = receiver.next()
        assert set(form) == {"logout_token"}
        claims = suite.rp.logout_claims(form["logout_token"][0])
        assert (claims["sub"], claims["sid"]) == (outcome.claims["sub"], outcome.claims["sid"])
    check_signed_out(suite)


def test_oidcc_frontchannel_rp_initiated_logout(registrant: Registrant) -> None:
    uri = f"{CALLBACK.rpartition('/')[0]}/frontchannel_logout"
    suite = leaving(registrant, frontchannel_logout_uri=uri, frontchannel_logout_session_required=True)
    outcome = suite.run()
    page = leave(suite, outcome)
    [frame] = [str(one["src"]) for one in page.soup.find_all("iframe")]
    assert frame.partition("?")[0] == uri
    query = parse_qs(urlsplit(frame).query)
    assert query == {"iss": [suite.world.issuer], "sid": [outcome.claims["sid"]]}
    # A script goes on by itself once the frames are loaded; without scripts it is a link.
    onward = page.soup.find("a", id="logout-continue")
    assert onward is not None
    assert onward["href"] == f"{AFTER}?{urlencode({'state': STATE})}"
    check_signed_out(suite)


def test_oidcc_session_management_rp_initiated_logout(suite: Suite) -> None:
    attempt = suite.request()
    page = suite.walk(attempt)
    assert page.callback is not None
    digest, dot, salt = page.callback["session_state"].partition(".")
    assert (bool(digest), dot, bool(salt)) == (True, ".", True)
    assert " " not in page.callback["session_state"]
    frame = requests.get(suite.rp.discovery["check_session_iframe"], timeout=30)
    assert frame.status_code == 200
    assert "X-Frame-Options" not in frame.headers
