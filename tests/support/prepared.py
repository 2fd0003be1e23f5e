"""Statements are compiled once in a test process: every test builds a deployment of its own, and compiling is most of what that costs."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.sql import ClauseElement

from idp.storage.database import Database, Prepared

_KNOWN: Final[dict[Any, Prepared]] = {}
_compile = Database.prepare


def remember_statements() -> None:
    """Let every database of this process compile a statement only if it has not compiled the same before.

    The same is what SQLAlchemy holds to be the same, with the same values in it.
    """
    Database.prepare = _prepare  # type: ignore[method-assign]


def _prepare(self: Database, statement: ClauseElement) -> Prepared:
    """Return what ``Database.prepare`` did for the same statement."""
    shape = statement._generate_cache_key()
    if shape is None:
        return _compile(self, statement)
    values = tuple((type(one.value), one.value, one.required) for one in shape.bindparams)
    try:
        key = (self.name, shape.key, values)
        found = _KNOWN.get(key)
    except TypeError:  # A value that has no hash.
        return _compile(self, statement)
    if found is None:
        found = _KNOWN[key] = _compile(self, statement)
    return Prepared(found.sql, dict(found.constants), found.is_read)
