"""What the stores of a deployment prepare is prepared twice in a test process; later deployments get what the first two had in common.

A store builds its statements when it is made, a deployment has dozens of stores, and nearly every test makes a deployment. The first two stores of a
class over two databases of a kind are made as the product makes them, and compared. If all that they hold is what they were given and statements and
constants that are the same, the next ones are put together from those. A class of which that cannot be said is made as ever.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial, wraps
from importlib import import_module
from types import FunctionType, MethodType
from typing import Any, Final, NamedTuple

from sqlalchemy.sql import ClauseElement

import idp.storage
from idp.storage.database import Database, Prepared

_PLAIN: Final = (str, bytes, int, float, frozenset, type(None))
Key = tuple[Any, ...]
"""The kind of database, and the plain values that a store is given."""
Made = Callable[[tuple[Any, ...]], Any]
"""Makes what a store holds at one place, out of what the store is given."""


class _Differs(Exception):
    """Two stores hold something that neither was given and that is not the same."""


class _First(NamedTuple):
    given: tuple[Any, ...]
    attributes: Mapping[str, Any]


@dataclass
class _Class:
    """A class of stores: how it makes one, its first one, and how those after the second are made."""

    make: Callable[..., None]
    first: dict[Key, _First] = field(default_factory=dict)
    common: dict[Key, Mapping[str, Made] | None] = field(default_factory=dict)

    def learn(self, key: Key, places: tuple[int, ...], given: tuple[Any, ...], attributes: Mapping[str, Any]) -> None:
        """Keep a first store, or compare it with a second one that was given other things; with a third where they do not compare."""
        if key not in self.first:
            self.first[key] = _First(given, attributes)
            return
        first = self.first[key]
        if any(first.given[place] is given[place] for place in places):
            return
        try:
            self.common[key] = Comparison(first.given, given).attributes(first.attributes, attributes)
        except _Differs:
            self.common[key] = None
        del self.first[key]


def prepare_twice() -> None:
    """Let every class of ``idp.storage`` that is made of a database prepare its statements twice in this process."""
    for module in pkgutil.iter_modules(idp.storage.__path__, "idp.storage."):
        for found in tuple(vars(import_module(module.name)).values()):
            if isinstance(found, type) and found.__module__ == module.name and "__init__" in vars(found):
                found.__init__ = remembering(found)  # type: ignore[misc]


def remembering(kind: type) -> Callable[..., None]:
    """Return what initialises a class of stores instead of its own way."""
    known = _Class(kind.__init__)  # type: ignore[misc]

    @wraps(known.make)
    def make(self: Any, *given: Any, **named: Any) -> None:
        places = _places(given)
        if named or type(self) is not kind or places is None:
            known.make(self, *given, **named)
            return
        # Of plain values a statement may be made: it serves those alone who are given the same ones.
        key = (given[0].name, len(given), *((place, one) for place, one in enumerate(given) if place not in places))
        common = known.common.get(key)
        if common is not None:
            _set(self, common, given)
            return
        known.make(self, *given)
        if key not in known.common:
            known.learn(key, places, given, _attributes(self))

    return make


def _places(given: tuple[Any, ...]) -> tuple[int, ...] | None:
    """Return where a database, another store or a function is given; None where there is something else of which statements may be made."""
    if not given or not isinstance(given[0], Database):
        return None
    found = []
    for place, one in enumerate(given):
        if isinstance(one, Database | MethodType | FunctionType | partial) or type(one).__module__.startswith(
            "idp.storage."
        ):
            found.append(place)
        elif not isinstance(one, _PLAIN) and not (isinstance(one, tuple) and all(isinstance(it, _PLAIN) for it in one)):
            return None
    return tuple(found)


class Comparison:
    """Compares two stores that were given different things, place by place."""

    def __init__(self, before: tuple[Any, ...], given: tuple[Any, ...]) -> None:
        """Take what each of them was given."""
        self._pairs = tuple(zip(before, given, strict=True))
        self._seen: set[int] = set()

    def attributes(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Made]:
        """Return how to make all attributes; raises `_Differs`."""
        if one.keys() != other.keys():
            raise _Differs
        return {name: self._made(one[name], other[name]) for name in one}

    def _made(self, one: Any, other: Any) -> Made:
        for place, (before, given) in enumerate(self._pairs):
            if one is before and other is given:
                return lambda of, place=place: of[place]  # type: ignore[misc]
        if one is other or _is_same(one, other):
            return lambda _: other
        kind = type(one)
        # What two places share stays what the class makes of it.
        if kind is not type(other) or id(one) in self._seen:
            raise _Differs
        self._seen.add(id(one))
        if kind is MethodType and one.__name__ == other.__name__:
            owner, name = self._made(one.__self__, other.__self__), one.__name__
            return lambda of: getattr(owner(of), name)
        if kind in {dict, list, tuple}:
            return self._items(kind, one, other)
        if kind.__module__.startswith("idp.storage.") and not isinstance(one, Database):
            return self._object(kind, one, other)
        raise _Differs

    def _items(self, kind: Any, one: Any, other: Any) -> Made:
        if kind is dict:
            items = self.attributes(one, other)
            return lambda of: {key: made(of) for key, made in items.items()}
        if len(one) != len(other):
            raise _Differs
        each = [self._made(its, theirs) for its, theirs in zip(one, other, strict=True)]
        return lambda of: kind(made(of) for made in each)

    def _object(self, kind: type, one: Any, other: Any) -> Made:
        held = self.attributes(_attributes(one), _attributes(other))

        def made(given: tuple[Any, ...]) -> Any:
            new: Any = object.__new__(kind)
            _set(new, held, given)
            return new

        return made


def _attributes(store: Any) -> Mapping[str, Any]:
    """Return what an object holds."""
    slots = [name for kind in type(store).__mro__ for name in vars(kind).get("__slots__", ())]
    return {**getattr(store, "__dict__", {}), **{name: getattr(store, name) for name in slots if hasattr(store, name)}}


def _set(store: Any, held: Mapping[str, Made], given: tuple[Any, ...]) -> None:
    for name, made in held.items():
        object.__setattr__(store, name, made(given))


def _is_same(one: Any, other: Any) -> bool:
    """Tell whether two values that nobody changes are the same."""
    if isinstance(one, Prepared) and isinstance(other, Prepared):
        first, second = ((it.sql, it.constants, it.is_read, it.is_once, it.take is None) for it in (one, other))
        return first == second
    if isinstance(one, ClauseElement) and isinstance(other, ClauseElement):
        return bool(one.compare(other))
    return isinstance(one, _PLAIN) and type(one) is type(other) and bool(one == other)
