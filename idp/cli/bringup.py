"""Bringing a deployment up: what ``idp init`` makes, and what a start depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from idp.cli.outages import told
from idp.config import Settings
from idp.errors import DomainError, SettingsError
from idp.model.audit import AuditEvent, Event
from idp.model.message import Channel
from idp.storage import migrate
from idp.storage.audit import count_waiting
from idp.storage.database import Prepared
from idp.wiring.stores import Stores
from keys.errors import KeysError
from keys.masterkey import load_or_create_master_key

if TYPE_CHECKING:
    from idp.wiring import Wiring

_OPERATOR = "operator:local"
_ISSUER = "issuer"
_MANY_WAITING = 100_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of ``idp doctor``."""

    check: str
    ok: bool
    detail: str


def initialise(settings: Settings) -> dict[str, object]:
    """Make what is missing: home, master key, schema, data keys, signing keys; repeating changes nothing. Raises ``SettingsError``."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    load_or_create_master_key(settings.master_key_path)
    stores = Stores(settings)
    migrate.upgrade(stores.database)
    _check_issuer(stores)
    made = stores.vault.ensure()
    outcome = stores.key_service.tick(stores.clock.now())
    if made or outcome.events:
        note(stores, Event.DEPLOYMENT_INIT, "")
    return {"issuer": settings.issuer, "home": str(settings.home), "data_keys": made, "key_events": len(outcome.events)}


def check_fit_to_serve(wiring: Wiring) -> None:
    """Raise ``SettingsError`` that names the first thing that makes a start unsafe."""
    if not wiring.settings.master_key_path.exists():
        raise SettingsError("there is no master key: run `idp init`", field="IDP_MASTER_KEY_FILE")
    if not migrate.is_current(wiring.database):
        raise SettingsError("the database has not the schema of this release: run `idp db upgrade`")
    _check_issuer(wiring)
    _ = wiring.ephemeral
    wiring.key_service.tick(wiring.clock.now())
    _ = wiring.ring.current
    _check_samples(wiring)


def examine(wiring: Wiring) -> list[Finding]:
    """Run every check and return what each found; nothing is changed."""
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("settings", lambda: wiring.settings.issuer),
        ("database", lambda: _database(wiring)),
        ("master key", lambda: f"{wiring.vault.data_key('audit').purpose} opens"),
        ("schema", lambda: _schema(wiring)),
        ("issuer", lambda: _check_issuer(wiring) or wiring.settings.issuer),
        ("ephemeral store", lambda: type(wiring.ephemeral.counters).__name__),
        ("signing keys", lambda: ", ".join(sorted(wiring.ring.current.algorithms))),
        (
            "sample accounts",
            lambda: _check_samples(wiring) or _samples(wiring),
        ),
        ("worker", lambda: _worker(wiring)),
        *((channel.value, partial(_channel, wiring, channel)) for channel in Channel),
        *((f"directory {name}", partial(_directory, wiring, name)) for name in _directories(wiring)),
    )
    findings: list[Finding] = []
    for name, check in checks:
        found = _finding(name, check)
        # What is out of reach is told once, in the first line that met it.
        is_told = not found.ok and any(found.detail == one.detail for one in findings)
        findings.append(replace(found, detail="not looked at, for the reason above") if is_told else found)
    return findings


def note(stores: Stores, event: Event, target: str) -> None:
    """Record an act of the local operator that touches the deployment as a whole."""
    stores.audit.write(AuditEvent(event, actor=_OPERATOR, target=target or "deployment"))


def _finding(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, ok=True, detail=check())
    except (DomainError, KeysError) as error:
        return Finding(name, ok=False, detail=told(error) or str(error))
    except Exception as error:
        if (sentence := told(error)) is None:
            raise
        return Finding(name, ok=False, detail=sentence)


def _check_issuer(wiring: Stores) -> str:
    """The issuer is in every token and every department's configuration: it is fixed at the first start."""
    issuer = wiring.settings.issuer
    stands = wiring.deployment.fix(_ISSUER, issuer)
    if stands != issuer:
        raise SettingsError(f"this deployment is {stands}; an issuer cannot be changed", field="IDP_ISSUER")
    return ""


def _check_samples(wiring: Wiring) -> str:
    if not wiring.settings.is_loopback and wiring.accounts.count_samples():
        raise SettingsError("sample accounts exist: a production start refuses to serve them")
    return ""


def _samples(wiring: Wiring) -> str:
    found = wiring.accounts.count_samples()
    return f"{found} (allowed on loopback)" if found else "none"


def _channel(wiring: Wiring, channel: Channel) -> str:
    """Tell whether messages can leave by a channel; nothing is sent."""
    carrier = wiring.carriers.get(channel)
    return carrier.check() if carrier is not None else "off: nobody gets codes or notices by it"


def _directories(wiring: Wiring) -> tuple[str, ...]:
    return tuple(source.name for source in wiring.settings.directories.sources)


def _directory(wiring: Wiring, name: str) -> str:
    """Tell whether every step to a directory succeeds, and how its last comparison ended."""
    failed = next((one for one in wiring.directories[name].examine() if one.state == "failed"), None)
    if failed is not None:
        raise SettingsError(f"{failed.server} {failed.step}: {failed.detail}; see `idp ldap test {name}`")
    run = wiring.official_store.last_run(name)
    return f"compared on {run.day}: {run.outcome}" if run else "never compared"


def _database(wiring: Wiring) -> str:
    wiring.database.rows(Prepared("SELECT 1", {}, is_read=True))
    return wiring.database.name


def _schema(wiring: Wiring) -> str:
    if not migrate.is_current(wiring.database):
        raise SettingsError("not the schema of this release: run `idp db upgrade`")
    return str(migrate.newest())


def _worker(wiring: Wiring) -> str:
    waiting = count_waiting(wiring.database)
    if waiting > _MANY_WAITING:
        raise SettingsError(f"{waiting} audit records wait for their place in the tree: is `idp worker` running?")
    return f"{waiting} audit records waiting"
