"""Pages of consents of many systems over real databases: the same as if every row had been read and put in order."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import pytest

from idp.handles import new_id
from idp.ports.consents import Consent, ConsentQuery
from idp.storage import consent_pages
from idp.storage.consents import SqlConsentStore
from idp.storage.database import Database
from idp.storage.tables import clients, consents
from tests.support.clock import START
from tests.support.stores import add_account, insert

SYSTEMS = tuple(f"system{number}" for number in range(12))


@pytest.fixture
def given(database: Database) -> list[Consent]:
    """Return 200 consents, newest first: most are of two systems, some of the others, none of the last one, and a third have ended."""
    made, found = random.Random(11), list[Consent]()
    add_account(database, "an")
    for number, name in enumerate(SYSTEMS):
        texts = {"state": "active", "unit_code": "79", "sector_id": name, "document": "{}"}
        insert(database, clients, client_id=name, version=number, created_at=START, updated_at=START, **texts)
    weights = [60, 30, *[1] * (len(SYSTEMS) - 3), 0]
    ids = sorted((new_id() for _ in range(200)), reverse=True)
    for at, name in enumerate(made.choices(SYSTEMS, weights, k=200)):
        one = Consent(ids[at], "an", name, "consent", "openid", 2, 0, "v1", START, mandate_id=str(at))
        if made.random() < 0.3:
            one = replace(one, ended_at=START, end_reason="withdrawn")
        values = {column.name: getattr(one, column.name) for column in consents.columns}
        insert(database, consents, **{name: value for name, value in values.items() if value is not None})
        found.append(one)
    return found


@pytest.mark.parametrize("many", [0, 100])
def test_page_of_many_systems_is_that_of_all_rows_in_order(
    database: Database, given: list[Consent], monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(consent_pages, "_MANY", many)
    store = SqlConsentStore(database)
    several = (SYSTEMS, SYSTEMS[2:], SYSTEMS[1:3], SYSTEMS[-1:], ())
    for names, state, limit in product(several, ("", "current", "ended"), (7, 50, 400)):
        wanted = [
            one.id for one in given if one.client_id in names and state in ("", "ended" if one.ended_at else "current")
        ]
        read, before = list[str](), ""
        while rows := store.page(ConsentQuery(None, names, state, before, limit)):
            assert len(rows) <= limit
            read += [row.id for row in rows]
            before = read[-1]
        assert read == wanted
