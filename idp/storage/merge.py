"""Merging two accounts in SQL: every subject, consent and session stays answerable.

Subjects of the loser become the winner's: where the winner has none in a sector the department goes on with the one it knows; where both have one,
the loser's stays as an alias that still resolves. Consents: the winner's stands, the loser's is kept as ended history; where only the loser had one
it goes on. Grants are re-pointed, so tokens stay answerable; the loser's sessions end, because the person has to be one again.
"""

from __future__ import annotations

from sqlalchemy import and_, bindparam, exists, select, update

from idp.storage.database import Database, Executor
from idp.storage.tables import accounts, consents, grants, identity_codes, sessions, subjects


class Merger:
    """The statements of a merge, in their order."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        loser, winner, now = bindparam("loser"), bindparam("winner"), bindparam("now")
        ours, theirs = subjects.alias("ours"), consents.alias("theirs")
        taken = exists().where(
            ours.c.account_id == winner, ours.c.sector_id == subjects.c.sector_id, ours.c.current == 1
        )
        agreed = exists().where(
            theirs.c.account_id == winner, theirs.c.client_id == consents.c.client_id, theirs.c.ended_at.is_(None)
        )
        live_consent = and_(consents.c.account_id == loser, consents.c.ended_at.is_(None))
        self._lock = database.prepare(
            select(accounts.c.id, accounts.c.state).where(accounts.c.id.in_([loser, winner])).with_for_update()
        )
        self._statements = tuple(
            database.prepare(statement)
            for statement in (
                update(accounts)
                .where(accounts.c.id == loser)
                .values(state="merged", merged_into=winner, state_reason=bindparam("reason"), updated_at=now),
                update(accounts).where(accounts.c.merged_into == loser).values(merged_into=winner),
                update(subjects).where(subjects.c.account_id == loser, subjects.c.current == 1, taken).values(current=0),
                update(subjects).where(subjects.c.account_id == loser).values(account_id=winner),
                update(consents).where(live_consent, agreed).values(ended_at=now, end_reason="merged"),
                update(consents).where(consents.c.account_id == loser).values(account_id=winner),
                update(identity_codes).where(identity_codes.c.account_id == loser).values(account_id=winner),
                update(grants).where(grants.c.account_id == loser).values(account_id=winner),
                update(sessions)
                .where(sessions.c.account_id == loser, sessions.c.ended_at.is_(None))
                .values(ended_at=now, end_reason="merged"),
            )
        )

    def run(self, tx: Executor, loser: str, winner: str, now: int, reason: str) -> bool:
        """Merge; False when either account is missing or was merged before."""
        names = {"loser": loser, "winner": winner}
        states = dict(tx.rows(self._lock, names))  # type: ignore[arg-type]
        if len(states) != 2 or "merged" in states.values():  # noqa: PLR2004 - the loser and the winner
            return False
        for statement in self._statements:
            tx.run(statement, {**names, "now": now, "reason": reason})
        return True
