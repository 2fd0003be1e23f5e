"""The schema as SQLAlchemy knows it: what only one database has to be told is told when a schema is made."""

from __future__ import annotations

from types import ModuleType

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from idp.storage.tables import identity_codes, metadata


@pytest.mark.parametrize("database", [sqlite, postgresql])
def test_condition_of_an_index_is_told_to_both_databases(database: ModuleType) -> None:
    index = next(one for one in identity_codes.indexes if one.name == "uq_identity_codes_current")
    made = str(CreateIndex(index).compile(dialect=database.dialect()))
    assert made == "CREATE UNIQUE INDEX uq_identity_codes_current ON identity_codes (lookup) WHERE valid_to IS NULL"


def test_number_of_an_audit_record_is_never_used_twice_in_tables_made_from_the_model() -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        made = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'audit_events'")).scalar_one()
    engine.dispose()
    assert "AUTOINCREMENT" in made
