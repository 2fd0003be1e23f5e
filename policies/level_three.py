"""How a deployment stands to the figures of security level 3 (Decree 331/2026 article 13, TCVN 14423:2026 section 5).

Each control asks for something; from the facts of a deployment follows how it stands, with the figure that decides. A
deviation is allowed with reasons ("phương án tương đương"): ``EQUIVALENT`` names ours, ``WEAKER`` is for the operator to
mend or to justify, ``OPERATOR`` is outside of what the product can see. The standard's text is copyrighted and was not
read; the figures are those of a public summary (``docs/security/level-3.md``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400


class Stand(StrEnum):
    """How a deployment stands to one control."""

    MET = "met"
    EQUIVALENT = "equivalent"
    WEAKER = "weaker"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides, of one deployment; times in seconds, what ends in ``days`` (0: never)."""

    is_https: bool
    counts_tries: bool
    admin_idle: int
    session_idle: int
    fresh: int
    staff_tries: int
    staff_lock: int
    shortest_password: int
    key_rotation: int
    online_days: int
    keep_days: int
    witnesses: int
    has_security_contact: bool
    admin_password_days: int
    admin_password_history: int
    unused_days: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One control with how the deployment stands to it, and the figure that decided (0 where there is none)."""

    control: str
    stand: Stand
    figure: int = 0


Judge = Callable[[Facts], Finding]


def _either(name: str, figure: int, *, is_met: bool, otherwise: Stand = Stand.WEAKER) -> Finding:
    return Finding(name, Stand.MET if is_met else otherwise, figure)


def _idle_session(facts: Facts) -> Finding:
    # The SSO session shows nobody's data by itself: departments lock their own screens, and whoever changes the account
    # signs in again. Without that last part a long session would only be long.
    otherwise = Stand.EQUIVALENT if facts.fresh <= 15 * _MINUTE else Stand.WEAKER
    is_met = facts.session_idle <= 15 * _MINUTE
    return _either("idle_session", facts.session_idle // _MINUTE, is_met=is_met, otherwise=otherwise)


def _staff_lock(facts: Facts) -> Finding:
    is_met = facts.counts_tries and 12 * _HOUR <= facts.staff_lock <= 30 * _DAY
    return _either("staff_lock", facts.staff_lock // _HOUR, is_met=is_met)


def _citizen_tries(facts: Facts) -> Finding:
    # Whoever knows a citizen's number could lock that citizen out for half a day with five tries.
    return Finding("citizen_tries", Stand.EQUIVALENT if facts.counts_tries else Stand.WEAKER)


def _password(facts: Facts) -> Finding:
    otherwise = Stand.EQUIVALENT if facts.shortest_password >= 8 else Stand.WEAKER  # noqa: PLR2004 - the control's own figure
    is_met = facts.shortest_password >= 14  # noqa: PLR2004 - the control's own figure
    return _either("password", facts.shortest_password, is_met=is_met, otherwise=otherwise)


def _admin_password_age(facts: Facts) -> Finding:
    # Two months are 62 days at the most.
    days, history = facts.admin_password_days, facts.admin_password_history
    return _either("admin_password_age", days, is_met=0 < days <= 62 and history >= 10)  # noqa: PLR2004 - the control's own figures


def _always(name: str, stand: Stand) -> Judge:
    return lambda _facts: Finding(name, stand)


CONTROLS: Final[tuple[Judge, ...]] = (
    lambda facts: _either("idle_admin", facts.admin_idle // _MINUTE, is_met=facts.admin_idle <= 5 * _MINUTE),
    _idle_session,
    lambda facts: _either(
        "staff_tries",
        facts.staff_tries,
        is_met=facts.counts_tries and facts.staff_tries <= 5,  # noqa: PLR2004 - the control's own figure
    ),
    _staff_lock,
    _citizen_tries,
    _always("break_glass", Stand.MET),
    _password,
    _always("first_password", Stand.MET),
    _admin_password_age,
    _always("admin_factors", Stand.MET),
    lambda facts: _either("idle_accounts", facts.unused_days, is_met=0 < facts.unused_days <= 45),  # noqa: PLR2004 - the control's own figure
    _always("duties", Stand.MET),
    _always("reviews", Stand.OPERATOR),
    _always("secrets", Stand.MET),
    lambda facts: _either("transport", 0, is_met=facts.is_https),
    lambda facts: _either("key_life", facts.key_rotation // _DAY, is_met=facts.key_rotation <= 366 * _DAY),
    lambda facts: _either("logs_online", facts.online_days, is_met=facts.online_days >= 365),  # noqa: PLR2004 - the control's own figure
    lambda facts: _either("logs_kept", facts.keep_days, is_met=facts.keep_days >= 5 * 365),
    lambda facts: _either("log_integrity", facts.witnesses, is_met=facts.witnesses > 0, otherwise=Stand.EQUIVALENT),
    _always("logs_collected", Stand.OPERATOR),
    _always("backups", Stand.OPERATOR),
    lambda facts: _either("reports", 0, is_met=facts.has_security_contact),
    _always("management", Stand.OPERATOR),
    lambda facts: _either("floods", 0, is_met=facts.counts_tries),
)
"""Every control, in the order of the standard's groups."""


def compared(facts: Facts) -> tuple[Finding, ...]:
    """Return how a deployment stands to each control."""
    return tuple(judge(facts) for judge in CONTROLS)
