"""The command line ``idp <noun> <verb>``; one module a noun. The local operator's way in: it needs no second person, and is audited."""

from __future__ import annotations

import click

from idp.cli import marks
from idp.cli.accounts import accounts_group
from idp.cli.clients import clients_group
from idp.cli.demo import demo
from idp.cli.deployment import config_group, db_group, doctor, init
from idp.cli.federation import federation_group
from idp.cli.keys import keys_group
from idp.cli.people import consents_group, sessions_group
from idp.cli.records import audit_group
from idp.cli.registration import registration_group
from idp.cli.serve import serve, tick, worker
from idp.cli.units import units_group


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dinhdanh")
def main() -> None:
    """Định Danh: identity and single sign-on for a province."""


marks.add_to(accounts_group, clients_group)
for _command in (
    *(init, serve, worker, tick, doctor, demo),
    *(accounts_group, clients_group, keys_group, units_group, sessions_group, consents_group, audit_group),
    *(registration_group, db_group, config_group),
    federation_group,
):
    main.add_command(_command)
