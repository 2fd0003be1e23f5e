"""Enrolling and naming passkeys."""

from __future__ import annotations

from typing import Final

from idp.authn.passkeys import LONGEST_NAME, Passkeys
from idp.endpoints.account import browser_name
from idp.endpoints.desk import Exchange, first
from idp.endpoints.security.room import HOME, Room, bound_to
from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.flows.factor_changes import Here
from idp.protocol.wire import WireRequest, WireResponse
from idp.web.i18n import translator

PATH: Final = f"{HOME}/passkey"


class PasskeyPages:
    """``/account/security/passkey`` and ``/account/security/passkey/<id>``."""

    def __init__(self, room: Room, passkeys: Passkeys) -> None:
        """Take the room and the passkeys."""
        self._room = room
        self._passkeys = passkeys

    def add(self, wire: WireRequest) -> WireResponse:
        """Ask the browser for a passkey, or take what it answered."""
        return self._room.answered(wire, PATH, self._taken if wire.method == "POST" else self._shown)

    def rename(self, wire: WireRequest, passkey_id: str) -> WireResponse:
        """Show the name, or take another; a name proves nothing, so a session is enough."""

        def act(exchange: Exchange, here: Here) -> WireResponse:
            return self._renamed(exchange, here, passkey_id)

        return self._room.answered(wire, f"{PATH}/{passkey_id}", act, is_change=False)

    def _shown(self, exchange: Exchange, here: Here, problem: str = "") -> WireResponse:
        person = self._room.person(here.account_id)
        options = self._passkeys.creation_options(
            here.account_id, person["code"] or person["name"], person["name"], bound_to(exchange, here)
        )
        return self._room.page(
            "passkey",
            exchange,
            options=options if self._passkeys.party.is_usable else "",
            name=browser_name(here.origin.browser)[:LONGEST_NAME],
            longest=LONGEST_NAME,
            problem=problem,
        )

    def _taken(self, exchange: Exchange, here: Here) -> WireResponse:
        t = translator(exchange.language)
        form = self._room.form(exchange)
        name = first(form, "name") or browser_name(here.origin.browser) or t("security.factor.passkey")
        try:
            self._room.changes.add_passkey(here, first(form, "passkey"), bound_to(exchange, here), name)
        except Conflict:
            return self._shown(exchange, here, t("passkey.known"))
        except Refused:
            return self._shown(exchange, here, t("security.passkey_refused"))
        except InvalidInput as error:
            return self._shown(exchange, here, t.either(f"security.{error.code}", "security.passkey_refused"))
        return self._room.done("passkey_added")

    def _renamed(self, exchange: Exchange, here: Here, passkey_id: str) -> WireResponse:
        t = translator(exchange.language)
        own = next((one for one in self._room.changes.enrolled(here.account_id) if one.item == passkey_id), None)
        if own is None or own.factor != "passkey":
            raise NotFound("the account has no such passkey")
        name, problem = own.name, ""
        if exchange.is_post:
            name = first(self._room.form(exchange), "name")
            try:
                self._room.changes.rename_passkey(here, passkey_id, name)
            except InvalidInput:
                problem = t("security.passkey_name")
            else:
                return self._room.done("passkey_renamed")
        return self._room.page("rename", exchange, name=name, longest=LONGEST_NAME, problem=problem)
