"""The gate that nginx asks: the Flask system of ../flask/app.py (copy it beside this file), and two addresses for nginx."""
# mypy: ignore-errors

from __future__ import annotations

import os
from urllib.parse import quote

from app import app, begin_sign_in, current_person
from flask import request
from werkzeug.wrappers import Response


@app.get("/auth")
def auth() -> tuple[str, int, dict[str, str]]:
    """Tell nginx whether the request may pass, and who it is."""
    person = current_person()
    if person is None:
        return "", 401, {}
    # Percent-encoded: header fields carry no Vietnamese letters.
    return "", 204, {"X-Person-Sub": person["sub"], "X-Person-Name": quote(person.get("name", ""))}


@app.get("/sign-in")
def sign_in() -> Response:
    """Begin to sign in for the page that nginx has just refused."""
    # A form that was posted without a session cannot be posted again for the person: they start from the first page.
    is_page = request.headers.get("X-Original-Method") == "GET"
    return begin_sign_in(request.headers.get("X-Original-URI", "/") if is_page else "/")


if __name__ == "__main__":
    # On loopback only: whoever reached the gate past nginx could write the headers that nginx writes.
    app.run("127.0.0.1", int(os.environ.get("PORT", "5000")))
