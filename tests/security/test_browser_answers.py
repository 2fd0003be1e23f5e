"""What browsers are given: no answer that is kept, framed, named to others, posted on, or good for something else."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from werkzeug.test import Client as Wsgi

from idp.wsgi import build
from tests.support.token_world import REDIRECT, Registered, TokenWorld, portal, world
from tests.support.visit import BASE, Visitor, asked

__all__ = ["portal", "world"]

PAGES = ("/authorize", "/end_session", "/device", "/account", "/signin/x")


@pytest.mark.spec("RFC 9700", "4.2.4")
@pytest.mark.spec("RFC 9700", "4.16")
def test_an_open_page_is_neither_kept_framed_nor_named_to_others(world: TokenWorld, portal: Registered) -> None:
    visitor = Visitor(world, world.add_person(41))
    pages = [visitor.open(path) for path in PAGES]
    pages += [Visitor(world).authorize(asked(portal)), visitor.authorize(asked(portal))]
    for page in pages:
        assert page.callback is None
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.2.3")
@pytest.mark.spec("RFC 9700", "2.6")
@pytest.mark.parametrize("path", [*PAGES, "/introspect"])
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
def test_cors_is_not_spoken_where_the_browser_goes(world: TokenWorld, path: str, method: str) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = Wsgi(build(world.wiring)).open(path, method=method, headers=asking, base_url=BASE)
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.spec("RFC 9700", "2.1")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
@pytest.mark.spec("RFC 9700", "4.12")
def test_an_answer_to_a_posted_request_is_a_303(world: TokenWorld, portal: Registered) -> None:
    person = Visitor(world, world.add_person(42))
    assert person.allowed(asked(portal)).status == 303
    assert person.authorize(asked(portal), method="POST").status == 303
    direct = Wsgi(build(world.wiring)).post("/authorize", data=asked(portal, prompt="none"), base_url=BASE)
    assert (direct.status_code, direct.headers["Location"].partition("?")[0]) == (303, REDIRECT)
    assert direct.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["//account", "/account//", "/admin//accounts", "//evil.example/%2e%2e", "/api//v1/accounts"]
)
def test_nobody_is_redirected_to_the_host_that_a_request_claims(world: TokenWorld, path: str) -> None:
    claimed = {"SERVER_NAME": "evil.example", "HTTP_HOST": "evil.example", "wsgi.url_scheme": "http", "PATH_INFO": path}
    answer = Wsgi(build(world.wiring)).open("/", environ_overrides=claimed)
    assert "evil.example" not in answer.headers.get("Location", "")
    assert answer.status_code != 308


@pytest.mark.spec("RFC 8725", "2.8")
@pytest.mark.spec("RFC 8725", "3.12")
def test_signed_answers_of_ours_are_no_hints(world: TokenWorld) -> None:
    of = world.add_client(userinfo_signed_response_alg="ES256")
    person = Visitor(world, world.add_person(43))
    tokens = world.redeem(of, person.allowed(asked(of)).arrived()["code"]).json
    signed = {
        "access token": tokens["access_token"],
        "userinfo": world.userinfo(tokens["access_token"]).body.decode(),
        "answer": person.authorize(asked(of, response_mode="query.jwt")).arrived()["response"],
        "introspection": world.post(
            "/introspect",
            {"token": tokens["access_token"]},
            of.basic,
            HTTP_ACCEPT="application/token-introspection+jwt",
        ).body.decode(),
        "metadata": world.get("/.well-known/openid-configuration").json["signed_metadata"],
    }
    for name, token in signed.items():
        assert token.count(".") == 2, name
        assert person.authorize(asked(of, id_token_hint=token)).arrived()["error"] == "invalid_request", name
        assert person.open(f"/end_session?{urlencode({'id_token_hint': token})}").form == "logout-form", name
    assert "code" in person.authorize(asked(of, id_token_hint=tokens["id_token"])).arrived()
