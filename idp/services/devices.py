"""Known devices: the browsers in which an account has been used before.

A browser is known by a long-lived random cookie of which only a digest is stored, and the digest covers the account too. Being known
proves nothing about the person: it decides whether a sign-in is told of, and whether somebody keeps working in a browser of theirs while
another guesses elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import NotFound
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.notice import Detail, Topic
from idp.model.session import Origin
from idp.ports.devices import DeviceRow, DeviceStore
from idp.ports.notices import Notices
from idp.services.audit import AuditLog

MOST: Final = 50
"""Browsers kept for one account; a browser that keeps no cookies would otherwise leave a row at every visit."""
LIFETIME: Final = 400 * 86400
"""Seconds for which the cookie lives after its last use: as long as browsers keep one at all."""

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Recognition:
    """What came of a sign-in: the secret to keep in the browser's cookie, and whether the browser was new for the account."""

    secret: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A browser as its owner sees it; ``origin`` is that of the first sign-in."""

    id: str
    origin: Origin
    first_seen_at: int
    last_seen_at: int
    is_this: bool


class DeviceService:
    """The only writer of known devices."""

    def __init__(
        self,
        store: DeviceStore,
        notices: Notices,
        audit: AuditLog,
        clock: Clock,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
    ) -> None:
        """Take collaborators."""
        self._store = store
        self._notices = notices
        self._audit = audit
        self._clock = clock
        self._seal = seal
        self._unseal = unseal

    def is_known(self, account_id: str | None, secret: str | None) -> bool:
        """Tell whether the account was used in the browser that sent this cookie; asked before anybody has proved anything."""
        return bool(account_id and _well_formed(secret) and self._store.knows(account_id, _digest(account_id, secret)))

    def is_sure(self, account_id: str, secret: str | None) -> bool:
        """Tell whether the person was ever signed in with two factors in the browser that sent this cookie.

        Who has guessed a password can make any number of browsers known, and none of them sure.
        """
        return _well_formed(secret) and self._store.is_sure(account_id, _digest(account_id, secret))

    def recognise(
        self, account_id: str, secret: str | None, origin: Origin, browser: str = "", *, is_sure: bool = False
    ) -> Recognition:
        """Note a sign-in that has succeeded; a browser that is new for the account is stored, and the person told, in one transaction.

        ``browser`` is how people name it, for the notice; ``is_sure`` tells that two factors were verified.
        """
        now = self._clock.now()
        kept = secret if secret is not None and _well_formed(secret) else handles.new_secret()
        digest = _digest(account_id, kept)
        if kept == secret and self._store.touch(account_id, digest, now, is_sure=is_sure):
            return Recognition(kept, is_new=False)
        device_id = handles.new_id()
        sealed = self._seal(orjson.dumps([origin.address, origin.browser]), device_id.encode())
        row = DeviceRow(device_id, account_id, digest, sealed, now, now, now if is_sure else 0)
        messages = self._notices.prepare(account_id, Topic.NEW_DEVICE, Detail(browser=browser))
        record = self._audit.record(
            AuditEvent(
                Event.DEVICE_ADD,
                actor=f"account:{account_id}",
                account_id=account_id,
                target=f"device:{device_id}",
                detail={"told": len(messages)},
                private={"address": origin.address, "browser": origin.browser},
            )
        )
        return Recognition(kept, is_new=self._store.add(row, messages, record, most=MOST))

    def of_account(self, account_id: str, secret: str | None = None) -> list[KnownDevice]:
        """Return an account's browsers, the one that was used last first; ``secret`` is the cookie of who asks."""
        own = _digest(account_id, secret) if secret is not None else b""
        return [
            KnownDevice(row.id, self._origin(row), row.first_seen_at, row.last_seen_at, row.digest == own)
            for row in self._store.of_account(account_id)
        ]

    def forget(self, account_id: str, device_id: str, actor: str) -> None:
        """Forget one browser; raises ``NotFound`` also for another account's."""
        if not self._store.forget(account_id, device_id, self._record(account_id, f"device:{device_id}", actor)):
            raise NotFound("the account knows no such device", field="device")

    def _origin(self, row: DeviceRow) -> Origin:
        address, browser = orjson.loads(self._unseal(row.origin, row.id.encode()))
        return Origin(address, browser)

    def _record(self, account_id: str, target: str, actor: str) -> AuditRecord:
        return self._audit.record(AuditEvent(Event.DEVICE_FORGET, actor=actor, account_id=account_id, target=target))


def _well_formed(secret: str | None) -> bool:
    """Tell a secret of ours from anything else that a cookie may hold."""
    return secret is not None and _SECRET.fullmatch(secret) is not None


def _digest(account_id: str, secret: str | None) -> bytes:
    return handles.digest(f"device:{account_id}:{secret}")
