"""``docs/clients.md`` names every field that registers, every word that a field takes, and every reason id."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clients import metadata
from clients.rules import RULES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
ROWS = {
    name
    for line in PAGE.splitlines()
    if line.startswith("| `")
    for name in re.findall(r"`([^`]+)`", line.split("|")[1])
}
WORDS = {
    word
    for words in (
        *(metadata.AUTH_METHODS, metadata.GRANT_TYPES, metadata.RESPONSE_TYPES, metadata.SUBJECT_TYPES),
        *(metadata.SIGNING_ALGS, metadata.APPLICATION_TYPES, metadata.LEGAL_BASES, metadata.CONSENT_MODES),
        *(metadata.SCOPES, metadata.ACR_VALUES, metadata.PROFILES),
    )
    for word in words
}


def reason_ids() -> set[str]:
    """Return the reason ids that stand in the source: first argument of a fault, or of a pair that describes one."""
    found = {rule.reason for rule in RULES}
    for module in (ROOT / "clients").glob("*.py"):
        source = module.read_text(encoding="utf-8")
        found |= set(re.findall(r'Fault\("([a-z0-9_]+)"', source))
        found |= set(re.findall(r'MetadataError\(\s*\S+?, "([a-z0-9_]+)"', source))
        if module.name == "uris.py":
            found |= set(re.findall(r'"([a-z_]+)", f?"must', source))
    return found


@pytest.mark.parametrize("name", [*metadata.FIELDS, "client_id", "client_secret", "sector"])
def test_every_field_has_a_row(name: str) -> None:
    assert name in ROWS


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_word_that_a_field_takes_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_every_reason_id_is_explained() -> None:
    assert len(reason_ids()) > 30
    assert reason_ids() - ROWS == set()
