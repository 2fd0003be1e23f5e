"""What each test's own deployment would compile anew is compiled once in a test process: SQL, templates and the routes' builders; modules once at all.

A test builds a whole deployment, and compiling is most of what that costs. Nothing of a deployment is kept: what is remembered depends
on the text alone from which it was made.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from types import CodeType
from typing import Any, Final

from jinja2 import Environment
from sqlalchemy.sql import ClauseElement
from werkzeug.routing.rules import Rule

from idp.storage.database import Database, Prepared

_STATEMENTS: Final[dict[Any, Prepared]] = {}
_TEMPLATES: Final[dict[Any, CodeType]] = {}
_prepare = Database.prepare
_compile = Environment.compile
_compile_builder = Rule._compile_builder


def keep_bytecode() -> None:
    """Let modules be compiled once, by us and by the processes that we start, where the environment asks for no bytecode.

    Some hundred processes of a run would compile the whole provider anew, and each of ``pytest -n`` every test. What is written is
    in ``__pycache__``, as wherever the environment asks for nothing.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def compile_once() -> None:
    """Let everything of this process be compiled once."""
    Database.prepare = _prepared  # type: ignore[assignment, method-assign]
    Environment.compile = _template  # type: ignore[assignment, method-assign]
    Rule._compile_builder = _builder  # type: ignore[assignment, method-assign]


def _prepared(self: Database, statement: ClauseElement, *, is_hot: bool = False) -> Prepared:
    """Return what ``Database.prepare`` did for the same statement: for what SQLAlchemy holds to be the same, with the same values in it."""
    shape = statement._generate_cache_key()
    if shape is None:
        return _prepare(self, statement, is_hot=is_hot)
    values = tuple((type(one.value), one.value, one.required) for one in shape.bindparams)
    try:
        key = (self.name, shape.key, values, is_hot)
        found = _STATEMENTS.get(key)
    except TypeError:  # A value that has no hash.
        return _prepare(self, statement, is_hot=is_hot)
    if found is None:
        found = _STATEMENTS[key] = _prepare(self, statement, is_hot=is_hot)
    return replace(found, constants=dict(found.constants))


@wraps(_compile)
def _template(self: Environment, source: Any, name: str | None = None, filename: str | None = None, **more: Any) -> Any:
    """Return the code of a template; all environments of the product are configured alike."""
    if more or not isinstance(source, str):
        return _compile(self, source, name, filename, **more)
    key = (source, name, filename, bool(self.autoescape), self.trim_blocks, self.lstrip_blocks, tuple(self.extensions))
    if key not in _TEMPLATES:
        _TEMPLATES[key] = _compile(self, source, name, filename)
    return _TEMPLATES[key]


def _builder(self: Rule, append_unknown: bool) -> Callable[..., tuple[str, str]]:
    """Compile what builds a URL out of a rule when one is built: nearly all are only matched."""
    made: list[Callable[..., tuple[str, str]]] = []

    def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
        if not made:
            made.append(_compile_builder(self, append_unknown))
        return made[0](rule, **values)

    return build
