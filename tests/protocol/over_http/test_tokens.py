"""The token endpoint and what tokens are good for: userinfo, introspection, revocation."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import jwt
import pytest
import requests

from tests.support.browser import Browser, Person
from tests.support.rp import Attempt, RelyingParty, Tokens, basic
from tests.support.world import World


@pytest.fixture
def tokens(world: World, rp: RelyingParty, person: Person) -> Tokens:
    """Return tokens of a new person."""
    return world.sign_in(rp, person, scope="openid profile offline_access")


@pytest.fixture
def coded(world: World, rp: RelyingParty, person: Person) -> tuple[Attempt, str]:
    """Return a request and its fresh code."""
    attempt, page = world.walk(rp, person, world.browser())
    return attempt, rp.code_of(attempt, page.callback or {})


def error(answer: requests.Response) -> tuple[int, str]:
    """Return status and error of an answer that nobody may keep."""
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["error"]


@pytest.mark.spec("RFC 6749", "4.1.3")
@pytest.mark.spec("RFC 7636", "4.6")
@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"code": None}, "invalid_request"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"code": "A" * 600}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9/other"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "w"}, "invalid_grant"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_redemption_is_refused_and_does_not_spend_the_code(
    rp: RelyingParty, coded: tuple[Attempt, str], changes: dict[str, str | None], wanted: str
) -> None:
    assert error(rp.redemption(*coded, **changes)) == (400, wanted)
    assert rp.redemption(*coded).status_code == requests.codes.ok


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_a_code_works_once_and_its_replay_revokes_what_came_from_it(
    rp: RelyingParty, coded: tuple[Attempt, str]
) -> None:
    first = rp.checked(rp.redemption(*coded), coded[0].nonce)
    assert rp.is_alive(first)
    assert error(rp.redemption(*coded)) == (400, "invalid_grant")
    assert not rp.is_alive(first)
    assert error(rp.post("token", grant_type="refresh_token", refresh_token=first.refresh)) == (400, "invalid_grant")


@pytest.mark.spec("RFC 6749", "4.1.3")
def test_a_code_of_another_client_is_refused_and_not_spent(
    world: World, rp: RelyingParty, coded: tuple[Attempt, str]
) -> None:
    thief = world.rp(client_name={"vi": "Sở khác", "en": "Another"})
    assert error(thief.redemption(*coded)) == (400, "invalid_grant")
    assert rp.redemption(*coded).status_code == requests.codes.ok


@pytest.mark.spec("RFC 6749", "2.3")
def test_two_credentials_together_are_refused(rp: RelyingParty) -> None:
    secret = str(rp.client["client_secret"])
    answer = rp.post("token", grant_type="client_credentials", client_id=rp.client_id, client_secret=secret)
    assert error(answer) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ////",
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        "Basic " + base64.b64encode(b"no-colon").decode(),
        "Basic " + base64.b64encode(b"%FF:%FF").decode(),
        basic("nobody", "secret"),
        basic("khách", "bí mật"),
    ],
)
def test_a_wrong_basic_credential_is_401_with_a_challenge(rp: RelyingParty, header: str) -> None:
    for endpoint in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        answer = requests.post(
            rp.discovery[endpoint], data={"token": "x"}, headers={"Authorization": header}, timeout=30
        )
        assert error(answer) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_an_unknown_client_and_a_wrong_secret_look_the_same(rp: RelyingParty) -> None:
    answers = [
        requests.post(
            rp.discovery["token_endpoint"], headers={"Authorization": one}, timeout=30, data={"x": "y"}
        ).json()
        for one in (basic("nobody", "x"), basic(rp.client_id, "x"))
    ]
    assert answers[0]["error_description"] == answers[1]["error_description"]


@pytest.mark.spec("RFC 6749", "2.3.2")
@pytest.mark.spec("RFC 6749", "2.3.1")
def test_the_registered_method_is_the_only_one(world: World) -> None:
    by_post = world.rp(token_endpoint_auth_method="client_secret_post", scope="openid")
    assert by_post.post("token", grant_type="client_credentials").status_code == requests.codes.ok
    header = {"Authorization": basic(by_post.client_id, str(by_post.client["client_secret"]))}
    data = {"grant_type": "client_credentials"}
    answer = requests.post(by_post.discovery["token_endpoint"], data=data, headers=header, timeout=30)
    assert error(answer) == (401, "invalid_client")


@pytest.mark.spec("RFC 6749", "3.2")
def test_query_parameters_of_the_token_endpoint_do_not_count(rp: RelyingParty) -> None:
    credential = {"client_id": rp.client_id, "client_secret": str(rp.client["client_secret"])}
    url = f"{rp.discovery['token_endpoint']}?{urlencode({**credential, 'grant_type': 'client_credentials'})}"
    assert error(requests.post(url, data={"scope": ""}, timeout=30)) == (401, "invalid_client")
    header = {"Authorization": basic(rp.client_id, str(rp.client["client_secret"]))}
    assert error(requests.post(url, data={}, headers=header | FORM, timeout=30)) == (400, "invalid_request")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM["Content-Type"]),
        (b"grant_type=%FF", FORM["Content-Type"]),
        (b"grant_type=client_credentials%00", FORM["Content-Type"]),
        ("grant_type=\u0111".encode(), FORM["Content-Type"]),
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials", "text/plain"),
    ],
)
def test_a_body_that_is_no_plain_form_is_refused(rp: RelyingParty, body: bytes, content_type: str) -> None:
    header = {"Authorization": basic(rp.client_id, str(rp.client["client_secret"])), "Content-Type": content_type}
    assert error(requests.post(rp.discovery["token_endpoint"], data=body, headers=header, timeout=30)) == (
        400,
        "invalid_request",
    )


@pytest.mark.spec("RFC 6749", "3.2")
def test_the_token_endpoint_takes_post_only(rp: RelyingParty) -> None:
    answer = requests.get(rp.discovery["token_endpoint"], params={"grant_type": "client_credentials"}, timeout=30)
    assert answer.status_code in {400, 405}
    assert "access_token" not in answer.text


@pytest.mark.spec("RFC 6749", "6")
@pytest.mark.spec("RFC 9700", "4.14.2")
def test_refresh_tokens_rotate_and_the_lost_answer_comes_once_more(rp: RelyingParty, tokens: Tokens) -> None:
    second = rp.refresh(tokens)
    assert second.refresh != tokens.refresh
    again = rp.refresh(tokens)
    assert again.refresh == second.refresh
    third = rp.refresh(second)
    assert rp.is_alive(third)


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_the_replay_of_an_old_refresh_token_ends_the_family(rp: RelyingParty, tokens: Tokens) -> None:
    third = rp.refresh(rp.refresh(tokens))
    assert error(rp.post("token", grant_type="refresh_token", refresh_token=tokens.refresh)) == (400, "invalid_grant")
    assert error(rp.post("token", grant_type="refresh_token", refresh_token=third.refresh)) == (400, "invalid_grant")
    assert not rp.is_alive(third)


@pytest.mark.spec("RFC 6749", "6")
def test_a_refresh_may_narrow_the_scope_and_never_widen_it(rp: RelyingParty, tokens: Tokens) -> None:
    wide = rp.post("token", grant_type="refresh_token", refresh_token=tokens.refresh, scope="openid email")
    assert error(wide) == (400, "invalid_scope")
    narrow = rp.post("token", grant_type="refresh_token", refresh_token=tokens.refresh, scope="openid")
    assert narrow.json()["scope"] == "openid"
    whole = rp.post("token", grant_type="refresh_token", refresh_token=narrow.json()["refresh_token"])
    assert whole.json()["scope"] == tokens.response["scope"]


@pytest.mark.spec("RFC 6749", "10.4")
def test_a_refresh_token_is_worth_nothing_at_another_client(world: World, rp: RelyingParty, tokens: Tokens) -> None:
    thief = world.rp(client_name={"vi": "Sở khác", "en": "Another"})
    assert error(thief.post("token", grant_type="refresh_token", refresh_token=tokens.refresh))[1] == "invalid_grant"
    assert rp.refresh(tokens).refresh


@pytest.mark.spec("RFC 6749", "4.4")
@pytest.mark.spec("RFC 9068", "2.2")
def test_client_credentials_give_a_token_for_the_client_itself(rp: RelyingParty) -> None:
    answer = rp.post("token", grant_type="client_credentials")
    tokens = rp.checked(answer, None)
    assert rp.access_claims(tokens.access)["sub"] == rp.client_id
    assert "refresh_token" not in tokens.response
    assert rp.introspect(tokens.access)["active"]
    assert rp.userinfo(tokens).status_code == requests.codes.forbidden
    refused = rp.post("token", grant_type="client_credentials", scope="identity")
    assert error(refused) == (400, "invalid_scope")


@pytest.mark.spec("RFC 6749", "5.2")
def test_a_grant_that_is_not_registered_is_refused(world: World) -> None:
    rp = world.rp(grant_types=["authorization_code"])
    assert error(rp.post("token", grant_type="client_credentials")) == (400, "unauthorized_client")


@pytest.mark.spec("OIDC Core", "5.3")
@pytest.mark.spec("RFC 6750", "2")
def test_userinfo_by_get_post_header_and_body(rp: RelyingParty, tokens: Tokens) -> None:
    url, header = rp.discovery["userinfo_endpoint"], {"Authorization": f"Bearer {tokens.access}"}
    answers = [
        requests.get(url, headers=header, timeout=30),
        requests.post(url, headers=header, timeout=30),
        requests.post(url, data={"access_token": tokens.access}, timeout=30),
    ]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json()["sub"] == tokens.sub
    both = requests.post(url, headers=header, data={"access_token": tokens.access}, timeout=30)
    assert error(both) == (400, "invalid_request")


@pytest.mark.spec("OIDC Core", "5.3.3")
@pytest.mark.spec("RFC 6750", "3")
def test_userinfo_refuses_with_a_challenge(rp: RelyingParty, tokens: Tokens) -> None:
    url = rp.discovery["userinfo_endpoint"]
    by_query = requests.get(url, params={"access_token": tokens.access}, timeout=30)
    assert by_query.status_code == requests.codes.unauthorized
    assert 'Bearer realm="dinhdanh", resource_metadata=' in by_query.headers["WWW-Authenticate"]
    assert "error=" not in by_query.headers["WWW-Authenticate"]
    head, payload, signature = tokens.access.split(".")
    bare = jwt.encode({"sub": tokens.sub}, "", algorithm="none")
    forged = f"{head}.{payload}.{signature[:-4]}AAAA"
    for wrong in (tokens.id_token, tokens.refresh, forged, bare, "x", "a.b.c"):
        answer = requests.get(url, headers={"Authorization": f"Bearer {wrong}".encode()}, timeout=30)
        assert answer.status_code == requests.codes.unauthorized, wrong
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.spec("OIDC Core", "5.3.2")
@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_userinfo_comes_signed_where_it_is_registered_so(world: World, person: Person, alg: str) -> None:
    rp = world.rp(userinfo_signed_response_alg=alg)
    tokens = world.sign_in(rp, person, scope="openid email")
    answer = rp.userinfo(tokens)
    assert answer.headers["Content-Type"] == "application/jwt"
    kid = jwt.get_unverified_header(answer.text)["kid"]
    claims = jwt.decode(answer.text, rp.key(kid, alg), [alg], audience=rp.client_id, issuer=rp.issuer)
    assert claims["sub"] == tokens.sub


@pytest.mark.spec("RFC 7662", "2.2")
def test_introspection_tells_a_client_about_its_own_tokens_only(world: World, rp: RelyingParty, tokens: Tokens) -> None:
    access, refresh = rp.introspect(tokens.access), rp.introspect(tokens.refresh)
    assert (access["active"], access["client_id"], access["sub"]) == (True, rp.client_id, tokens.sub)
    assert access["scope"] == tokens.response["scope"]
    assert refresh["active"]
    other = world.rp(client_name={"vi": "Sở khác", "en": "Another"})
    for token in (tokens.access, tokens.refresh, tokens.id_token, "x", "rt_x"):
        assert other.introspect(token) == {"active": False}


@pytest.mark.spec("RFC 7009", "2.1")
def test_revoking_an_access_token_ends_that_one(rp: RelyingParty, tokens: Tokens) -> None:
    assert rp.post("revocation", token=tokens.access, token_type_hint="refresh_token").status_code == 200
    assert not rp.is_alive(tokens)
    assert rp.is_alive(rp.refresh(tokens))


@pytest.mark.spec("RFC 7009", "2.1")
def test_revoking_a_refresh_token_ends_the_family(rp: RelyingParty, tokens: Tokens) -> None:
    assert rp.post("revocation", token=tokens.refresh).status_code == requests.codes.ok
    assert not rp.is_alive(tokens)
    assert rp.introspect(tokens.refresh) == {"active": False}


@pytest.mark.spec("RFC 7009", "2.2")
def test_revoking_what_is_not_ours_is_200_and_changes_nothing(world: World, rp: RelyingParty, tokens: Tokens) -> None:
    other = world.rp(client_name={"vi": "Sở khác", "en": "Another"})
    for token in (tokens.access, tokens.refresh, "x", "rt_x"):
        assert other.post("revocation", token=token).status_code == requests.codes.ok
    assert rp.is_alive(tokens)
    assert error(rp.post("revocation")) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "2.1")
def test_a_public_client_redeems_and_rotates_but_may_not_introspect(
    world: World, person: Person, browser: Browser
) -> None:
    rp = world.rp(token_endpoint_auth_method="none", grant_types=["authorization_code", "refresh_token"])
    tokens = rp.refresh(world.sign_in(rp, person, browser))
    assert error(rp.post("introspection", token=tokens.access)) == (401, "invalid_client")


def test_a_suspended_client_gets_nothing_at_once(world: World, rp: RelyingParty, person: Person) -> None:
    own = world.rp(client_name={"vi": "Sẽ dừng", "en": "To be stopped"})
    tokens = world.sign_in(own, person)
    world.wiring.clients.set_state(own.client_id, "suspended", note="test")
    assert own.userinfo(tokens).status_code == requests.codes.unauthorized
    assert error(own.post("token", grant_type="refresh_token", refresh_token=tokens.refresh)) == (401, "invalid_client")
