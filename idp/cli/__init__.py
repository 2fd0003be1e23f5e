"""The command line ``idp <noun> <verb>``; one module a noun. The local operator's way in: it needs no second person, and is audited.

Nouns are imported when they are asked for: the parent of the processes imports this package too, and must not hold what only other commands
need; and ``idp --help`` and the completion of a shell, which name all of them, import none.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, NamedTuple

import click
from click.shell_completion import CompletionItem


class Entry(NamedTuple):
    """One noun or verb: ``module:object`` in this package, and the first sentence of its help."""

    where: str
    says: str


COMMANDS: Final = {
    "init": Entry(
        "deployment:init",
        "Make the home directory, the master key, the database and the first signing keys; repeating changes nothing.",
    ),
    "serve": Entry("serve:serve", "Serve until SIGTERM, then drain and exit 0."),
    "worker": Entry(
        "serve:worker", "Run regular tasks until SIGTERM: deliver sign-outs, number the audit log, rotate keys, purge."
    ),
    "tick": Entry("serve:tick", "Run every regular task once."),
    "doctor": Entry("deployment:doctor", "Check everything that a start depends on; exit 5 when something is wrong."),
    "demo": Entry(
        "demo:demo",
        "Run the provider on :8000, sample department systems on :8101 and :8102, simulators of VNeID and VNConnect on :8103 and :8104.",
    ),
    "accounts": Entry("accounts:accounts_group", "Accounts and identity codes."),
    "clients": Entry("clients:clients_group", "Department systems."),
    "keys": Entry("keys:keys_group", "Signing keys, and the master key."),
    "units": Entry("units:units_group", "Administrative units."),
    "admins": Entry("admins:admins_group", "Administrators: a role over a unit and what is below it."),
    "approvals": Entry("approvals:approvals_group", "Acts that wait for a second person."),
    "export": Entry(
        "configuration:export",
        "Print the configuration that lives in the database, without secrets, as JSON: clients, administrators, federation, streams, initial tokens.",
    ),
    "apply": Entry(
        "configuration:apply",
        "Make the database hold what FILE says (`-` for stdin), all of it or nothing; secrets of new clients are shown this once.",
    ),
    "sessions": Entry("people:sessions_group", "SSO sessions."),
    "consents": Entry("people:consents_group", "Consents and notices."),
    "mandates": Entry("mandates:mandates_group", "Mandates: legal representatives, delegated staff, parents."),
    "messages": Entry("messages:messages_group", "Mail and SMS to people."),
    "audit": Entry("audit:audit_group", "The audit log."),
    "indicators": Entry("indicators:indicators_group", "Numbers that leaders ask for."),
    "data-protection": Entry("protection:protection_group", "For the data-protection officer."),
    "registration": Entry("registration:registration_group", "Initial access tokens (RFC 7591)."),
    "upstreams": Entry(
        "upstreams:upstreams_group", "Upstream identity providers: VNeID, VNConnect, any OpenID Connect provider."
    ),
    "db": Entry("deployment:db_group", "The database."),
    "config": Entry("deployment:config_group", "Settings."),
    "federation": Entry("federation:federation_group", "OpenID Federation: whom the province and its units vouch for."),
    "ldap": Entry("ldap:ldap_group", "Directories of departments, with which officials sign in."),
}
"""By noun or verb; a test compares each sentence with what the command itself says."""


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
        module, _, name = COMMANDS[cmd_name].where.partition(":")
        command: click.Command = getattr(import_module(f"idp.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without importing them."""
        click.Group(commands=_listed()).format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what a word may become, without importing the commands."""
        found = [
            CompletionItem(name, help=command.get_short_help_str())
            for name, command in _listed().items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


def _listed() -> dict[str, click.Command]:
    """Return a stand-in for each command that can say what it is for and nothing else."""
    return {name: click.Command(name, help=command.says) for name, command in sorted(COMMANDS.items())}


@click.group(cls=_Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dinhdanh")
def main() -> None:
    """Định Danh: identity and single sign-on for a province."""
