"""``idp keys rewrap``: another master key, without touching what is sealed."""

from __future__ import annotations

from pathlib import Path

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import confirm, emit, say, with_exit_codes
from idp.model.audit import AuditEvent, Event
from keys.masterkey import load_or_create_master_key


@click.command("rewrap")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--reason", required=True, help="Goes into the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def rewrap(context: Context, /, *, file: Path, reason: str, yes: bool, as_json: bool) -> None:
    """Exchange the master key for the one in FILE, which is made where there is none; the service must be stopped."""
    stores = context.stores
    current = stores.settings.master_key_path
    confirm(f"From then on {file} opens the database, and {current} does not. Go on?", yes=yes)
    successor = load_or_create_master_key(file)
    event = AuditEvent(Event.KEY_REWRAP, reason=reason, actor="operator:local", target="key:master")
    done = stores.vault.rewrap(successor, stores.audit.record(event))
    emit({"data_keys": done, "master_key": str(file)}, as_json=as_json)
    say(f"now put {file} in the place of {current}, on every machine, and keep a copy apart from the database")
