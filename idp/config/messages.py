"""Settings of mail and SMS to people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from idp.config.sections import Section

_SENDER = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Mail(Section):
    """E-mail to people: one-time codes and notices."""

    carrier: Literal["off", "console", "file", "smtp"] = Field(
        "off",
        description="How mail leaves: not at all, on the worker's stderr (loopback only), as JSON lines in `messages.jsonl` of the home "
        "directory (tests), or by SMTP.",
    )
    host: str = Field("", description="SMTP server.")
    port: int = Field(587, ge=1, le=65535, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="`starttls`, `tls` from the first byte (port 465), or `none`, which passes only to loopback.",
    )
    authorities: Path | None = Field(
        None, description="PEM file of the authorities that vouch for the server; empty: those of the system."
    )
    username: str = Field("", description="User at the server; empty: no authentication.")
    password_file: Path | None = Field(None, description="File that holds the password.")
    sender: str = Field("", description="Address of the sender, as in `no-reply@example.vn`.")
    sender_name: str = Field("Định Danh", max_length=64, description="Name of the sender.")
    timeout: int = Field(15, ge=1, le=60, description="Seconds for one message, all in all.")
    factor: bool = Field(
        default=False,
        description="People may have one-time codes sent by e-mail as their second factor. Off unless an operator turns it on: neither NIST "
        "SP 800-63B-4 nor OWASP ASVS (6.3.6) counts mail as something that one has.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Mail:
        if not self.sender_name.isprintable():
            message = "sender_name must be one printable line"
            raise ValueError(message)
        if self.carrier != "smtp":
            return self
        if not self.host or not _SENDER.fullmatch(self.sender):
            message = "smtp needs host and sender (an address such as no-reply@example.vn)"
            raise ValueError(message)
        if bool(self.username) != bool(self.password_file):
            message = "username and password_file are given together or not at all"
            raise ValueError(message)
        if self.security == "none" and self.host not in _LOOPBACK:
            message = "security=none is refused unless the SMTP server is on loopback"
            raise ValueError(message)
        return self


class Sms(Section):
    """SMS to people, through a gateway's HTTP interface."""

    carrier: Literal["off", "console", "file", "http"] = Field(
        "off",
        description="How an SMS leaves: not at all, on the worker's stderr (loopback only), as JSON lines in `messages.jsonl` of the home "
        "directory (tests), or by a POST to a gateway.",
    )
    url: str = Field("", description="Address of the gateway; a private one must be in `IDP_OUTBOUND__ALLOW`.")
    format: Literal["json", "form"] = Field("json", description="How the body is written.")
    body: dict[str, Any] = Field(
        {"to": "{to}", "text": "{text}"},
        description="What the body holds: `{to}`, `{text}`, `{id}` (the same at every attempt) and `{secret}` are filled in, at any depth in JSON.",
    )
    number: Literal["e164", "digits", "national"] = Field(
        "e164", description="How `{to}` is written: `+84905…`, `84905…`, or `0905…` (other countries as digits)."
    )
    header: str = Field("Authorization", description="Header that carries the secret.")
    secret_file: Path | None = Field(
        None,
        description="File that holds the secret of the gateway; it goes into the body where that has `{secret}`, else into the header.",
    )
    secret_prefix: str = Field("Bearer ", max_length=32, description="What stands before the secret.")
    diacritics: bool = Field(
        default=True, description="`false`: Vietnamese without its marks, for gateways that take nothing else."
    )
    success_field: str = Field(
        "",
        description="Field of a JSON answer that says whether the message was taken, `a.b` for a nested one; empty: any 2xx.",
    )
    success_values: tuple[str, ...] = Field((), description="Values of that field that mean yes.")
    factor: bool = Field(
        default=True,
        description="People may have one-time codes sent by SMS as their second factor; restricted by NIST SP 800-63B-4 section 3.2.9.",
    )
    per_day: int = Field(
        20_000, ge=1, description="One-time codes by SMS a day, all in all: what a flood can cost at most."
    )

    @field_validator("header")
    @classmethod
    def _name(cls, value: str) -> str:
        if not _HEADER.fullmatch(value):
            message = "must be the name of a header"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _complete(self) -> Sms:
        if self.carrier != "http":
            return self
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            message = "http needs url, an http or https address without a user"
            raise ValueError(message)
        text = str(self.body)
        if "{to}" not in text or "{text}" not in text:
            message = "body must hold {to} and {text}"
            raise ValueError(message)
        if "{secret}" in text and self.secret_file is None:
            message = "a body with {secret} needs secret_file"
            raise ValueError(message)
        if self.format == "form" and not all(isinstance(value, str) for value in self.body.values()):
            message = "the body of a form holds texts only"
            raise ValueError(message)
        if bool(self.success_field) != bool(self.success_values):
            message = "success_field and success_values are given together or not at all"
            raise ValueError(message)
        if not (self.secret_prefix.isascii() and self.secret_prefix.isprintable()) and self.secret_prefix:
            message = "secret_prefix must be printable ASCII"
            raise ValueError(message)
        return self
