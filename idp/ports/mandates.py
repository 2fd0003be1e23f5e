"""Where mandates are kept. Every change carries its audit record in its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from idp.model.mandate import Mandate
from idp.ports.sessions import ConsentState


@dataclass(frozen=True, slots=True)
class LiveMandate:
    """A mandate that counts now, with its principal's account: ``profile`` is sealed; the code's three parts are None where it has none."""

    mandate: Mandate
    principal_kind: str
    profile: bytes
    code_id: str | None = None
    code_scheme: str | None = None
    code_sealed: bytes | None = None


class MandateStore(Protocol):
    """Mandates in SQL. One counts while it is accepted, within its dates, and both accounts are active."""

    def add(self, mandate: Mandate, record: AuditRecord) -> bool:
        """Insert; False, and nothing recorded, when the mandate that it is passed on from does not count any more."""
        ...

    def get(self, mandate_id: str) -> Mandate | None:
        """Return a mandate in any state."""
        ...

    def of_actor(self, account_id: str, limit: int) -> list[Mandate]:
        """Return what an account holds or was offered, newest first."""
        ...

    def of_principal(self, account_id: str, limit: int) -> list[Mandate]:
        """Return who acts or acted for an account, newest first."""
        ...

    def of_account(self, account_id: str, after: tuple[int, str] | None, limit: int) -> list[Mandate]:
        """Return those of either side, each once and newest first, behind ``(created_at, id)`` of the last that was seen."""
        ...

    def all(self, limit: int) -> list[Mandate]:
        """Return the newest mandates."""
        ...

    def live_of(self, actor_id: str, now: int) -> list[LiveMandate]:
        """Return what an account can act by now, oldest first; never a clerk's assistance."""
        ...

    def live(self, mandate_id: str, now: int) -> LiveMandate | None:
        """Return a mandate that counts now."""
        ...

    def answer(self, mandate_id: str, state: str, now: int, record: AuditRecord) -> bool:
        """Turn a proposed mandate that has not run out into ``accepted`` or ``declined``; of many callers one gets True."""
        ...

    def revoke(self, mandate_id: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a proposed or accepted mandate and all that was passed on from it.

        In the same transaction their grants are revoked, their consents end, and so do the sessions that a clerk began by them. False when it had
        ended before.
        """
        ...

    def past(self, now: int, limit: int) -> list[Mandate]:
        """Return mandates that have run out and are not marked so."""
        ...

    def expire(self, mandate_id: str, now: int, record: AuditRecord) -> bool:
        """Mark one as run out, and end what lives from it as ``revoke`` does."""
        ...

    def consent(self, account_id: str, mandate_id: str, client_id: str) -> ConsentState | None:
        """Return the current consent that was given while acting by a mandate."""
        ...
