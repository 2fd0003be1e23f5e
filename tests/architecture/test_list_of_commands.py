"""The list of commands is there at once, and says what the commands say."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import click
import pytest

from idp.cli import COMMANDS, main


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_list_of_commands_says_what_each_says_itself(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert not command.hidden
    listed = click.Command(name, help=COMMANDS[name].says)
    for room in (30, 45, 60, 200):
        assert listed.get_short_help_str(room) == command.get_short_help_str(room), name
    assert len(COMMANDS[name].says) <= len(listed.get_short_help_str(200)), "no more than its first sentence"


_LISTED: Final = """
import sys
from idp.cli import main
try:
    main(prog_name="idp")
except SystemExit:
    pass
print(sorted(name for name in sys.modules if name.startswith(("idp", "sqlalchemy", "pydantic", "flask"))), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "environ", "shown"),
    [
        (["--help"], {}, "  clients          Department systems.\n"),
        ([], {"_IDP_COMPLETE": "bash_complete", "COMP_WORDS": "idp cl", "COMP_CWORD": "1"}, "plain,clients\n"),
    ],
    ids=["help", "completion"],
)
def test_help_and_completion_name_the_commands_without_loading_them(
    arguments: list[str], environ: dict[str, str], shown: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _LISTED, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environ,
    )
    assert shown in ended.stdout
    assert ended.stderr.strip() == "['idp', 'idp.cli']"
