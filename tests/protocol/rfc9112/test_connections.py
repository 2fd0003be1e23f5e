"""Connections: kept, bounded in time and number, and ended in good order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from idp.server.desk import Limits
from tests.support.http_server import MAX_BODY, PATIENCE, Client, Served, served

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
LATER = b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as running:
        yield running
        running.echo.release()


def hurried(**seconds: float) -> Limits:
    return Limits(max_body=MAX_BODY, **seconds)  # type: ignore[arg-type]


@pytest.mark.spec("RFC 9112", "9.3.2")
def test_requests_sent_ahead_are_answered_in_order(server: Served) -> None:
    paths = [b"/%d" % number for number in range(50)]
    client = server.client().send(b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in paths))
    assert [client.answer().json()["PATH_INFO"].encode() for _ in paths] == paths


def test_request_behind_one_that_waits_is_not_begun(server: Served) -> None:
    client = server.client().send(LATER + GET)
    assert server.echo.arrived.wait(PATIENCE)
    client.send(GET)
    server.tell(lambda: None)
    assert [one["PATH_INFO"] for one in server.echo.seen] == ["/later"]
    server.echo.release()
    assert [client.answer().body[:5] for _ in range(3)] == [b"later", b'{"REQ', b'{"REQ']


def test_request_that_is_known_octet_by_octet_is_answered_as_any_other(server: Served) -> None:
    public = b"GET /public HTTP/1.1\r\nHost: x\r\n\r\n"
    first = server.ask(public)
    client = server.client()
    answers = [client.send(*pieces).answer() for pieces in ((public,), (public[:20], public[20:]), (public,))]
    glued = client.send(public + GET + public)
    answers += [glued.answer() for _ in range(3)]
    waiting = client.send(LATER)
    assert server.echo.arrived.wait(PATIENCE)
    waiting.send(public)
    server.tell(lambda: None)
    server.echo.release()
    answers += [waiting.answer() for _ in range(2)]
    asked = [b"later" if one.body == b"later" else one.json()["PATH_INFO"] for one in answers]
    assert asked == ["/public"] * 4 + ["/a", "/public", b"later", "/public"]
    assert {one.body for one in answers if b"/public" in one.body} == {first.body}


def test_known_request_on_a_draining_server_is_the_last_of_its_connection(server: Served) -> None:
    public = b"GET /public HTTP/1.1\r\nHost: x\r\n\r\n"
    client = server.client().send(public)
    client.answer()
    server.tell(lambda: setattr(server.desk, "is_draining", True))
    assert client.send(public).answer().headers["connection"] == "close"
    assert client.is_ended()


@pytest.mark.spec("RFC 9112", "9.6")
@pytest.mark.parametrize(
    ("head", "connection"),
    [
        (b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "close"),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: x\r\nConnection: y, Close\r\n\r\n", "close"),
        (b"GET /a HTTP/1.0\r\n\r\n", "close"),
    ],
)
def test_connection_ends_where_the_client_wants_it(server: Served, head: bytes, connection: str) -> None:
    client = server.client().send(head + GET)
    assert client.answer().headers["connection"] == connection
    assert client.is_ended()


def test_connection_of_http_1_0_is_kept_on_request(server: Served) -> None:
    client = server.client().send(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2)
    assert [client.answer().headers["connection"] for _ in range(2)] == ["keep-alive"] * 2


@pytest.mark.spec("RFC 9110", "9.3.2")
def test_head_is_answered_with_the_length_and_no_body(server: Served) -> None:
    client = server.client().send(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
    assert int(client.answer(has_body=False).headers["content-length"]) > 0
    assert client.answer().json()["REQUEST_METHOD"] == "GET"


@pytest.mark.spec("RFC 9110", "8.6")
def test_answer_without_content_has_no_length(server: Served) -> None:
    client = server.client().send(b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
    assert "content-length" not in client.answer().headers
    assert client.answer().status == 200


def test_answer_torn_by_a_line_end_never_leaves(server: Served) -> None:
    answer = server.ask(b"GET /torn HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status == 500
    assert "set-cookie" not in answer.headers


@pytest.mark.spec("RFC 9110", "10.1.1")
def test_who_waits_for_a_go_gets_it(server: Served) -> None:
    client = server.client().send(b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
    assert client.go_on()
    assert client.send(b"abc").answer().json()["body"] == "abc"


@pytest.mark.spec("RFC 9110", "10.1.1")
def test_who_would_send_too_much_gets_no_go(server: Served) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
    client = server.client().send(head)
    assert client.answer().status == 200
    assert client.is_ended()


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"GET /a HT", 408),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", 408),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na", 408),
    ],
)
def test_slow_client_is_told_so_and_cut_off(octets: bytes, status: int) -> None:
    with served() as server:
        client = server.client().send(octets)
        server.until(lambda: any(not one.is_idle for one in server.desk.connections))
        server.let_pass(3600)
        assert client.answer().status == status
        assert client.is_ended()
        assert server.echo.seen == []


def test_octets_that_trickle_in_win_no_time() -> None:
    with served(hurried(head=0.2, linger=0.05)) as server:
        client, sent = server.client().send(b"G"), 1
        with suppress(OSError):
            while server.desk.connections and sent < 60_000:
                client.send(b"G")
                server.tell(lambda: None)
                sent += 1
        assert sent < 60_000


def test_silent_and_idle_connections_end_without_a_word() -> None:
    with served() as server:
        client = server.client()
        server.until(lambda: bool(server.desk.connections))
        server.let_pass(3600)
        assert client.is_ended()
        client = server.client().send(GET)
        assert client.answer().status == 200
        server.let_pass(3600)
        assert client.is_ended()


def test_client_that_does_not_read_is_cut_off_and_keeps_nothing_up() -> None:
    with served(hurried(write=0.05)) as server:
        client = server.client().send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n" * 40)
        assert server.ask(GET).status == 200
        while server.desk.connections and any(not one.is_idle for one in list(server.desk.connections)):
            server.tell(lambda: None)
        assert sum(one["PATH_INFO"] == "/big" for one in server.echo.seen) < 40
        with pytest.raises((EOFError, ConnectionError)):
            while True:
                client.answer()


def test_slow_reader_gets_all_of_it(server: Served) -> None:
    client = server.client().send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    assert [len(client.answer().body) for _ in range(3)] == [5_000_000] * 3


def test_client_that_has_said_its_last_word_is_still_answered(server: Served) -> None:
    client = server.client().send(LATER)
    assert server.echo.arrived.wait(PATIENCE)
    client.socket.shutdown(1)
    server.tell(lambda: None)
    server.echo.release()
    assert client.answer().body == b"later"
    assert client.is_ended()


def test_all_that_was_sent_before_a_last_word_is_answered(server: Served) -> None:
    client = server.client().send(GET * 100)
    client.socket.shutdown(1)
    assert [client.answer().status for _ in range(100)] == [200] * 100
    assert client.is_ended()


@pytest.mark.parametrize("behind", [b"GET /a HT", b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"])
def test_last_word_in_the_middle_of_a_request_ends_the_connection(behind: bytes) -> None:
    with served(hurried(head=600, body=600)) as server:
        client = server.client().send(GET + behind)
        client.socket.shutdown(1)
        assert client.answer().status == 200
        assert client.is_ended()


def test_long_body_sent_ahead_is_read_to_its_end(server: Served) -> None:
    chunks = b"1;" + b"x" * 200 + b"\r\na\r\n"
    client = server.client().send(LATER + b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert server.echo.arrived.wait(PATIENCE)
    client.send(chunks * 1400)
    server.wait_for("_is_paused")
    server.echo.release()
    assert client.answer().body == b"later"
    assert client.send(chunks * 1400, b"0\r\n\r\n").answer().json()["body"] == 2800


def test_client_of_a_socket_for_both_families_has_its_address_of_ipv4() -> None:
    with served(host="::") as server:
        client = Client(("127.0.0.1", server.address[1]))
        try:
            assert client.send(GET).answer().json()["REMOTE_ADDR"] == "127.0.0.1"
        finally:
            client.socket.close()


def test_client_that_is_gone_before_its_answer_disturbs_nobody(server: Served) -> None:
    client = server.client().send(LATER)
    assert server.echo.arrived.wait(PATIENCE)
    client.socket.close()
    server.echo.release()
    assert server.ask(GET).status == 200


def test_octets_sent_ahead_without_end_are_not_taken(server: Served) -> None:
    client = server.client().send(LATER)
    assert server.echo.arrived.wait(PATIENCE)
    client.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.send(*[GET * 10_000] * 200)
    server.echo.release()
    client.socket.settimeout(PATIENCE)
    assert client.answer().body == b"later"


def test_draining_ends_what_is_idle_and_answers_what_has_begun(server: Served) -> None:
    idle, busy = server.client().send(GET), server.client().send(LATER)
    assert idle.answer().status == 200
    assert server.echo.arrived.wait(PATIENCE)
    server.tell(server.desk.drain)
    assert idle.is_ended()
    server.echo.release()
    answer = busy.answer()
    assert (answer.body, answer.headers["connection"]) == (b"later", "close")
    assert busy.is_ended()


def test_connection_too_many_takes_the_place_of_an_idle_one() -> None:
    with served(hurried(connections=2)) as server:
        first, second = server.client().send(GET), server.client().send(LATER)
        assert first.answer().status == 200
        assert server.echo.arrived.wait(PATIENCE)
        assert server.ask(GET).status == 200
        assert first.is_ended()
        server.echo.release()
        assert second.answer().body == b"later"


def test_connection_too_many_is_refused_where_all_are_busy() -> None:
    with served(hurried(connections=1)) as server:
        server.client().send(LATER)
        assert server.echo.arrived.wait(PATIENCE)
        client = server.client()
        assert client.answer().status == 503
        assert client.is_ended()
        server.echo.release()


def test_flood_of_refused_connections_takes_few_descriptors() -> None:
    with served(hurried(connections=1, linger=600)) as server:
        server.client().send(LATER)
        assert server.echo.arrived.wait(PATIENCE)
        assert [server.client().answer().status for _ in range(100)] == [503] * 100
        server.tell(lambda: None)
        assert len(server.desk.connections) < 100
        server.echo.release()
