"""Anything at all sent to every endpoint: never a 5xx, never a traceback, never a broken header."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.model.session import Origin
from idp.storage.sqlite import SqliteDatabase
from idp.web.environ import EnvironReader
from idp.wsgi import build
from tests.support.clock import FrozenClock
from tests.support.stores import migrated
from tests.support.token_world import CHALLENGE, ISSUER, REDIRECT, VERIFIER, Registered, TokenWorld

EXAMPLES = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "400")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a WSGI server would send."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header, or an empty text."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class Site:
    """The whole application, called as a server calls it; what it logs with a traceback is an error of its own."""

    def __init__(self, home: Path) -> None:
        self.world = TokenWorld(home, migrated(SqliteDatabase(home / "fuzz.sqlite3")), FrozenClock())
        self.client: Registered = self.world.add_client(post_logout_redirect_uris=[REDIRECT])
        self.session = self.world.sign_in(self.world.add_person())
        self.application = build(self.world.wiring)
        self.crashes: list[str] = []
        handler = logging.Handler(logging.WARNING)
        handler.emit = self._note  # type: ignore[method-assign]
        self.handler = handler
        logging.getLogger("idp").addHandler(handler)

    def _note(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.crashes.append(logging.Formatter().format(record))

    def call(self, method: str, path: str, query: str = "", body: bytes = b"", **environ: str) -> Reply:
        """Send one request; whatever it is, the answer must be sound."""
        started: list[Any] = []
        length = {"CONTENT_LENGTH": str(len(body))} if method == "POST" else {}
        made: dict[str, Any] = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
            "SERVER_NAME": "id.example.vn", "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(body), "wsgi.errors": BytesIO(), "wsgi.multithread": True,
            "wsgi.multiprocess": True, "wsgi.run_once": False, **length, **environ,
        }  # fmt: skip
        chunks = self.application(made, lambda status, headers, *_: started.append((status, headers)))
        reply = Reply(int(started[0][0][:3]), tuple(started[0][1]), b"".join(chunks))
        self._check(reply)
        return reply

    def _check(self, reply: Reply) -> None:
        crashes, self.crashes = self.crashes, []
        assert not crashes, crashes[0]
        assert reply.status < 500, reply
        assert b"Traceback" not in reply.body
        for name, value in reply.headers:
            assert value.isprintable(), (name, value)
            value.encode("latin-1")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return the application over an embedded database."""
    made = Site(tmp_path_factory.mktemp("fuzz"))
    yield made
    logging.getLogger("idp").removeHandler(made.handler)
    made.world.database.close()


NASTY = st.sampled_from([
    "", " ", "\x00", "\r\nX: y", "\ud7ff", "\uffff", "đ", "%", "%ff", "../../etc/passwd", "'", '"><script>', "{}", "[]", "null",
    "[" * 900, '{"id_token":' * 60, "9" * 40, "-1", "1e9", "none none", "NaN", "\u202e", "a" * 5000, "rt_", "rt_" + "A" * 83, "..",
    "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJFUzI1NiIsImtpZCI6WzFdfQ.e30.AA", "https://[::1", "//", "javascript:1",
    '{"id_token":{"acr":{"essential":true,"values":["urn:dinhdanh:loa:9"]}}}', '{"userinfo":{"sub":{"value":7}}}',
    '{"id_token":{"acr":{"essential":true,"value":null}}}', '{"id_token":[],"userinfo":null}', "\U0001f600" * 99,
])  # fmt: skip
VALUES = st.one_of(
    NASTY, st.text(max_size=60), st.sampled_from([REDIRECT, CHALLENGE, VERIFIER, "openid profile", "code"])
)
AUTHORIZE = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "ui_locales",
    "acr_values",
    "claims",
    "display",
    "request",
    "request_uri",
    "registration",
    "resource",
    "lang",
]
TOKEN = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "client_id",
    "client_secret",
    "token",
    "token_type_hint",
    "access_token",
    "client_assertion",
    "client_assertion_type",
]
LOGOUT = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales", "logout_hint"]
FIELDS = [
    "csrf_token",
    "identity_code",
    "password",
    "new_password",
    "new_password_again",
    "otp",
    "claim",
    "consent-allow",
    "consent-deny",
    "transaction",
    "session",
    "logout-confirm",
    "logout-cancel",
    "account-continue",
    "account-other",
]


def some(names: list[str]) -> st.SearchStrategy[dict[str, str]]:
    """Return up to four parameters with any values."""
    return st.dictionaries(st.one_of(st.sampled_from(names), VALUES), VALUES, max_size=4)


