"""Whatever comes in as the head of a request is one request or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.server.answers import octets
from idp.server.chunks import Chunks
from idp.server.desk import Desk, Limits
from idp.server.head import Lines, Malformed, parse

LINES = Lines({b"cookie": "HTTP_COOKIE", b"content-length": "CONTENT_LENGTH", b"host": "HTTP_HOST"})
PIECES = st.sampled_from(
    [
        b"GET / HTTP/1.1", b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"Host: x", b"Content-Length: 1", b"Content-Length: 2",
        b"Transfer-Encoding: chunked", b"transfer-encoding:", b"Cookie: a", b"\x00", b"\xff", b"Connection: close", b"Expect: ",
    ]
)  # fmt: skip


@given(pieces=st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=14))
def test_a_head_is_read_in_one_way_or_refused(pieces: list[bytes]) -> None:
    block = b"GET / HTTP/1.1\r\nHost: x" + b"".join(pieces)
    try:
        head = parse(block, LINES)
    except Malformed:
        return
    names = [line.partition(b":")[0].lower() for line in block.split(b"\r\n")[1:]]
    assert b"\n" not in block.replace(b"\r\n", b"")
    assert names.count(b"host") == 1
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
    assert (head.length is None) == (b"transfer-encoding" in names)
    assert all(
        value.isascii() and value.replace("\t", "").isprintable()
        for name, value in head.environ.items()
        if name[:5] == "HTTP_"
    )


@given(pieces=st.lists(PIECES, max_size=10))
def test_a_line_that_was_read_before_says_what_it_said_then(pieces: list[bytes]) -> None:
    block = b"GET /a HTTP/1.1\r\nHost: x\r\n" + b"\r\n".join(pieces)
    seen: list[object] = []
    for known in (Lines({b"cookie": "HTTP_COOKIE", b"host": "HTTP_HOST"}),) * 2:
        try:
            head = parse(block, known)
            seen.append((head.environ, head.length, head.is_persistent, head.awaits_go))
        except Malformed as error:
            seen.append((error.status, error.reason))
    assert seen[0] == seen[1]


def test_no_line_with_a_credential_is_remembered() -> None:
    lines = Lines({b"authorization": "HTTP_AUTHORIZATION", b"cookie": "HTTP_COOKIE", b"host": "HTTP_HOST"})
    secret = (b"Authorization: Bearer a", b"Cookie: a=b", b"DPoP: a", b"X-Api-Key: a", b"X-Forwarded-For: 192.0.2.1")
    block = b"\r\n".join((b"GET / HTTP/1.1", b"Host: x", *secret))
    assert parse(block, lines).environ["HTTP_AUTHORIZATION"] == "Bearer a"
    assert lines.find(b"Host: x") is not None
    assert [lines.find(line) for line in secret] == [None] * len(secret)


def test_remembered_lines_stay_few() -> None:
    lines = Lines({b"user-agent": "HTTP_USER_AGENT", b"host": "HTTP_HOST"})
    sent = [b"User-Agent: %d" % number for number in range(2_000)] + [b"User-Agent: " + b"a" * 300]
    for line in sent:
        parse(b"GET / HTTP/1.1\r\nHost: x\r\n" + line, lines)
    assert sum(lines.find(line) is not None for line in sent) <= 512
    assert lines.find(sent[-1]) is None


def test_a_public_document_is_known_by_its_whole_request_and_nothing_else_is() -> None:
    desk = Desk(
        lambda _environ, _respond: None, {"host": "HTTP_HOST", "cookie": "HTTP_COOKIE"}, Limits(max_body=9), ["/jwks"]
    )
    plain = b"GET /jwks HTTP/1.1\r\nHost: x"
    others = (
        *(b"GET /other HTTP/1.1\r\nHost: x", b"GET /jwks?a HTTP/1.1\r\nHost: x", b"POST /jwks HTTP/1.1\r\nHost: x"),
        *(plain + b"\r\nCookie: a=b", plain + b"\r\nX-Api-Key: a", plain + b"\r\nConnection: close"),
        *(plain + b"\r\nContent-Length: 1", plain + b"\r\nUser-Agent: " + b"a" * 1_000, b"GET /jwks HTTP/1.0"),
    )
    for block in (plain, *others):
        desk.read(block)
    assert list(desk.repeated) == [plain + b"\r\n\r\n"]
    for number in range(200):
        desk.read(plain + b"\r\nUser-Agent: %d" % number)
    assert len(desk.repeated) <= 64


def test_constant_fields_are_written_once_and_say_the_same() -> None:
    fields = (("Content-Type", "a/b"), ("Vary", "x"))
    first, second, listed = (octets(200, one, b"ab") for one in (fields, tuple(fields), list(fields)))
    assert (
        first.partition(b"Content-Type")[2]
        == second.partition(b"Content-Type")[2]
        == listed.partition(b"Content-Type")[2]
    )
    assert octets(200, (*fields, ("Content-Length", "7")), b"", is_head=True).count(b"Content-Length: 7\r\n") == 1
    assert octets(200, (*fields, ("Content-Length", "7")), b"ab").endswith(b"Content-Length: 2\r\n\r\nab")
    assert b"Content-Length" not in octets(200, fields, None)
    assert b"Content-Length" not in octets(304, fields, b"")


@given(body=st.binary(max_size=200))
def test_chunks_of_any_octets_are_a_body_or_refused(body: bytes) -> None:
    chunks, received = Chunks(64), bytearray(body)
    try:
        is_whole = chunks.feed(received)
    except Malformed:
        return
    assert len(chunks.body) <= 64
    assert is_whole or len(received) <= len(body)


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb", "a\x00b", "a\x7fb"])
def test_no_field_of_an_answer_brings_its_own_line_end(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        octets(200, (("Location", value),), b"")
    with pytest.raises(ValueError, match="control character"):
        octets(200, ((value, "a"),), b"")
