"""Consent and notice: whether a person must be asked or told before a client gets anything, and what is new in it.

Two kinds of screen (Law 91/2025 article 9, Decree 13/2023 articles 11, 13 and 17): *ask* where the person may decline,
*notice* where a law obliges and a choice would be a pretence. One consent covers one purpose under one wording: another
wording is asked anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LEGAL_BASES: Final = ("consent", "public_duty", "legal_obligation", "contract")
MODES: Final = ("ask", "notice")

_VERSION_CHARACTERS: Final = 16


class Step(StrEnum):
    """What the person has to be shown."""

    NONE = "none"
    ASK = "ask"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants now.

    Its ``mode`` (``ask`` or ``notice``), the claims, whether ``offline_access``, under which wording.

    ``essential`` are claims without which the client cannot serve: one that was declined is asked again. ``corrects`` are the versions of
    the wording that this one only spells otherwise.

    ``forced`` is ``prompt=consent``; ``answered`` tells that the person has just answered in this very transaction.
    """

    mode: str
    claims: int
    offline: bool
    text_version: str
    forced: bool = False
    answered: bool = False
    essential: int = 0
    corrects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remembered:
    """The current record: ``kind`` is ``consent`` or ``notice``; ``claims`` was agreed to.

    ``declined`` was offered and left out.
    """

    kind: str
    claims: int
    offline: bool
    text_version: str
    declined: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """The screen, the claims that are new on it, whether ``offline_access`` is, and the reason id for the audit log."""

    step: Step
    new_claims: int
    new_offline: bool
    reason: str


def mode_for(consent: str, legal_basis: str) -> str:
    """Return the mode of a client: ``notice`` only where a law, not the person, is the ground.

    ``consent`` as legal basis always asks.
    """
    return "notice" if consent == "notice" and legal_basis != "consent" else "ask"


def text_version(purpose: Mapping[str, str], legal_basis: str, characters: int = _VERSION_CHARACTERS) -> str:
    """Return the version of the text that a person sees.

    A digest of the purpose in every language, and of the legal basis, in so many hexadecimal ``characters``.

    The record of a consent names it, which is how the controller proves what was agreed to (Decree 13/2023 article 11).
    """
    parts = [legal_basis, *(part for language in sorted(purpose) for part in (language, purpose[language]))]
    framed = b"".join(len(data).to_bytes(4, "big") + data for data in (part.encode() for part in parts))
    return hashlib.sha256(framed).hexdigest()[:characters]


def decide(wanted: Wanted, remembered: Remembered | None) -> Decision:
    """Return what has to be shown. Withdrawal needs no case of its own: a withdrawn record is not the current one."""
    if wanted.answered:
        return _ANSWERED
    step = Step.NOTICE if wanted.mode == "notice" else Step.ASK
    if remembered is None:
        return _everything(wanted, step, "first_time")
    if step is Step.ASK and remembered.kind != "consent":
        # A notice that was read is not a consent: silence is none (Decree 13/2023 article 11.6).
        return _everything(wanted, step, "notice_is_no_consent")
    if remembered.text_version != wanted.text_version and remembered.text_version not in wanted.corrects:
        return _everything(wanted, step, "text_changed")
    return _compare(wanted, remembered, step)


def _compare(wanted: Wanted, remembered: Remembered, step: Step) -> Decision:
    new_claims = wanted.claims & ~(remembered.claims | (remembered.declined & ~wanted.essential))
    # Being told about a duty covers how long it takes; only who may decline is asked about use in his absence.
    new_offline = step is Step.ASK and wanted.offline and not remembered.offline
    if new_claims:
        return Decision(step, new_claims, new_offline, "claims_added")
    if new_offline:
        return Decision(step, 0, new_offline, "offline_added")
    if wanted.forced:
        return Decision(step, 0, new_offline=False, reason="prompt_consent")
    return _REMEMBERED


def _everything(wanted: Wanted, step: Step, reason: str) -> Decision:
    return Decision(step, wanted.claims, wanted.offline, reason)


_ANSWERED: Final = Decision(Step.NONE, 0, new_offline=False, reason="answered_now")
_REMEMBERED: Final = Decision(Step.NONE, 0, new_offline=False, reason="remembered")
