"""Token families: redeeming codes, rotating refresh tokens, revoking. Claims what is single-use before anything is minted.

A refresh token is not stored: it is the grant's id, a generation and an HMAC of both, so the successor of a lost answer can be derived again within
the grace, a forged one costs no look at the database, and a reader of the database has nothing to present.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace

from idp.clock import Clock
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.binding import Binding
from idp.model.grant import CodePayload, Grant
from idp.ports.grants import GrantStore, Holder, Rotation, TokenState, Versions
from idp.services.audit import AuditLog
from idp.services.refresh_handles import PREFIX, RefreshHandle, parse
from idp.services.token_events import of_person, token_event
from idp.services.vault import Seal
from keys import base64url


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds: the refresh family from the sign-in, any other grant (as long as its last token may live), the grace, the family without use."""

    refresh: int
    access: int
    grace: int
    idle: int


class Replayed(Exception):
    """Something single-use came back; its family has been revoked, committed and audited."""


class CodeExpired(Exception):
    """The code's life has ended without use."""


class TokenService:
    """The only writer of grants."""

    def __init__(
        self,
        store: GrantStore,
        audit: AuditLog,
        clock: Clock,
        key: bytes,
        lifetimes: Lifetimes,
        details: Seal,
        memory_since: Callable[[], int] = lambda: 0,
    ) -> None:
        """Take collaborators; ``key`` authenticates refresh tokens; ``details`` seals authorization details.

        ``memory_since`` is the moment (epoch seconds) from before which a code may have been spent without anybody knowing.
        """
        self._memory_since = memory_since
        self._details = details
        self._store = store
        self._audit = audit
        self._clock = clock
        self._key = key
        self._lifetimes = lifetimes
        self._holder = Holder()

    def bound_to(self, binding: Binding, *, any_key: bool) -> TokenService:
        """Return a service that makes and refreshes grants bound to a sender; ``any_key``: another key of the same kind will do too."""
        bound = copy(self)
        bound._holder = Holder(binding, any_key=any_key)  # noqa: SLF001 - a copy of our own
        return bound

    def redeem(
        self, payload: CodePayload, *, has_refresh: bool, jti: str, case_code: str
    ) -> tuple[Versions, str | None] | None:
        """Spend the code by inserting its grant; returns the versions and the first refresh token.

        None when session or account are gone. Raises ``Replayed``: the code had been spent, and its family is revoked by now; and
        ``CodeExpired``, but only for a code that was never spent: a replay is told from a late client however late it comes.
        """
        if self._clock.now() >= payload.expires_at:
            self._revoke_if_spent(payload, case_code)
            raise CodeExpired(payload.grant_id)
        done = self.issue(payload, Event.TOKEN_CODE, has_refresh=has_refresh, jti=jti, case_code=case_code)
        if done is None:
            self._revoke_if_spent(payload, case_code)
        return done

    def issue(
        self, payload: CodePayload, event: Event, *, has_refresh: bool, jti: str, case_code: str
    ) -> tuple[Versions, str | None] | None:
        """Insert the grant of a payload, which spends it; returns the versions and the first refresh token.

        None when it was spent before, session or account are gone, or the person took back meanwhile what was granted: one of parallel callers
        gets it.
        """
        if payload.issued_at < self._memory_since():
            return None
        grant = self._granted(payload, has_refresh=has_refresh)
        made = token_event(event, grant.client_id, grant.id, case_code, jti=jti, scope=grant.scope, claims=grant.claims)
        record = self._audit.record(of_person(made, grant))
        done = self._store.redeem(grant, record, issued_at=payload.issued_at)
        if done is None:
            return None
        return done.versions, self._token(grant.id, 1) if has_refresh else None

    def _granted(self, payload: CodePayload, *, has_refresh: bool) -> Grant:
        now = self._clock.now()
        is_offline = has_refresh and "offline_access" in payload.scope.split(" ")
        end = now + (self._lifetimes.refresh if has_refresh else self._lifetimes.access)
        return Grant(
            id=payload.grant_id,
            account_id=payload.account_id,
            client_id=payload.client_id,
            session_id=payload.session_id,
            sub=payload.sub,
            scope=payload.scope,
            claims=payload.claims,
            auth_time=payload.auth_time,
            acr=payload.acr,
            amr=payload.amr,
            created_at=now,
            expires_at=min(end, payload.until) if payload.mandate_id else end,
            offline=is_offline,
            generation=1 if has_refresh else 0,
            rotated_at=now,
            grace_used=False,
            bound_to=self._holder.binding.text,
            mandate_id=payload.mandate_id,
            resources=payload.resources,
            details=self._details.seal(payload.details.encode(), _place(payload.grant_id)) if payload.details else None,
        )

    def refresh(
        self, token: str, client_id: str, *, jti: str, case_code: str, rotates: bool = True, idle: int | None = None
    ) -> tuple[Rotation, str | None] | None:
        """Rotate; returns the family and its successor token. None for a token that is not ours, or whose family is over.

        Without ``rotates`` the token stays as it is and there is no successor: a profile whose tokens are bound to the client's key asks it.
        ``idle`` are the seconds without use after which the client wants its families to end, if that is sooner than they do.
        Raises ``Replayed``: an older token came back, and the family is revoked by now.
        """
        handle = parse(token)
        if handle is None or not self._is_genuine(handle):
            return None
        now, following = self._clock.now(), handle.generation + int(rotates)
        event = token_event(Event.TOKEN_REFRESH, client_id, handle.grant_id, case_code, jti=jti, generation=following)
        record = self._audit.record(event)
        claim = self._store.rotate if rotates else self._store.use
        used_since = now - self._idle(idle)
        rotation = claim(handle.grant_id, client_id, handle.generation, now, record, self._holder, used_since)
        if rotation is None:
            rotation = self._within_grace(handle, client_id, jti, case_code, idle)
        if rotation is None:
            return None
        return rotation, self._token(handle.grant_id, rotation.grant.generation) if rotates else None

    def family(self, token: str) -> tuple[Grant, bool] | None:
        """Return the grant behind any refresh token of ours, and whether the token is its newest; None for anything else."""
        handle = parse(token)
        if handle is None or not self._is_genuine(handle):
            return None
        grant = self._store.get(handle.grant_id)
        return (grant, handle.generation == grant.generation) if grant is not None else None

    def details(self, grant: Grant) -> str:
        """Return the authorization details of a grant, "" for none."""
        if grant.details is None:
            return ""
        return self._details.unseal(bytes(grant.details), _place(grant.id)).decode()

    def issue_absent(self, payload: CodePayload, event: Event, *, jti: str, case_code: str) -> Versions | None:
        """Insert a grant for a person who is not there: no session, no refresh token. None when the account is not active."""
        grant = replace(self._granted(payload, has_refresh=False), offline=True)
        made = token_event(event, grant.client_id, grant.id, case_code, jti=jti, scope=grant.scope, claims=grant.claims)
        done = self._store.redeem(grant, self._audit.record(of_person(made, grant)), needs_session=False)
        return done.versions if done is not None else None

    def is_spent(self, grant_id: str) -> bool:
        """Tell whether a grant was ever made under this id."""
        return self._store.get(grant_id) is not None

    def is_over(self, grant: Grant, idle: int | None = None) -> bool:
        """Tell whether a family can give nothing any more; ``idle`` as ``refresh`` has it."""
        now = self._clock.now()
        return grant.revoked_at is not None or grant.expires_at <= now or grant.rotated_at <= now - self._idle(idle)

    def _idle(self, wanted: int | None) -> int:
        return self._lifetimes.idle if wanted is None else min(wanted, self._lifetimes.idle)

    def revoke(self, grant_id: str, client_id: str, reason: str, case_code: str = "") -> bool:
        """Revoke a family; False when it was over before."""
        event = AuditEvent(
            Event.TOKEN_REVOKE,
            reason=reason,
            actor=f"client:{client_id}",
            client_id=client_id,
            target=f"grant:{grant_id}",
            case_code=case_code,
        )
        return self._store.revoke(grant_id, self._clock.now(), reason, self._audit.record(event))

    def revoke_token(self, jti: str, client_id: str, expires_at: int, case_code: str) -> None:
        """Revoke one access token."""
        event = AuditEvent(
            Event.TOKEN_REVOKE,
            actor=f"client:{client_id}",
            client_id=client_id,
            target=f"token:{jti}",
            case_code=case_code,
        )
        self._store.revoke_token(jti, client_id, self._clock.now(), expires_at, self._audit.record(event))

    def state(self, grant_id: str, jti: str, *, with_code: bool = False) -> TokenState | None:
        """Return what decides about a person's access token now."""
        return self._store.token_state(grant_id, jti, with_code=with_code)

    def is_token_revoked(self, jti: str) -> tuple[bool, Versions]:
        """Tell whether a client's own access token was revoked."""
        return self._store.is_token_revoked(jti)

    def recorded(self, event: AuditEvent) -> Versions:
        """Record a token that lives by another grant; returns the registry versions of that moment."""
        return self._store.record(self._audit.record(event))

    def issued_to_client(self, client_id: str, scope: str, jti: str, case_code: str, **named: object) -> Versions:
        """Record a token that a client got for itself, with what it is ``named`` to allow."""
        event = token_event(Event.TOKEN_CLIENT, client_id, "", case_code, jti=jti, scope=scope, **named)
        return self._store.record(self._audit.record(event))

    def _within_grace(
        self, handle: RefreshHandle, client_id: str, jti: str, case_code: str, idle: int | None
    ) -> Rotation | None:
        """The client lost the answer: once, soon enough, and while the successor is unused. Anything else that is old is a replay."""
        grant = self._store.get(handle.grant_id)
        if (
            grant is None
            or grant.client_id != client_id
            or self.is_over(grant, idle)
            or handle.generation >= grant.generation
        ):
            return None
        is_last = handle.generation == grant.generation - 1
        if is_last and self._lifetimes.grace > 0:
            event = token_event(Event.TOKEN_REFRESH, client_id, grant.id, case_code, jti=jti, grace=True)
            record = self._audit.record(of_person(event, grant))
            now = self._clock.now()
            since = now - self._lifetimes.grace
            rotation = self._store.use_grace(grant.id, client_id, grant.generation, since, now, record, self._holder)
            if rotation is not None:
                return rotation
        self._revoke_family(grant.id, grant.client_id, case_code)
        raise Replayed(grant.id)

    def _revoke_if_spent(self, payload: CodePayload, case_code: str) -> None:
        if self._store.get(payload.grant_id) is not None:
            self._revoke_family(payload.grant_id, payload.client_id, case_code)
            raise Replayed(payload.grant_id)

    def _revoke_family(self, grant_id: str, client_id: str, case_code: str) -> None:
        """Commit the revocation before anybody is told: an answer without it would leave the thief's tokens alive."""
        event = AuditEvent(
            Event.TOKEN_REPLAY,
            Outcome.REFUSED,
            "replay",
            actor=f"client:{client_id}",
            client_id=client_id,
            target=f"grant:{grant_id}",
            case_code=case_code,
        )
        if not self._store.revoke(grant_id, self._clock.now(), "replay", self._audit.record(event)):
            self._audit.write(event)

    def _is_genuine(self, handle: RefreshHandle) -> bool:
        return hmac.compare_digest(handle.mac, self._mac(handle.grant_id, handle.generation))

    def _token(self, grant_id: str, generation: int) -> str:
        raw = grant_id.encode() + generation.to_bytes(4, "big") + self._mac(grant_id, generation)
        return PREFIX + base64url.encode_text(raw)

    def _mac(self, grant_id: str, generation: int) -> bytes:
        return hmac.digest(self._key, f"{grant_id}\0{generation}".encode(), hashlib.sha256)


def _place(grant_id: str) -> bytes:
    return b"details:" + grant_id.encode()
