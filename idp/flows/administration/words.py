"""What a list is searched for: words, each of which must occur, compared without diacritics; and the systems that such words name."""

from __future__ import annotations

from typing import Final

from clients.model import Client
from clients.registry import ClientRegistry
from idp.errors import InvalidInput
from policies.folding import folded

_LONGEST: Final = 100


def words_of(text: str) -> tuple[str, ...]:
    """Return the folded words of what was typed, none of them for nothing; raises ``InvalidInput`` for more than anybody types."""
    if len(text) > _LONGEST:
        raise InvalidInput(f"must be at most {_LONGEST} characters", field="q")
    return tuple(folded(text).split())


def has_words(words: tuple[str, ...], *texts: str) -> bool:
    """Tell whether each word occurs in the texts."""
    if not words:
        return True
    text = folded(" ".join(texts))
    return all(word in text for word in words)


def begins_one(typed: str, *names: str) -> bool:
    """Tell whether what was typed begins an id, or that of a name such as ``account:ID``.

    By its beginning only: a number within an id, such as the hour of its making, is nobody's search. Nor is the word before the colon: it says
    what sort of thing is meant, and by itself would find every one of them.
    """
    typed = typed.strip()
    is_named = bool(typed.partition(":")[2])

    def is_begun(one: str) -> bool:
        _, colon, of_kind = one.partition(":")
        return (of_kind if colon else one).startswith(typed) or (is_named and one.startswith(typed))

    return bool(typed) and any(map(is_begun, names))


class ClientNames:
    """Finds systems by words of their names in both languages, or by how their id begins. A folded name is kept until its client changes."""

    def __init__(self, registry: ClientRegistry) -> None:
        """Take the registry, which use cases that look for systems take from here."""
        self.registry = registry
        self._folded: dict[tuple[str, int], str] = {}

    def is_meant(self, client: Client, words: tuple[str, ...], typed: str) -> bool:
        """Tell whether a client is meant by ``words``, which were ``typed``."""
        return all(word in self._text(client) for word in words) or begins_one(typed, client.client_id)

    def found(self, text: str) -> frozenset[str] | None:
        """Return the ids of the clients that are meant, None where nothing is asked; raises ``InvalidInput``."""
        words = words_of(text)
        if not words:
            return None
        return frozenset(one.client_id for one in self.registry.all() if self.is_meant(one, words, text))

    def _text(self, client: Client) -> str:
        key = (client.client_id, client.version)
        if key not in self._folded:
            if len(self._folded) > 2 * len(self.registry.snapshot()):
                self._folded.clear()
            self._folded[key] = folded(" ".join(client.client_name.values()))
        return self._folded[key]
