"""Answers in pieces: made as the client takes them, and seen to be broken where they break off."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.support.http_server import PATIENCE, Client, Served, served

PIECES = b"GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n"
MANY = 2_000


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as running:
        yield running


def everything(client: Client) -> bytes:
    found = b""
    while piece := client.socket.recv(65536):
        found += piece
    return found


@pytest.mark.spec("RFC 9112", "7.1")
def test_pieces_leave_as_chunks_and_the_connection_goes_on(server: Served) -> None:
    client = server.client().send(PIECES + b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, rest = everything(client).partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert b"content-length" not in head.lower()
    assert rest.startswith(b"4\r\n1111\r\n4\r\n2222\r\n4\r\n3333\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert server.echo.pieces.closed.is_set()


@pytest.mark.spec("RFC 9112", "6.3")
def test_pieces_end_with_the_connection_where_chunks_are_unknown(server: Served) -> None:
    whole = everything(server.client().send(b"GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"))
    head, _, body = whole.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert body == b"111122223333"


def test_answer_that_breaks_off_has_no_end(server: Served) -> None:
    server.echo.pieces.fails_after = 2
    client = server.client().send(PIECES)
    try:
        whole = everything(client)
    except ConnectionResetError:
        whole = b""
    assert b"0\r\n\r\n" not in whole
    assert server.echo.pieces.closed.wait(PATIENCE)


def test_pieces_are_made_no_faster_than_they_are_taken(server: Served) -> None:
    pieces = server.echo.pieces
    pieces.count, pieces.size = MANY, 65536
    client = server.client().send(PIECES)
    assert client.socket.recv(1)
    server.wait_for("_is_choked")
    assert pieces.made < MANY
    received = 1
    while not pieces.closed.is_set():
        received += len(client.socket.recv(1_000_000))
    assert pieces.made == MANY


def test_client_that_goes_away_ends_the_making(server: Served) -> None:
    pieces = server.echo.pieces
    pieces.count, pieces.size = MANY, 65536
    client = server.client().send(PIECES)
    assert client.socket.recv(1)
    client.socket.close()
    assert pieces.closed.wait(PATIENCE)
    assert pieces.made < MANY


@pytest.mark.spec("RFC 9112", "9.6")
@pytest.mark.parametrize("path", ["/pieces", "/big"])
def test_client_that_says_its_last_word_during_an_answer_sees_the_end_after_it(server: Served, path: str) -> None:
    """Left open until it counts as idle, the connection would take a place for more than a minute, though its client is gone."""
    server.echo.pieces.count, server.echo.pieces.size = MANY, 65536
    client = server.client().send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert client.socket.recv(1)
    server.wait_for("_is_choked")
    client.socket.shutdown(socket.SHUT_WR)
    server.wait_for("_at_eof")
    client.socket.settimeout(10)
    while client.socket.recv(1_000_000):
        pass
    server.until(lambda: not server.desk.connections)
