"""Merging two accounts in SQL: every subject, consent, session and token stays answerable.

- Identity codes move to the winner. Of a scheme in which the winner has a current one, the loser's end (``merged``):
  the person goes on with one number, and the other is known as his for ever. Of other schemes they go on.
- Subjects move. Where the winner has none in a sector the department goes on with the one it knows; where both have
  one, the loser's stays as an alias (``current`` = 0) that still resolves.
- Consents move. Where both stand the winner's goes on and the loser's ends (``merged``); where only the loser had one
  it goes on.
- Requests about data move.
- Mandates move, on both sides; one that would be for the person himself ends.
- Links to upstreams move, with what the person has closed. Where both have one to the same upstream the loser's ends: one account has one.
- Links to directories move, and the loser's roles end: the next sign-in or comparison gives the winner those that are due.
- Grants move, so that tokens stay answerable, but for those that release what the consent that stands declines: they
  end. Sessions of the loser end, because nobody may be signed in as an account that is no more.
- Factors of the loser are removed: two passwords would open one account, one of them forgotten.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BindParameter, and_, bindparam, delete, exists, select, update
from sqlalchemy.sql import ClauseElement

from idp.ports.accounts import Merge
from idp.storage.database import Database, Executor
from idp.storage.tables import (
    accounts,
    consents,
    credentials,
    data_requests,
    directory_links,
    former_passwords,
    grants,
    identity_codes,
    mandates,
    passkeys,
    recovery_codes,
    role_assignments,
    sessions,
    subjects,
    trusted_devices,
    upstream_links,
    withdrawals,
)

_LOSER: Final[BindParameter[str]] = bindparam("loser")
_WINNER: Final[BindParameter[str]] = bindparam("winner")
_NOW: Final[BindParameter[int]] = bindparam("now")


class Merger:
    """The statements of a merge, in their order."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        # In order of id: of two opposite merges at once one waits for the other instead of both waiting for each other.
        both = select(accounts.c.id, accounts.c.state).where(accounts.c.id.in_([_LOSER, _WINNER]))
        self._lock = database.prepare(both.order_by(accounts.c.id).with_for_update())
        people = (*_of_accounts(), *_of_codes(), *_of_subjects(), *_of_officials(), *_of_upstreams())
        statements = (*people, *_of_consents(), *_of_mandates(), *_of_tokens())
        self._statements = tuple(database.prepare(statement) for statement in statements)

    def run(self, tx: Executor, merge: Merge) -> bool:
        """Merge; False unless the winner is active and the loser has not been merged."""
        names = {"loser": merge.loser, "winner": merge.winner}
        states = {row[0]: row[1] for row in tx.rows(self._lock, names)}
        if (
            states.get(merge.winner) != "active"
            or states.get(merge.loser, "merged") == "merged"
            or merge.loser == merge.winner
        ):
            return False
        for statement in self._statements:
            tx.run(statement, {**names, "now": merge.now, "why": merge.reason})
        return True


def _of_accounts() -> tuple[ClauseElement, ...]:
    gone = {"state": "merged", "merged_into": _WINNER, "state_reason": bindparam("why"), "updated_at": _NOW}
    return (
        update(accounts).where(accounts.c.id == _LOSER).values(gone),
        update(accounts).where(accounts.c.merged_into == _LOSER).values(merged_into=_WINNER),
        delete(credentials).where(credentials.c.account_id == _LOSER),
        delete(former_passwords).where(former_passwords.c.account_id == _LOSER),
        delete(passkeys).where(passkeys.c.account_id == _LOSER),
        delete(recovery_codes).where(recovery_codes.c.account_id == _LOSER),
        delete(trusted_devices).where(trusted_devices.c.account_id == _LOSER),
    )


