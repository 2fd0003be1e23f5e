"""A whole configuration in SQL: clients and grants in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from clients.errors import ClientConflict
from idp.errors import Conflict
from idp.ports.configuration import ClientWrite, GrantWrite
from idp.storage.administration import SqlAdminStore
from idp.storage.clients import SqlClientRepository
from idp.storage.database import Database


class SqlConfigurationStore:
    """``ports.configuration.ConfigurationStore`` over SQL."""

    def __init__(self, database: Database, clients: SqlClientRepository, admins: SqlAdminStore) -> None:
        """Take the stores that write the parts."""
        self._database = database
        self._clients = clients
        self._admins = admins

    def write(
        self, clients: Sequence[ClientWrite], grants: Sequence[GrantWrite], *, now: int, by: str, reason: str
    ) -> None:
        """Write all of it, or nothing."""
        try:
            with self._database.transaction() as tx:
                for one in clients:
                    self._clients.write_within(tx, one.client, one.event, one.before)
                for grant in grants:
                    self._admins.write_within(tx, grant, now=now, by=by, reason=reason)
        except ClientConflict as error:
            raise Conflict("clients were changed meanwhile: look again", code="changed") from error
