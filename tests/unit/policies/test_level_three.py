"""Security level 3: each figure at its edge, and what cannot be met is not said to be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.web.i18n import LANGUAGES, translator
from policies.level_three import Facts, Stand, compared

GOOD = Facts(
    is_https=True,
    counts_tries=True,
    admin_idle=300,
    session_idle=900,
    fresh=300,
    staff_tries=5,
    staff_lock=12 * 3600,
    shortest_password=14,
    key_rotation=90 * 86400,
    online_days=365,
    keep_days=1825,
    witnesses=1,
    has_security_contact=True,
    admin_password_days=60,
    admin_password_history=10,
    unused_days=45,
)


def stand(control: str, **changes: Any) -> Stand:
    return {one.control: one.stand for one in compared(replace(GOOD, **changes))}[control]


@pytest.mark.parametrize(
    ("control", "beyond", "then"),
    [
        ("idle_admin", {"admin_idle": 360}, Stand.WEAKER),
        ("idle_session", {"session_idle": 960}, Stand.EQUIVALENT),
        ("idle_session", {"session_idle": 960, "fresh": 960}, Stand.WEAKER),
        ("staff_tries", {"staff_tries": 6}, Stand.WEAKER),
        ("staff_tries", {"counts_tries": False}, Stand.WEAKER),
        ("staff_lock", {"staff_lock": 12 * 3600 - 1}, Stand.WEAKER),
        ("staff_lock", {"staff_lock": 30 * 86400 + 1}, Stand.WEAKER),
        ("password", {"shortest_password": 13}, Stand.EQUIVALENT),
        ("password", {"shortest_password": 7}, Stand.WEAKER),
        ("transport", {"is_https": False}, Stand.WEAKER),
        ("key_life", {"key_rotation": 367 * 86400}, Stand.WEAKER),
        ("logs_online", {"online_days": 364}, Stand.WEAKER),
        ("logs_kept", {"keep_days": 1824}, Stand.WEAKER),
        ("log_integrity", {"witnesses": 0}, Stand.EQUIVALENT),
        ("reports", {"has_security_contact": False}, Stand.WEAKER),
        ("floods", {"counts_tries": False}, Stand.WEAKER),
        ("admin_password_age", {"admin_password_days": 63}, Stand.WEAKER),
        ("admin_password_age", {"admin_password_days": 0}, Stand.WEAKER),
        ("admin_password_age", {"admin_password_history": 9}, Stand.WEAKER),
        ("idle_accounts", {"unused_days": 46}, Stand.WEAKER),
        ("idle_accounts", {"unused_days": 0}, Stand.WEAKER),
    ],
)
def test_a_figure_counts_up_to_its_edge(control: str, beyond: dict[str, Any], then: Stand) -> None:
    assert stand(control) is Stand.MET
    assert stand(control, **beyond) is then


def test_what_no_setting_can_meet_is_never_said_to_be_met() -> None:
    open_points = {one.control: one.stand for one in compared(GOOD) if one.stand is not Stand.MET}
    assert open_points == {
        "citizen_tries": Stand.EQUIVALENT,
        "reviews": Stand.OPERATOR,
        "logs_collected": Stand.OPERATOR,
        "backups": Stand.OPERATOR,
        "management": Stand.OPERATOR,
    }
    assert stand("citizen_tries", counts_tries=False) is Stand.WEAKER


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_control_is_told_in_both_languages(language: str) -> None:
    t = translator(language)
    findings = compared(GOOD)
    assert len({one.control for one in findings}) == len(findings)
    for one in findings:
        assert t(f"level3.{one.control}.asks")
        assert t(f"level3.{one.control}.ours", figure=one.figure)
        assert t(f"level3.{one.stand}")
