"""What addresses may look like: the tricks of RFC 3986 and RFC 9700, one row each."""

from __future__ import annotations

import pytest

from clients.uris import MAX_LENGTH, loopback_without_port, redirect_fault, return_fault, shape_fault, web_fault

GOOD = (
    "https://portal.example.vn/callback",
    "https://portal.example.vn",
    "https://portal.example.vn/?tenant=1",
    "https://portal.example.vn:8443/a/b.c/~d",
    "https://portal.example.vn/a%20b",
    "https://xn--danang-hua.example.vn/callback",
    "https://192.0.2.7/callback",
    "https://[2001:db8::1]/callback",
    "http://localhost:8101/callback",
    "http://127.0.0.1/callback",
    "http://[::1]:8102/callback",
)

ATTACKS = (
    ("https://portal.example.vn/callback#x", "fragment"),
    ("https://portal.example.vn/callback#", "fragment"),
    ("https://*.example.vn/callback", "wildcard"),
    ("https://portal.example.vn/*", "wildcard"),
    ("https://portal.example.vn@evil.example/callback", "userinfo"),
    ("https://user:pass@portal.example.vn/callback", "userinfo"),
    ("https://@portal.example.vn/callback", "userinfo"),
    ("https://portal.example.vn\\@evil.example/", "characters"),
    ("https:\\\\evil.example/", "characters"),
    ("https://portal.example.vn/a b", "characters"),
    (" https://portal.example.vn/callback", "characters"),
    ("https://portal.example.vn/callback\n", "characters"),
    ("https://portal.example.vn/\r\nSet-Cookie: a=b", "characters"),
    ("https://portal.example.vn/\tcallback", "characters"),
    ("ht\ttps://portal.example.vn/callback", "characters"),
    ("https://portal.example.vn/\x00", "characters"),
    ("https://portal.example.vn/%0d%0aSet-Cookie:a", "characters"),
    ("https://portal.example.vn/%00", "characters"),
    ("https://portal.example.vn/%7f", "characters"),
    ("https://portal.example.vn/%5c..%5c", "characters"),
    ("https://portal.example.vn/%zz", "characters"),
    ("https://portal.example.vn/%", "characters"),
    ("https://đànẵng.example.vn/callback", "characters"),
    ("https://pоrtal.example.vn/callback", "characters"),
    ("https://portal。example.vn/callback", "characters"),
    ('https://portal.example.vn/"onclick', "characters"),
    ("https://portal.example.vn/<script>", "characters"),
    ("https://portal.example.vn;script-src/callback", "host"),
    ("https://portal.example.vn,evil.example/callback", "host"),
    ("https://portal.example.vn'/callback", "host"),
    ("https://portal%2eexample.vn/callback", "host"),
    ("https://portal.example.vn./callback", "host"),
    ("https://portal..example.vn/callback", "host"),
    ("https://-portal.example.vn/callback", "host"),
    ("https://portal.example.vn:/callback", "host"),
    ("https://portal.example.vn:0/callback", "host"),
    ("https://portal.example.vn:0443/callback", "host"),
    ("https://portal.example.vn:65536/callback", "host"),
    ("https://portal.example.vn:99999999999/callback", "host"),
    ("https://portal.example.vn:80:80/callback", "host"),
    ("https:///callback", "host"),
    ("https:portal.example.vn", "host"),
    ("https:/portal.example.vn", "host"),
    ("http:///localhost", "host"),
    ("https://[::1", "malformed"),
    ("https://[portal]/callback", "malformed"),
    ("https://portal.example.vn/a/../b", "path"),
    ("https://portal.example.vn/./b", "path"),
    ("https://portal.example.vn/a/..", "path"),
    ("https://portal.example.vn/a/%2e%2e/b", "path"),
    ("https://portal.example.vn/a/.%2E/b", "path"),
    ("https://portal.example.vn/a/%2E./b", "path"),
    ("//evil.example/callback", "relative"),
    ("/callback", "relative"),
    ("", "characters"),
    ("http://portal.example.vn/callback", "scheme"),
    ("http://localhost.evil.example/callback", "scheme"),
    ("http://127.0.0.1.evil.example/callback", "scheme"),
    ("http://127.0.0.2/callback", "scheme"),
    ("http://127.1/callback", "scheme"),
    ("http://2130706433/callback", "scheme"),
    ("http://0x7f.0.0.1/callback", "scheme"),
    ("http://0.0.0.0/callback", "scheme"),
    ("http://[::ffff:127.0.0.1]/callback", "scheme"),
    ("http://[::]/callback", "scheme"),
    ("javascript:alert(1)", "scheme"),
    ("data:text/html,hello", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("ftp://portal.example.vn/", "scheme"),
    ("vn.example.app:/callback", "scheme"),
    ("https://portal.example.vn/" + "a" * MAX_LENGTH, "too_long"),
)


@pytest.mark.parametrize("uri", GOOD)
@pytest.mark.parametrize("check", [web_fault, lambda uri: redirect_fault(uri, "web")])
def test_plain_https_and_loopback_addresses_pass(check: object, uri: str) -> None:
    assert callable(check)
    assert check(uri) is None


@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.spec("OIDC RP-Initiated Logout", "3.1")
@pytest.mark.spec("OIDC Back-Channel Logout", "2.2")
@pytest.mark.spec("RFC 9700", "2.1")
@pytest.mark.spec("RFC 6749", "3.1.2")
@pytest.mark.parametrize(("uri", "reason"), ATTACKS)
def test_each_trick_is_refused_for_its_own_reason(uri: str, reason: str) -> None:
    for fault in (web_fault(uri), redirect_fault(uri, "web"), return_fault(uri, "web")):
        assert fault is not None
        assert fault[0] == reason


@pytest.mark.spec("RFC 8252", "7.1")
@pytest.mark.parametrize("uri", ["vn.example.app:/callback", "vn.gov.danang.dich-vu:/a/b?c=d", "vn.example.app:/"])
def test_native_clients_may_use_a_reversed_domain_as_scheme(uri: str) -> None:
    assert redirect_fault(uri, "native") is None


@pytest.mark.spec("RFC 9700", "2.6")
@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.spec("RFC 8252", "7.1")
@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("myapp:/callback", "private_scheme"),
        ("javascript:alert(1)", "private_scheme"),
        ("data:text/html,hello", "private_scheme"),
        ("vn.example.app://callback", "private_scheme"),
        ("vn.example.app:callback", "private_scheme"),
        ("vn.example.app:", "private_scheme"),
        ("http://portal.example.vn/callback", "scheme"),
        ("vn.example.app:/../callback", "path"),
        ("vn.example.app:/callback#x", "fragment"),
    ],
)
def test_other_schemes_are_refused_to_native_clients_too(uri: str, reason: str) -> None:
    fault = redirect_fault(uri, "native")
    assert fault is not None
    assert fault[0] == reason


