"""A whole configuration in SQL: all of its parts in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clients.errors import ClientConflict
from idp.errors import Conflict
from idp.ports.configuration import ClientWrite, GrantWrite, MarkWrite, PartWrite, StreamWrite, SubordinateWrite
from idp.storage.administration import SqlAdminStore
from idp.storage.clients import SqlClientRepository
from idp.storage.database import Database, Executor
from idp.storage.federation import SqlFederationStore
from idp.storage.initial_tokens import SqlInitialTokenStore
from idp.storage.signals import SqlSignalStore


@dataclass(frozen=True, slots=True)
class ConfiguredStores:
    """The stores that write the parts."""

    clients: SqlClientRepository
    admins: SqlAdminStore
    federation: SqlFederationStore
    signals: SqlSignalStore
    tokens: SqlInitialTokenStore


class SqlConfigurationStore:
    """``ports.configuration.ConfigurationStore`` over SQL."""

    def __init__(self, database: Database, stores: ConfiguredStores) -> None:
        """Take the stores that write the parts."""
        self._database = database
        self._stores = stores

    def write(
        self,
        clients: Sequence[ClientWrite],
        grants: Sequence[GrantWrite],
        parts: Sequence[PartWrite],
        *,
        now: int,
        by: str,
        reason: str,
    ) -> None:
        """Write all of it, or nothing."""
        try:
            with self._database.transaction() as tx:
                for one in clients:
                    self._stores.clients.write_within(tx, one.client, one.event, one.before)
                for grant in grants:
                    self._stores.admins.write_within(tx, grant, now=now, by=by, reason=reason)
                for part in parts:
                    if not self._written(tx, part, now):
                        raise Conflict("something of it went meanwhile: look again", code="changed")
        except ClientConflict as error:
            raise Conflict("clients were changed meanwhile: look again", code="changed") from error

    def _written(self, tx: Executor, part: PartWrite, now: int) -> bool:
        """Write one part; tell whether what it changes was there."""
        federation = self._stores.federation
        if isinstance(part, SubordinateWrite):
            member = part.subordinate
            if part.is_end:
                return federation.drop_within(tx, member.superior, member.entity_id, part.record)
            federation.put_within(tx, member, part.record)
            return True
        if isinstance(part, MarkWrite):
            if part.is_end:
                return federation.revoke_within(tx, part.mark.id, now, part.record)
            federation.issue_within(tx, part.mark, part.record)
            return True
        if isinstance(part, StreamWrite):
            return self._stores.signals.write_within(tx, part.act, part.stream, part.record)
        return self._stores.tokens.revoke_within(tx, part.token_id, now, part.record)
