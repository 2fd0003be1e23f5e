"""Front-channel logout: the frames of the departments of this session, each with ``iss`` and ``sid``, and a policy that lets nothing else in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from clients.errors import RegistrationRefused
from tests.support.signed_in_app import SignedIn, sign_in, soup_of
from tests.support.token_world import ISSUER, Registered, TokenWorld
from tests.support.whole_app import WholeApp

OUT = "https://portal.example.vn/out"
AFTER = "https://portal.example.vn/bye"


@pytest.fixture
def app(world: TokenWorld) -> WholeApp:
    return WholeApp(world)


@pytest.fixture
def person(app: WholeApp) -> SignedIn:
    return sign_in(app, app.world.add_person())


def visited(person: SignedIn, **metadata: object) -> tuple[Registered, str]:
    """Return a department at which the person has signed in, and its ID token."""
    portal = person.app.world.add_client(**metadata)
    return portal, person.app.world.tokens(portal, person.session)["id_token"]


@pytest.mark.spec("OIDC Front-Channel Logout", "2")
@pytest.mark.spec("OIDC Front-Channel Logout", "3")
def test_every_department_of_the_session_is_framed_with_issuer_and_its_own_session_id(
    world: TokenWorld, person: SignedIn
) -> None:
    one, hint = visited(person, frontchannel_logout_uri=f"{OUT}?x=1", frontchannel_logout_session_required=True)
    visited(person, frontchannel_logout_uri=OUT)
    visited(person)
    page = person.get("/end_session", id_token_hint=hint)
    frames = [str(frame["src"]) for frame in soup_of(page).find_all("iframe")]
    asked = [{name: values[0] for name, values in parse_qs(urlsplit(url).query).items()} for url in frames]
    assert page.status == 200
    assert [query["iss"] for query in asked] == [ISSUER, ISSUER]
    assert len({query["sid"] for query in asked}) == 2
    [mine] = [query for query in asked if query.get("x") == "1"]
    assert mine["sid"] == world.verified(hint)["sid"]
    assert one.client.frontchannel_logout_session_required


@pytest.mark.spec("OIDC Front-Channel Logout", "3")
def test_policy_lets_in_the_origins_of_these_departments_and_no_other(person: SignedIn) -> None:
    _, hint = visited(person, frontchannel_logout_uri=OUT)
    page = person.get("/end_session", id_token_hint=hint)
    policy = page.headers["content-security-policy"]
    [framed] = [part.strip() for part in policy.split(";") if part.strip().startswith("frame-src")]
    assert framed == "frame-src https://portal.example.vn"
    assert "default-src 'none'" in policy
    [frame] = soup_of(page).find_all("iframe")
    assert "allow-top-navigation" not in str(frame["sandbox"])
    assert page.headers["cache-control"] == "no-store"


def test_person_goes_on_to_the_department_that_asked(person: SignedIn) -> None:
    _, hint = visited(person, frontchannel_logout_uri=OUT, post_logout_redirect_uris=[AFTER])
    page = person.get("/end_session", id_token_hint=hint, post_logout_redirect_uri=AFTER, state="a&b")
    link = soup_of(page).find(id="logout-continue")
    assert link is not None
    assert link["href"] == f"{AFTER}?state=a%26b"
    assert "__Host-idp_session=;" in page.headers["set-cookie"] or "Max-Age=0" in page.headers["set-cookie"]


def test_session_is_over_before_any_frame_is_loaded(world: TokenWorld, person: SignedIn) -> None:
    portal, hint = visited(person, frontchannel_logout_uri=OUT)
    person.get("/end_session", id_token_hint=hint)
    assert "error=login_required" in person.authorize(portal).headers["location"]
    assert world.events("session:sign-out")[0]["outcome"] == "done"


def test_without_a_frame_to_load_the_person_is_redirected_at_once(person: SignedIn) -> None:
    _, hint = visited(person, post_logout_redirect_uris=[AFTER])
    answer = person.get("/end_session", id_token_hint=hint, post_logout_redirect_uri=AFTER)
    assert (answer.status, answer.headers["location"]) == (303, AFTER)


def test_department_of_another_session_or_one_that_was_suspended_is_not_framed(app: WholeApp, person: SignedIn) -> None:
    other = sign_in(app, app.world.add_person(2))
    visited(other, frontchannel_logout_uri=OUT)
    gone, _ = visited(person, frontchannel_logout_uri=OUT)
    _, hint = visited(person)
    app.world.wiring.clients.set_state(gone.client.client_id, "suspended")
    assert soup_of(person.get("/end_session", id_token_hint=hint)).find_all("iframe") == []


@pytest.mark.spec("OIDC Front-Channel Logout", "2")
@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/out",
        "http://portal.example.vn/out",
        "https://portal.example.vn:8443/out",
        "javascript:1",
        "/out",
        f"{OUT}#x",
    ],
)
def test_page_on_another_origin_than_the_redirects_does_not_register(world: TokenWorld, uri: str) -> None:
    with pytest.raises(RegistrationRefused):
        world.add_client(frontchannel_logout_uri=uri)


@pytest.mark.spec("OIDC Front-Channel Logout", "3")
@pytest.mark.spec("OIDC Front-Channel Logout", "3")
def test_discovery_announces_it(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert document["frontchannel_logout_supported"] is document["frontchannel_logout_session_supported"] is True


def test_frames_cannot_break_out_of_their_attribute(person: SignedIn) -> None:
    _, hint = visited(person, frontchannel_logout_uri=f"{OUT}?a='%22")
    body = person.get("/end_session", id_token_hint=hint).body.decode()
    assert "?a='" not in body.replace("&#39;", "")


@pytest.mark.spec("OIDC RP-Initiated Logout", "2")
@pytest.mark.spec("OIDC RP-Initiated Logout", "4")
def test_a_client_that_is_not_the_hints_signs_nobody_out_and_sends_nobody_anywhere(
    world: TokenWorld, person: SignedIn
) -> None:
    _, hint = visited(person, post_logout_redirect_uris=[AFTER])
    other = world.add_client(post_logout_redirect_uris=["https://evil.example/bye"]).client.client_id
    for uri in (AFTER, "https://evil.example/bye"):
        page = person.get("/end_session", id_token_hint=hint, client_id=other, post_logout_redirect_uri=uri)
        assert page.status == 400
        assert "location" not in page.headers
        assert uri not in page.body.decode()
    assert world.events("session:sign-out", outcome="done") == []
