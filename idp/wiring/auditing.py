"""The audit log's tree, its signed heads, its witnesses and its bundles, over the stores."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from idp.config.audit import AuditWitness
from idp.endpoints.audit import AuditEndpoints
from idp.endpoints.routes import Route
from idp.errors import SettingsError
from idp.flows.housekeeping import Task
from idp.ports.ephemeral import Counters
from idp.ports.fetcher import Fetcher
from idp.services.audit_archive import AuditArchive, Keeping
from idp.services.audit_bundle import AuditBundles
from idp.services.audit_erasure import AuditErasure
from idp.services.audit_heads import AuditHeads
from idp.services.audit_tree import AuditTree
from idp.services.audit_witnesses import KnownWitness, WitnessCollector
from idp.storage.audit import SqlAuditStore
from idp.storage.audit_heads import SqlAuditHeadStore
from idp.storage.audit_segments import SqlAuditKeeper
from idp.storage.audit_tree import SqlAuditTree
from idp.storage.indicators import SqlIndicatorStore
from idp.wiring.stores import Stores
from keys.errors import InvalidJwk
from keys.log_heads import Verifiers
from keys.log_keys import read_keys
from keys.strict_json import read_object


class Auditing(Stores):
    """What is made of the audit log."""

    @cached_property
    def audit_tree(self) -> AuditTree:
        """The tree over the audit log."""
        return AuditTree(self.audit, SqlAuditStore(self.database), SqlAuditTree(self.database))

    @cached_property
    def audit_head_store(self) -> SqlAuditHeadStore:
        """Signed heads, their keys, signatures of witnesses."""
        return SqlAuditHeadStore(self.database)

    @cached_property
    def audit_heads(self) -> AuditHeads:
        """Signs heads."""
        seal = self.vault.seal("audit-keys")
        tree, store = self.audit_tree, self.audit_head_store
        return AuditHeads(self.settings.issuer, tree, store, self.audit, self.clock, seal.seal, seal.unseal)

    @cached_property
    def audit_bundles(self) -> AuditBundles:
        """Writes bundles."""
        return AuditBundles(SqlAuditStore(self.database), self.audit_heads, self.audit_archive.spans)

    @cached_property
    def audit_keeper(self) -> SqlAuditKeeper:
        """Erases and archives records."""
        return SqlAuditKeeper(self.database)

    @cached_property
    def audit_archive(self) -> AuditArchive:
        """Moves old records into files."""
        settings, store = self.settings.audit, SqlAuditStore(self.database)
        directory = settings.archive_dir or self.settings.home / "audit"
        keeping = Keeping(settings.online_days, settings.keep_days, directory)
        counted = SqlIndicatorStore(self.database).progress
        return AuditArchive(keeping, self.audit_keeper, store, self.audit_heads, self.audit, self.clock, counted)

    @cached_property
    def audit_erasure(self) -> AuditErasure:
        """Erases personal parts."""
        return AuditErasure(self.audit_keeper, self.audit)


def audit_tasks(wiring: Auditing, fetcher: Fetcher) -> tuple[Task, ...]:
    """Return the regular tasks: enter records, sign heads, bring them to the witnesses, tidy."""
    every = wiring.settings.audit.head_interval
    tasks = [
        Task("audit", 2, wiring.audit_tree.sequence),
        Task("audit-heads", every, wiring.audit_heads.publish),
        Task("audit-tidy", 3600, wiring.audit_heads.tidy),
    ]
    if wiring.settings.audit.archive:
        tasks.append(Task("audit-archive", 600, wiring.audit_archive.run))
    if wiring.settings.audit.witnesses:
        tasks.append(Task("audit-witnesses", every, witness_collector(wiring, fetcher).run))
    return tuple(tasks)


def witness_collector(wiring: Auditing, fetcher: Fetcher) -> WitnessCollector:
    """Return what brings heads to the witnesses; raises ``SettingsError`` for a witness whose key cannot be read."""
    return WitnessCollector(
        known_witnesses(wiring), wiring.audit_heads, wiring.audit_head_store, fetcher, wiring.audit, wiring.clock
    )


def known_witnesses(wiring: Auditing) -> tuple[KnownWitness, ...]:
    """Return the witnesses of the settings; raises ``SettingsError`` for one whose key cannot be read."""
    named = wiring.settings.audit.witnesses
    return tuple(KnownWitness(name, one.url, _keys(name, one)) for name, one in named.items())


def audit_routes(wiring: Auditing, counters: Counters) -> tuple[Route, ...]:
    """Return the public paths."""
    index = wiring.vault.index("throttle", "audit-proofs")
    limit = wiring.settings.audit.proofs_per_minute
    served = AuditEndpoints(wiring.audit_heads, counters, wiring.clock, index.digest, limit)
    get = ("GET",)
    return (
        Route("/audit/head", get, served.head),
        Route("/audit/heads/<size>", get, served.head),
        Route("/audit/keys", get, served.keys),
        Route("/audit/inclusion", get, served.inclusion),
        Route("/audit/consistency", get, served.consistency),
    )


def _keys(name: str, witness: AuditWitness) -> Verifiers:
    path: Path = witness.jwks_file
    try:
        return read_keys(read_object(path.read_bytes()))
    except (OSError, ValueError, InvalidJwk) as error:
        raise SettingsError(f"IDP_AUDIT__WITNESSES: {name}: {path} is no readable JWK set: {error}") from error
