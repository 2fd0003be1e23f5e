"""The Flask application: paths to handlers, and what happens to everything else."""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, NotFound

from idp import handles
from idp.endpoints.api import problems
from idp.endpoints.desk import Desk
from idp.endpoints.routes import Route
from idp.errors import DomainError
from idp.protocol.resources import API_PATH
from idp.protocol.wire import StreamedResponse, WireRequest, WireResponse
from idp.web.environ import STREAMED, EnvironReader, TooLarge
from idp.web.static_files import by_hashed_name

_log = logging.getLogger("idp.app")


def create_app(routes: tuple[Route, ...], desk: Desk, reader: EnvironReader) -> Flask:
    """Return the application: routes, static files, then errors."""
    app = Flask("idp", static_folder=None)
    # By default an address with a doubled slash would be redirected, to whatever host and scheme the request claims.
    app.url_map.merge_slashes = False
    for route in routes:
        _add(app, route, reader)
    _add_static(app)
    _add_errors(app, desk)
    return app


def flask_response(response: WireResponse) -> Response:
    """Return a wire response as Flask's."""
    if isinstance(response, StreamedResponse):
        request.environ[STREAMED] = True
        return Response(response.chunks, status=response.status, headers=list(response.headers))
    return Response(response.body, status=response.status, headers=list(response.headers))


def _add(app: Flask, route: Route, reader: EnvironReader) -> None:
    def view(**variables: str) -> Response:
        # No id of ours holds a control character, and a database would choke on some of them.
        if not all(map(str.isprintable, variables.values())):
            raise NotFound
        wire = reader.read(request.environ)
        return flask_response(route.handler(wire, **variables))

    app.add_url_rule(
        route.rule, endpoint=f"{route.methods[0]} {route.rule}", view_func=view, methods=list(route.methods)
    )


def _add_static(app: Flask) -> None:
    files = by_hashed_name()

    @app.get("/static/<name>")
    def static_file(name: str) -> Response:
        found = files.get(name)
        if found is None:
            return Response(status=404)
        return flask_response(found)


def _add_errors(app: Flask, desk: Desk) -> None:
    def answer(error: DomainError) -> Response:
        wire = WireRequest(
            request.method,
            request.path,
            "",
            b"",
            "",
            request.remote_addr or "",
            {
                "cookie": request.headers.get("Cookie", ""),
                "accept-language": request.headers.get("Accept-Language", ""),
            },
            handles.new_case_code(),
        )
        if request.path.startswith(f"{API_PATH}/"):
            return flask_response(problems.stray(error, wire.case_code))
        # Strays of crawlers are no acts of anybody: logged, not audited.
        return flask_response(desk.refused(wire, error, audited=error.code in {"not_found", "method_not_allowed"}))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed", 413: "payload_too_large"}.get(
            error.code or 500, "invalid_request"
        )
        return answer(DomainError(f"HTTP {error.code}", code=code))

    @app.errorhandler(TooLarge)
    def too_large(_error: TooLarge) -> Response:
        return answer(DomainError("the body is too large", code="payload_too_large"))

    @app.errorhandler(DomainError)
    def domain_error(error: DomainError) -> Response:
        return answer(error)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        _log.exception("unexpected error", exc_info=error)
        return answer(DomainError("unexpected", code="server_error"))
