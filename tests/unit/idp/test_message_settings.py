"""Settings of mail and SMS: off when absent, complete or refused, nothing in clear over a network."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from idp.config.messages import Mail, Sms
from idp.config.settings import Settings

SMTP = {"carrier": "smtp", "host": "mail.example.vn", "sender": "no-reply@id.example.vn"}
HTTP = {"carrier": "http", "url": "https://sms.example.vn/send"}


def test_nothing_is_sent_unless_an_operator_says_how() -> None:
    assert (Mail().carrier, Sms().carrier) == ("off", "off")


@pytest.mark.parametrize("section", ["mail", "sms"])
def test_console_is_for_this_machine_only(section: str) -> None:
    given: dict[str, Any] = {section: {"carrier": "console"}}
    assert getattr(Settings(**given), section).carrier == "console"
    with pytest.raises(ValidationError, match="console"):
        Settings(issuer="https://id.example.vn", **given)


@pytest.mark.parametrize(
    "change",
    [
        {"host": ""},
        {"sender": ""},
        {"sender": "Định Danh <no-reply@id.example.vn>"},
        {"sender_name": "x\r\nBcc: a@example.vn"},
        {"username": "idp"},
        {"security": "none"},
        {"port": 0},
    ],
)
def test_smtp_is_complete_and_secured_or_refused(change: dict[str, Any]) -> None:
    Mail(**SMTP)
    with pytest.raises(ValidationError):
        Mail(**{**SMTP, **change})


def test_plain_smtp_passes_to_loopback_only() -> None:
    assert Mail(**{**SMTP, "host": "localhost", "security": "none"}).security == "none"


@pytest.mark.parametrize(
    "change",
    [
        {"url": ""},
        {"url": "ftp://sms.example.vn"},
        {"url": "https://user:secret@sms.example.vn"},
        {"body": {"to": "{to}"}},
        {"body": {"text": "{text}"}},
        {"format": "form", "body": {"a": {"to": "{to}", "text": "{text}"}}},
        {"header": "X Key"},
        {"header": ""},
        {"secret_prefix": "x\r\n"},
        {"success_field": "code"},
        {"success_values": ("1",)},
        {"body": {"to": "{to}", "text": "{text}", "key": "{secret}"}},
    ],
)
def test_gateway_is_complete_or_refused(change: dict[str, Any]) -> None:
    Sms(**HTTP)
    with pytest.raises(ValidationError):
        Sms(**{**HTTP, **change})


def test_codes_by_mail_are_offered_only_where_an_operator_turns_them_on() -> None:
    assert (Mail().factor, Sms().factor) == (False, True)
