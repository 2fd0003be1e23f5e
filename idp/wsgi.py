"""The WSGI application: hot endpoints are dispatched from the environ before Flask builds a request; everything else is Flask's.

One implementation serves both ways in: a hot handler takes the same ``WireRequest`` that a Flask view would make.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from idp.app import create_app
from idp.errors import DomainError
from idp.protocol.errors import ProtocolError, ServerError, TemporarilyUnavailable
from idp.protocol.wire import WireRequest, WireResponse, json_response
from idp.web.environ import Environ, EnvironReader, StartResponse, TooLarge, send
from idp.wiring import Wiring

_log = logging.getLogger("idp.wsgi")

WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]
HotHandler = Callable[[WireRequest], WireResponse]


def build(wiring: Wiring) -> WsgiApp:
    """Return the whole application over a composition root, for any WSGI server."""
    return dispatcher(wiring.hot_routes(), pages(wiring), wiring.reader)


def pages(wiring: Wiring) -> WsgiApp:
    """Return the part of the application that Flask dispatches."""
    return create_app(wiring.page_routes(), wiring.desk, wiring.reader).wsgi_app


def dispatcher(hot: Mapping[str, HotHandler], rest: WsgiApp, reader: EnvironReader) -> WsgiApp:
    """Return the WSGI callable that sends known paths to their handlers and everything else to ``rest``."""

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        handler = hot.get(environ["PATH_INFO"])
        if handler is None:
            return rest(environ, start_response)
        return send(guarded(handler, reader, environ), start_response, head=environ["REQUEST_METHOD"] == "HEAD")

    return application


def guarded(handler: HotHandler, reader: EnvironReader, environ: Environ) -> WireResponse:
    """Return the handler's answer; what no handler mapped becomes a neutral JSON error with the case code that the log has too."""
    case_code = ""
    try:
        wire = reader.read(environ)
        case_code = wire.case_code
        return handler(wire)
    except TooLarge:
        return json_response({"error": "invalid_request", "error_description": "the body is too large"}, 413)
    except DomainError as error:
        _log.warning("unavailable: %s", error, extra={"case_code": case_code})
        unavailable = error.code == "temporarily_unavailable"
        return _failed(TemporarilyUnavailable("try again") if unavailable else ServerError("unexpected"), case_code)
    except ProtocolError as error:
        return _failed(error, case_code)
    except Exception:  # noqa: BLE001 - the last line of defence: logged with its case code, answered neutrally
        _log.exception("unexpected error", extra={"case_code": case_code})
        return _failed(ServerError("unexpected"), case_code)


def _failed(error: ProtocolError, case_code: str) -> WireResponse:
    body: dict[str, Any] = {"error": error.error, "error_description": error.description, "case_code": case_code}
    return json_response(body, error.status)