def encoded(parameters: Mapping[str, str]) -> str:
    """Return a query; what is no Unicode goes as it may."""
    return urlencode(parameters, errors="surrogatepass")


def raw() -> st.SearchStrategy[str]:
    """Return queries that no encoder makes."""
    return st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=80)


@given(changes=some(AUTHORIZE), method=st.sampled_from(["GET", "POST"]), is_home=st.booleans())
@EXAMPLES
def test_authorize_takes_anything(site: Site, changes: dict[str, str], method: str, is_home: bool) -> None:
    valid = {
        "client_id": site.client.client.client_id, "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "s",
    }  # fmt: skip
    text = encoded({**valid, **changes})
    if method == "GET":
        reply = site.call("GET", "/authorize", text)
    else:
        reply = site.call("POST", "/authorize", "", text.encode(), CONTENT_TYPE="application/x-www-form-urlencoded")
    location = reply.header("location")
    assert not location or location.startswith((f"{REDIRECT}?", f"{REDIRECT}#", "/signin/")), location


@given(
    path=st.sampled_from(["/token", "/introspect", "/revoke", "/userinfo"]),
    form=some(TOKEN),
    is_proven=st.booleans(),
    authorization=VALUES,
)
@EXAMPLES
def test_machine_endpoints_take_anything(
    site: Site, path: str, form: dict[str, str], is_proven: bool, authorization: str
) -> None:
    header = site.client.basic if is_proven else authorization.encode().decode("latin-1")
    body = encoded(form).encode()
    site.call("POST", path, "", body, CONTENT_TYPE="application/x-www-form-urlencoded", HTTP_AUTHORIZATION=header)


@given(
    grant=st.sampled_from(["authorization_code", "refresh_token", "client_credentials"]),
    form=some(TOKEN),
    real=st.booleans(),
)
@EXAMPLES
def test_grants_take_anything(site: Site, grant: str, form: dict[str, str], real: bool) -> None:
    known = {"code": site.world.code(site.client, site.session), "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    given_form = {**(known if real else {}), **form, "grant_type": grant}
    site.call(
        "POST", "/token", "", encoded(given_form).encode(),
        CONTENT_TYPE="application/x-www-form-urlencoded", HTTP_AUTHORIZATION=site.client.basic,
    )  # fmt: skip


PAGES = [
    "/",
    "/account",
    "/end_session",
    "/end_session/confirm",
    "/account/sessions/end",
    "/account/sessions/end-all",
    "/signin/x",
]


@given(
    path=st.one_of(
        st.sampled_from([*PAGES, "/static/x", "/account/consents/x"]), VALUES.map(lambda text: f"/signin/{text}")
    ),
    parameters=some([*LOGOUT, *FIELDS, "lang", "notice"]),
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]),
    cookie=VALUES,
)
@EXAMPLES
def test_pages_take_anything(site: Site, path: str, parameters: dict[str, str], method: str, cookie: str) -> None:
    text = encoded(parameters)
    cookies = f"__Host-idp_session={cookie}; __Host-idp_browser={cookie}; __Host-idp_lang={cookie}".encode().decode(
        "latin-1"
    )
    site.call(
        method, path.encode().decode("latin-1"), text, text.encode() if method == "POST" else b"",
        CONTENT_TYPE="application/x-www-form-urlencoded", HTTP_COOKIE=cookies,
    )  # fmt: skip


