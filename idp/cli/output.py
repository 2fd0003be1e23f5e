"""What every command does alike: data on stdout (one JSON object or line, or plain text), messages on stderr, exit codes by kind of error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import IntEnum
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

import click
import orjson

from clients.errors import ClientConflict, ClientNotFound, RegistrationRefused
from idp.cli.outages import told
from idp.errors import DomainError, InvalidInput, NotFound, Refused, SettingsError
from keys.errors import KeyNotFound, KeyRefused, KeysError

P = ParamSpec("P")
R = TypeVar("R")


_MOMENTS: Final = frozenset({"created", "activates", "retires"})
"""What holds seconds since the epoch without saying so by its ending, ``_at``."""
_NO_DATE: Final = 253_402_300_800
"""The first second of the year 10000, which no calendar here knows."""


class Exit(IntEnum):
    """Exit codes of the contract."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    CHECK_FAILED = 5


_CODES: tuple[tuple[type[Exception], Exit], ...] = (
    (NotFound, Exit.NOT_FOUND),
    (KeyNotFound, Exit.NOT_FOUND),
    (ClientNotFound, Exit.NOT_FOUND),
    (ClientConflict, Exit.FAILURE),
    (RegistrationRefused, Exit.FAILURE),
    (Refused, Exit.REFUSED),
    (KeyRefused, Exit.REFUSED),
    (SettingsError, Exit.FAILURE),
    (DomainError, Exit.FAILURE),
    (KeysError, Exit.FAILURE),
)


def emit(data: Mapping[str, Any], *, as_json: bool, text: str | None = None) -> None:
    """Print one result: the object as JSON, or ``text`` (by default ``name: value`` lines)."""
    if as_json:
        click.echo(orjson.dumps(dict(data)).decode())
    else:
        click.echo(
            text
            if text is not None
            else "\n".join(f"{name}: {_cell(name, value)}".rstrip() for name, value in data.items())
        )


def emit_rows(rows: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print a list: one JSON line a row, as it comes, or columns under a heading."""
    if as_json:
        for row in rows:
            click.echo(orjson.dumps(dict(row)).decode())
        return
    known = list(rows)
    if not known:
        return
    names = list(known[0])
    table = [names, *([_cell(name, row[name]) for name in names] for row in known)]
    widths = [max(len(line[column]) for line in table) for column in range(len(names))]
    for line in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def confirm(question: str, *, yes: bool, is_final: bool = True) -> None:
    """Ask a person before something ends that nobody can bring back; ``yes`` is the answer of a script.

    What is final stops unanswered where no answer comes, as without a terminal, and ``--yes`` is named. What ends only for now, and always
    went on without a question, goes on without a terminal: a script of an operator must not stop at three in the morning for a question that
    was not there yesterday.
    """
    if yes or not (is_final or _is_at_terminal()):
        return
    if sys.stdin is None:
        raise _unanswered()
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort as aborted:
        # Click tells a "no" and an interrupt in the same way, and those stay what they are.
        if isinstance(aborted.__context__, EOFError):
            say("")  # The question's line is still open.
            raise _unanswered() from aborted
        raise


def secret(name: str) -> str:
    """Return a secret: the first line of stdin, or what a person types at a terminal, twice and unseen."""
    if _is_at_terminal():
        typed: str = click.prompt(name, hide_input=True, confirmation_prompt=True, err=True)
        return typed
    return first_line()


def first_line() -> str:
    """Return the first line of stdin, without its end; empty where there is none."""
    return sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""


def say(message: str) -> None:
    """Print a message for the person on stderr."""
    click.echo(message, err=True)


def fail(message: str, code: Exit) -> None:
    """Print why on stderr and end with the exit code."""
    say(message)
    sys.exit(code)


def with_exit_codes(command: Callable[P, R]) -> Callable[P, R]:
    """Turn domain errors, stores out of reach, full disks and files that cannot be used into a sentence on stderr and the contract's exit code.

    Anything else stays a traceback: it is a fault of ours.
    """

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except tuple(kind for kind, _ in _CODES) as error:
            code = next(code for kind, code in _CODES if isinstance(error, kind))
            field = getattr(error, "field", None)
            sentence = told(error) or str(error)
            fail(f"error: {field + ': ' if field else ''}{sentence}", code)
            raise
        except BrokenPipeError:
            raise  # Its reader has closed the pipe, as `head` does: click ends that quietly.
        except Exception as error:
            said = told(error)
            if said is not None:
                fail(f"error: {said}", Exit.FAILURE)
            raise

    return wrapped


def _is_at_terminal() -> bool:
    """Tell whether somebody can answer; Python has no stdin at all where a process was started with it closed."""
    return sys.stdin is not None and sys.stdin.isatty()


def _unanswered() -> InvalidInput:
    return InvalidInput(
        "this asks for a confirmation, and nobody answered: without a terminal give --yes", field="--yes"
    )


def _cell(name: str, value: object) -> str:
    """Return a value as people read it, which scripts need not: they ask for JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and (name.endswith("_at") or name in _MOMENTS) and value < _NO_DATE:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%SZ}" if value else ""
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return orjson.dumps(value).decode()
    return str(value)
