"""What differs between kinds of directory servers; one module a kind, one row in ``registry``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from idp.directories.searching import Raw, Searcher
from idp.model.directory import Entry, Proof
from policies.officials.comparison import Standing

Control = tuple[str, bool, bytes | None]


class Dialect(Protocol):
    """A kind of server. ``has_sure_member_of`` tells that nobody but the server writes ``memberOf``."""

    login_attributes: Sequence[str]
    link_attribute: str
    columns: Mapping[str, str]
    state_attributes: Sequence[str]
    bind_controls: Sequence[Control]
    search_controls: Sequence[tuple[str, bool, None]]
    has_sure_member_of: bool

    def link(self, octets: bytes) -> str:
        """Return the immutable id as text; "" for what is none."""
        ...

    def standing(self, raw: Raw, now: int) -> Standing:
        """Return what the entry's attributes say at ``now`` (epoch seconds)."""
        ...

    def proof(self, result: Mapping[str, Any], standing: Standing) -> Proof:
        """Return what the result of the person's bind says."""
        ...

    def groups(self, search: Searcher, entry: Entry, base: str) -> frozenset[str]:
        """Return every group that the person is in, through other groups too, as normal names."""
        ...

    def members(
        self, search: Searcher, groups: Collection[str], people: Mapping[str, Entry], bases: tuple[str, str]
    ) -> tuple[Mapping[str, frozenset[str]], str]:
        """Return for each link the groups among ``groups`` that the person is in, and what may be missing ("" for nothing).

        ``people`` are entries by normal name; ``bases`` are where people and where groups lie.
        """
        ...
