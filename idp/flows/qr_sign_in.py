"""Signing in by QR code: a screen asks, a phone that is signed in answers, and the screen goes on in its own transaction.

What the QR code carries opens nothing but the question: the answer reaches only the transaction that asked, which is bound to the browser
that began it, and only a person who is signed in can answer. A request is answered once and used once, both by compare-and-swap.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import NotFound, Refused
from idp.flows.pending import Held, PendingRequests
from idp.flows.sign_in import SignedIn
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.qr_request import QrRequest
from idp.model.session import Origin, Session
from idp.ports.ephemeral import TransactionStore
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.other_releases import legible
from idp.services.sessions import SessionService
from policies import cross_device

_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Stored:
    """A request with the bytes it was read from, for compare-and-swap."""

    request: QrRequest
    raw: bytes


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a request lives and how fresh the phone's sign-in has to be, in seconds."""

    lifetime: int
    fresh: int


class QrSignIns:
    """Begins, answers and collects requests."""

    def __init__(
        self,
        store: TransactionStore,
        pending: PendingRequests,
        accounts: AccountService,
        sessions: SessionService,
        audit: AuditLog,
        clock: Clock,
        terms: Terms,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
        below: Callable[[int], int],
    ) -> None:
        """Take collaborators; ``below`` draws a random whole number below its argument."""
        self._store = store
        self._pending = pending
        self._accounts = accounts
        self._sessions = sessions
        self._audit = audit
        self._clock = clock
        self._terms = terms
        self._seal = seal
        self._unseal = unseal
        self._below = below

    def begin(self, held: Held, origin: Origin) -> tuple[QrRequest, str]:
        """Ask anew for a transaction; returns the request and the handle that the QR code carries."""
        handle, now = handles.new_secret(), self._clock.now()
        number, choices = cross_device.numbers(self._below)
        pending = held.pending
        asked = pending.request
        request = QrRequest(
            _key(handle),
            pending.id,
            origin.address,
            origin.browser,
            asked.client_id if asked is not None else "",
            number,
            choices,
            now,
            min(now + self._terms.lifetime, pending.expires_at),
            max_age=asked.max_age if asked is not None else pending.max_age,
            is_login_forced=asked is not None and "login" in asked.prompt,
        )
        self._store.put(request.id, self._closed(request), request.expires_at)
        self._pending.change(held, qr=handle)
        return request, handle

    def of_transaction(self, held: Held) -> tuple[QrRequest, str] | None:
        """Return the live request of a transaction with its handle; None before the first and after its end."""
        handle = held.pending.qr
        found = self.find(handle)
        return (found.request, handle) if found is not None and found.request.transaction == held.pending.id else None

    def find(self, handle: str) -> Stored | None:
        """Return the live request that a QR code stands for."""
        if not _HANDLE.fullmatch(handle):
            return None
        key = _key(handle)
        raw = self._store.get(key, self._clock.now())
        request = self._opened(key, raw) if raw is not None else None
        return Stored(request, raw) if request is not None and raw is not None else None

    def oldest_sign_in(self, request: QrRequest) -> int:
        """Return since when the person who answers must have signed in."""
        return cross_device.oldest_sign_in(
            self._clock.now(),
            request.created_at,
            self._terms.fresh,
            request.max_age,
            is_login_forced=request.is_login_forced,
        )

    def answer(self, stored: Stored, session: Session, number: int | None, origin: Origin, case_code: str) -> QrRequest:
        """Take the phone's answer: the number that the person picked, None for "that was not me". A wrong number ends the request too.

        Raises ``NotFound`` when it was answered meanwhile, and ``Refused`` when the phone's sign-in is not fresh enough.
        """
        request = stored.request
        if request.state != "waiting":
            raise NotFound("the request was answered before", code="expired_transaction")
        if session.auth_time < self.oldest_sign_in(request):
            raise Refused("the sign-in on the phone is too old", code="not_fresh")
        approved = number == request.number
        acr, amr = cross_device.granted(session.acr, session.amr)
        answered = replace(
            request,
            state="approved" if approved else "denied",
            account_id=session.account_id,
            session_id=session.id,
            acr=acr,
            amr=amr,
            auth_time=session.auth_time,
        )
        if not self._store.replace(request.id, stored.raw, self._closed(answered), request.expires_at):
            raise NotFound("the request was answered by another", code="expired_transaction")
        reason = "" if approved else ("declined" if number is None else "wrong_number")
        self._record(answered, reason, origin, case_code)
        return answered

    def collect(self, held: Held, origin: Origin, current: Session | None) -> SignedIn:
        """Use an approved request up and sign the screen in.

        Raises ``NotFound`` unless it is this transaction's, approved, not collected before, and the phone is still signed in.
        """
        found = self.of_transaction(held)
        request = found[0] if found is not None else None
        if request is None or request.state != "approved":
            raise _gone()
        raw = self._store.claim(request.id, self._clock.now())
        if raw is None or not self._still_holds(request):
            raise _gone()
        session, secret = self._session(request, origin, current)
        # What was proved on the phone before the request is no sign-in "here": a ``max_age`` is then judged by its moment.
        here = session.auth_time if session.auth_time >= held.pending.created_at else 0
        self._pending.change(held, signed_in_at=here, account_chosen=True, qr="")
        replaced = current if current is not None and current.account_id != session.account_id else None
        return SignedIn(session, secret, replaced=replaced)

    def _still_holds(self, request: QrRequest) -> bool:
        """Whoever was locked or signed out on the phone since he approved must not appear on the screen."""
        if self._accounts.get(request.account_id).state != "active":
            return False
        return any(view.session.id == request.session_id for view in self._sessions.of_account(request.account_id))

    def _session(self, request: QrRequest, origin: Origin, current: Session | None) -> tuple[Session, str]:
        account_id, level = request.account_id, (request.acr, request.amr)
        renewed = None
        if current is not None and current.account_id == account_id:
            renewed = self._sessions.renew(current, *level, origin, auth_time=request.auth_time)
        elif current is not None:
            self._sessions.end(current, "other_account", f"account:{current.account_id}")
        return renewed or self._sessions.start(account_id, *level, origin, auth_time=request.auth_time)

    def _record(self, request: QrRequest, reason: str, origin: Origin, case_code: str) -> None:
        self._audit.write(
            AuditEvent(
                Event.QR_ANSWER,
                Outcome.REFUSED if reason else Outcome.DONE,
                reason,
                actor=f"account:{request.account_id}",
                account_id=request.account_id,
                client_id=request.client_id or None,
                session_id=request.session_id,
                target=f"transaction:{request.transaction}",
                case_code=case_code,
                private={"address": origin.address, "browser": origin.browser, "asked_from": request.address},
            )
        )

    def _closed(self, request: QrRequest) -> bytes:
        return self._seal(orjson.dumps(asdict(request)), request.id.encode())

    def _opened(self, key: str, raw: bytes) -> QrRequest | None:
        document: dict[str, Any] = orjson.loads(self._unseal(raw, key.encode()))
        return legible(lambda: _restored(document), "QR request")


def _restored(document: dict[str, Any]) -> QrRequest:
    return QrRequest(**{**document, "choices": tuple(document["choices"]), "amr": tuple(document["amr"])})


def _key(handle: str) -> str:
    return f"qr:{handles.digest(handle).hex()}"


def _gone() -> NotFound:
    return NotFound("there is no approved request of this transaction", code="expired_transaction")