def _of_codes() -> tuple[ClauseElement, ...]:
    codes, kept = identity_codes, identity_codes.alias("kept")
    has_one = exists().where(kept.c.account_id == _WINNER, kept.c.scheme == codes.c.scheme, kept.c.valid_to.is_(None))
    current = and_(codes.c.account_id == _LOSER, codes.c.valid_to.is_(None))
    return (
        update(codes).where(current, has_one).values(valid_to=_NOW, reason="merged"),
        update(codes).where(codes.c.account_id == _LOSER).values(account_id=_WINNER),
    )


def _of_subjects() -> tuple[ClauseElement, ...]:
    kept = subjects.alias("kept")
    has_one = exists().where(
        kept.c.account_id == _WINNER, kept.c.sector_id == subjects.c.sector_id, kept.c.current == 1
    )
    return (
        update(subjects).where(subjects.c.account_id == _LOSER, subjects.c.current == 1, has_one).values(current=0),
        update(subjects).where(subjects.c.account_id == _LOSER).values(account_id=_WINNER),
    )


def _of_officials() -> tuple[ClauseElement, ...]:
    held = and_(role_assignments.c.account_id == _LOSER, role_assignments.c.ended_at.is_(None))
    return (
        update(directory_links).where(directory_links.c.account_id == _LOSER).values(account_id=_WINNER),
        update(role_assignments).where(held).values(ended_at=_NOW, end_reason="merged"),
    )


def _of_upstreams() -> tuple[ClauseElement, ...]:
    kept = upstream_links.alias("kept")
    has_one = exists().where(
        kept.c.account_id == _WINNER, kept.c.upstream == upstream_links.c.upstream, kept.c.ended_at.is_(None)
    )
    current = and_(upstream_links.c.account_id == _LOSER, upstream_links.c.ended_at.is_(None))
    return (
        update(upstream_links).where(current, has_one).values(ended_at=_NOW, end_reason="merged"),
        update(upstream_links).where(upstream_links.c.account_id == _LOSER).values(account_id=_WINNER),
    )


def _of_consents() -> tuple[ClauseElement, ...]:
    kept = consents.alias("kept")
    has_one = exists().where(
        kept.c.account_id == _WINNER,
        kept.c.client_id == consents.c.client_id,
        kept.c.mandate_id == consents.c.mandate_id,
        kept.c.ended_at.is_(None),
    )
    current = and_(consents.c.account_id == _LOSER, consents.c.ended_at.is_(None))
    return (
        update(consents).where(current, has_one).values(ended_at=_NOW, end_reason="merged"),
        update(consents).where(consents.c.account_id == _LOSER).values(account_id=_WINNER),
        update(data_requests).where(data_requests.c.account_id == _LOSER).values(account_id=_WINNER),
        update(withdrawals).where(withdrawals.c.account_id == _LOSER).values(account_id=_WINNER),
    )


def _of_mandates() -> tuple[ClauseElement, ...]:
    mine = mandates.c
    for_himself = and_(mine.principal_id == mine.actor_id, mine.ended_at.is_(None))
    return (
        update(mandates).where(mine.principal_id == _LOSER).values(principal_id=_WINNER),
        update(mandates).where(mine.actor_id == _LOSER).values(actor_id=_WINNER),
        update(mandates).where(for_himself).values(state="revoked", ended_at=_NOW, end_reason="merged"),
    )


def _of_tokens() -> tuple[ClauseElement, ...]:
    live = and_(sessions.c.account_id == _LOSER, sessions.c.ended_at.is_(None))
    lost = and_(grants.c.account_id == _LOSER, grants.c.revoked_at.is_(None))
    stands = consents.alias("stands").c
    declined = exists().where(
        *(stands.account_id == _WINNER, stands.ended_at.is_(None)),
        *(stands.client_id == grants.c.client_id, stands.mandate_id == grants.c.mandate_id),
        grants.c.claims.op("&")(stands.declined) != 0,
    )
    return (
        update(grants).where(lost, declined).values(revoked_at=_NOW, revoke_reason="consent_narrowed"),
        update(grants).where(grants.c.account_id == _LOSER).values(account_id=_WINNER),
        update(sessions).where(live).values(ended_at=_NOW, end_reason="merged"),
    )
