"""The command line ``idp <noun> <verb>``; one module a noun. The local operator's way in: it needs no second person, and is audited.

Nouns are imported when they are asked for: a worker process imports this package too (its parent starts it by ``spawn``), and must not hold
what only other commands need; and ``idp --help`` should not load a database's migrations.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

COMMANDS: Final = {
    "init": "deployment:init",
    "serve": "serve:serve",
    "worker": "serve:worker",
    "tick": "serve:tick",
    "doctor": "deployment:doctor",
    "demo": "demo:demo",
    "accounts": "accounts:accounts_group",
    "clients": "clients:clients_group",
    "keys": "keys:keys_group",
    "units": "units:units_group",
    "admins": "admins:admins_group",
    "approvals": "approvals:approvals_group",
    "export": "configuration:export",
    "apply": "configuration:apply",
    "sessions": "people:sessions_group",
    "consents": "people:consents_group",
    "mandates": "mandates:mandates_group",
    "messages": "messages:messages_group",
    "audit": "audit:audit_group",
    "indicators": "indicators:indicators_group",
    "data-protection": "protection:protection_group",
    "registration": "registration:registration_group",
    "upstreams": "upstreams:upstreams_group",
    "db": "deployment:db_group",
    "config": "deployment:config_group",
    "federation": "federation:federation_group",
    "ldap": "ldap:ldap_group",
}
"""Module of this package and object in it, for each noun or verb."""


class _Nouns(click.Group):
    """A group whose commands are imported when they are asked for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse octets that are no UTF-8: no store takes them, and an act might stop half way where it first meets one."""
        for argument in args:
            try:
                argument.encode()
            except UnicodeEncodeError:
                shown = argument.encode("ascii", "backslashreplace").decode()
                raise click.UsageError(f"{shown} is not UTF-8", ctx) from None
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, without importing anything."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return one command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"idp.cli.{module}"), name)
        return command


@click.group(cls=_Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dinhdanh")
def main() -> None:
    """Định Danh: identity and single sign-on for a province."""
