"""The one way in which the console lists things: filters in the address, a page at a time by cursor, and the whole as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from idp.endpoints.admin.frame import Part, Visit, address
from idp.endpoints.admin.sheets import Sheet, streamed
from idp.endpoints.admin.views import Cell, Field, Link, Table
from idp.endpoints.routes import Route
from idp.flows.administration.paging import Page, Window
from idp.protocol.wire import WireResponse

T = TypeVar("T")
FILE: Final = ".csv"


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One list. ``path`` is below the console, ``filters`` are the parameters of the address that ``find`` reads from the visit.

    ``columns`` are words by their keys, ``empty`` the key of what stands where nothing was found, ``fields`` makes the filters' fields from what is
    asked, ``links`` the buttons above. ``title`` and ``lead`` are keys, "" for the area's name and for none. ``take`` finds what the file holds where
    that needs another right than the page, and ``may_take`` tells whether the file is offered.
    """

    area: str
    path: str
    find: Callable[[Visit, Window], Page[T]]
    columns: Sequence[str]
    row: Callable[[Visit, T], Sequence[Cell]]
    empty: str
    sheet: Sheet[T]
    filters: tuple[str, ...] = ()
    fields: Callable[[Visit, Mapping[str, str]], Sequence[Field]] = lambda _visit, _asked: ()
    links: Callable[[Visit], Sequence[Link]] = lambda _visit: ()
    title: str = ""
    lead: str = ""
    take: Callable[[Visit, Window], Page[T]] | None = None
    may_take: Callable[[Visit], bool] = lambda _visit: True


def words_field(visit: Visit, asked: Mapping[str, str], hint: str) -> Field:
    """Return the field of a search by words without diacritics; ``hint`` is the key of what they are looked for in."""
    return Field("q", visit.t("admin.words"), asked.get("q", ""), hint=visit.t(hint))


class ListPart(Part):
    """A part of the console with lists in it."""

    def listed(self, listing: Listing[Any]) -> tuple[Route, ...]:
        """Return the routes of a list: its page, and its file."""
        find = listing.take or listing.find
        return (
            self._frame.get(listing.path, lambda visit: self._shown(visit, listing)),
            self.filed(listing.path, listing.sheet, find, listing.filters),
        )

    def filed(
        self, path: str, sheet: Sheet[T], find: Callable[[Visit, Window], Page[T]], filters: Sequence[str] = ()
    ) -> Route:
        """Return the route of the file of a list. Who took which list is recorded before the first row leaves."""

        def answer(visit: Visit) -> WireResponse:
            found = streamed(sheet, find, visit)
            self._acts.exports.note(visit.who, sheet.name, visit.asked(*filters))
            return found

        return self._frame.get(path + FILE, answer)

    def _shown(self, visit: Visit, listing: Listing[Any]) -> WireResponse:
        t, asked = visit.t, visit.asked(*listing.filters)
        found = listing.find(visit, visit.window)
        more = address(listing.path, **asked, cursor=found.following) if found.following else ""
        rows = [listing.row(visit, one) for one in found.rows]
        table = Table([t(key) for key in listing.columns], rows, t(listing.empty), more)
        links = list(listing.links(visit))
        if listing.may_take(visit):
            links.append(Link(address(listing.path + FILE, **asked), t("admin.export")))
        title, lead = t(listing.title) if listing.title else "", t(listing.lead) if listing.lead else ""
        fields = listing.fields(visit, asked)
        return self._frame.list(visit, listing.area, table, filters=fields, links=links, title=title, lead=lead)
