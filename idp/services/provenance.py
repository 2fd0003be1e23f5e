"""Where each attribute of an account came from, for its person to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from idp.model.account import BEGINNING, DIRECTORY, IMPORT, OPERATOR, Account, CodeEntry, Source
from idp.services.drafts import Draft

SHOWN: Final = ("name", "birthdate", "gender", "email", "phone_number", "address_formatted")
"""Attributes of the profile that are shown, in their order."""
_UPSTREAM: Final = "upstream:"


@dataclass(frozen=True, slots=True)
class Told:
    """An attribute with its value as it is kept and who told it; a code is named by its scheme."""

    attribute: str
    value: str
    source: Source
    is_code: bool = False


def provenance(account: Account, codes: Iterable[CodeEntry]) -> list[Told]:
    """Return the attributes of an account that its person is shown: name, current codes, the rest, the level.

    What nobody wrote a source down for came with the account: by an import, a directory or an operator.
    """
    history = sorted(codes, key=lambda code: code.valid_from)
    origin = _origin(account, history)
    sources = account.sources
    profile = [
        Told(name, str(account.profile[name]), sources.get(name, origin)) for name in SHOWN if account.profile.get(name)
    ]
    current = [
        Told(code.scheme, code.value, _of_reason(code.reason, code.valid_from), is_code=True)
        for code in history
        if code.valid_to is None
    ]
    level = Told("identity_level", str(account.identity_level), sources.get("identity_level", origin))
    name, rest = profile[:1], profile[1:]
    return [*name, *current, *rest, level]


def everything(account: Account, codes: Iterable[CodeEntry]) -> list[Told]:
    """Return all that is kept, also what no page shows, each with who told it."""
    shown = provenance(account, codes)
    known = {one.attribute for one in shown}
    origin = _origin(account, sorted(codes, key=lambda code: code.valid_from))
    rest = (name for name in account.profile if name not in known)
    return [*shown, *(Told(name, str(account.profile[name]), account.sources.get(name, origin)) for name in rest)]


def sources_after(account: Account, draft: Draft, now: int) -> dict[str, Source]:
    """Return who told what once an operator has written a draft over an account: what is as it was keeps its source."""
    written = {**draft.profile, "identity_level": draft.identity_level}
    before = {**account.profile, "identity_level": account.identity_level}
    kept = {name: one for name, one in account.sources.items() if name in written or name == "identity_code"}
    changed = (name for name, value in written.items() if before.get(name) != value)
    return {**kept, **dict.fromkeys(changed, Source(OPERATOR, now))}


def _origin(account: Account, history: list[CodeEntry]) -> Source:
    if account.kind == "official":
        return Source(DIRECTORY, account.created_at)
    if not history or history[0].valid_to is not None:
        # A code that has ended tells why it ended, and no longer how it began.
        return Source(BEGINNING, account.created_at)
    return _of_reason(history[0].reason, account.created_at)


def _of_reason(reason: str, at: int) -> Source:
    """Return the source that the reason of a code tells of: a code begins by an import, by an upstream, or by an operator."""
    if reason.startswith(_UPSTREAM):
        return Source(reason.removeprefix(_UPSTREAM), at)
    return Source(IMPORT if reason == "imported" else OPERATOR, at)
