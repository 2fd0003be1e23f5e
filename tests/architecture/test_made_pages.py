"""Pages that are made from the code are the ones that the code makes today."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tools import settings_page, specs


def test_every_spec_mark_names_a_document_and_a_clause() -> None:
    assert list(specs.marks())


def test_the_page_of_specifications_is_current() -> None:
    page = (ROOT / "docs" / "specs.md").read_text("utf-8")
    assert page == specs.page(list(specs.marks()), specs.registers()), "make specs"


def test_the_page_of_settings_is_current() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert page == settings_page.page(), "make specs"


@pytest.mark.parametrize(("document", "clause"), [("RFC 6749", "section 4"), ("RFC x", "1"), ("Core", "1")])
def test_a_mark_of_an_unknown_document_or_clause_is_refused(document: str, clause: str, tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_x.py").write_text(f'@pytest.mark.spec("{document}", "{clause}")\ndef test_y(): ...\n', "utf-8")
    with pytest.raises(ValueError, match="test_x"):
        list(specs.marks(folder.parent))
