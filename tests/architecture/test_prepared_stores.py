"""Deployments of tests are put together from statements prepared before (``tests.support.prepared``): they hold what the product would have made."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from idp.storage.database import Database
from idp.storage.grants import SqlGrantStore
from idp.storage.sqlite import SqliteDatabase
from tests.support.prepared import Comparison, remembering


def databases(folder: Path, count: int) -> list[SqliteDatabase]:
    return [SqliteDatabase(folder / str(number)) for number in range(count)]


def test_store_put_together_is_the_one_that_the_product_makes(tmp_path: Path) -> None:
    first, second, third, other = databases(tmp_path, 4)
    for database in (first, second):
        SqlGrantStore(database)
    put_together = SqlGrantStore(third)
    made = object.__new__(SqlGrantStore)
    SqlGrantStore.__init__.__wrapped__(made, other)  # type: ignore[attr-defined]
    assert vars(put_together)["_database"] is third
    assert len(Comparison((third,), (other,)).attributes(vars(put_together), vars(made))) == len(vars(made))


class Counting:
    """Holds something of its database that is neither the database nor a statement."""

    def __init__(self, database: Database) -> None:
        assert isinstance(database, SqliteDatabase)
        self.name = database.path.name


class Remembering:
    """Holds a list of its own."""

    def __init__(self, database: Database) -> None:
        self.database, self.seen = database, [1]


def test_store_that_holds_more_of_its_database_is_made_as_ever(tmp_path: Path) -> None:
    make = remembering(Counting)
    made = [object.__new__(Counting) for _ in range(4)]
    for one, database in zip(made, databases(tmp_path, 4), strict=True):
        make(one, database)
    assert [one.name for one in made] == ["0", "1", "2", "3"]


class Choosing:
    """Makes a statement of a plain value that it is given."""

    def __init__(self, database: Database, kinds: tuple[str, ...]) -> None:
        self.database, self.statement = database, database.prepare(text("x".join(kinds)))


def test_statement_of_plain_values_serves_those_alone_who_are_given_the_same(tmp_path: Path) -> None:
    make, asked = remembering(Choosing), [("a",), ("a",), ("b",), ("a",), ("b",), ("b",), ("b", "c")]
    made = [object.__new__(Choosing) for _ in asked]
    for one, database, kinds in zip(made, databases(tmp_path, len(asked)), asked, strict=True):
        make(one, database, kinds)
    assert [one.statement.sql for one in made] == ["x".join(kinds) for kinds in asked]


def test_what_a_store_changes_is_its_own(tmp_path: Path) -> None:
    make, given = remembering(Remembering), databases(tmp_path, 4)
    made = [object.__new__(Remembering) for _ in given]
    for one, database in zip(made, given, strict=True):
        make(one, database)
    made[2].seen.append(2)
    assert [one.seen for one in made] == [[1], [1], [1, 2], [1]]
    assert [one.database for one in made] == given
