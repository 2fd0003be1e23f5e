"""What pages of the console are made of; the templates ``admin/list``, ``admin/detail`` and ``admin/form`` draw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

DASH: Final = "\N{EN DASH}"
"""Stands where there is no value."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form or filter; ``options`` are value and label.

    ``kind`` is ``text``, ``area``, ``select``, ``check``, ``date`` or ``datetime-local``.
    """

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    options: Sequence[tuple[str, str]] = ()
    hint: str = ""
    problem: str = ""
    is_required: bool = False
    chosen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in a table or a list of facts.

    ``tone`` is "" or the name of a look (``good``, ``bad``, ``quiet``, ``id``), ``lang`` the language of a text that is not the page's.
    ``code`` is the technical name of what the text says, small beneath it: whoever searches for it finds it by that.
    """

    text: str
    href: str = ""
    tone: str = ""
    lang: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row names it. ``more`` is the address of the next page, "" at the end."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    empty: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: facts (label and value), a table, or lines of text; ``lang`` where it is in another language than the page."""

    title: str
    facts: Sequence[tuple[str, Cell]] = ()
    table: Table | None = None
    lines: Sequence[str] = ()
    lang: str = ""


@dataclass(frozen=True, slots=True)
class ActForm:
    """A form that does one thing; ``is_grave`` for what cannot be taken back or stops others from working."""

    id: str
    action: str
    title: str
    button: str
    fields: Sequence[Field] = ()
    lead: str = ""
    is_grave: bool = False
    hidden: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link as a button."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the dashboard; it leads to the list behind it."""

    label: str
    value: str
    href: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """A page about one thing."""

    title: str
    lead: str = ""
    sections: Sequence[Section] = ()
    forms: Sequence[ActForm] = ()
    links: Sequence[Link] = ()
    crumbs: Sequence[Link] = field(default_factory=tuple)
    notice: str = ""
    filters: Sequence[Field] = ()
