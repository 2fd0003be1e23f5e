"""The guarded fetcher against a real HTTP server: what it reaches, and what it refuses before a packet leaves."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from idp.errors import DomainError, Refused
from idp.outbound.fetcher import GuardedFetcher, OutboundPolicy
from tests.support.smtp import certificate

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Answer = Callable[[socket.socket], None]


@dataclass
class Peer:
    """A server that answers every request as the test says; ``requests`` are the heads that arrived."""

    listener: socket.socket
    answer: Answer
    requests: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(30)
                try:
                    self.requests.append(received(connection))
                    self.answer(connection)
                except OSError:
                    continue


def received(connection: socket.socket) -> bytes:
    """Return the head of a request and, of a POST, the body."""
    data = connection.recv(65536)
    wanted = re.search(rb"Content-Length: (\d+)", data)
    while wanted and len(data.partition(b"\r\n\r\n")[2]) < int(wanted[1]):
        data += connection.recv(65536)
    return data


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Run a server on loopback that says ``{}``."""
    peer = Peer(socket.create_server(("127.0.0.1", 0)), lambda connection: connection.sendall(OK))
    thread = Thread(target=peer.serve)
    thread.start()
    yield peer
    peer.listener.shutdown(socket.SHUT_RDWR)
    peer.listener.close()
    thread.join()


def fetcher(*allow: str, loopback: bool = False, timeout: float = 30.0) -> GuardedFetcher:
    """Return a fetcher under a policy."""
    return GuardedFetcher(OutboundPolicy(frozenset(allow), timeout, loopback))


def code_of(act: Callable[[], object]) -> str:
    """Return the reason id of a fetch that fails."""
    with pytest.raises(DomainError) as caught:
        act()
    return caught.value.code


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name resolve to ``addresses``; returns the list of names that were asked."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_args: object, **_kwargs: object) -> list[tuple[object, ...]]:
        asked.append(host)
        family = socket.AF_INET6 if ":" in addresses[0] else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr("idp.outbound.fetcher.socket.getaddrinfo", getaddrinfo)
    return asked


def test_allowed_pair_is_fetched(peer: Peer) -> None:
    answer = fetcher(peer.name).get(f"http://{peer.name}/jwks?x=1", "application/json")
    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", b"{}")
    [head] = peer.requests
    assert head.startswith(b"GET /jwks?x=1 HTTP/1.1\r\n")
    assert f"Host: {peer.name}".encode() in head


def test_body_is_posted_with_its_type_and_without_cookies(peer: Peer) -> None:
    fetcher(peer.name).post(f"http://{peer.name}", b"logout_token=x", "application/x-www-form-urlencoded")
    [request] = peer.requests
    assert request.startswith(b"POST / HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\nlogout_token=x")
    assert b"application/x-www-form-urlencoded" in request
    assert b"ookie" not in request


@pytest.mark.spec("RFC 8935", "2.1")
def test_event_is_posted_with_its_type_and_asks_for_json(peer: Peer) -> None:
    fetcher(peer.name).post(f"http://{peer.name}", b"x.y.z", "application/secevent+jwt", authorization="Bearer t")
    [request] = peer.requests
    assert b"\r\nAccept: application/json\r\n" in request
    assert b"\r\nContent-Type: application/secevent+jwt\r\n" in request
    assert b"\r\nAuthorization: Bearer t\r\n" in request


def test_loopback_is_reached_on_a_machine_of_its_own_only(peer: Peer) -> None:
    url = f"http://{peer.name}/"
    assert fetcher(loopback=True).get(url, "*/*").status == 200
    assert code_of(lambda: fetcher().get(url, "*/*")) == "outbound_refused"
    assert len(peer.requests) == 1


def test_allowance_is_for_one_port_only(peer: Peer) -> None:
    assert code_of(lambda: fetcher("127.0.0.1:1").get(f"http://{peer.name}/", "*/*")) == "outbound_refused"
    assert peer.requests == []


URLS = [
    "ftp://id.example.vn/",
    "file:///etc/passwd",
    "gopher://id.example.vn/",
    "unix:///run/x.sock",
    "//id.example.vn/",
    "id.example.vn",
    "",
    "https://",
    "https:///path",
    "https://user@192.0.2.1/",
    "https://user:secret@192.0.2.1/",
    "https://@192.0.2.1/",
    "https://192.0.2.1:port/",
    "https://192.0.2.1:99999/",
    "https://[::1/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0/",
    "https://localhost/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[64:ff9b:1::a00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://192.0.2.1/",
    "http://8.8.8.8/",
]


