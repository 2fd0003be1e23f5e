"""A browser for tests: a cookie jar that follows redirects and submits the provider's forms by their stable ids.

It runs no JavaScript, so it also holds the promise that every form works without it. Whoever signs in is a `Person`;
`Browser.walk` answers page after page with what the person knows until the browser is sent away to a callback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Final
from urllib.parse import parse_qs, urldefrag, urljoin, urlsplit

import requests
from bs4 import BeautifulSoup, Tag

MAX_HOPS: Final = 20
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class UnexpectedPageError(AssertionError):
    """The browser stands on a page with which the person can do nothing."""


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody types: the code, the password, a new password where one is asked for, a one-time code."""

    code: str
    password: str
    new_password: str = "một-mật-khẩu-mới-đủ-dài-27"
    otp: Callable[[], str] | None = None
    optional_claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page where the browser stopped; `callback` holds the parameters if it was sent to a stop address."""

    url: str
    status: int
    headers: Mapping[str, str]
    text: str
    callback: Mapping[str, str] | None = None
    _soup: list[BeautifulSoup] = field(default_factory=list, repr=False, compare=False)

    @property
    def soup(self) -> BeautifulSoup:
        """Return the parsed page."""
        if not self._soup:
            self._soup.append(BeautifulSoup(self.text, "html.parser"))
        return self._soup[0]

    def form(self, form_id: str) -> Tag | None:
        """Return the form with this id, or None."""
        found = self.soup.find("form", id=form_id)
        return found if isinstance(found, Tag) else None

    def text_of(self, element_id: str) -> str | None:
        """Return the text of an element, such as `error-code`, or None."""
        found = self.soup.find(id=element_id)
        return found.get_text(strip=True) if isinstance(found, Tag) else None


class Browser:
    """One browser with its cookies; `stops` are address prefixes that it does not open (a client's callbacks)."""

    def __init__(self, *stops: str, languages: str = "vi") -> None:
        self.stops = list(stops)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept-Language"] = languages
        # Browsers treat loopback as secure, so cookies marked Secure do come back over plain http there.
        self.session.cookies.set_policy(DefaultCookiePolicy(secure_protocols=("https", "wss", "http")))

    def open(self, url: str) -> Page:
        """Open an address and follow redirects up to a page or a stop."""
        return self._follow("GET", url, None, None)

    def post(self, url: str, fields: Mapping[str, str]) -> Page:
        """Post a form of another site's page to an address and follow redirects up to a page or a stop."""
        return self._follow("POST", url, None, dict(fields))

    def submit(self, page: Page, form_id: str, button: str | None = None, **fields: str | list[str]) -> Page:
        """Submit a form of a page: its hidden and preset fields, then `fields`, then the pressed button."""
        form = page.form(form_id)
        if form is None:
            raise UnexpectedPageError(_describe(page, f"no form {form_id}"))
        values: dict[str, str | list[str]] = {**_preset(form), **fields}
        if button is not None:
            pressed = form.find(id=button)
            if not isinstance(pressed, Tag):
                raise UnexpectedPageError(_describe(page, f"no button {button}"))
            if pressed.get("name"):
                values[str(pressed["name"])] = str(pressed.get("value", ""))
        action = urljoin(page.url, str(form.get("action") or page.url))
        if str(form.get("method", "get")).lower() == "get":
            return self._follow("GET", action, values, None)
        return self._follow("POST", action, None, values, came_from=page.url)

    def walk(self, page: Page | str, person: Person, *, home: str | None = None) -> Page:
        """Answer every page that asks something until a stop, or a page under `home`, is reached.

        Raises `UnexpectedPageError` on a page with which the person can do nothing.
        """
        if isinstance(page, str):
            page = self.open(page)
        for _ in range(MAX_HOPS):
            if page.callback is not None or (home is not None and page.url.startswith(home)):
                return page
            page = self._answer(page, person)
        raise UnexpectedPageError(_describe(page, f"still asked something after {MAX_HOPS} pages"))

    def sign_in(self, url: str, code: str, password: str) -> Page:
        """Open an authorization URL and sign in with a code and a password, allowing what is asked."""
        return self.walk(url, Person(code, password))

    def cookie_header(self, url: str) -> str:
        """Return the Cookie header that this browser would send to an address."""
        prepared = self.session.prepare_request(requests.Request("GET", url))
        return prepared.headers.get("Cookie", "")

    def _answer(self, page: Page, person: Person) -> Page:
        if page.form("login-form"):
            credentials = {"identity_code": person.code, "password": person.password}
            return self.submit(page, "login-form", "login-submit", **credentials)
        if page.form("password-form"):
            again = {"new_password": person.new_password, "new_password_again": person.new_password}
            return self.submit(page, "password-form", "password-submit", **again)
        if page.form("otp-form") and person.otp is not None:
            return self.submit(page, "otp-form", "otp-submit", otp=person.otp())
        if page.form("account-form"):
            return self.submit(page, "account-form", "account-continue")
        if page.form("consent-form"):
            return self.submit(page, "consent-form", "consent-allow", claim=list(person.optional_claims))
        for form_id in ("device-form", "request-1"):
            if page.form(form_id):
                return self.submit(page, form_id)
        raise UnexpectedPageError(_describe(page, "nothing to answer"))

    def _follow(
        self,
        method: str,
        url: str,
        query: Mapping[str, str | list[str]] | None,
        body: Mapping[str, str | list[str]] | None,
        came_from: str | None = None,
    ) -> Page:
        headers = {}
        if came_from is not None:
            parts = urlsplit(came_from)
            headers = {"Origin": f"{parts.scheme}://{parts.netloc}", "Referer": came_from}
        for _ in range(MAX_HOPS):
            if self._is_stop(url):
                return Page(url, 0, {}, "", _parameters(url))
            answer = self.session.request(
                method, url, params=query, data=body, headers=headers, allow_redirects=False, timeout=30
            )
            if answer.status_code not in _REDIRECTS:
                return self._landed(answer)
            url = urljoin(url, answer.headers["Location"])
            if answer.status_code in {301, 302, 303}:
                method, body = "GET", None
            query, headers = None, {}
        message = f"more than {MAX_HOPS} redirects, the last to {url}"
        raise UnexpectedPageError(message)

    def _landed(self, answer: requests.Response) -> Page:
        page = Page(answer.url, answer.status_code, answer.headers, answer.text)
        form = page.form("form-post")
        if form is not None and self._is_stop(str(form.get("action", ""))):
            posted = {name: value for name, value in _preset(form).items() if isinstance(value, str)}
            return Page(str(form["action"]), answer.status_code, answer.headers, answer.text, posted)
        return page

    def _is_stop(self, url: str) -> bool:
        return any(url.startswith(stop) for stop in self.stops)


def _preset(form: Tag) -> dict[str, str | list[str]]:
    values: dict[str, str | list[str]] = {}
    for element in form.find_all("input"):
        kind = str(element.get("type", "text"))
        name = element.get("name")
        is_chosen = kind not in {"checkbox", "radio", "submit", "button", "image"} or element.has_attr("checked")
        if name and is_chosen:
            values[str(name)] = str(element.get("value", ""))
    return values


def _parameters(url: str) -> dict[str, str]:
    """Return the parameters of a callback address, out of its query or its fragment; none may be repeated."""
    bare, fragment = urldefrag(url)
    found = parse_qs(fragment or urlsplit(bare).query, keep_blank_values=True)
    repeated = [name for name, values in found.items() if len(values) > 1]
    assert not repeated, f"repeated parameters in the callback: {repeated}"
    return {name: values[0] for name, values in found.items()}


def _describe(page: Page, what: str) -> str:
    code = page.text_of("error-code") or "-"
    forms = [str(form.get("id")) for form in page.soup.find_all("form")]
    return f"{what}: status {page.status} at {page.url.partition('?')[0]}, error {code}, forms {forms}, {page.text[:300]!r}"
