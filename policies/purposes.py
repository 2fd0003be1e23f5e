"""Purposes: what a system wants data for, each with its own text, ground and claims, and how a request divides among them.

Where a law is the ground (``BY_LAW``) the person is told; for the others the person is asked, claim by claim where the
system can do without (Law 91/2025 article 9: one consent for one purpose, and it may be given in part). A claim belongs
to one purpose at most, so that what was agreed to says for what.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policies.consent import text_version

BY_LAW: Final = frozenset({"public_duty", "legal_obligation"})
"""Grounds on which nobody is asked: a choice would be a pretence."""
_CHARACTERS: Final = 32
"""Of a version, in hexadecimal: half as many, and a department could find two texts with one version and swap them."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose; ``text`` by language, ``required`` and ``optional`` are bit sets of ``policies.claims``."""

    id: str
    text: Mapping[str, str]
    legal_basis: str
    required: int
    optional: int = 0

    @property
    def claims(self) -> int:
        """Return every claim of the purpose."""
        return self.required | self.optional

    @property
    def is_told(self) -> bool:
        """Tell whether a law is the ground, so that the person is told and not asked."""
        return self.legal_basis in BY_LAW

    @property
    def version(self) -> str:
        """Return the version of what a person reads of it: another wording or ground is another purpose to the person."""
        return text_version({**self.text, "#": self.id}, self.legal_basis, _CHARACTERS)

    def text_in(self, language: str) -> str:
        """Return the text in a language, Vietnamese where there is none."""
        return self.text.get(language) or self.text["vi"]


@dataclass(frozen=True, slots=True)
class Share:
    """What of a request falls to one purpose: ``required`` together, ``optional`` box by box, ``kept`` was agreed to before.

    ``boxed`` is what of ``required`` waits for the purpose's own box: beside another purpose one button for both would
    be one consent for two purposes, or a consent as the price of what a law provides for.
    """

    purpose: Purpose
    required: int
    optional: int
    kept: int
    boxed: int = 0


def together(purposes: Iterable[Purpose], whole: str = "") -> str:
    """Return the version of several purposes as one: it changes with each text, ground and claim of any of them.

    ``whole`` is the version of what the system says of itself as a whole: it stands on the page where no claim is asked.
    """
    parts = {one.id: f"{one.version} {one.required} {one.optional}" for one in purposes}
    return text_version(parts, f"purposes {whole}", _CHARACTERS)


def takes_by_law(before: Iterable[Purpose], now: Iterable[Purpose]) -> bool:
    """Tell whether some purpose takes on the ground of a law what it did not take so before, or says something else of it.

    Nobody who reads such a notice can decline, so that it is a law must not be one person's word.
    """
    known = {one.id: one for one in before if one.is_told}
    for purpose in now:
        old = known.get(purpose.id)
        if purpose.is_told and (old is None or old.version != purpose.version or purpose.claims & ~old.claims):
            return True
    return False


def carried(before: Iterable[Purpose], now: Iterable[Purpose], agreed: int) -> dict[str, int]:
    """Return what of an earlier agreement still holds, by purpose: that of purposes whose text and ground are as they were.

    A claim that moved to another purpose is not carried along: nobody agreed to that.
    """
    known = {one.id: one for one in before}
    found = {}
    for purpose in now:
        old = known.get(purpose.id)
        found[purpose.id] = (
            agreed & old.claims & purpose.claims
            if old is not None and (dict(old.text), old.legal_basis) == (dict(purpose.text), purpose.legal_basis)
            else 0
        )
    return found


def lost(before: Iterable[Purpose], now: Iterable[Purpose]) -> int:
    """Return the claims of earlier purposes that nobody agreed to, or was told of, as the purposes are now."""
    known = tuple(before)
    held = kept = 0
    for one in known:
        held |= one.claims
    for claims in carried(known, now, held).values():
        kept |= claims
    return held & ~kept


def divide(purposes: Iterable[Purpose], requested: int, kept: Mapping[str, int]) -> tuple[Share, ...]:
    """Return the share of each purpose that a request touches; claims that belong to none are in no share."""
    touched = [one for one in purposes if one.claims & requested]
    return tuple(_share(one, requested, kept.get(one.id, 0), is_alone=len(touched) == 1) for one in touched)


def _share(purpose: Purpose, requested: int, kept: int, *, is_alone: bool) -> Share:
    required = purpose.required & requested
    boxed = 0 if is_alone or purpose.is_told else required & ~kept
    return Share(purpose, required, purpose.optional & requested, kept, boxed)


def accepted(shares: Sequence[Share], ticked: int, agreed: Collection[str] = ()) -> int:
    """Return what an answer covers: what goes together, the boxes that were ticked, and what was agreed to before and stands.

    ``ticked`` are claims, ``agreed`` ids of purposes whose own box was ticked.
    """
    found = 0
    for share in shares:
        waits = 0 if share.purpose.id in agreed else share.boxed
        # What is given on top is given for a purpose: for one that nobody agreed to it is not used.
        found |= share.required & ~waits | share.optional & (share.kept if waits else ticked | share.kept)
    return found
