"""``idp init``, ``idp doctor``, ``idp db`` and ``idp config``."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from idp.authn.password import SHORTEST
from idp.cli.bringup import Finding, examine, initialise, note
from idp.cli.context import Context, pass_context
from idp.cli.output import Exit, confirm, emit, emit_rows, fail, with_exit_codes
from idp.config import Settings
from idp.config.level_three import facts_of
from idp.errors import SettingsError
from idp.model.audit import Event
from idp.storage import backup as backups
from idp.storage import migrate
from idp.storage.deployment import MEMORY_SINCE
from idp.web.i18n import translator
from policies.level_three import compared

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.command("init")
@_JSON
@pass_context
@with_exit_codes
def init(context: Context, /, *, as_json: bool) -> None:
    """Make the home directory, the master key, the database and the first signing keys; repeating changes nothing."""
    emit(initialise(context.settings), as_json=as_json)


@click.command("doctor")
@_JSON
@pass_context
@with_exit_codes
def doctor(context: Context, /, *, as_json: bool) -> None:
    """Check everything that a start depends on; exit 5 when something is wrong."""
    try:
        findings = examine(context.wiring)
    except SettingsError as error:
        findings = [Finding("settings", ok=False, detail=str(error))]
    emit_rows([{"check": one.check, "ok": one.ok, "detail": one.detail} for one in findings], as_json=as_json)
    if not all(one.ok for one in findings):
        fail("something is wrong: see the lines above", Exit.CHECK_FAILED)


@click.group("db")
def db_group() -> None:
    """The database."""


@db_group.command("upgrade")
@_JSON
@pass_context
@with_exit_codes
def upgrade(context: Context, /, *, as_json: bool) -> None:
    """Bring the schema to this release."""
    database = context.stores.database
    before = migrate.current(database)
    migrate.upgrade(database)
    emit({"before": before, "current": migrate.current(database)}, as_json=as_json)


@db_group.command("current")
@_JSON
@pass_context
@with_exit_codes
def current(context: Context, /, *, as_json: bool) -> None:
    """Show the schema's revision and this release's."""
    database = context.stores.database
    emit({"current": migrate.current(database), "newest": migrate.newest()}, as_json=as_json)


@db_group.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@_JSON
@pass_context
@with_exit_codes
def backup(context: Context, /, *, file: Path, as_json: bool) -> None:
    """Write a consistent copy of the embedded database to FILE while the service runs; keep the master key elsewhere."""
    backups.check_target(context.stores.database, file)
    # Before the copy, so that the copy knows that it was made.
    note(context.stores, Event.BACKUP, file.name)
    backups.backup(context.stores.database, file)
    emit({"file": str(file), "bytes": file.stat().st_size}, as_json=as_json)


@db_group.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@pass_context
@with_exit_codes
def restore(context: Context, /, *, file: Path, yes: bool, as_json: bool) -> None:
    """Replace the embedded database by the copy FILE; the service must be stopped."""
    confirm("Everything since the copy was made is lost. Restore?", yes=yes)
    since = {MEMORY_SINCE: str(context.stores.clock.now() + 1)}
    backups.restore(context.stores.database, file, since, issuer=context.settings.issuer)
    # A copy of an earlier release is brought up first, so that the record of this act has where to stand.
    migrate.upgrade(context.stores.database)
    _forgot(context, file.name)
    emit({"file": str(file), "current": migrate.current(context.stores.database)}, as_json=as_json)


@db_group.command("restored")
@_JSON
@pass_context
@with_exit_codes
def restored(context: Context, /, *, as_json: bool) -> None:
    """Say that your own tools put an older state of the database back; before the service starts again."""
    _forgot(context, "own tools")
    emit({"current": migrate.current(context.stores.database)}, as_json=as_json)


def _forgot(context: Context, source: str) -> None:
    """What was made till now may have been used after the copy was made: nothing of it is taken any more."""
    context.stores.deployment.change(MEMORY_SINCE, str(context.stores.clock.now() + 1))
    note(context.stores, Event.RESTORE, source)


@click.group("config")
def config_group() -> None:
    """Settings."""


@config_group.command("show")
@_JSON
@pass_context
@with_exit_codes
def show(context: Context, /, *, as_json: bool) -> None:
    """Show the effective settings; passwords inside addresses are masked."""
    data = context.settings.shown()
    emit(data, as_json=as_json, text=orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


@config_group.command("level-3")
@_JSON
@pass_context
@with_exit_codes
def level_three(context: Context, /, *, as_json: bool) -> None:
    """Compare with security level 3 (Decree 331/2026): what is met, equivalent, weaker, and what is the operator's."""
    t = translator("en")
    found = compared(facts_of(context.settings, shortest_password=SHORTEST))
    rows = [
        {
            "control": one.control,
            "stand": str(one.stand),
            "figure": one.figure,
            "asks": t(f"level3.{one.control}.asks"),
            "ours": t(f"level3.{one.control}.ours", figure=one.figure),
        }
        for one in found
    ]
    emit_rows(rows, as_json=as_json)


@config_group.command("schema")
@_JSON
@with_exit_codes
def schema(*, as_json: bool) -> None:
    """Print the JSON schema of all settings."""
    data = Settings.model_json_schema()
    emit(data, as_json=as_json, text=orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
