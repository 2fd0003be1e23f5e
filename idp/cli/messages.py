"""``idp messages``: whether mail and SMS leave the house, and what waits or has failed."""

from __future__ import annotations

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, emit_rows, with_exit_codes
from idp.storage.outbox import count_messages

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group("messages")
def messages_group() -> None:
    """Mail and SMS to people."""


@messages_group.command("test")
@click.argument("channel", type=click.Choice(["mail", "sms"]))
@click.argument("address")
@click.option("--language", default="vi", show_default=True, type=click.Choice(["vi", "en"]), help="Of the message.")
@_JSON
@pass_context
@with_exit_codes
def test_channel(context: Context, /, *, channel: str, address: str, language: str, as_json: bool) -> None:
    """Send a test message to ADDRESS by mail or sms at once, past the outbox, and say what came of it."""
    message_id = context.wiring.message_tester.send(channel, address, language)
    emit({"channel": channel, "message_id": message_id}, as_json=as_json)


@messages_group.command("status")
@_JSON
@pass_context
@with_exit_codes
def status(context: Context, /, *, as_json: bool) -> None:
    """Show how many messages wait and have failed, by kind and last reason; no address and no text is shown."""
    emit_rows(count_messages(context.wiring.database), as_json=as_json)
