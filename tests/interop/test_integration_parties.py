"""The systems of docs/integration that run as they are: Flask and Django with Authlib, Node with openid-client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.department_process import add_system, copied, django_command, flask_command, node_command, running
from tests.support.browser import Browser, Page, Person
from tests.support.ports import free_port
from tests.support.provider import Provider
from tests.support.receiver import Receiver

STACKS: dict[str, Callable[[Path], list[str]]] = {
    "flask": flask_command,
    "django": django_command,
    "node": node_command,
}


@dataclass
class System:
    """A running system, and a listener in the place of its back-channel address where the test wants to see the token."""

    url: str
    client_id: str
    issuer: str
    told: Receiver

    def opened(self, browser: Browser, path: str) -> Page:
        return browser.open(self.url + path)

    def sign_in(self, browser: Browser, person: Person) -> Page:
        return browser.walk(f"{self.url}/login", person, home=f"{self.url}/")

    def post_logout_token(self, browser: Browser, token: str) -> int:
        answer = browser.session.post(f"{self.url}/backchannel-logout", data={"logout_token": token}, timeout=30)
        assert "no-store" in answer.headers["Cache-Control"]
        return int(answer.status_code)


@pytest.fixture(scope="module", params=STACKS)
def system(
    request: pytest.FixtureRequest, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    stack, port = request.param, free_port()
    url = f"http://localhost:{port}"
    folder = copied(stack, tmp_path_factory.mktemp(stack))
    with Receiver() as told:
        environ = add_system(provider, stack, url, backchannel_logout_uri=told.url)
        with running(STACKS[stack](folder), folder, port, environ):
            yield System(url, environ["OIDC_CLIENT_ID"], provider.issuer, told)


def end_session_elsewhere(browser: Browser, issuer: str) -> None:
    """Sign out at the provider, as another department's sign-out does."""
    browser.submit(browser.open(f"{issuer}/end_session"), "logout-form", "logout-confirm")


def test_a_person_signs_in_and_signs_out_of_everything(system: System, citizen: Person) -> None:
    browser = Browser()
    assert system.sign_in(browser, citizen).text_of("person") == "Công dân mẫu 01"
    assert browser.submit(system.opened(browser, "/"), "logout").url == f"{system.url}/"
    assert system.opened(browser, "/").text_of("person") is None
    # Signed out of the provider too: a new sign-in asks for the password again.
    assert system.opened(browser, "/login").form("login-form") is not None
    system.told.next()


def test_a_genuine_logout_token_ends_the_session_and_serves_once(system: System, citizen: Person) -> None:
    browser, bystander = Browser(), Browser()
    system.sign_in(browser, citizen)
    system.sign_in(bystander, citizen)
    end_session_elsewhere(browser, system.issuer)
    token = system.told.next()["logout_token"][0]

    assert system.opened(browser, "/").text_of("person") is not None
    assert system.post_logout_token(Browser(), token) == 200
    assert system.opened(browser, "/").text_of("person") is None
    # The same person's other session has another sid.
    assert system.opened(bystander, "/").text_of("person") is not None
    assert system.post_logout_token(Browser(), token) == 400


def test_an_id_token_does_not_pass_for_a_logout_token(system: System, citizen: Person) -> None:
    browser, bystander = Browser(f"{system.issuer}/end_session"), Browser()
    system.sign_in(bystander, citizen)
    system.sign_in(browser, citizen)
    leaving = browser.submit(system.opened(browser, "/"), "logout").callback or {}
    assert system.post_logout_token(Browser(), leaving["id_token_hint"]) == 400
    assert system.opened(bystander, "/").text_of("person") is not None


@pytest.mark.parametrize("token", ["", "a.b.c", "eyJhbGciOiJub25lIiwidHlwIjoibG9nb3V0K2p3dCJ9.e30."])
def test_what_is_no_logout_token_is_refused(system: System, token: str) -> None:
    assert system.post_logout_token(Browser(), token) == 400


@pytest.mark.parametrize("changed", ["iss", "state"])
def test_an_answer_that_is_not_for_this_sign_in_is_refused(system: System, citizen: Person, changed: str) -> None:
    browser = Browser(f"{system.url}/callback")
    callback = browser.walk(f"{system.url}/login", citizen).url
    parameters = {**Browser(callback).open(callback).callback, changed: "https://evil.example"}  # type: ignore[dict-item]
    answer = browser.session.get(f"{system.url}/callback", params=parameters, timeout=30)
    assert answer.status_code == 400
    assert system.opened(browser, "/").text_of("person") is None


def test_an_answer_in_another_browser_signs_nobody_in(system: System, citizen: Person) -> None:
    browser = Browser(f"{system.url}/callback")
    callback = browser.walk(f"{system.url}/login", citizen).url
    victim = Browser()
    assert victim.open(callback).status == 400
    assert system.opened(victim, "/").text_of("person") is None


def test_the_session_from_before_the_sign_in_opens_nothing_after_it(system: System, citizen: Person) -> None:
    browser, planted = Browser(), Browser()
    page = system.opened(browser, "/login")
    planted.session.cookies.update(browser.session.cookies)
    assert browser.walk(page, citizen, home=f"{system.url}/").text_of("person") is not None
    assert system.opened(planted, "/").text_of("person") is None


@pytest.mark.parametrize("stack", STACKS)
def test_a_sign_out_elsewhere_arrives_at_the_registered_address(
    provider: Provider, citizen: Person, tmp_path: Path, stack: str
) -> None:
    port = free_port()
    url = f"http://localhost:{port}"
    environ = add_system(provider, stack, url)
    folder, browser = copied(stack, tmp_path), Browser()
    with running(STACKS[stack](folder), folder, port, environ):
        browser.walk(f"{url}/login", citizen, home=f"{url}/")
        end_session_elsewhere(browser, provider.issuer)
        deadline = time.monotonic() + 60
        while browser.open(f"{url}/").text_of("person") is not None:
            assert time.monotonic() < deadline, "no back-channel logout arrived"
            time.sleep(0.1)


def test_the_flask_system_returns_to_no_address_of_somebody_else(
    provider: Provider, citizen: Person, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://localhost:{port}"
    environ = add_system(provider, "flask", url)
    folder, browser = copied("flask", tmp_path), Browser("https://evil", "http://evil")
    with running(flask_command(folder), folder, port, environ):
        for wanted in ("//evil.example", "https://evil.example", "/\\evil.example"):
            landed = browser.walk(f"{url}/login?next={wanted}", citizen, home=f"{url}/")
            assert landed.url == f"{url}/", wanted
