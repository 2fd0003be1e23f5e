"""Contacts and codes in a real browser, with a real mail server and a real gateway: what arrives outside is typed back inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.gateway import SmsGateway
from tests.support.journeys import chromium, context, looked_at, signed_in
from tests.support.smtp import MailServer, certificate
from tests.support.world import World, deployed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SENDER = "no-reply@id.example.vn"


@dataclass
class Reached:
    """A deployment that reaches people, and where its messages arrive."""

    world: World
    mail: MailServer
    sms: SmsGateway

    def by_sms(self) -> str:
        """Return the code of the next SMS that holds one."""
        while True:
            text = parse_qs(self.sms.posted.get(timeout=60).body.decode())["text"][0]
            if found := re.search(r"\b[0-9]{6}\b", text):
                return found.group()

    def by_mail(self, address: str) -> str:
        """Return the code of the next mail to an address."""
        while True:
            to, mail = self.mail.inbox.get(timeout=60)
            if to == address and (found := re.search(r"\b[0-9]{6}\b", mail.get_body(("plain",)).get_content())):  # type: ignore[union-attr]
                return found.group()


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    folder = tmp_path_factory.mktemp("reached")
    files, password = certificate(folder), folder / "password"
    password.write_text("mat-khau-thu")
    with MailServer(files, login=("idp", "mat-khau-thu")) as mail, SmsGateway() as sms:
        settings = {
            "MAIL__CARRIER": "smtp", "MAIL__HOST": "localhost", "MAIL__PORT": str(mail.port), "MAIL__SENDER": SENDER,
            "MAIL__AUTHORITIES": str(files[0]), "MAIL__USERNAME": "idp", "MAIL__PASSWORD_FILE": str(password),
            "SMS__CARRIER": "http", "SMS__URL": sms.url, "SMS__FORMAT": "form",
        }  # fmt: skip
        with deployed("sqlite", settings=settings) as world:
            yield Reached(world, mail, sms)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.mark.parametrize(("language", "width"), [("vi", "phone"), ("en", "desktop")])
def test_a_person_turns_codes_on_steps_up_by_one_and_changes_the_mail_address(
    reached: Reached, browser: Browser, language: str, width: str
) -> None:
    world = reached.world
    person = world.person(email_verified="true", phone_number_verified="true")
    page = context(browser, width, language).new_page()
    page.goto(f"{world.issuer}/account/contacts")
    signed_in(page, person.code, person.password)
    _kept(page, f"contacts-{language}-{width}", "#change-sms-form")
    page.click("#codes-sms-form button")
    expect(page.locator("[role=status]")).to_be_visible()
    page.click("#contacts-link")
    _kept(page, f"sent-code-{language}-{width}", "#otp-form")
    page.fill("#otp", "000000")
    page.click("#otp-submit")
    _kept(page, f"sent-code-wrong-{language}-{width}", "#problem")
    page.fill("#otp", reached.by_sms())
    page.click("#otp-submit")
    address = f"moi-{language}@example.vn"
    page.fill("#email", address)
    page.click("#change-mail-form button")
    _kept(page, f"contacts-waiting-{language}-{width}", "#confirm-mail-form")
    page.fill("#otp-mail", reached.by_mail(address))
    page.click("#confirm-mail-form button")
    expect(page.locator("#confirm-mail-form")).to_have_count(0)
    expect(page.locator("section", has=page.locator("#change-mail-form"))).to_contain_text(address)
    assert all(reached.mail.secured)
    log = world.provider.log_path.read_text(errors="replace")
    assert not re.search(r"example\.vn|\+84905", log.replace(SENDER, ""))


def _kept(page: Page, name: str, until: str) -> None:
    expect(page.locator(until)).to_be_visible()
    looked_at(page, name)
