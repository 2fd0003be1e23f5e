"""Where grants (token families) are kept. Every claim is one atomic statement; its audit record is part of the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from idp.model.audit import AuditRecord
from idp.model.binding import UNBOUND, Binding
from idp.model.frozen import frozen
from idp.model.grant import Grant


@frozen
class Versions:
    """Registry versions that rode along with a statement."""

    clients: int
    keys: int


@dataclass(frozen=True, slots=True)
class Holder:
    """What whoever presents a refresh token has proved; ``any_key`` accepts a grant bound to another key of the same kind.

    A grant that is bound to a key is refreshed by nobody who proved nothing (RFC 9449 section 5, RFC 8705 section 4).
    """

    binding: Binding = UNBOUND
    any_key: bool = False


NOBODY: Final = Holder()


@frozen
class Redemption:
    """What redeeming a code returned."""

    versions: Versions


@frozen
class Rotation:
    """A refreshed family as it is after the compare-and-swap."""

    grant: Grant
    versions: Versions


@frozen
class TokenState:
    """What decides about an access token now, and what userinfo may need, read at once.

    ``is_live`` is False for a revoked or ended grant, a revoked ``jti``, an account that is not active, a mandate that was ended.
    ``client_id`` is the client of the grant: that of a token which was exchanged is another one; ``granted_at`` when the grant was made.
    """

    is_live: bool
    account_id: str
    claims: int
    scope: str
    versions: Versions
    identity_level: int = 0
    unit_code: str | None = None
    profile: bytes | None = None
    updated_at: int = 0
    mandate_id: str = ""
    client_id: str = ""
    granted_at: int = 0
    code_id: str | None = None
    code_scheme: str | None = None
    code_sealed: bytes | None = None


class GrantStore(Protocol):
    """Grants in SQL."""

    def redeem(
        self, grant: Grant, record: AuditRecord, *, needs_session: bool = True, issued_at: int | None = None
    ) -> Redemption | None:
        """Insert the grant, which spends its code; None when the code was spent, the session or mandate has ended or the account is not active.

        Without ``needs_session`` no session stands behind it: the person was not there. ``issued_at`` is when the code was issued, without it
        the grant's own moment: None too where the account's mark, or the withdrawal of the consent, came after it.
        """
        ...

    def get(self, grant_id: str) -> Grant | None:
        """Return a grant."""
        ...

    def rotate(
        self,
        grant_id: str,
        client_id: str,
        generation: int,
        now: int,
        record: AuditRecord,
        holder: Holder = NOBODY,
        used_since: int = 0,
    ) -> Rotation | None:
        """Raise the generation if it is still ``generation`` and everything the family depends on is alive; else None.

        A family that was not used after ``used_since`` has ended by disuse.
        """
        ...

    def use(
        self,
        grant_id: str,
        client_id: str,
        generation: int,
        now: int,
        record: AuditRecord,
        holder: Holder = NOBODY,
        used_since: int = 0,
    ) -> Rotation | None:
        """Leave the generation as it is if it is ``generation`` and everything the family depends on is alive; else None.

        The use is noted, for ``used_since`` as ``rotate`` has it.
        """
        ...

    def use_grace(
        self,
        grant_id: str,
        client_id: str,
        generation: int,
        since: int,
        now: int,
        record: AuditRecord,
        holder: Holder = NOBODY,
    ) -> Rotation | None:
        """Use the one grace of the last rotation, if it was at or after ``since`` and made ``generation``; else None."""
        ...

    def revoke(self, grant_id: str, now: int, reason: str, record: AuditRecord) -> bool:
        """Revoke a family; False when it was revoked before or never was."""
        ...

    def revoke_of_account(self, account_id: str, before: int, now: int, reason: str, record: AuditRecord) -> int:
        """Mark the account: every family of it that began before ``before`` is revoked, and no code of before is redeemed; returns how many were.

        The record is written whether there was one or not; the mark never moves back.
        """
        ...

    def revoke_token(self, jti: str, client_id: str, now: int, expires_at: int, record: AuditRecord) -> None:
        """Revoke one access token; repeating is no error."""
        ...

    def token_state(self, grant_id: str, jti: str, *, with_code: bool) -> TokenState | None:
        """Return the state of a person's access token; None when its grant is unknown."""
        ...

    def is_token_revoked(self, jti: str) -> tuple[bool, Versions]:
        """Tell whether a client's own access token was revoked."""
        ...

    def record(self, record: AuditRecord) -> Versions:
        """Write one audit record and return the versions, in one statement."""
        ...
