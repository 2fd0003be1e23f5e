"""Which redirect URI of a request is a registered one."""

from __future__ import annotations

import pytest

from clients.model import Client
from clients.redirects import form_action_origin, matches
from tests.support.memory_clients import MemoryClients, department, make_registry, native

REGISTERED = "https://portal.example.vn/callback"


def client_of(document: dict[str, object]) -> Client:
    """Return a registered client."""
    return make_registry(MemoryClients()).register(document, is_operator=True)[0]


@pytest.fixture(scope="module")
def web() -> Client:
    """Return a web client with one https and one loopback address."""
    return client_of(department(redirect_uris=[REGISTERED, "http://127.0.0.1:8101/callback"]))


@pytest.fixture(scope="module")
def phone() -> Client:
    """Return a native client with loopback addresses and a scheme of its own."""
    return client_of(
        native(
            redirect_uris=[
                "http://127.0.0.1/callback",
                "http://[::1]:1/callback",
                "http://localhost:8000/callback?a=b",
                "vn.example.app:/callback",
                "https://portal.example.vn:8443/callback",
            ]
        )
    )


def test_the_registered_characters_match(web: Client) -> None:
    assert matches(web, REGISTERED)
    assert matches(web, "http://127.0.0.1:8101/callback")


@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.spec("RFC 6749", "3.1.2.3")
@pytest.mark.spec("RFC 9700", "2.1")
@pytest.mark.spec("RFC 3986", "6.2.1")
@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://portal.example.vn",
        "https://portal.example.vn/",
        "https://portal.example.vn/callback/",
        "https://portal.example.vn/callback/..",
        "https://portal.example.vn/callback/../callback",
        "https://portal.example.vn/./callback",
        "https://portal.example.vn//callback",
        "https://portal.example.vn/Callback",
        "https://portal.example.vn/callbac%6b",
        "https://portal.example.vn/callback%00",
        "https://portal.example.vn/callback%0d%0a",
        "https://portal.example.vn/callback\r\nLocation: https://evil.example",
        "https://portal.example.vn/callback\n",
        " https://portal.example.vn/callback",
        "https://portal.example.vn/callback?",
        "https://portal.example.vn/callback?next=https://evil.example",
        "https://portal.example.vn/callback#",
        "https://portal.example.vn/callback#fragment",
        "https://portal.example.vn/callback;a",
        "https://portal.example.vn:443/callback",
        "https://portal.example.vn:/callback",
        "https://portal.example.vn./callback",
        "https://PORTAL.example.vn/callback",
        "HTTPS://portal.example.vn/callback",
        "http://portal.example.vn/callback",
        "https://user@portal.example.vn/callback",
        "https://portal.example.vn@evil.example/callback",
        "https://portal.example.vn\\@evil.example/callback",
        "https://portal.example.vn.evil.example/callback",
        "https://evil.example/https://portal.example.vn/callback",
        "https://evil.portal.example.vn/callback",
        "https://evilportal.example.vn/callback",
        "https://portal.example.v\u0144/callback",
        "https://portal\uff0eexample.vn/callback",
        "https://portal%2eexample.vn/callback",
        "//portal.example.vn/callback",
        "https:/portal.example.vn/callback",
        "https:\\\\portal.example.vn/callback",
        "http://127.0.0.1:8102/callback",
        "http://127.0.0.1/callback",
        "javascript:alert(1)",
    ],
)
def test_nothing_but_the_registered_characters_matches(web: Client, uri: str) -> None:
    assert not matches(web, uri)


@pytest.mark.spec("RFC 9700", "4.1.3")
@pytest.mark.spec("RFC 8252", "7.3")
@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:51004/callback",
        "http://[::1]:51004/callback",
        "http://[::1]/callback",
        "http://localhost:51004/callback?a=b",
        "vn.example.app:/callback",
    ],
)
def test_a_native_client_chooses_its_loopback_port(phone: Client, uri: str) -> None:
    assert matches(phone, uri)


@pytest.mark.spec("RFC 9700", "4.1.3")
@pytest.mark.spec("RFC 8252", "7.3")
@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:51004/",
        "http://127.0.0.1:51004/callback/",
        "http://127.0.0.1:51004/callback?a=b",
        "http://localhost:51004/callback",
        "http://127.0.0.2:51004/callback",
        "https://127.0.0.1:51004/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:51004@evil.example/callback",
        "http://127.0.0.1:51004\\@evil.example/callback",
        "http://127.0.0.1.evil.example:51004/callback",
        "http://127.0.0.1:51004/callback#x",
        "http://2130706433:51004/callback",
        "https://portal.example.vn:9000/callback",
        "vn.example.app://callback",
    ],
)
def test_a_native_client_chooses_nothing_else(phone: Client, uri: str) -> None:
    assert not matches(phone, uri)


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        (REGISTERED, "https://portal.example.vn"),
        ("https://portal.example.vn:8443/a?b=c", "https://portal.example.vn:8443"),
        ("http://127.0.0.1:51004/callback", "http://127.0.0.1:51004"),
        ("http://[::1]:51004/callback", "http:"),
        ("vn.example.app:/callback", "vn.example.app:"),
    ],
)
def test_form_action_gets_the_narrowest_source_that_a_policy_can_name(uri: str, source: str) -> None:
    assert form_action_origin(uri) == source
