"""What a worker serves: which application answers a path, and how an answer leaves it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any

import pytest

from idp.fibers import Fibers, in_fiber
from idp.protocol.wire import MAX_BODY, WireRequest, WireResponse
from idp.server.desk import Fields, Respond
from idp.server.streaming import Pieces
from idp.serving import Application
from idp.web.environ import STREAMED, Environ, EnvironReader

FORM = "application/x-www-form-urlencoded"

Answer = tuple[int, dict[str, str], bytes]


def hot(request: WireRequest) -> WireResponse:
    return WireResponse(200, (("X-Fiber", str(in_fiber())),), request.body or request.query.encode())


def pages(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/broken":
        raise RuntimeError
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1"), b"!"]


def ready(known: str) -> WireResponse | None:
    return None if known == "due" else WireResponse(200, (("X-Fiber", str(in_fiber())), ("X-Known", known)), b"ready")


def ask(method: str = "GET", path: str = "/hot", body: bytes = b"", **variables: str) -> Answer:
    answers: list[Answer] = []

    def respond(status: int, headers: Fields, body: bytes | Pieces) -> None:
        assert isinstance(body, bytes)
        answers.append((status, {name.lower(): value for name, value in headers}, body))

    async def main() -> None:
        fibers = Fibers()
        fibers.attach(asyncio.get_running_loop())
        environ: Environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "a=b",
            "REMOTE_ADDR": "192.0.2.1",
        }
        Application({"/hot": hot, "/ready": hot}, pages, EnvironReader(()), fibers, {"/ready": ready})(
            {**environ, "wsgi.input": BytesIO(body), **variables}, respond
        )

    asyncio.run(main())
    (answer,) = answers
    return answer


def test_hot_path_is_answered_in_a_fiber() -> None:
    assert ask() == (200, {"x-fiber": "True"}, b"a=b")


def test_what_lies_ready_is_answered_without_a_fiber() -> None:
    assert ask(path="/ready", HTTP_IF_NONE_MATCH="x") == (200, {"x-fiber": "False", "x-known": "x"}, b"ready")


@pytest.mark.parametrize(("method", "known"), [("GET", "due"), ("HEAD", ""), ("POST", "")])
def test_what_does_not_lie_ready_or_is_no_get_is_answered_in_a_fiber(method: str, known: str) -> None:
    assert ask(method, "/ready", HTTP_IF_NONE_MATCH=known)[1] == {"x-fiber": "True"}


def test_every_other_path_is_the_pages_in_octets_of_utf_8() -> None:
    path = "/phường/tam kỳ".encode()
    assert ask(path=path.decode("latin-1")) == (404, {"content-type": "text/plain"}, path + b"!")


def test_body_of_a_form_arrives_whole() -> None:
    assert ask("POST", body=b"x=1&y", CONTENT_TYPE=FORM, CONTENT_LENGTH="5")[2] == b"x=1&y"


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "99999999999999"])
def test_length_that_is_too_long_is_413(length: str) -> None:
    assert ask("POST", CONTENT_TYPE=FORM, CONTENT_LENGTH=length)[0] == 413


def test_chunks_that_are_too_long_are_413() -> None:
    assert ask("POST", body=b"z" * (MAX_BODY + 1), CONTENT_TYPE=FORM)[0] == 413


def test_what_nobody_caught_is_a_neutral_500(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(path="/broken")[0] == 500
    assert "RuntimeError" in caplog.text


class Streaming:
    """A page whose answer comes in pieces; ``made`` are those that were asked for."""

    def __init__(self) -> None:
        self.made: list[bool] = []
        self.is_closed = False

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[STREAMED] = True
        start_response("200 OK", [("Content-Type", "text/csv")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        for number in range(3):
            self.made.append(in_fiber())
            yield b"%d" % number

    def close(self) -> None:
        self.is_closed = True


def test_pieces_of_an_answer_are_each_made_in_a_fiber() -> None:
    page, taken = Streaming(), list[bytes | None]()

    def respond(_status: int, _fields: Fields, body: bytes | Pieces) -> None:
        assert not isinstance(body, bytes)
        assert page.made == []
        for _ in range(4):
            body.next(lambda piece, _error: taken.append(piece))
        body.close()

    answer_with(page, "GET", respond)
    assert taken == [b"0", b"1", b"2", None]
    assert page.made == [True] * 3
    assert page.is_closed


def test_head_of_an_answer_in_pieces_has_none() -> None:
    bodies: list[bytes | Pieces] = []
    answer_with(Streaming(), "HEAD", lambda _status, _fields, body: bodies.append(body))
    assert isinstance(bodies[0], bytes)


def answer_with(page: Streaming, method: str, respond: Respond) -> None:
    async def main() -> None:
        fibers = Fibers()
        fibers.attach(asyncio.get_running_loop())
        environ = {"REQUEST_METHOD": method, "PATH_INFO": "/page", "QUERY_STRING": "", "REMOTE_ADDR": "192.0.2.1"}
        Application({}, page, EnvironReader(()), fibers)({**environ, "wsgi.input": BytesIO()}, respond)

    asyncio.run(main())
