"""What a list of directories or of upstreams is searched for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from idp.errors import InvalidInput
from idp.flows.administration.paging import Page, Window, place_page
from idp.flows.administration.words import has_words, words_of

ILL: Final = "ill"
STATES: Final = (ILL, "well")


class Connection(Protocol):
    """A directory or an upstream in a list."""

    @property
    def is_ill(self) -> bool:
        """Tell whether this process has found it out of order."""
        ...


Seen = TypeVar("Seen", bound=Connection)


@dataclass(frozen=True, slots=True)
class ConnectionSearch:
    """A search: words of the name, the title or what it is of, and whether it is ``ill`` or ``well`` as this process has found it."""

    text: str = ""
    state: str = ""

    def among(self, found: Iterable[Seen], texts: Callable[[Seen], Iterable[str]], window: Window) -> Page[Seen]:
        """Return a page of those that are meant, each looked for in its ``texts``; raises ``InvalidInput`` for a search that makes no sense."""
        if self.state and self.state not in STATES:
            raise InvalidInput(f"must be one of {', '.join(STATES)}", field="state")
        words = words_of(self.text)
        rows = [one for one in found if self._fits(one) and has_words(words, *texts(one))]
        return place_page(rows, window)

    def _fits(self, one: Connection) -> bool:
        return not self.state or one.is_ill is (self.state == ILL)
