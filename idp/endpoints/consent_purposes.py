"""The consent page of a system that registered purposes: each with its text and ground, told or asked, and what was agreed to before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from clients.model import Client
from idp.ports.consents import ConsentText
from idp.ports.sessions import ConsentState
from policies import claims as claim_policy
from policies.purposes import Purpose, Share, accepted, carried, divide

TextOf = Callable[[str], ConsentText | None]
"""Takes a version and returns what people were shown under it."""


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim on the page with its value as people read it."""

    name: str
    value: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class PurposeView:
    """One purpose on the page; ``absent`` are names of claims for which there is no value yet, ``has_box`` that it is agreed to by itself."""

    id: str
    text: str
    legal_basis: str
    is_told: bool
    required: Sequence[ClaimRow]
    optional: Sequence[ClaimRow]
    absent: Sequence[str]
    has_box: bool


class Purposes:
    """Divides a request among the purposes of a client, in the light of what was agreed to before."""

    def __init__(self, text_of: TextOf) -> None:
        """Take the source of what was shown."""
        self._text_of = text_of

    def shares(self, client: Client, requested: int, before: ConsentState | None) -> tuple[Share, ...]:
        """Return the share of each purpose that a request touches."""
        return divide(client.purpose_list, requested, self._kept(client, before))

    def still(self, client: Client, before: ConsentState | None) -> int:
        """Return what was agreed to before and holds on, whatever is asked now."""
        found = 0
        for claims in self._kept(client, before).values():
            found |= claims
        return found

    def _kept(self, client: Client, before: ConsentState | None) -> Mapping[str, int]:
        if before is None:
            return {}
        if client.stands(before.text_version):
            shown: Iterable[Purpose] = client.purpose_list
        else:
            text = self._text_of(before.text_version)
            shown = text.purposes if text is not None else ()
        return carried(shown, client.purpose_list, before.claims)


def view(share: Share, language: str, rows: Mapping[str, ClaimRow], name_of: Callable[[str], str]) -> PurposeView:
    """Return a share as the page shows it: what was agreed to before has no box, and nothing is ticked beforehand."""
    optional = share.optional & ~share.kept
    required = claim_policy.unpack(claim_policy.shown((share.required | share.optional) & ~optional))
    boxes = claim_policy.unpack(claim_policy.shown(optional))
    return PurposeView(
        share.purpose.id,
        share.purpose.text_in(language),
        share.purpose.legal_basis,
        share.purpose.is_told,
        [rows[name] for name in required if rows[name].value],
        [rows[name] for name in boxes if rows[name].value],
        [name_of(name) for name in required if not rows[name].value],
        bool(share.boxed),
    )


def agreed(shares: Sequence[Share], ticked: Iterable[str], purposes: Collection[str], requested: int) -> int:
    """Return what an answer covers, by the claims and the purposes that were ticked; one that had no box counts for nothing."""
    found = accepted(shares, claim_policy.pack(ticked), purposes)
    return claim_policy.confirmed(found) & requested
