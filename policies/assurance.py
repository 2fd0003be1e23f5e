"""Assurance: which level some factors reach, and whether a session is sure and fresh enough for a request.

Levels are the four of Decree 69/2024 (mức độ xác thực), which is another axis than the level of an account
(``identity_level``): that one says how surely a person was enrolled, this one how surely he is the one who is here now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

LOA_1: Final = "urn:dinhdanh:loa:1"
LOA_2: Final = "urn:dinhdanh:loa:2"
LOA_3: Final = "urn:dinhdanh:loa:3"
LOA_4: Final = "urn:dinhdanh:loa:4"
LEVELS: Final = (LOA_1, LOA_2, LOA_3, LOA_4)
"""Every level in rising order."""

SEVERAL: Final = "mfa"
"""What ``amr`` says of several kinds of factors together (RFC 8176 section 2)."""
_RANK: Final = MappingProxyType({acr: rank for rank, acr in enumerate(LEVELS, start=1)})


class Kind(StrEnum):
    """What a factor rests on (Decree 69/2024 article 3)."""

    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"
    BIOMETRIC = "biometric"


@dataclass(frozen=True, slots=True)
class Factor:
    """One authentication factor: what it rests on, its ``amr`` values (RFC 8176 section 2), and whether it lasts.

    A composite factor rests on several kinds at once: a passkey is possessed, and its device is unlocked by what the
    person knows or is. What does not ``last`` is a spare: it proves as well as the others do, but an account must not
    be left with spares alone. A ``ceiling`` makes it a stand-in, "" for all others: it spares a person the question for
    a second factor up to that level, ``amr`` never calls it ``mfa``, and what protects an account does not count it.
    """

    name: str
    kinds: frozenset[Kind]
    amr: tuple[str, ...]
    lasts: bool = True
    ceiling: str = ""


Table = Mapping[str, Factor]
"""Factors by name."""


def table(*rows: Factor) -> Table:
    """Return rows by their names."""
    return MappingProxyType({row.name: row for row in rows})


_KNOWN: Final = frozenset({Kind.KNOWLEDGE})
_HELD: Final = frozenset({Kind.POSSESSION})

FACTORS: Final = table(
    Factor("password", _KNOWN, ("pwd",)),
    Factor("totp", _HELD, ("otp",)),
    # How the device was unlocked, by a PIN or by a finger, it does not tell: knowledge is what is never too much said.
    Factor("passkey", _HELD | _KNOWN, ("hwk", "user")),
    Factor("synced_passkey", _HELD | _KNOWN, ("swk", "user")),
    Factor("recovery_code", _HELD, ("otp",), lasts=False),
    Factor("sms_code", _HELD, ("sms",)),
    Factor("mail_code", _HELD, ("otp",)),
    # A cookie is possession of a browser and no more: it can be copied. RFC 8176 has no nearer word for it than ``rba``.
    Factor("trusted_device", _HELD, ("rba",), lasts=False, ceiling=LOA_2),
)
"""Which factor reaches what: the one table of it. Another factor is one row; ``idp.authn.registry`` has its module.

``synced_passkey`` is a passkey whose key may leave its device; people enrol both as ``passkey``.
"""


class Missing(StrEnum):
    """What stands between a session and a request."""

    NOTHING = "nothing"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Demand:
    """What a request and its client ask.

    ``acr_values`` is voluntary, in order of preference; ``essential_acr`` are the values of an essential ``acr`` claim,
    one of which must be met (OpenID Connect Core section 5.5.1.1); ``minimum_acr`` is the client's own floor;
    ``max_age`` is in seconds.
    """

    acr_values: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()
    minimum_acr: str | None = None
    max_age: int | None = None
    prompt: frozenset[str] = frozenset()


ANYTHING: Final = Demand()
"""Of a request that takes any authentication there is."""


@dataclass(frozen=True, slots=True)
class Present:
    """What a session has to show.

    The session's level and moment of authentication, and the highest level that the account's factors could reach.

    ``signed_in_here`` tells that the authentication happened for this very request, which is what ``prompt=login``
    waits for. ``attainable`` is the level that somebody could reach by linking an upstream first, "" for none: enough
    for what a request demands, too much trouble for what it only prefers.
    """

    acr: str
    auth_time: int
    reachable: str
    signed_in_here: bool = False
    attainable: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is missing, why (a reason id), and the level to aim at (None where the request asks for none)."""

    missing: Missing
    reason: str
    acr: str | None = None


MET: Final = Decision(Missing.NOTHING, "")
"""Of whoever is signed in, where ``ANYTHING`` will do."""


def rank(acr: str) -> int:
    """Return 1 to 4 for a level, 0 for anything that is not one of ours."""
    return _RANK.get(acr, 0)


