"""What a client may no longer be given of what people agreed to earlier, since it says something else of why it wants it.

A consent is for one purpose under one wording (Law 91/2025 article 9), and a notice comes before the processing. So when a
purpose changes or goes, tokens from before release its claims no more; whoever signs in is asked, or told, anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from clients.model import Client
from policies import claims as claim_policy
from policies.purposes import lost

MOST: Final = 16
"""Changes that are told apart; of more the oldest count as made at one time, which gives less and never more."""
_EVERYTHING: Final = claim_policy.pack(claim_policy.CLAIMS)

Marks = tuple[Mapping[str, int], ...]


def marked(before: Client, after: Client, now: int) -> Client:
    """Return a changed client (``after``) that knows which claims rest on what people read before ``now`` (epoch seconds) and is no more."""
    if before.consent_version == after.consent_version:
        return after
    # What corrected the text of before corrects no other.
    gone, after = _gone(before, after), replace(after, corrected=())
    if not gone:
        return after
    return replace(after, rewritten=_bounded((*before.rewritten, {"at": now, "claims": gone})))


def _gone(before: Client, after: Client) -> int:
    if before.purposes and after.purposes:
        return lost(before.purpose_list, after.purpose_list)
    return _EVERYTHING


def _bounded(marks: Sequence[Mapping[str, int]]) -> Marks:
    if len(marks) <= MOST:
        return tuple(marks)
    first, second, *others = marks
    return ({"at": second["at"], "claims": first["claims"] | second["claims"]}, *others)
