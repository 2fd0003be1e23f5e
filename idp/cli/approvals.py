"""``idp approvals``: what waits for a second person. The local operator decides what is stuck, alone, and is recorded."""

from __future__ import annotations

from typing import Any

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, emit_rows, with_exit_codes
from idp.model.approval import Approval

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_REASON = click.option("--reason", required=True, help="Goes into the audit log.")
_OPERATOR = "operator:local"
_PAGE = 200


@click.group("approvals")
def approvals_group() -> None:
    """Acts that wait for a second person."""


@approvals_group.command("list")
@click.option("--decided", is_flag=True, help="Those that were decided instead of those that wait.")
@_JSON
@pass_context
@with_exit_codes
def list_approvals(context: Context, /, *, decided: bool, as_json: bool) -> None:
    """Show what waits, newest first."""
    found = context.wiring.approvals.search(pending=not decided, limit=_PAGE)
    emit_rows([_shown(one) for one in found], as_json=as_json)


@approvals_group.command("approve")
@click.argument("approval_id")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def approve(context: Context, /, *, approval_id: str, reason: str, as_json: bool) -> None:
    """Let it happen, as the second person."""
    wiring = context.wiring
    emit(_shown(wiring.administration.approvals.approve_as_operator(approval_id, _OPERATOR, reason)), as_json=as_json)


@approvals_group.command("reject")
@click.argument("approval_id")
@_REASON
@_JSON
@pass_context
@with_exit_codes
def reject(context: Context, /, *, approval_id: str, reason: str, as_json: bool) -> None:
    """Refuse it."""
    approvals = context.wiring.approvals
    approvals.reject(approvals.get(approval_id), _OPERATOR, reason)
    emit(_shown(approvals.get(approval_id)), as_json=as_json)


def _shown(one: Approval) -> dict[str, Any]:
    names = ("id", "act", "target", "requester", "state", "created_at", "expires_at", "decided_by", "outcome", "reason")
    return {name: getattr(one, name) for name in names}
