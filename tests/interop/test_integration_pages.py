"""The pages of docs/integration show the very code of examples/integration, and register what the provider accepts."""

from __future__ import annotations

import json
import re

import pytest

from tests.interop.department_process import EXAMPLES, PAGES, registration
from tests.support.provider import Provider

STACKS = sorted(page.stem for page in PAGES.glob("*.md") if page.stem != "README")
RUN_HERE = {"django", "flask", "nginx", "node", "spring"}
_SHOWN = re.compile(
    r"^[^\n]*\[[^\]]+\]\(\.\./\.\./(examples/integration/[^)]+)\):\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_HEADINGS = ["Register", "Settings", "Code", "Sign-out", "What to check", "Common errors"]
_SECRET = re.compile(r"""(?i)(secret|password)["']?\s*[:=]\s*["'](?!\$\{|\.\.\.)[^"']{6,}["']""")


def code_of(stack: str) -> dict[str, str]:
    files = [path for path in (EXAMPLES / stack).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(EXAMPLES.parents[1]).as_posix(): path.read_text("utf-8") for path in files}


def test_every_stack_has_a_page_and_every_page_a_stack() -> None:
    assert sorted(one.name for one in EXAMPLES.iterdir() if one.is_dir() and one.name != "__pycache__") == STACKS
    assert {"flask", "django", "spring", "aspnetcore", "php", "node", "nginx"} == set(STACKS)
    index = (PAGES / "README.md").read_text("utf-8")
    assert [one for one in STACKS if f"({one}.md)" not in index] == []


@pytest.mark.parametrize("stack", STACKS)
def test_a_page_shows_the_very_code(stack: str) -> None:
    assert dict(_SHOWN.findall((PAGES / f"{stack}.md").read_text("utf-8"))) == code_of(stack)


@pytest.mark.parametrize("stack", STACKS)
def test_a_page_has_all_parts_and_says_whether_its_code_is_run(stack: str) -> None:
    text = (PAGES / f"{stack}.md").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [one for one in headings if one in _HEADINGS] == _HEADINGS
    assert ("**Run in our tests**" in text) is (stack in RUN_HERE)
    assert ("**Not run " in text) is (stack not in RUN_HERE)


@pytest.mark.parametrize("stack", STACKS)
def test_no_example_holds_a_secret(stack: str) -> None:
    assert {name: _SECRET.findall(text) for name, text in code_of(stack).items() if _SECRET.search(text)} == {}
    assert any("OIDC_CLIENT_SECRET" in text for text in code_of(stack).values()) is (stack != "nginx")


@pytest.mark.parametrize("stack", STACKS)
def test_the_provider_accepts_what_a_page_registers(provider: Provider, stack: str) -> None:
    document = registration(stack, "https://app.example.vn")
    added = provider.idp("clients", "add", "-", "--json", stdin=json.dumps(document))
    # A member that the provider does not know would be named here; the register of units is empty in this test.
    assert (added.returncode, added.stderr) == (0, "warning: unit: the register knows no unit 48\n")
    assert json.loads(added.stdout)["client_secret"]
