"""``idp upstreams``: which identity providers stand above us, what their settings hand over to them, and why one does not work."""

from __future__ import annotations

from typing import Any

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import Exit, emit, emit_rows, fail, with_exit_codes
from idp.config.upstreams import Upstream
from idp.errors import NotFound
from idp.wiring import Wiring

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group("upstreams")
def upstreams_group() -> None:
    """Upstream identity providers: VNeID, VNConnect, any OpenID Connect provider."""


@upstreams_group.command("list")
@_JSON
@pass_context
@with_exit_codes
def list_upstreams(context: Context, *, as_json: bool) -> None:
    """List the configured providers."""
    rows = [
        {
            "name": name,
            "connector": one.connector,
            "enabled": one.enabled,
            "label": one.label["vi"],
            "vouches_for_code": one.vouches_for_code,
            "creates": one.creates,
            "logout": one.logout,
        }
        for name, one in context.wiring.settings.upstreams.items()
    ]
    emit_rows(rows, as_json=as_json)


@upstreams_group.command("show")
@click.argument("name")
@_JSON
@pass_context
@with_exit_codes
def show(context: Context, *, name: str, as_json: bool) -> None:
    """Show one provider's settings, secrets masked, and what we take of what it says."""
    wiring = context.wiring
    settings = _known(wiring, name)
    door = wiring.upstream_door(name)
    data: dict[str, Any] = {
        **settings.model_dump(mode="json"),
        "name": name,
        "redirect_uri": f"{wiring.settings.issuer}/upstream/{name}/callback",
        "claims": [{"field": rule.field, "to": rule.to, "transform": rule.transform} for rule in door.rules],
        "highest_acr": door.highest_acr,
        "proves_freshness": door.proves_freshness(),
    }
    emit(data, as_json=as_json)


@upstreams_group.command("test")
@click.argument("name")
@_JSON
@pass_context
@with_exit_codes
def test(context: Context, *, name: str, as_json: bool) -> None:
    """Look at one provider's configuration and at what it publishes; exit 5 if a check fails. No person is involved."""
    _known(context.wiring, name)
    findings = context.wiring.upstream_door(name).findings()
    emit_rows([{"check": one.check, "ok": one.ok, "text": one.text} for one in findings], as_json=as_json)
    failed = [one.check for one in findings if not one.ok]
    if failed:
        fail(f"upstream {name}: {', '.join(failed)} failed", Exit.CHECK_FAILED)


def _known(wiring: Wiring, name: str) -> Upstream:
    try:
        return wiring.settings.upstreams[name]
    except KeyError:
        raise NotFound(f"no upstream is called {name}", field="name") from None
