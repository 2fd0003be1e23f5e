"""What every command holds: scripts get JSON from all of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import click
import pytest

from idp.cli import main
from tests.architecture.tree import ROOT, files, shown

NAMED = re.compile(r"(?:`|^)idp ([a-z][^`\n]*)", re.MULTILINE)
"""A command as pages write it: within backticks, or at the beginning of a line of a block."""
ENDS = re.compile(r"\s#|\s\||[;&<>]|, ")
NAME = re.compile(r"[a-z][a-z0-9-]*(\|[a-z][a-z0-9-]*)*")


def commands(found: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(found, click.Group):
        yield name, found
        return
    context = click.Context(found)
    for part in found.list_commands(context):
        command = found.get_command(context, part)
        assert command is not None
        yield from commands(command, f"{name} {part}".strip())


@pytest.mark.parametrize(("name", "command"), [pytest.param(*one, id=one[0]) for one in commands(main)])
def test_every_command_takes_json_and_says_what_it_does(name: str, command: click.Command) -> None:
    assert command.help, name
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options


def faults(words: list[str]) -> Iterator[str]:
    """Yield what there is not of a command as a page writes it: a name, one of several with ``|`` between them, an option."""
    found: click.Command = main
    while isinstance(found, click.Group):
        if not words or not NAME.fullmatch(words[0]):
            return
        names, words = words[0].split("|"), words[1:]
        parts = [found.get_command(click.Context(found), name) for name in names]
        yield from (name for name, part in zip(names, parts, strict=True) if part is None)
        if parts[0] is None:
            return
        found = parts[0]
    known = {option for one in found.params for option in (*one.opts, *one.secondary_opts)}
    given = re.findall(r"(?<!\S)\[?(--[a-z-]+)", " ".join(words))
    yield from (option for option in given if option not in known)


def test_every_command_and_option_that_a_page_names_is_there() -> None:
    named = [(shown(page), line) for page in files(".md") for line in NAMED.findall(page.read_text("utf-8"))]
    wrong = [(page, line, one) for page, line in named for one in faults(ENDS.split(line)[0].split())]
    assert len(named) > 200
    assert wrong == []


def test_a_command_or_option_that_is_not_there_is_found() -> None:
    assert list(faults(["keys", "rotate|mend", "--force"])) == ["mend"]
    assert list(faults(["keys", "rotate", "--quickly", "[--force]"])) == ["--quickly"]


def test_commands_ask_through_one_door_so_that_nobody_reads_only_that_they_aborted() -> None:
    """``idp.cli.output.confirm`` names ``--yes`` where nobody answers; click alone says ``Aborted!``."""
    asking = [
        shown(path)
        for path in sorted((ROOT / "idp").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"click.confirm", "click.prompt"}
    ]
    assert set(asking) == {"idp/cli/output.py"}