def test_a_private_scheme_is_not_blamed_while_the_application_type_is_unknown() -> None:
    assert redirect_fault("vn.example.app:/callback", None) is None
    assert redirect_fault("http://portal.example.vn/", None) is not None


@pytest.mark.spec("RFC 9207", "2")
@pytest.mark.parametrize("query", ["code=1", "a=b&state=", "iss=x", "error", "%63ode=1", "response=1"])
def test_redirect_uris_bring_no_response_parameter_along(query: str) -> None:
    fault = redirect_fault(f"https://portal.example.vn/callback?{query}", "web")
    assert fault is not None
    assert fault[0] == "response_parameter"
    assert return_fault(f"https://portal.example.vn/callback?{query}", "web") is None


def test_the_longest_address_passes_and_one_character_more_does_not() -> None:
    longest = "https://portal.example.vn/".ljust(MAX_LENGTH, "a")
    assert shape_fault(longest) is None
    assert shape_fault(longest + "a") is not None


@pytest.mark.spec("RFC 8252", "7.3")
@pytest.mark.parametrize(
    ("uri", "rest"),
    [
        ("http://127.0.0.1:51004/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1/callback"),
        ("http://[::1]:65535/callback?a=b", "http://[::1]/callback?a=b"),
        ("http://localhost:1", "http://localhost"),
        ("https://127.0.0.1:51004/callback", None),
        ("HTTP://127.0.0.1:51004/callback", None),
        ("http://LOCALHOST:51004/callback", None),
        ("http://127.0.0.1:0/callback", None),
        ("http://127.0.0.1:080/callback", None),
        ("http://127.0.0.1:65536/callback", None),
        ("http://127.0.0.1:/callback", None),
        ("http://127.0.0.1:80@evil.example/callback", None),
        ("http://x@127.0.0.1:80/callback", None),
        ("http://127.0.0.1.evil.example/callback", None),
        ("http://127.0.0.1:80/callback#x", None),
        ("http://127.0.0.1:80/callback\n", None),
        ("http://127.0.0.1:80/call back", None),
        ("\nhttp://127.0.0.1:80/callback", None),
        ("http://127.0.0.1:٨٠/callback", None),
        ("http://[::0001]:80/callback", None),
    ],
)
def test_only_the_port_of_a_loopback_address_is_left_out(uri: str, rest: str | None) -> None:
    assert loopback_without_port(uri) == rest
