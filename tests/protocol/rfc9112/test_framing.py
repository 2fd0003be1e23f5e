"""Where a request begins and ends: read in exactly one way, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.http_server import MAX_BODY, Served, served

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
HOST = b"Host: x\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as running:
        yield running


def post(*fields: bytes, body: bytes = b"") -> bytes:
    return b"POST /a HTTP/1.1\r\n" + HOST + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def test_request_reaches_the_application_with_what_it_reads(server: Served) -> None:
    answer = server.ask(GET)
    assert answer.status == 200
    assert answer.json() == {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/a", "QUERY_STRING": "b=c", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "x", "body": "",
    }  # fmt: skip
    assert answer.headers["x-path"] == "/a"
    assert answer.headers["date"].endswith("GMT")


@pytest.mark.spec("RFC 9112", "6.3")
@pytest.mark.parametrize(
    "octets",
    [
        post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=b"0\r\n\r\n"),
        post(b"Content-Length: 1", b"Content-Length: 2", body=b"ab"),
        post(b"Content-Length: 1", b"Content-Length: 1", body=b"a"),
        post(b"Content-Length: 1, 1", body=b"a"),
        post(b"Content-Length: +1", body=b"a"),
        post(b"Content-Length: -1", body=b"a"),
        post(b"Content-Length: 0x1", body=b"a"),
        post(b"Content-Length: 1 1", body=b"a"),
        post(b"Content-Length:", body=b"a"),
        post("Content-Length: ١".encode(), body=b"a"),
        post(b"Content-Length: " + b"9" * 40),
        post(b"Content-Length : 1", body=b"a"),
        post(b"Content-Length\t: 1", body=b"a"),
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
        post(b"X: y", b" Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"X: y", b"\tfolded"),
        post(b"Transfer-Encoding:\x0bchunked", body=b"0\r\n\r\n"),
        post(b"X: y\nTransfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"X: y\rTransfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"X: \x00"),
        post(b"no colon"),
        post(b": empty name"),
        post(b"na me: x"),
        post(b"Host: y"),
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
        b"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / \r\nHost: x\r\n\r\n",
        b"GET /\r\n\r\n",
        b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /# HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xe1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_two_readers_could_take_differently_is_refused_and_ends_the_connection(
    server: Served, octets: bytes
) -> None:
    server.echo.seen.clear()
    client = server.client().send(octets + GET)
    answer = client.answer()
    assert answer.status == 400
    assert answer.headers["connection"] == "close"
    assert client.is_ended()
    assert server.echo.seen == []


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501),
        (post(b"Transfer-Encoding: identity"), 501),
        (post(b"Expect: a-miracle"), 417),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (post(*(b"X: y" for _ in range(200))), 431),
        (post(b"X: " + b"y" * 70_000), 431),
        (b"GET /" + b"a" * 70_000, 431),
    ],
)
def test_what_is_not_offered_is_said_by_its_status(server: Served, octets: bytes, status: int) -> None:
    client = server.client().send(octets)
    assert client.answer().status == status
    assert client.is_ended()


@pytest.mark.spec("RFC 9112", "3.2.2")
def test_absolute_target_is_understood(server: Served) -> None:
    asked = server.ask(b"GET HTTP://elsewhere/a?b HTTP/1.1\r\nHost: x\r\n\r\n").json()
    assert (asked["PATH_INFO"], asked["QUERY_STRING"]) == ("/a", "b")


def test_path_is_decoded_to_octets_and_the_query_is_not(server: Served) -> None:
    asked = server.ask(b"GET /ph%C6%B0%2fa?q=%C6 HTTP/1.1\r\nHost: x\r\n\r\n").json()
    assert asked["PATH_INFO"].encode("latin-1").decode() == "/phư/a"
    assert asked["QUERY_STRING"] == "q=%C6"


def test_cookies_are_joined_others_become_a_list_and_what_is_not_ascii_is_left_out(server: Served) -> None:
    fields = (b"Cookie: a=1", b"Authorization: Basic x", b"cookie: b=2", b"AUTHORIZATION: Bearer y")
    asked = server.ask(post(*fields, "Content-Type: é".encode(), b"X-Other: z")).json()
    assert (asked["HTTP_COOKIE"], asked["HTTP_AUTHORIZATION"]) == ("a=1; b=2", "Basic x, Bearer y")
    assert not {"CONTENT_TYPE", "HTTP_X_OTHER"} & asked.keys()


def test_cookie_of_another_system_that_is_not_ascii_hides_no_other(server: Served) -> None:
    asked = server.ask(post("Cookie: a=1; tên=Đà Nẵng; b=2".encode(), "Cookie: c=é".encode(), b"Cookie: d=4")).json()
    assert asked["HTTP_COOKIE"] == "a=1; b=2; d=4"


def test_empty_line_before_a_request_is_let_pass(server: Served) -> None:
    assert server.ask(b"\r\n" + GET).status == 200


@pytest.mark.spec("RFC 9112", "7.1")
def test_chunks_are_put_together(server: Served) -> None:
    body = b"3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
    client = server.client().send(post(b"Transfer-Encoding: Chunked", body=body) + GET)
    assert client.answer().json()["body"] == "abcde"
    assert client.answer().json()["PATH_INFO"] == "/a"


@pytest.mark.spec("RFC 9112", "7.1")
@pytest.mark.parametrize(
    "body",
    [
        b"3\r\nabcd\r\n0\r\n\r\n", b"g\r\n", b"\r\n", b"-1\r\n", b"0x3\r\nabc\r\n", b"3 3\r\nabc\r\n", b"3\nabc\r\n0\r\n\r\n",
        b"123456789\r\n", b"3;\x00\r\nabc\r\n", b"3;" + b"x" * 300, b"0\r\na: b\nc: d\r\n\r\n",
        b"0\r\n" + b"a: b\r\n" * 3000,
    ],
)  # fmt: skip
def test_chunks_that_are_none_are_refused(server: Served, body: bytes) -> None:
    server.echo.seen.clear()
    client = server.client().send(post(b"Transfer-Encoding: chunked", body=body))
    assert client.answer().status in {400, 431}
    assert client.is_ended()
    assert server.echo.seen == []


def test_body_that_is_announced_too_long_is_not_read(server: Served) -> None:
    client = server.client().send(post(b"Content-Length: 999999999", body=b"x" * 100_000))
    answer = client.answer()
    assert (answer.json()["CONTENT_LENGTH"], answer.json()["body"]) == ("999999999", "")
    assert answer.headers["connection"] == "close"
    assert client.is_ended()


def test_chunks_beyond_the_bound_tell_the_application_so_and_end_the_connection(server: Served) -> None:
    client = server.client().send(
        post(b"Transfer-Encoding: chunked", body=b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n2\r\nab")
    )
    answer = client.answer()
    assert answer.json()["body"] == MAX_BODY + 1
    assert client.is_ended()


def test_body_of_a_get_is_read_and_is_no_request(server: Served) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    octets = b"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(smuggled) + smuggled + GET
    client = server.client().send(octets)
    assert [client.answer().json()["PATH_INFO"] for _ in range(2)] == ["/a", "/a"]


@given(cuts=st.lists(st.integers(1, 250), max_size=8))
@settings(max_examples=60, deadline=None)
def test_where_the_network_cuts_makes_no_difference(cuts: list[int]) -> None:
    octets = (
        GET
        + post(b"Content-Length: 3", body=b"abc")
        + post(b"Transfer-Encoding: chunked", body=b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
    )
    edges = [0, *sorted({cut for cut in cuts if cut < len(octets)}), len(octets)]
    with served() as running:
        client = running.client().send(*(octets[at:to] for at, to in pairwise(edges)))
        assert [client.answer().json()["body"] for _ in range(3)] == ["", "abc", "abc"]
