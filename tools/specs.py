"""Writes what the specifications demand of us and which tests hold us to it: ``python tools/specs.py docs/specs.md``.

The demands are the register ``tests/obligations``, written by hand; the proofs are the tests' ``spec`` marks.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_OPENID: Final = "https://openid.net/specs/"
# Every document that a mark may name, beside the RFCs, and where it is read.
DOCUMENTS: Final = {
    "CIBA Core": f"{_OPENID}openid-client-initiated-backchannel-authentication-core-1_0.html",
    "OIDC Core": f"{_OPENID}openid-connect-core-1_0.html",
    "OIDC Core Unmet Authentication Requirements": f"{_OPENID}openid-connect-unmet-authentication-requirements-1_0.html",
    "OIDC Discovery": f"{_OPENID}openid-connect-discovery-1_0.html",
    "OIDC Registration": f"{_OPENID}openid-connect-registration-1_0.html",
    "OIDC RP-Initiated Logout": f"{_OPENID}openid-connect-rpinitiated-1_0.html",
    "OIDC Back-Channel Logout": f"{_OPENID}openid-connect-backchannel-1_0.html",
    "OIDC Front-Channel Logout": f"{_OPENID}openid-connect-frontchannel-1_0.html",
    "OIDC Session Management": f"{_OPENID}openid-connect-session-1_0.html",
    "OAuth Client ID Metadata Document": "https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/",
    "OAuth Token Status List": "https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/",
    "OAuth Multiple Response Types": f"{_OPENID}oauth-v2-multiple-response-types-1_0.html",
    "OpenID Federation 1.0": f"{_OPENID}openid-federation-1_0.html",
    "OpenID CAEP": f"{_OPENID}openid-caep-1_0-final.html",
    "OpenID CAEP Interoperability": f"{_OPENID}openid-caep-interoperability-profile-1_0.html",
    "OpenID RISC": f"{_OPENID}openid-risc-1_0-final.html",
    "OpenID Shared Signals": f"{_OPENID}openid-sharedsignals-framework-1_0-final.html",
    "JARM": f"{_OPENID}oauth-v2-jarm.html",
    "FAPI 2.0 Message Signing": f"{_OPENID}fapi-message-signing-2_0-final.html",
    "FAPI 2.0 Security Profile": f"{_OPENID}fapi-security-profile-2_0-final.html",
    "Web Authentication": "https://www.w3.org/TR/webauthn-3/",
    "OAuth Form Post Response Mode": f"{_OPENID}oauth-v2-form-post-response-mode-1_0.html",
}
_CLAUSE: Final = re.compile(r"(?:appendix )?[0-9A-Z]+(?:\.[0-9]+)*")
_RFC: Final = re.compile(r"RFC ([1-9][0-9]{2,4})")
# What may be said of a demand, and the words for it on the page: the first names tests, the others a reason.
STATES: Final = {
    "by": "tested",
    "differs": "done otherwise",
    "not_implemented": "not implemented",
    "untested": "no test yet",
    "not_applicable": "does not concern us",
}
_MEMORY: Final = "from memory"
_HEAD: Final = """# Specifications and the tests that hold us to them

Made by `make specs` from the register of demands in [tests/obligations](../tests/obligations) and from the `spec` marks of the tests.
A demand is a MUST, MUST NOT, SHALL or REQUIRED that binds an authorization server, an OpenID provider, or a resource server where we are one; it is
worded in short, the specification's text counts. The table says with which text a register was compared, and when, or that it was written from
memory. A demand is **tested** when the named tests break it and see the refusal, or look at what has to be there; everything else has its reason.
What we do otherwise is also in [divergences.md](divergences.md). Recommendations are not counted; tests of them are listed below the demands, as
are specifications that have marks and no register.

## In short

"""


@dataclass(frozen=True, order=True)
class Mark:
    """One mark: the clause of a document, and the test, or the whole file, that carries it."""

    document: str
    clause: str
    path: str
    test: str


def marks(root: Path = ROOT) -> Iterator[Mark]:
    """Read every mark below ``tests``; raises ``ValueError`` for one that names no known document or clause."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        shown = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.spec":
                yield _mark(node, shown, _bearer(tree, node))


def _mark(call: ast.Call, path: str, test: str) -> Mark:
    given = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if len(given) != 2 or len(call.args) != 2 or call.keywords:  # noqa: PLR2004 - a document and a clause
        message = f"{path}:{call.lineno}: a spec mark holds a document and a clause, both literal"
        raise ValueError(message)
    document, clause = given
    if address(document) is None or not _CLAUSE.fullmatch(clause):
        message = f"{path}:{call.lineno}: no such document or clause: {document!r}, {clause!r}"
        raise ValueError(message)
    return Mark(document, clause, path, test)


def _bearer(tree: ast.Module, call: ast.Call) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and any(
            one.lineno <= call.lineno <= (one.end_lineno or one.lineno) for one in node.decorator_list
        ):
            return node.name
    return ""


def address(document: str) -> str | None:
    """Return where a document is read, None when it is none that we know."""
    rfc = _RFC.fullmatch(document)
    return f"https://www.rfc-editor.org/rfc/rfc{rfc[1]}" if rfc else DOCUMENTS.get(document)


@dataclass(frozen=True)
class Obligation:
    """One demand of a document: its clause, in our words, its state of ``STATES``, and the tests or the reason for it."""

    document: str
    clause: str
    says: str
    state: str
    by: tuple[str, ...] = ()
    reason: str = ""

    def proofs(self, found: Iterable[Mark]) -> list[Mark]:
        """Return the marks of the named tests at this clause or below it, the first one of each test."""
        fitting = (mark for mark in found if mark.document == self.document and is_below(mark.clause, self.clause))
        return [mark for mark in fitting if mark.test in self.by or f"{mark.path}::{mark.test}" in self.by]


