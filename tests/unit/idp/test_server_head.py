"""Whatever comes in as the head of a request is one request or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.server.answers import octets
from idp.server.chunks import Chunks
from idp.server.head import Malformed, parse

VARIABLES = {b"cookie": "HTTP_COOKIE", b"content-length": "CONTENT_LENGTH", b"host": "HTTP_HOST"}
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
        head = parse(block, VARIABLES, "192.0.2.1")
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
