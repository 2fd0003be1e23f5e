"""When a person is asked, told, or left in peace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.claims import pack
from policies.consent import Decision, Remembered, Step, Wanted, decide, mode_for, text_version

NAME, EMAIL = pack(["name"]), pack(["email"])
ASK = Wanted("ask", NAME, offline=False, text_version="v1")
TOLD = replace(ASK, mode="notice")
AGREED = Remembered("consent", NAME, offline=False, text_version="v1")
READ = replace(AGREED, kind="notice")


@pytest.mark.parametrize(
    ("wanted", "remembered", "decision"),
    [
        (ASK, None, Decision(Step.ASK, NAME, False, "first_time")),
        (TOLD, None, Decision(Step.NOTICE, NAME, False, "first_time")),
        (ASK, AGREED, Decision(Step.NONE, 0, False, "remembered")),
        (TOLD, READ, Decision(Step.NONE, 0, False, "remembered")),
        (TOLD, AGREED, Decision(Step.NONE, 0, False, "remembered")),
        (ASK, READ, Decision(Step.ASK, NAME, False, "notice_is_no_consent")),
        (replace(ASK, claims=NAME | EMAIL), AGREED, Decision(Step.ASK, EMAIL, False, "claims_added")),
        (replace(TOLD, claims=NAME | EMAIL), READ, Decision(Step.NOTICE, EMAIL, False, "claims_added")),
        (
            replace(ASK, claims=NAME | EMAIL),
            replace(AGREED, declined=EMAIL),
            Decision(Step.NONE, 0, False, "remembered"),
        ),
        (replace(ASK, claims=0), AGREED, Decision(Step.NONE, 0, False, "remembered")),
        (replace(ASK, text_version="v2"), AGREED, Decision(Step.ASK, NAME, False, "text_changed")),
        (replace(TOLD, text_version="v2"), READ, Decision(Step.NOTICE, NAME, False, "text_changed")),
        (replace(ASK, offline=True), AGREED, Decision(Step.ASK, 0, True, "offline_added")),
        (replace(TOLD, offline=True), READ, Decision(Step.NONE, 0, False, "remembered")),
        (replace(ASK, offline=True), replace(AGREED, offline=True), Decision(Step.NONE, 0, False, "remembered")),
        (replace(ASK, forced=True), AGREED, Decision(Step.ASK, 0, False, "prompt_consent")),
        (replace(ASK, forced=True, answered=True), AGREED, Decision(Step.NONE, 0, False, "answered_now")),
    ],
)
def test_screen_depends_on_what_is_new(wanted: Wanted, remembered: Remembered | None, decision: Decision) -> None:
    assert decide(wanted, remembered) == decision


def test_notice_needs_a_law_as_its_ground() -> None:
    assert mode_for("notice", "public_duty") == "notice"
    assert mode_for("notice", "consent") == "ask"
    assert mode_for("ask", "public_duty") == "ask"


def test_version_changes_with_every_word_and_not_with_the_order_of_languages() -> None:
    version = text_version({"vi": "Tra cứu", "en": "Look up"}, "consent")
    assert version == text_version({"en": "Look up", "vi": "Tra cứu"}, "consent")
    others = [
        ({"vi": "Tra cứu.", "en": "Look up"}, "consent"),
        ({"vi": "Tra cứu", "en": "Look up"}, "contract"),
        ({"vi": "Tra cứuenLook up"}, "consent"),
    ]
    assert len({version, *(text_version(*other) for other in others)}) == 4