@dataclass(frozen=True)
class Register:
    """The demands of one document, and ``also``: clauses without a demand that tests are marked with.

    ``read`` says which text the demands were compared with, and when; "" where they were written from memory.
    """

    document: str
    obligations: tuple[Obligation, ...]
    also: frozenset[str]
    read: str = ""

    def knows(self, clause: str) -> bool:
        """Tell whether a mark may name the clause: one of a demand, one below it, or one of ``also``."""
        return clause in self.also or any(is_below(clause, one.clause) for one in self.obligations)


def is_below(clause: str, above: str) -> bool:
    """Tell whether a clause is another one or stands within it."""
    return clause == above or clause.startswith(f"{above}.")


def registers(root: Path = ROOT) -> list[Register]:
    """Read the register; raises ``ValueError`` for a demand that has no clause or words, or not exactly one state."""
    paths = (root / "tests" / "obligations").glob("*.toml")
    return sorted((_register(path) for path in paths), key=lambda one: _order(one.document))


def _register(path: Path) -> Register:
    read = tomllib.loads(path.read_text("utf-8"))
    document = read["document"]
    if address(document) is None:
        message = f"{path.name}: no such document: {document!r}"
        raise ValueError(message)
    demands = tuple(_obligation(path.name, document, one) for one in read["obligations"])
    return Register(document, demands, frozenset(read.get("also", ())), read.get("read", ""))


def _obligation(name: str, document: str, row: dict[str, str | list[str]]) -> Obligation:
    clause, says = str(row.get("clause", "")), str(row.get("says", ""))
    states = [state for state in STATES if row.get(state)]
    if not _CLAUSE.fullmatch(clause) or not says or len(states) != 1 or set(row) != {"clause", "says", *states}:
        message = f"{name}: a demand has a clause, our words for it and one of {', '.join(STATES)}: {row}"
        raise ValueError(message)
    value = row[states[0]]
    if isinstance(value, list):
        return Obligation(document, clause, says, states[0], by=tuple(value))
    return Obligation(document, clause, says, states[0], reason=value)


def faults(found: list[Mark], register: list[Register]) -> Iterator[str]:
    """Say what does not hold: a named test without its mark, a mark whose clause the document's register does not know."""
    for one in (demand for listed in register for demand in listed.obligations):
        proved = {name for mark in one.proofs(found) for name in (mark.test, f"{mark.path}::{mark.test}")}
        for test in one.by:
            if test not in proved:
                yield f"{one.document} {one.clause} ({one.says}): {test} carries no such mark"
    known = {one.document: one for one in register}
    for mark in found:
        if mark.document in known and not known[mark.document].knows(mark.clause):
            yield f"{mark.path} {mark.test}: {mark.document} {mark.clause} is not in the register"


def page(found: list[Mark], register: list[Register]) -> str:
    """Return the page."""
    demands = [one for listed in register for one in listed.obligations]
    parts = [_HEAD, _summary(register), _reasons(demands)]
    for document in sorted({mark.document for mark in found} | {one.document for one in demands}, key=_order):
        parts.append(f"\n## [{document}]({address(document)})\n")
        rows = {mark for mark in found if mark.document == document}
        own = [one for one in demands if one.document == document]
        if own:
            parts.append("\n| clause | demand | tests |\n|---|---|---|\n")
            parts.extend(_demand(one, found) for one in sorted(own, key=lambda one: _order(one.clause)))
            rows -= {mark for one in own for mark in one.proofs(found)}
        if rows:
            parts.append(f"\n| clause | {'other ' if own else ''}test |\n|---|---|\n")
            parts.extend(map(_row, sorted(rows, key=lambda mark: (_order(mark.clause), mark.path, mark.test))))
    return "".join(parts)


def _summary(register: list[Register]) -> str:
    columns = ("specification", "demands", *STATES.values(), "compared with")
    rows = [f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"]
    rows.extend(f"| {one.document} | {_counts(one.obligations)} | {one.read or _MEMORY} |\n" for one in register)
    rows.append(f"| **all** | {_counts([one for listed in register for one in listed.obligations])} | |\n")
    return "".join(rows)


def _counts(demands: Iterable[Obligation]) -> str:
    states = [one.state for one in demands]
    return " | ".join(map(str, (len(states), *(states.count(state) for state in STATES))))


def _reasons(demands: list[Obligation]) -> str:
    parts = []
    for state, words in STATES.items():
        rows = [
            f"| {one.document} {one.clause} | {one.says} | {one.reason} |\n" for one in demands if one.state == state
        ]
        if rows and state != "by":
            parts.append(f"\n## {words.capitalize()}\n\n| clause | demand | why |\n|---|---|---|\n{''.join(rows)}")
    return "".join(parts)


def _demand(one: Obligation, found: list[Mark]) -> str:
    tests = sorted({(mark.test, mark.path) for mark in one.proofs(found)})
    shown = ", ".join(f"[`{test}`](../{path})" for test, path in tests)
    return f"| {one.clause} | {one.says} | {shown or f'*{STATES[one.state]}*: {one.reason}'} |\n"


def _row(mark: Mark) -> str:
    what = f"`{mark.test}`" if mark.test else "the whole file"
    return f"| {mark.clause} | {what} in [{mark.path}](../{mark.path}) |\n"


def _order(text: str) -> list[tuple[int, str]]:
    """Order with the numbers in a text taken as numbers."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]+)", text) if part]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(list(marks()), registers()), "utf-8")
