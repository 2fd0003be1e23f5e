"""Writes which tests hold us to which clause, from the tests' ``spec`` marks: ``python tools/specs.py docs/specs.md``."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
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
    "OpenID Shared Signals": f"{_OPENID}openid-sharedsignals-framework-1_0-final.html",
    "JARM": f"{_OPENID}oauth-v2-jarm.html",
    "FAPI 2.0 Message Signing": f"{_OPENID}fapi-message-signing-2_0-final.html",
    "FAPI 2.0 Security Profile": f"{_OPENID}fapi-security-profile-2_0-final.html",
    "Web Authentication": "https://www.w3.org/TR/webauthn-3/",
    "OAuth Form Post Response Mode": f"{_OPENID}oauth-v2-form-post-response-mode-1_0.html",
}
_CLAUSE: Final = re.compile(r"(?:appendix )?[0-9A-Z]+(?:\.[0-9]+)*")
_RFC: Final = re.compile(r"RFC ([1-9][0-9]{2,4})")
_HEAD: Final = """# Specifications and the tests that hold us to them

Made by `make specs` from the `spec` marks of the tests. What we do otherwise is listed in [divergences.md](divergences.md).
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


def page(found: list[Mark]) -> str:
    """Return the page."""
    parts = [_HEAD]
    for document in sorted({mark.document for mark in found}, key=_order):
        parts.append(f"\n## [{document}]({address(document)})\n\n| clause | test |\n|---|---|\n")
        rows = {mark for mark in found if mark.document == document}
        parts.extend(_row(mark) for mark in sorted(rows, key=lambda mark: (_order(mark.clause), mark.path, mark.test)))
    return "".join(parts)


def _row(mark: Mark) -> str:
    what = f"`{mark.test}`" if mark.test else "the whole file"
    return f"| {mark.clause} | {what} in [{mark.path}](../{mark.path}) |\n"


def _order(text: str) -> list[tuple[int, str]]:
    """Order with the numbers in a text taken as numbers."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]+)", text) if part]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(list(marks())), "utf-8")
