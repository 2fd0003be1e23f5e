"""The one metadata object, and the four column types that read the same on SQLite and PostgreSQL.

Only ``BigInteger``, ``Integer``, ``Text`` and ``LargeBinary`` are used: raw driver values then need no conversion on either database.
Moments are epoch seconds, dates are ISO text (which sorts), flags are 0 or 1, documents are JSON text.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from sqlalchemy import Index, MetaData, text
from sqlalchemy.sql.base import DialectKWArgs

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_DIALECTS: Final = ("sqlite", "postgresql")


class PartialIndex(Index):
    """An index of the rows for which ``where`` (SQL) holds, on both databases.

    The condition is told to SQLAlchemy when somebody makes or compares a schema: as arguments of an ``Index`` (``sqlite_where``,
    ``postgresql_where``) it would load both dialects, two megabytes and a half, into every process that only reads and writes.
    """

    inherit_cache = True

    def __init__(self, name: str, *columns: str, where: str, unique: bool = False) -> None:
        """Take the index's name, the names of its columns, and the condition."""
        super().__init__(name, *columns, unique=unique)
        self._where = where

    @cached_property
    def dialect_options(self) -> Any:
        """Return what each dialect is told of this index."""
        options = DialectKWArgs.dialect_options.fget(self)
        for dialect in _DIALECTS:
            options[dialect]["where"] = text(self._where)
        return options
