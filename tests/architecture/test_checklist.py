"""The checklist of verification says one thing of each item, and the changes say nothing twice."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]


def repeated(found: list[str]) -> list[str]:
    return [one for one, times in Counter(found).items() if times > 1]


def test_each_item_of_the_checklist_stands_once() -> None:
    text = (ROOT / "docs/security/asvs.md").read_text("utf-8")
    assert repeated(re.findall(r"^\| (\d+\.\d+\.\d+) ", text, flags=re.MULTILINE)) == []


def test_each_test_that_the_checklist_names_is_in_the_file_that_it_names() -> None:
    page = ROOT / "docs/security/asvs.md"
    named = re.findall(r"\[`(test_\w+)`\]\(([^)]+)\)", page.read_text("utf-8"))
    assert len(named) > 200
    assert [one for one in named if f"def {one[0]}(" not in (page.parent / one[1]).read_text("utf-8")] == []


def test_each_room_of_the_picture_and_each_change_stands_once() -> None:
    picture = (ROOT / "docs/architecture.md").read_text("utf-8").split("```")[3]
    assert repeated(re.findall(r"^(\S+(?: \| \S+)*)  ", picture, flags=re.MULTILINE)) == []
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert repeated([line[:60] for line in changes.splitlines() if line.startswith("- ")]) == []
