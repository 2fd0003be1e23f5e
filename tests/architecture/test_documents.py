"""What the documents point at is there."""

from __future__ import annotations

import re
import tomllib

from tests.architecture.tree import ROOT, files, shown

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
NAMED_TEST = re.compile(r"\[`(test_\w+)`\]\(([^)\s]+)\)")
TARGET = re.compile(r"`make ([a-z]+)")


def test_relative_links_lead_to_files() -> None:
    dead = []
    for page in files(".md"):
        for link in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
            target = link.split("#")[0]
            if target and "://" not in target and not (page.parent / target).exists():
                dead.append(f"{shown(page)}: {link}")
    assert dead == []


def test_every_page_is_named_in_the_readme() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text("utf-8")))
    pages = {shown(one) for folder in ("docs", "docs/security") for one in (ROOT / folder).glob("*.md")}
    assert pages - linked == set()


def test_every_make_target_that_a_document_names_exists() -> None:
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        (shown(page), one)
        for page in files(".md", ".toml", ".yml", ".yaml", ".sh")
        for one in TARGET.findall(page.read_text("utf-8"))
    }
    assert {one for one in named if one[1] not in made} == set()


def test_every_make_target_is_explained_and_phony() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^([a-z]+):(?!=)(.*)$", text, re.MULTILINE)
    assert [name for name, rest in targets if "## " not in rest] == []
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    assert sorted(phony[1].split()) == sorted(name for name, _ in targets)


def test_the_changelog_knows_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert version in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_test_that_a_document_names_is_in_the_file_that_it_points_at() -> None:
    lost = []
    for page in files(".md"):
        for name, link in NAMED_TEST.findall(page.read_text("utf-8")):
            if f"def {name}(" not in (page.parent / link).read_text("utf-8"):
                lost.append(f"{shown(page)}: {name}")
    assert lost == []
