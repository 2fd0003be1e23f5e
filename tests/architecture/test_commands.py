"""What every command holds: scripts get JSON from all of them."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from idp.cli import main


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
