"""A person's browser in front of a deployment in process: cookies, redirects that stop at the client, forms by their ids.

Faster than a server and a socket, with the clock standing still; the same WSGI application that the server runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from bs4 import BeautifulSoup, Tag
from werkzeug.test import Client as Wsgi

from idp.model.session import Origin
from idp.wsgi import build
from policies import assurance
from tests.support.token_world import CHALLENGE, NONCE, REDIRECT, Registered, TokenWorld

BASE: Final = "https://id.example.vn"
STATE: Final = "st-1"


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the browser stands: a page of ours, or what arrived at the client (``callback``) and how (``mode``)."""

    status: int
    text: str
    headers: Mapping[str, str]
    callback: Mapping[str, str] | None = None
    mode: str = ""
    url: str = ""

    @property
    def soup(self) -> BeautifulSoup:
        """Return the parsed page."""
        return BeautifulSoup(self.text, "html.parser")

    @property
    def error(self) -> str | None:
        """Return the code that an error page shows."""
        found = self.soup.find(id="error-code")
        return found.get_text(strip=True) if isinstance(found, Tag) else None

    @property
    def form(self) -> str | None:
        """Return the id of the page's form."""
        found = self.soup.find("form", id=True)
        return str(found["id"]) if isinstance(found, Tag) else None

    def arrived(self) -> Mapping[str, str]:
        """Return the parameters at the client."""
        assert self.callback is not None, (self.status, self.error, self.text[:200])
        return self.callback


class Visitor:
    """One browser; ``signed_in`` is the account whose session it holds, if any."""

    def __init__(self, world: TokenWorld, signed_in: str | None = None) -> None:
        self.world = world
        self._http = Wsgi(build(world.wiring))
        if signed_in is not None:
            _, secret = world.wiring.sessions.start(signed_in, assurance.LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
            self._http.set_cookie("__Host-idp_session", secret, domain="id.example.vn", secure=True)

    def reach(self, application: Any) -> None:
        """Be sent to another process from now on, as by a balancer; the cookies stay."""
        self._http.application = application

    def authorize(self, parameters: Mapping[str, str] | str, *, method: str = "GET") -> Landing:
        """Open the authorization endpoint and follow redirects to a page or the client."""
        text = parameters if isinstance(parameters, str) else urlencode(parameters)
        if method == "POST":
            return self._landed(self._http.post("/authorize", data=text, content_type=FORM, base_url=BASE))
        return self.open(f"/authorize?{text}")

    def open(self, path: str) -> Landing:
        """Open an address of ours."""
        return self._landed(self._http.get(path, base_url=BASE))

    def press(self, page: Landing, button: str, **values: Any) -> Landing:
        """Submit the page's form by a button."""
        form = page.soup.find("form", id=True)
        assert isinstance(form, Tag)
        hidden = {str(one["name"]): str(one.get("value", "")) for one in form.find_all("input", type="hidden")}
        data = {**hidden, button: "1", **values}
        return self._landed(self._http.post(page.url, data=data, base_url=BASE))

    def allowed(self, parameters: Mapping[str, str] | str) -> Landing:
        """Open the authorization endpoint, agree if asked, and return what arrived at the client."""
        page = self.authorize(parameters)
        return self.press(page, "consent-allow", claim=["email"]) if page.form == "consent-form" else page

    def _landed(self, answer: Any) -> Landing:
        url = answer.request.path
        while answer.status_code == 303:
            target = urlsplit(answer.headers["Location"])
            if target.netloc and target.netloc != "id.example.vn":
                raw, mode = (target.fragment, "fragment") if target.fragment else (target.query, "query")
                pairs = parse_qsl(raw, keep_blank_values=True)
                assert len(dict(pairs)) == len(pairs), "a parameter is repeated in the answer"
                return Landing(303, "", answer.headers, dict(pairs), mode, f"https://{target.netloc}{target.path}")
            url = f"{target.path}?{target.query}" if target.query else target.path
            answer = self._http.get(url, base_url=BASE)
        page = Landing(answer.status_code, answer.get_data(as_text=True), answer.headers, url=url)
        form = page.soup.find("form", id="form-post")
        if isinstance(form, Tag):
            carried = {str(one["name"]): str(one.get("value", "")) for one in form.find_all("input") if one.get("name")}
            return Landing(page.status, page.text, page.headers, carried, "form_post", str(form["action"]))
        return page


FORM: Final = "application/x-www-form-urlencoded"


def asked(of: Registered, **changes: str | None) -> dict[str, str]:
    """Return the parameters of a proper code request, but for ``changes``; None takes one out."""
    defaults: dict[str, str | None] = {
        "response_type": "code",
        "client_id": of.client.client_id,
        "redirect_uri": REDIRECT,
        "scope": "openid email",
        "state": STATE,
        "nonce": NONCE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**defaults, **changes}.items() if value is not None}
