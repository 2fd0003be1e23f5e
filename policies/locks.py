"""Why an account is locked, and who may unlock it: the grounds of Decree 69/2024 article 15, and those of our own.

A lock has one ground; an account may have several at once and is free when the last of them has ended. The table is
the default of the product: it follows summaries of the article, which an operator's lawyers have to compare with the
text in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Reason(StrEnum):
    """The ground of a lock; the command line and the audit log use these words."""

    OWN_REQUEST = "own_request"
    EID_LOCKED = "eid_locked"
    CARD_EXPIRED = "card_expired"
    TERMS_BREACH = "terms_breach"
    PASSPORT_EXPIRED = "passport_expired"
    RESIDENCE_EXPIRED = "residence_expired"
    DEATH = "death"
    DISSOLVED = "dissolved"
    AUTHORITY_REQUEST = "authority_request"
    CODE_REESTABLISHED = "code_reestablished"
    SECURITY = "security"
    FAILED_TRIES = "failed_tries"
    NOT_ME = "not_me"
    OPERATOR = "operator"
    DIRECTORY = "directory"
    DISUSE = "disuse"


class Scope(StrEnum):
    """What a lock closes: the whole account, or signing in on devices that nobody knows."""

    ACCOUNT = "account"
    SIGN_IN = "sign_in"


class Unlock(StrEnum):
    """How a lock ends: by an operator, on its own when its ground is gone, or only by two persons."""

    OPERATOR = "operator"
    GROUND_GONE = "ground_gone"
    TWO_PERSONS = "two_persons"


@dataclass(frozen=True, slots=True)
class Terms:
    """What follows from a ground.

    ``kinds`` are the account kinds that it applies to. ``article`` says where it stands in law, empty for our own.
    ``needs_reference`` asks for the number of the document behind it.
    """

    kinds: frozenset[str]
    unlock: Unlock
    article: str = ""
    scope: Scope = Scope.ACCOUNT
    needs_reference: bool = False


_PERSON: Final = frozenset({"person"})
_ORGANISATION: Final = frozenset({"organisation"})
_OFFICIAL: Final = frozenset({"official"})
_ANY: Final = _PERSON | _ORGANISATION | _OFFICIAL
_DECREE: Final = "69/2024/NĐ-CP Điều 15"

TERMS: Final[Mapping[Reason, Terms]] = MappingProxyType(
    {
        Reason.OWN_REQUEST: Terms(_ANY, Unlock.OPERATOR, _DECREE),
        Reason.EID_LOCKED: Terms(_PERSON, Unlock.GROUND_GONE, _DECREE),
        Reason.CARD_EXPIRED: Terms(_PERSON, Unlock.GROUND_GONE, _DECREE),
        Reason.TERMS_BREACH: Terms(_ANY, Unlock.OPERATOR, _DECREE),
        Reason.PASSPORT_EXPIRED: Terms(_PERSON, Unlock.GROUND_GONE, _DECREE),
        Reason.RESIDENCE_EXPIRED: Terms(_PERSON, Unlock.GROUND_GONE, _DECREE),
        Reason.DEATH: Terms(_PERSON, Unlock.TWO_PERSONS, _DECREE, needs_reference=True),
        Reason.DISSOLVED: Terms(_ORGANISATION, Unlock.TWO_PERSONS, _DECREE, needs_reference=True),
        Reason.AUTHORITY_REQUEST: Terms(_ANY, Unlock.TWO_PERSONS, _DECREE, needs_reference=True),
        Reason.CODE_REESTABLISHED: Terms(_PERSON, Unlock.GROUND_GONE, "34/2021/QĐ-TTg Điều 10"),
        Reason.SECURITY: Terms(_ANY, Unlock.OPERATOR),
        Reason.FAILED_TRIES: Terms(_ANY, Unlock.GROUND_GONE, scope=Scope.SIGN_IN),
        # Somebody else knew the password: it opens nothing but the devices of the person until there is another one.
        Reason.NOT_ME: Terms(_ANY, Unlock.OPERATOR, scope=Scope.SIGN_IN),
        Reason.OPERATOR: Terms(_ANY, Unlock.OPERATOR),
        Reason.DIRECTORY: Terms(_OFFICIAL, Unlock.GROUND_GONE),
        Reason.DISUSE: Terms(_OFFICIAL, Unlock.OPERATOR),
    }
)
"""Every ground and what follows from it; a new ground is one row."""

OF_THE_PRODUCT: Final = frozenset({Reason.NOT_ME, Reason.FAILED_TRIES, Reason.DIRECTORY, Reason.DISUSE})
"""Grounds that no operator gives: their locks come and go with what the product finds."""

LOCAL_OPERATOR: Final = "operator:local"
"""Whoever can read the deployment's home: needs no second person, and everything it does is audited as such."""


def may_lock(reason: Reason, kind: str, reference: str) -> str:
    """Return why an account of this kind cannot be locked on this ground (a reason id), or nothing."""
    terms = TERMS[reason]
    if kind not in terms.kinds:
        return "ground_of_other_kind"
    return "reference_missing" if terms.needs_reference and not reference.strip() else ""


def needs_two(reason: str) -> bool:
    """Tell whether a lock on this ground ends only by two persons; a word that we do not know needs them."""
    return reason not in set(Reason) or TERMS[Reason(reason)].unlock is Unlock.TWO_PERSONS


def may_unlock(reasons: Iterable[str], actor: str, approver: str = "") -> str:
    """Return why ``actor`` may not end locks on these grounds (a reason id), or nothing.

    The second person is another one than the first, and not nobody.
    """
    if actor == LOCAL_OPERATOR or not any(needs_two(reason) for reason in reasons):
        return ""
    return "two_persons_needed" if not approver or approver == actor else ""
