"""Enrolling an authenticator app: a picture to scan, the secret as text, and one code before it counts."""

from __future__ import annotations

from typing import Final

from idp.endpoints.desk import Exchange, Form, first
from idp.endpoints.security.room import HOME, Room, minutes
from idp.errors import Refused, Throttled
from idp.flows.factor_changes import Here
from idp.protocol.wire import WireRequest, WireResponse
from idp.web.i18n import translator
from idp.web.qr import picture

PATH: Final = f"{HOME}/app"
_LONGEST: Final = 16
_GROUP: Final = 4


class AppPage:
    """``/account/security/app``."""

    def __init__(self, room: Room) -> None:
        """Take the room."""
        self._room = room

    def handle(self, wire: WireRequest) -> WireResponse:
        """Show the seed that waits, or take its first code."""
        return self._room.answered(wire, PATH, self._taken if wire.method == "POST" else self._shown)

    def _shown(self, exchange: Exchange, here: Here, problem: str = "") -> WireResponse:
        code = self._room.person(here.account_id)["code"]
        enrolment = self._room.changes.app(here, code)
        replaces = any(one.factor == "totp" for one in self._room.changes.enrolled(here.account_id))
        return self._room.page(
            "app",
            exchange,
            picture=picture(enrolment.uri),
            secret=grouped(enrolment.secret),
            uri=enrolment.uri,
            replaces=replaces,
            problem=problem,
        )

    def _taken(self, exchange: Exchange, here: Here) -> WireResponse:
        t = translator(exchange.language)
        form = self._room.form(exchange)
        try:
            self._room.changes.confirm_app(here, digits(form))
        except Throttled as error:
            return self._shown(exchange, here, t("signin.throttled", minutes=minutes(error.retry_after)))
        except Refused:
            return self._shown(exchange, here, t("step_up.wrong_totp"))
        return self._room.done("app_added")


def digits(form: Form) -> str:
    """Return the typed code without the spaces that apps show in it."""
    return "".join(character for character in first(form, "code") if not character.isspace())[:_LONGEST]


def grouped(secret: str) -> str:
    """Return a secret in groups that can be read aloud."""
    return " ".join(secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP))
