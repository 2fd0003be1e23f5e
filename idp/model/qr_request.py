"""A browser's request to be signed in by a phone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QrRequest:
    """What the QR code on a screen stands for, and what became of it.

    ``transaction`` is the pending sign-in of that screen; ``address`` and ``browser`` are where it asks from; ``client_id`` is the department
    that waits, "" for our own pages. ``number`` is on the screen, ``choices`` are on the phone. ``state`` is ``waiting``, ``approved`` or
    ``denied``; the account, its session, level, methods and moment of sign-in are those of the phone that answered.
    """

    id: str
    transaction: str
    address: str
    browser: str
    client_id: str
    number: int
    choices: tuple[int, ...]
    created_at: int
    expires_at: int
    max_age: int | None = None
    is_login_forced: bool = False
    state: str = "waiting"
    account_id: str = ""
    session_id: str = ""
    acr: str = ""
    amr: tuple[str, ...] = ()
    auth_time: int = 0
