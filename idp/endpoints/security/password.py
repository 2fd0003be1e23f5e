"""Changing the password: by the one that is, or by a fresh sign-in at level 2."""

from __future__ import annotations

from typing import Final

from idp.endpoints.desk import Exchange, first
from idp.endpoints.security.room import HOME, Room, minutes
from idp.errors import Busy, InvalidInput, Refused, Throttled
from idp.flows.factor_changes import Here
from idp.protocol.wire import WireRequest, WireResponse
from idp.web.i18n import Translator, translator

PATH: Final = f"{HOME}/password"


class PasswordPage:
    """``/account/security/password``."""

    def __init__(self, room: Room) -> None:
        """Take the room."""
        self._room = room

    def handle(self, wire: WireRequest) -> WireResponse:
        """Show the form, or take it; who has no password yet sets one as any other factor is added."""
        return self._room.answered(wire, PATH, self._judged, is_change=False)

    def _judged(self, exchange: Exchange, here: Here) -> WireResponse:
        if not self._room.is_sure(here.session) and not self._has_password(here):
            return self._room.answered(exchange.wire, PATH, self._entered)
        return self._entered(exchange, here)

    def _entered(self, exchange: Exchange, here: Here) -> WireResponse:
        return self._taken(exchange, here) if exchange.is_post else self._shown(exchange, here)

    def _shown(self, exchange: Exchange, here: Here, problem: str = "") -> WireResponse:
        return self._room.page("password", exchange, asks_current=self._asks_current(here), problem=problem)

    def _taken(self, exchange: Exchange, here: Here) -> WireResponse:
        t, form = translator(exchange.language), self._room.form(exchange)
        new = first(form, "new_password")
        if new != first(form, "new_password_again"):
            return self._shown(exchange, here, t("password.mismatch"))
        current = first(form, "current_password") if self._asks_current(here) else None
        try:
            self._room.changes.change_password(here, current, new, end_others="end-others" in form)
        except Throttled as error:
            return self._shown(exchange, here, t("signin.throttled", minutes=minutes(error.retry_after)))
        except Busy:
            return self._shown(exchange, here, t("signin.busy"))
        except Refused:
            return self._shown(exchange, here, t("security.wrong_current"))
        except InvalidInput as error:
            return self._shown(exchange, here, broken_rule(t, error))
        return self._room.done("password_changed")

    def _asks_current(self, here: Here) -> bool:
        return self._has_password(here) and not self._room.is_sure(here.session)

    def _has_password(self, here: Here) -> bool:
        return any(one.factor == "password" for one in self._room.changes.enrolled(here.account_id))


def broken_rule(t: Translator, error: InvalidInput) -> str:
    """Return what is wrong with a new password, in words."""
    return t.either(f"password.{error.code}", "password.refused")