@given(
    fields=some(FIELDS),
    is_signed_in=st.booleans(),
    path=st.sampled_from(["", "/account/sessions/end", "/end_session/confirm", "/account/consents/x"]),
    code=VALUES,
)
@EXAMPLES
def test_forms_with_their_token_take_anything(
    site: Site, fields: dict[str, str], is_signed_in: bool, path: str, code: str
) -> None:
    wiring = site.world.wiring
    valid = {
        "client_id": site.client.client.client_id, "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    started = site.call("GET", "/authorize", urlencode(valid))
    binding = started.header("set-cookie").partition(";")[0]
    transaction = started.header("location").rpartition("/")[2]
    secret = wiring.sessions.start(site.session.account_id, site.session.acr, ("pwd",), Origin("", ""))[1]
    cookies = f"{binding}; __Host-idp_session={secret}" if is_signed_in else binding
    purpose = {"": transaction, "/end_session/confirm": "end_session"}.get(path, "account")
    token = wiring.desk._csrf.token(binding.partition("=")[2], purpose, wiring.clock.now())
    form = {"identity_code": code, **fields, "csrf_token": token}
    site.call(
        "POST", path or f"/signin/{transaction}", "", encoded(form).encode(),
        CONTENT_TYPE="application/x-www-form-urlencoded", HTTP_COOKIE=cookies,
    )  # fmt: skip


@given(
    path=st.sampled_from(["/authorize", "/token", "/introspect", "/revoke", "/userinfo", "/end_session", "/jwks"]),
    query=raw(),
    body=st.binary(max_size=80),
    content_type=st.one_of(
        VALUES, st.just("application/x-www-form-urlencoded"), st.just("multipart/form-data; boundary=x")
    ),
)
@EXAMPLES
def test_bytes_that_no_client_makes_are_taken(
    site: Site, path: str, query: str, body: bytes, content_type: str
) -> None:
    content_type = content_type.encode().decode("latin-1")
    site.call("POST", path, query, body, CONTENT_TYPE=content_type, HTTP_AUTHORIZATION=site.client.basic)
    site.call("GET", path, query)


@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                "ACCEPT",
                "ACCEPT_LANGUAGE",
                "AUTHORIZATION",
                "COOKIE",
                "IF_NONE_MATCH",
                "ORIGIN",
                "USER_AGENT",
                "X_FORWARDED_FOR",
                "HOST",
                "REFERER",
            ]
        ),
        VALUES.map(lambda text: text.encode().decode("latin-1")),
    ),
    path=st.sampled_from(["/jwks", "/.well-known/openid-configuration", "/", "/account", "/authorize", "/userinfo"]),
)
@EXAMPLES
def test_headers_take_anything(site: Site, headers: dict[str, str], path: str) -> None:
    site.call("GET", path, "", b"", **{f"HTTP_{name}": value for name, value in headers.items()})


@pytest.mark.parametrize(
    "path", ["/token", "/authorize", "/introspect", "/revoke", "/userinfo", "/end_session", "/signin/x"]
)
@pytest.mark.parametrize("length", ["65537", "99999999999", "-1", "x"])
def test_a_body_that_is_too_long_is_413_before_it_is_read(site: Site, path: str, length: str) -> None:
    class Unread(BytesIO):
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body was read")

    form = "application/x-www-form-urlencoded"
    reply = site.call("POST", path, CONTENT_TYPE=form, CONTENT_LENGTH=length, **{"wsgi.input": Unread()})  # type: ignore[arg-type]
    assert reply.status == 413


def test_a_body_without_a_length_is_bounded_too(site: Site) -> None:
    body = {"wsgi.input": BytesIO(b"a=" + b"b" * 70000)}
    assert site.call("POST", "/token", CONTENT_LENGTH="", **body).status == 413  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["HOST", "X_FORWARDED_HOST", "X_FORWARDED_PROTO", "FORWARDED", "X_ORIGINAL_URL", "X_FORWARDED_PREFIX"]
)
@pytest.mark.parametrize("path", ["/", "/account", "/.well-known/openid-configuration", "/authorize", "/end_session"])
def test_no_header_makes_us_speak_of_another_host(site: Site, name: str, path: str) -> None:
    header: dict[str, Any] = {f"HTTP_{name}": "evil.example"}
    reply = site.call("GET", path, **header)
    whole = reply.body + repr(reply.headers).encode()
    assert b"evil.example" not in whole
    if path.startswith("/.well-known"):
        assert f'"issuer":"{ISSUER}"'.encode() in reply.body


@pytest.mark.spec("RFC 9700", "4.13")
def test_a_forwarded_address_of_an_untrusted_peer_does_not_count(site: Site) -> None:
    reader = site.world.wiring.reader
    assert reader.address({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}) == "192.0.2.1"


def test_the_nearest_hop_before_a_trusted_proxy_counts() -> None:
    reader = EnvironReader(("192.0.2.0/24",))
    forwarded = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "198.51.100.7, 203.0.113.9, 192.0.2.5"}
    assert reader.address(forwarded) == "203.0.113.9"
    assert reader.address({**forwarded, "REMOTE_ADDR": "198.51.100.1"}) == "198.51.100.1"


@pytest.mark.spec("RFC 6749", "10.14")
def test_markup_in_parameters_comes_out_escaped(site: Site) -> None:
    evil = quote('"><script>alert(1)</script>')
    for path in ("/authorize", "/end_session"):
        reply = site.call("GET", path, f"client_id={evil}&redirect_uri={evil}&lang={evil}")
        assert b"<script>alert" not in reply.body
