"""How every command of the command line fails: a sentence with the fix and a code of the contract, never a traceback."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import orjson
import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from idp.cli.output import Exit
from keys.service import KeyService

_STAYING = frozenset({"serve", "worker", "demo"})
"""Commands that go on running, or start others that do."""
_AWAY = "postgresql://idp:geheim@127.0.0.1:1/idp"
_NUMBER = "049499000001"
_OTHER_NUMBER = "049499000002"
UNANSWERED = "--yes: this asks for a confirmation, and nobody answered: without a terminal give --yes"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that ``idp init`` has made."""
    home = tmp_path_factory.mktemp("made") / "home"
    assert run(("init",), home).exit_code == 0
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it for one test."""
    return Path(shutil.copytree(made, tmp_path / "home"))


def run(arguments: tuple[str, ...], home: Path, **settings: str) -> Result:
    environment = {"IDP_HOME": str(home), "IDP_DATABASE_URL": ""} | settings
    return CliRunner().invoke(main, arguments, input="", env=environment)


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command that does something, with its words."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        elif command is not None and name not in _STAYING:
            yield (*path, name), command


def arguments_of(words: tuple[str, ...], command: click.Command, file: Path) -> tuple[str, ...]:
    """Return a call of the command with something for everything that it wants."""
    found = list(words)
    for one in command.params:
        given = str(file) if isinstance(one.type, click.Path | click.File) else _NUMBER
        given = one.type.choices[0] if isinstance(one.type, click.Choice) else given
        if isinstance(one, click.Argument):
            found += [given] if one.required else []
        elif "--yes" in one.opts:
            found.append("--yes")
        elif one.required and not getattr(one, "is_flag", False):
            found += [one.opts[-1], given]
    return tuple(found)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow: what is written meets the error at which SQLite gives up on a disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def away(arguments: tuple[str, ...], home: Path) -> Result:
    return run(arguments, home, IDP_DATABASE_URL=_AWAY)


def on_a_full_disk(arguments: tuple[str, ...], home: Path) -> Result:
    with full_disk():
        return run(arguments, home)


def damaged(arguments: tuple[str, ...], home: Path) -> Result:
    (home / "dinhdanh.sqlite3").write_bytes(b"\x17" * 100_000)
    return run(arguments, home)


def unreachable(arguments: tuple[str, ...], home: Path) -> Result:
    """Run with a directory where the database should be: root, as whom tests may run, may read every file."""
    (home / "dinhdanh.sqlite3").unlink()
    (home / "dinhdanh.sqlite3").mkdir()
    return run(arguments, home)


def under_another_key(arguments: tuple[str, ...], home: Path) -> Result:
    key = home / "master.key"
    key.chmod(0o600)
    key.write_bytes(bytes(range(32)))
    return run(arguments, home)


Way = Callable[[tuple[str, ...], Path], Result]
FIXES: tuple[tuple[Way, str], ...] = (
    (away, "IDP_DATABASE_URL"),
    (on_a_full_disk, "df -h"),
    (damaged, "idp db restore"),
    (unreachable, "let uid"),
    (under_another_key, "IDP_MASTER_KEY_FILE"),
)


@pytest.mark.slow
@pytest.mark.parametrize("way", [way for way, _ in FIXES])
def test_no_command_ends_with_a_traceback_or_a_code_that_nobody_knows(way: Way, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("{}")
    for words, command in leaves(main):
        result = way(arguments_of(words, command, file), Path(shutil.copytree(home, tmp_path / "_".join(words))))
        assert result.exception is None or isinstance(result.exception, SystemExit), (words, result.exception)
        assert result.exit_code in set(Exit), words
        if result.exit_code not in {Exit.OK, Exit.CHECK_FAILED}:
            assert result.stderr.splitlines()[-1].lower().startswith("error: "), words
        assert "geheim" not in result.output + result.stderr, words


@pytest.mark.parametrize(("way", "fix"), FIXES)
@pytest.mark.parametrize("words", [("clients", "list"), ("accounts", "show", _NUMBER), ("audit", "verify"), ("tick",)])
def test_a_command_says_what_is_wrong_and_what_to_do(way: Way, fix: str, words: tuple[str, ...], home: Path) -> None:
    result = way(words, home)
    assert (result.exit_code, result.stdout) == (1, "")
    assert fix in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(("way", "fix"), FIXES[:4])
@pytest.mark.parametrize("words", [("db", "current"), ("db", "upgrade"), ("init",), ("keys", "list")])
def test_commands_of_the_schema_say_it_too(way: Way, fix: str, words: tuple[str, ...], home: Path) -> None:
    result = way(words, home)
    assert (result.exit_code, result.stdout) == (1, "")
    assert fix in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(("way", "fix"), FIXES)
def test_the_doctor_says_it_once_and_advises_nothing_else(way: Way, fix: str, home: Path) -> None:
    result = way(("doctor", "--json"), home)
    wrong = [row["detail"] for row in map(orjson.loads, result.stdout.splitlines()) if not row["ok"]]
    assert result.exit_code == 5
    assert fix in wrong[0]
    assert set(wrong[1:]) <= {"not looked at, for the reason above"}


def test_the_doctor_says_which_setting_is_wrong(home: Path) -> None:
    result = run(("doctor", "--json"), home, IDP_SECRETS_DIR=str(home / "nothing"))
    assert result.exit_code == 5
    assert [(row["check"], row["ok"]) for row in map(orjson.loads, result.stdout.splitlines())] == [("settings", False)]
    assert "IDP_SECRETS_DIR" in result.stdout


def test_a_copy_that_the_disk_does_not_take_is_named_and_nothing_of_it_stays(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "idp.cli.deployment.note", lambda *_: None
    )  # Its record would be the first to meet the full disk.
    copy = home / "copy"
    result = on_a_full_disk(("db", "backup", str(copy)), home)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {copy}: ")
    assert "df -h" in result.stderr
    assert not copy.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("clients", "remove", "portal"),
        ("keys", "rewrap", "another.key", "--reason", "thử"),
        ("keys", "revoke", "kid", "--reason", "thử"),
        ("accounts", "merge", _NUMBER, _OTHER_NUMBER, "--reason", "thử"),
        ("audit", "erase", _NUMBER, "--reason", "thử"),
        ("db", "restore", __file__),
        ("ldap", "sync", "--force", "--reason", "thử"),
        ("federation", "keys", "revoke", "kid", "--reason", "thử"),
        ("federation", "subordinates", "remove", "https://a.example.vn", "--reason", "thử"),
    ],
    ids=" ".join,
)
def test_a_question_that_nobody_answers_names_the_option_that_does(words: tuple[str, ...], home: Path) -> None:
    for number in {_NUMBER, _OTHER_NUMBER}.intersection(words):
        assert run(("accounts", "add", "--code-type", "cccd", "--code", number, "--name", "Mẫu"), home).exit_code == 0
    result = run(words, home)
    assert (result.exit_code, result.stdout) == (1, "")
    question, error = result.stderr.splitlines()
    assert question.rstrip().endswith("? [y/N]:")
    assert error == f"error: {UNANSWERED}"


@pytest.mark.parametrize("stdin", ["</dev/null", "<&-"])
def test_without_an_input_a_command_that_asks_ends_with_a_sentence(home: Path, stdin: str) -> None:
    done = subprocess.run(
        ("sh", "-c", f'exec "$0" -m idp clients remove portal {stdin}', sys.executable),
        env={**os.environ, "IDP_HOME": str(home), "IDP_DATABASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == f"error: {UNANSWERED}"


def test_an_operator_who_interrupts_reads_one_word(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyService, "rows", lambda _: signal.raise_signal(signal.SIGINT))
    # As in a process of its own: a loop or a command of an earlier test may have left a handler behind.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = run(("keys", "list"), home)
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.default_int_handler)
    assert (result.exit_code, result.stdout, result.stderr.strip()) == (1, "", "Aborted!")


@pytest.mark.parametrize("reader", ["gone", "full"])
def test_output_that_nobody_takes_is_no_traceback(home: Path, reader: str) -> None:
    """A pipe that ``head`` has closed ends the command quietly; a file on a full disk is told."""
    ends = os.pipe()
    os.close(ends[0])
    output = ends[1] if reader == "gone" else os.open("/dev/full", os.O_WRONLY)
    done = subprocess.run(
        (sys.executable, "-m", "idp", "config", "schema"),
        env={**os.environ, "IDP_HOME": str(home)},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    for one in {ends[1], output}:
        os.close(one)
    assert (done.returncode, done.stderr.strip()) == (
        1,
        "" if reader == "gone" else "error: standard output: No space left on device",
    )
