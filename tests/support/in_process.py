"""The whole application in this process behind `requests`: a real browser's cookies and forms, and a clock that a test moves."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.cookies import extract_cookies_to_jar
from urllib3 import HTTPResponse

from idp.wsgi import build
from tests.support.browser import Browser, Person
from tests.support.token_world import ISSUER, TokenWorld

PASSWORD = "một mật khẩu mẫu đủ dài 31"


class WsgiAdapter(BaseAdapter):
    """Answers requests by calling a WSGI application."""

    def __init__(self, application: Any, address: str = "192.0.2.30") -> None:
        super().__init__()
        self._application = application
        self._address = address

    def send(self, request: requests.PreparedRequest, *_arguments: Any, **_options: Any) -> requests.Response:
        """Return what the application answers."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _info: Any = None) -> None:
            started.extend((status, headers))

        environ = self._environ(request)
        body = b"".join(_chunks(self._application(environ, start_response)))
        status, headers = started
        raw = HTTPResponse(io.BytesIO(body), headers=headers, status=int(status.split()[0]), preload_content=False)
        raw._original_response = _Original(headers)  # type: ignore[assignment]
        response = requests.Response()
        response.status_code, response.url, response.raw, response.request = raw.status, str(request.url), raw, request
        response.headers.update(dict(headers))
        response.encoding = "utf-8"
        response._content = body
        extract_cookies_to_jar(response.cookies, request, raw)
        return response

    def close(self) -> None:
        """Nothing is held."""

    def _environ(self, request: requests.PreparedRequest) -> dict[str, Any]:
        parts = urlsplit(str(request.url))
        sent = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
        return {
            **given,
            "REQUEST_METHOD": request.method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname,
            "SERVER_PORT": "443",
            "wsgi.url_scheme": "https",
            "REMOTE_ADDR": self._address,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(sent)),
            "wsgi.input": io.BytesIO(sent),
        }


class _Original:
    """What `http.cookiejar` asks of a response."""

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self.msg = _Message(headers)


class _Message:
    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self._headers = headers

    def get_all(self, name: str, default: Any = None) -> Any:
        """Return every header of a name."""
        return [value for given, value in self._headers if given.lower() == name.lower()] or default


def _chunks(answer: Iterable[bytes]) -> Iterable[bytes]:
    yield from answer


def browser(world: TokenWorld, *, address: str = "192.0.2.30", languages: str = "vi") -> Browser:
    """Return a browser in front of a deployment in process."""
    made = Browser("https://portal.example.vn/", languages=languages)
    made.session.mount(ISSUER, WsgiAdapter(build(world.wiring), address))
    return made


def citizen(world: TokenWorld, number: int = 1, **columns: str) -> tuple[str, Person]:
    """Add a citizen with a password; returns the account id and what the person types."""
    account_id = world.add_person(number, **columns)
    world.wiring.credentials.set_password(account_id, PASSWORD, actor="operator:local")
    return account_id, Person(f"049499{number:06}", PASSWORD)
