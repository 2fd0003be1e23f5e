"""Verifies a bundle of the audit log with nothing but the bundle and, better, public keys that came by another way.

Needs no server, no database and no settings. Names the first record that does not hold, a missing tail, or a fork.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from keys.errors import InvalidJwk
from keys.log_heads import COSIGNATURE, Head, HeadRefused, Verifiers, read_head, signers_of, verify_head
from keys.log_keys import read_keys
from policies import merkle
from policies.audit_commitments import SALT_BYTES, VOID, commitment, part_digest
from policies.merkle import HASH_BYTES, Frontier, leaf_hash

_FORMAT: Final = "dinhdanh-audit-bundle/1"
_VOID_LEAF: Final = leaf_hash(VOID)
_ERASE: Final = "audit:erase"
_EVENT, _DETAIL = 2, 5
"""Places in the arrays of the public and the personal part."""


class Fault(Exception):
    """The first thing that does not hold; ``position`` is the number of the record, 0 where it is no record."""

    def __init__(self, position: int, reason: str, record_id: str = "") -> None:
        """Take where and why."""
        super().__init__(reason)
        self.position = position
        self.reason = reason
        self.record_id = record_id


@dataclass(frozen=True, slots=True)
class Trust:
    """What the verifier brings along: keys of the log (none: those that the bundle claims), of witnesses, and heads seen before."""

    keys: Verifiers = field(default_factory=dict)
    witnesses: Verifiers = field(default_factory=dict)
    quorum: int = 0
    seen: tuple[Head, ...] = ()
    is_archive: bool = False
    """Of our own archive, whose file was written anew when something was erased: who did it stands in the log."""


@dataclass(slots=True)
class Report:
    """What was found; ``fault`` is None where everything holds."""

    first: int = 0
    last: int = 0
    size: int = 0
    root: str = ""
    checked: int = 0
    erased: int = 0
    void: int = 0
    hidden: int = 0
    archived: int = 0
    witnesses: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    fault: Fault | None = None


def verify_bundle(lines: Iterable[bytes], trust: Trust) -> Report:
    """Read a bundle once, in constant memory but for what was erased, and report."""
    reading = _Reading(trust)
    try:
        reading.read(_numbered(lines, reading))
    except Fault as fault:
        reading.report.fault = fault
    except (EOFError, OSError, zlib.error):
        reading.report.fault = Fault(reading.expected, f"the bundle breaks off before record {reading.expected}")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reading.report.fault = Fault(reading.expected, f"the bundle is malformed: {type(error).__name__}")
    except (HeadRefused, InvalidJwk) as error:
        reading.report.fault = Fault(0, str(error))
    return reading.report


def _numbered(lines: Iterable[bytes], reading: _Reading) -> Iterator[dict[str, Any]]:
    for line in lines:
        value = orjson.loads(line)
        if not isinstance(value, dict):
            raise Fault(reading.expected, "the bundle is malformed: a line is no object")
        yield value
    raise Fault(reading.expected, f"the bundle breaks off before record {reading.expected}")


class _Reading:
    """One reading of one bundle."""

    def __init__(self, trust: Trust) -> None:
        self.report = Report()
        self.expected = 0
        self._trust = trust
        self._keys: Verifiers = trust.keys
        self._heads: dict[int, Head] = {}
        self._frontier = Frontier()
        self._proved = 0
        self._erased: set[int] = set()
        self._names_persons = False
        self._origin = ""

    def read(self, lines: Iterator[dict[str, Any]]) -> None:
        """Take the lines in their order; raises ``Fault``."""
        self._describe(next(lines))
        claimed = read_keys(next(lines))
        self._keys = self._trust.keys or claimed
        self.report.keys = tuple(sorted(self._keys))
        line = next(lines)
        while "head" in line:
            self._take_head(read_head(line["head"]))
            line = next(lines)
        self._expect_seen()
        self._take_subtrees(line["left"], 0, self.report.first - 1)
        self._proved = self.report.first - 1
        while self.expected <= self.report.last:
            self._take_record(next(lines))
            self.expected += 1
        self._take_subtrees(next(lines)["right"], self.report.last, self.report.size)
        self._finish(next(lines))

    def _describe(self, line: dict[str, Any]) -> None:
        if line.get("bundle") != _FORMAT:
            raise Fault(0, f"this is no bundle of the form {_FORMAT}")
        first, last, size = line["first"], line["last"], line["size"]
        if not all(type(one) is int for one in (first, last, size)) or not 0 < first <= last <= size:
            raise Fault(0, "the bundle's range makes no sense")
        self.report.first, self.report.last, self.report.size = first, last, size
        self._origin, self._names_persons = str(line["origin"]), line["personal"] is True
        self.expected = first

    def _take_head(self, head: Head) -> None:
        verify_head(head, self._keys)
        if head.origin != self._origin:
            raise Fault(0, f"a head is of another log: {head.origin}")
        known = self._heads.setdefault(head.size, head)
        if known.root != head.root:
            raise Fault(head.size, f"fork: two signed heads of size {head.size} have different roots")

    def _expect_seen(self) -> None:
        """Hold against the bundle what was seen of the log before."""
        report = self.report
        if report.size not in self._heads:
            raise Fault(0, "the bundle lacks the signed head of its size")
        for head in self._trust.seen:
            if head.size > report.size:
                reason = f"missing tail: the log ends at record {report.size}, a head seen before says {head.size}"
                raise Fault(report.size + 1, reason)
            if head.size != report.size and not report.first - 1 <= head.size <= report.last:
                raise Fault(
                    0, f"the head of size {head.size} lies outside of the bundle's range: it cannot be compared"
                )
            self._take_head(head)
        cosigned = signers_of(self._heads[report.size], self._trust.witnesses, COSIGNATURE)
        report.witnesses = tuple(sorted(cosigned))
        if len(cosigned) < self._trust.quorum:
            raise Fault(0, f"{len(cosigned)} known witnesses signed the head, {self._trust.quorum} are asked for")

    def _take_subtrees(self, hashes: Sequence[str], first: int, end: int) -> None:
        nodes = merkle.cover(first, end)
        if len(nodes) != len(hashes):
            raise Fault(0, "the bundle's proof has another number of hashes than its range needs")
        for (level, _), text in zip(nodes, hashes, strict=True):
            self._frontier.append(_octets(text, HASH_BYTES), level)
        if self._frontier.size in self._heads:
            self._compare(self._frontier.size)

    def _take_record(self, line: dict[str, Any]) -> None:
        seq, leaf = self.expected, _octets(line["leaf"], HASH_BYTES)
        if line.get("seq") != seq:
            raise Fault(seq, f"record number {seq} is missing from the bundle")
        if line.get("missing"):
            raise Fault(seq, f"record number {seq} is missing: its leaf is in the tree, the record is not in the log")
        self.report.void += bool(line.get("void"))
        self.report.archived += bool(line.get("archived"))
        found = self._found(line, leaf)
        if found != leaf:
            raise Fault(seq, "the record was changed: it is not the one that was entered here", _id_of(line))
        self.report.checked += 1
        self._frontier.append(leaf)
        if self._frontier.size in self._heads:
            self._compare(self._frontier.size)

    def _found(self, line: dict[str, Any], leaf: bytes) -> bytes:
        """Return the hash that the leaf should have; of a record that lies in an archive only its own bundle can tell more."""
        if line.get("archived"):
            return leaf
        return _VOID_LEAF if line.get("void") else leaf_hash(self._opened(line))

    def _opened(self, line: dict[str, Any]) -> bytes:
        salt, public = bytes.fromhex(line["salt"]), line["public"].encode()
        what = part_digest(salt[:SALT_BYTES], public)
        if "personal" in line:
            personal = line["personal"].encode()
            self._note_erasure(public, personal)
            return commitment(what, part_digest(_exactly(salt, 2 * SALT_BYTES)[SALT_BYTES:], personal))
        _exactly(salt, SALT_BYTES)
        if "erased" in line:
            self._erased.add(self.expected)
            self.report.erased += 1
            return commitment(what, _octets(line["erased"], HASH_BYTES))
        self.report.hidden += 1
        return commitment(what, _octets(line["hidden"], HASH_BYTES))

    def _note_erasure(self, public: bytes, personal: bytes) -> None:
        """Strike from the erased records those that a later record says were erased."""
        if not self._erased or orjson.loads(public)[_EVENT] != _ERASE:
            return
        ranges = orjson.loads(orjson.loads(personal)[_DETAIL])["numbers"]
        self._erased = {one for one in self._erased if not any(first <= one <= last for first, last in ranges)}

    def _compare(self, size: int) -> None:
        if self._frontier.root() != self._heads[size].root:
            begin = self._proved + 1
            reason = f"the log was rewritten: records {begin} to {size} are not those of its signed head of size {size}"
            raise Fault(begin, reason)
        self._proved = size

    def _finish(self, line: dict[str, Any]) -> None:
        report = self.report
        if line.get("end") != report.last - report.first + 1:
            raise Fault(self.expected, "the bundle does not end where it should")
        report.root = self._frontier.root().hex()
        if report.size != self._frontier.size or self._proved != report.size:
            raise Fault(0, "the bundle was not compared with the head of its size")
        # Who erased is told later in the log, so only a whole bundle that names persons can tell.
        is_whole = self._names_persons and report.last == report.size and not self._trust.is_archive
        if is_whole and self._erased:
            raise Fault(min(self._erased), "the record's personal part is gone, and no record says that it was erased")


def _octets(text: str, size: int) -> bytes:
    return _exactly(bytes.fromhex(text), size)


def _exactly(value: bytes, size: int) -> bytes:
    if len(value) != size:
        message = f"must be {size} bytes"
        raise ValueError(message)
    return value


def _id_of(line: dict[str, Any]) -> str:
    """Return the id that a changed record claims, for whoever looks for it."""
    try:
        return str(orjson.loads(line["public"])[0])
    except (KeyError, ValueError, IndexError, TypeError, AttributeError):
        return ""
