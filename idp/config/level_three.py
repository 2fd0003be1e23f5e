"""The facts of a deployment that decide how it stands to security level 3."""

from __future__ import annotations

from typing import Final

from idp.config.settings import Settings
from policies.level_three import Facts

CONSOLE_IDLE: Final = 300
"""Seconds after which an idle console asks again, the most that level 3 allows; no deployment has a reason for more."""


def facts_of(settings: Settings, *, shortest_password: int) -> Facts:
    """Return the facts; ``shortest_password`` in characters is the product's own figure."""
    return Facts(
        is_https=settings.issuer.startswith("https:"),
        counts_tries=settings.throttle.enabled,
        admin_idle=CONSOLE_IDLE,
        session_idle=settings.lifetimes.session_idle,
        fresh=settings.factors.fresh,
        staff_tries=settings.throttle.staff_tries,
        staff_lock=settings.throttle.staff_lock,
        shortest_password=shortest_password,
        key_rotation=settings.keys.rotation,
        online_days=settings.audit.online_days,
        keep_days=settings.audit.keep_days,
        witnesses=len(settings.audit.witnesses),
        has_security_contact=bool(settings.security_contacts),
        admin_password_days=settings.staff.admin_password_days,
        admin_password_history=settings.staff.admin_password_history,
        unused_days=settings.staff.unused_days,
    )