def satisfies(reached_acr: str, wanted_acr: str) -> bool:
    """Tell whether one level is at least another; an unknown wanted level is satisfied by nothing."""
    return 0 < rank(wanted_acr) <= rank(reached_acr)


def reached(factors: Iterable[str], known: Table = FACTORS) -> str:
    """Return the level that verified factors reach together (Decree 69/2024: the table of four levels).

    Two passwords are one factor: kinds count, not names. A stand-in lifts the others at most to its ceiling, and is
    nothing by itself. Raises ``ValueError`` for no factor and ``KeyError`` for an unknown one.
    """
    names = tuple(factors)
    firm = kinds_of((name for name in names if not known[name].ceiling), known)
    lifted = (
        min(level(firm | known[name].kinds), known[name].ceiling, key=rank) for name in names if known[name].ceiling
    )
    return max((level(firm), *lifted), key=rank)


def amr(factors: Iterable[str], known: Table = FACTORS) -> tuple[str, ...]:
    """Return the ``amr`` values of verified factors, and ``mfa`` if they are of several kinds (RFC 8176 section 2)."""
    names = tuple(factors)
    values = tuple(dict.fromkeys(value for name in names for value in known[name].amr))
    firm = kinds_of((name for name in names if not known[name].ceiling), known)
    return (*values, SEVERAL) if len(firm) > 1 else values


def kinds_of(names: Iterable[str], known: Table = FACTORS) -> set[Kind]:
    """Return what factors rest on, all together; raises ``KeyError`` for an unknown one."""
    return {kind for name in names for kind in known[name].kinds}


def required_level(demand: Demand) -> str | None:
    """Return the lowest level that must be met: the client's floor and the easiest essential value.

    None if nothing must.
    """
    essential = sorted(rank(value) for value in demand.essential_acr if rank(value))
    floor = max(rank(demand.minimum_acr or ""), essential[0] if essential else 0)
    return LEVELS[floor - 1] if floor else None


def needed(demand: Demand, present: Present | None, now: int) -> Decision:
    """Tell what is missing for a request, in the order in which it must be settled: presence, freshness, level.

    ``present`` is None where nobody is signed in. ``UNREACHABLE`` answers ``unmet_authentication_requirements``: no
    step the person could take here leads there. A voluntary level that is out of reach is let go, as section 3.1.2.1
    wants it.
    """
    target = _target(demand, present)
    if demand.essential_acr and not any(map(rank, demand.essential_acr)):
        return Decision(Missing.UNREACHABLE, "acr_unknown")
    if present is None:
        return Decision(Missing.SIGN_IN, "no_session", target)
    stale = _staleness(demand, present, now)
    if stale:
        return Decision(Missing.SIGN_IN, stale, target)
    if target is None or satisfies(present.acr, target):
        return Decision(Missing.NOTHING, "", target)
    if not satisfies(present.reachable, target) and not satisfies(present.attainable, target):
        return Decision(Missing.UNREACHABLE, "acr_unreachable", target)
    return Decision(Missing.STEP_UP, "acr_too_low", target)


def stated(reached_acr: str, demand: Demand) -> str:
    """Return the ``acr`` to put into tokens.

    What was reached, or for an essential claim the highest asked value that it covers.

    A client that demands one of its values would refuse a higher one that it did not name, although that one is met.
    """
    if reached_acr in demand.essential_acr:
        return reached_acr
    covered = [value for value in demand.essential_acr if satisfies(reached_acr, value)]
    return max(covered, key=rank, default=reached_acr)


def _staleness(demand: Demand, present: Present, now: int) -> str:
    """Return why the person has to authenticate again, or nothing; who just did so for this request has not to."""
    if present.signed_in_here:
        return ""
    if "login" in demand.prompt:
        return "prompt_login"
    if demand.max_age is None:
        return ""
    # Zero is the same as prompt=login (OpenID Connect Core section 3.1.2.1), also within the second of the last sign-in.
    return "max_age" if demand.max_age == 0 or now - present.auth_time > demand.max_age else ""


def level(kinds: set[Kind]) -> str:
    """Return the level of kinds together; raises ``ValueError`` for none."""
    if not kinds:
        message = "no factor reaches no level"
        raise ValueError(message)
    if kinds == set(Kind):
        return LOA_4
    if len(kinds) > 1:
        return LOA_3 if Kind.BIOMETRIC in kinds else LOA_2
    return LOA_1


def _target(demand: Demand, present: Present | None) -> str | None:
    """Return the level to aim at: what must be met, or above it the first preferred one that the account can reach."""
    floor = required_level(demand)
    for value in demand.acr_values:
        if rank(value) and (present is None or satisfies(present.reachable, value)):
            return max((value, floor or value), key=rank)
    return floor
