"""Writes bundles of the audit log: JSON lines from which somebody else proves, without us, that the records are what we signed.

Lines in order: a description, the log's public keys, the signed heads, what lies left of the range, a line a record, what lies right of
it, and the end. ``services.audit_verification`` reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from idp.errors import InvalidInput, NotFound
from idp.ports.audit import AuditStore
from idp.services.audit import PERSONAL, PUBLIC, personal_text, public_text
from idp.services.audit_heads import AuditHeads
from keys.log_heads import Head
from policies import merkle
from policies.audit_commitments import SALT_BYTES, VOID, part_digest
from policies.merkle import Nodes, leaf_hash

FORMAT: Final = "dinhdanh-audit-bundle/1"
_PAGE: Final = 1_000
_VOID_LEAF: Final = leaf_hash(VOID)


@dataclass(frozen=True, slots=True)
class Span:
    """Which records: numbers ``first`` to ``last``, under a head of ``size`` leaves; ``personal`` tells whether persons are named."""

    first: int
    last: int
    size: int
    personal: bool


class AuditBundles:
    """Writes bundles of one log."""

    def __init__(
        self, records: AuditStore, heads: AuditHeads, archived: Callable[[], tuple[range, ...]] = tuple
    ) -> None:
        """Take the records, the signed heads, and which numbers lie in archives."""
        self._records = records
        self._heads = heads
        self._archived = archived

    def span(self, first: int | None = None, last: int | None = None, *, personal: bool = True) -> Span:
        """Return the range asked for under the newest head; raises ``NotFound``, ``InvalidInput``."""
        head = self._heads.newest()
        if head is None:
            raise NotFound("no head of the audit log was signed yet")
        begin, end = first or 1, head.size if last is None else last
        if not 0 < begin <= end <= head.size:
            raise InvalidInput(f"must be numbers from 1 to {head.size}, the first not above the last", field="range")
        return Span(begin, end, head.size, personal)

    def lines(self, span: Span, made_at: int) -> Iterator[bytes]:
        """Yield the bundle, a line at a time, in constant memory."""
        nodes = self._heads.tree.nodes()
        head = self._heads.of_size(span.size)
        assert head is not None  # noqa: S101 - ``span`` named it
        yield _line(self._description(span, head, made_at))
        yield _line(self._heads.jwks())
        for one in self._heads.between(span.first - 1, span.last):
            yield _line({"head": one.document()})
        if span.size > span.last:
            yield _line({"head": head.document()})
        yield _line({"left": [nodes(*node).hex() for node in merkle.cover(0, span.first - 1)]})
        count = 0
        for record in self._entries(span):
            count += 1
            yield _line(record)
        yield _line({"right": [nodes(*node).hex() for node in merkle.cover(span.last, span.size)]})
        yield _line({"end": count})

    def _description(self, span: Span, head: Head, made_at: int) -> dict[str, Any]:
        return {
            "bundle": FORMAT,
            "origin": head.origin,
            "first": span.first,
            "last": span.last,
            "size": span.size,
            "personal": span.personal,
            "made_at": made_at,
            "public": list(PUBLIC),
            "personal_fields": list(PERSONAL),
        }

    def _entries(self, span: Span) -> Iterator[dict[str, Any]]:
        nodes = self._heads.tree.nodes()
        expected, archived = span.first, self._archived()
        for row in self._rows(span):
            seq = int(row["seq"])
            for number in range(expected, seq):
                yield _absent(number, nodes, archived)
            yield {"seq": seq, "leaf": nodes(0, seq - 1).hex(), **opened(row, personal=span.personal)}
            expected = seq + 1
            if expected % merkle.TILE_WIDTH == 1:
                nodes = self._heads.tree.nodes()
        for number in range(expected, span.last + 1):
            yield _absent(number, nodes, archived)

    def _rows(self, span: Span) -> Iterator[Mapping[str, Any]]:
        after = span.first - 1
        while rows := self._records.after(after, min(_PAGE, span.last - after) or 1):
            for row in rows:
                after = int(str(row["seq"]))
                if after > span.last:
                    return
                yield row
            if after >= span.last:
                return


def opened(row: Mapping[str, Any], *, personal: bool) -> dict[str, str]:
    """Return what opens a record's commitment: all of it, or what happened without the persons."""
    salt, public = bytes(row["salt"]), public_text(row).decode()
    if row["erased"] is not None:
        return {"salt": salt.hex(), "public": public, "erased": bytes(row["erased"]).hex()}
    if personal:
        return {"salt": salt.hex(), "public": public, "personal": personal_text(row).decode()}
    hidden = part_digest(salt[SALT_BYTES:], personal_text(row))
    return {"salt": salt[:SALT_BYTES].hex(), "public": public, "hidden": hidden.hex()}


def _absent(number: int, nodes: Nodes, archived: tuple[range, ...]) -> dict[str, Any]:
    leaf = nodes(0, number - 1)
    why = "archived" if any(number in one for one in archived) else "missing"
    return {"seq": number, "leaf": leaf.hex(), "void" if leaf == _VOID_LEAF else why: True}


def _line(document: Mapping[str, Any]) -> bytes:
    return orjson.dumps(document) + b"\n"