@pytest.mark.parametrize("url", URLS)
def test_address_that_nobody_may_reach_is_refused_before_a_packet_leaves(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    def connect(*_args: object) -> None:
        pytest.fail("a connection was tried")

    monkeypatch.setattr("idp.outbound.fetcher.socket.create_connection", connect)
    assert code_of(lambda: fetcher().get(url, "*/*")) == "outbound_refused"


@pytest.mark.parametrize("address", ["10.0.0.1", "::ffff:10.0.0.1", "fd00::1", "127.0.0.1", "169.254.169.254"])
def test_name_with_one_private_address_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolve_to(monkeypatch, "8.8.8.8", address)
    assert code_of(lambda: fetcher().get("https://rp.example.vn/", "*/*")) == "outbound_refused"


def test_connection_goes_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a second answer of the name server, to loopback, must never be asked for."""
    asked = resolve_to(monkeypatch, "8.8.8.8")
    tried: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *_args: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("idp.outbound.fetcher.socket.create_connection", connect)
    assert code_of(lambda: fetcher().get("https://rp.example.vn:8443/", "*/*")) == "outbound_failed"
    assert tried == [("8.8.8.8", 8443)]
    assert asked == ["rp.example.vn"]


def test_next_address_is_tried_where_the_first_does_not_answer(monkeypatch: pytest.MonkeyPatch, peer: Peer) -> None:
    resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")
    assert fetcher(f"rp.test:{peer.port}").get(f"http://rp.test:{peer.port}/", "*/*").status == 200
    assert f"Host: rp.test:{peer.port}".encode() in peer.requests[0]


def test_ipv6_address_is_allowed_in_brackets() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(0)
        assert (
            code_of(lambda: fetcher(f"[::1]:{port}", timeout=0.2).get(f"http://[::1]:{port}/", "*/*"))
            == "outbound_failed"
        )
        listener.accept()[0].close()


def test_redirect_is_an_answer_and_not_followed(peer: Peer) -> None:
    location = f"Location: http://{peer.name}/inside"
    peer.answer = lambda connection: connection.sendall(
        f"HTTP/1.1 302 Found\r\n{location}\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert fetcher(peer.name).get(f"http://{peer.name}/", "*/*").status == 302
    assert len(peer.requests) == 1


def drip(head: bytes, piece: bytes) -> Answer:
    """Return an answer that goes on until the other side hangs up, and for a minute at most."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        connection.settimeout(0.05)
        hung_up, end = False, time.monotonic() + 60
        while not hung_up and time.monotonic() < end:
            connection.sendall(piece)
            with suppress(TimeoutError):
                hung_up = not connection.recv(65536)

    return answer


SLOW = [
    (b"", b""),
    (b"", b"H"),
    (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
    (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
    (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
]


@pytest.mark.parametrize(("head", "piece"), SLOW)
def test_peer_that_drips_holds_nobody_longer_than_the_time_out(peer: Peer, head: bytes, piece: bytes) -> None:
    peer.answer = drip(head, piece)
    begun = time.monotonic()
    assert code_of(lambda: fetcher(peer.name, timeout=0.3).get(f"http://{peer.name}/", "*/*")) == "outbound_failed"
    assert time.monotonic() - begun < 30


LARGE = b"x" * (256 * 1024 + 1)
BROKEN = [
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + LARGE,
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(LARGE) + LARGE + b"\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    b"HTTP/1.1 abc OK\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x00\xff" * 100,
    b"",
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_answer_that_is_too_long_or_broken_is_no_answer(peer: Peer, number: int) -> None:
    peer.answer = lambda connection: connection.sendall(BROKEN[number])
    assert code_of(lambda: fetcher(peer.name).get(f"http://{peer.name}/", "*/*")) == "outbound_failed"


def test_answer_of_the_greatest_length_is_read_whole(peer: Peer) -> None:
    body = b"x" * (256 * 1024)
    peer.answer = lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    assert fetcher(peer.name).get(f"http://{peer.name}/", "*/*").body == body


@pytest.mark.parametrize("path", ["/a b", "/a\x01b", "/định-danh", "/a\x7f"])
def test_path_that_is_no_path_is_never_sent(peer: Peer, path: str) -> None:
    assert code_of(lambda: fetcher(peer.name).get(f"http://{peer.name}{path}", "*/*")) == "outbound_failed"
    assert all(request == b"" for request in peer.requests)


def test_name_that_does_not_resolve_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr("idp.outbound.fetcher.socket.getaddrinfo", getaddrinfo)
    assert code_of(lambda: fetcher().get("https://nowhere.example/", "*/*")) == "outbound_failed"


def test_name_that_is_no_name_has_failed() -> None:
    assert code_of(lambda: fetcher().get(f"https://{'a' * 300}.example/", "*/*")) == "outbound_failed"


def test_refusal_and_failure_are_two_things() -> None:
    with pytest.raises(Refused):
        fetcher().get("https://127.0.0.1/", "*/*")


@pytest.mark.spec("RFC 8935", "3")
@pytest.mark.spec("RFC 8417", "5.1")
@pytest.mark.spec("RFC 8935", "5.3")
@pytest.mark.spec("RFC 9101", "8")
@pytest.mark.parametrize(
    ("named", "is_trusted", "answers"),
    [("127.0.0.1", True, True), ("other.example.vn", True, False), ("127.0.0.1", False, False)],
)
def test_peer_without_the_certificate_of_the_name_is_no_peer(
    tmp_path: Path, named: str, *, is_trusted: bool, answers: bool
) -> None:
    shown, key = certificate(tmp_path, named)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(shown, key)
    listener = server.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
    peer = Peer(listener, lambda connection: connection.sendall(OK))
    thread = Thread(target=peer.serve)
    thread.start()
    trust = ssl.create_default_context(cafile=str(shown) if is_trusted else None)
    asking = GuardedFetcher(OutboundPolicy(frozenset({peer.name}), 30.0, loopback=False), trust)
    try:
        if answers:
            assert asking.get(f"https://{peer.name}/", "*/*").body == b"{}"
        else:
            assert code_of(lambda: asking.get(f"https://{peer.name}/", "*/*")) == "outbound_failed"
        assert len(peer.requests) == answers
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_peer_that_speaks_no_tls_is_no_peer(peer: Peer) -> None:
    assert code_of(lambda: fetcher(peer.name).get(f"https://{peer.name}/", "*/*")) == "outbound_failed"
    assert not any(request.startswith(b"GET") for request in peer.requests)


def test_tls_handshake_that_never_ends_is_cut_off(peer: Peer) -> None:
    peer.answer = drip(b"", b"")
    begun = time.monotonic()
    assert code_of(lambda: fetcher(peer.name, timeout=0.3).get(f"https://{peer.name}/", "*/*")) == "outbound_failed"
    assert time.monotonic() - begun < 30
