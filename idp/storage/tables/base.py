"""The one metadata object, and the four column types that read the same on SQLite and PostgreSQL.

Only ``BigInteger``, ``Integer``, ``Text`` and ``LargeBinary`` are used: raw driver values then need no conversion on either database.
Moments are epoch seconds, dates are ISO text (which sorts), flags are 0 or 1, documents are JSON text.
"""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
