"""Stores, the vault and the registries of one process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from clients.metadata import IMPLICIT
from clients.registry import ClientRegistry
from clients.repository import ClientRepository
from idp import handles
from idp.clock import Clock, SystemClock
from idp.config import Settings
from idp.fibers import FiberLock, Fibers
from idp.protocol.grants.frame import GrantType
from idp.protocol.grants.registry import GRANTS
from idp.services.audit import AuditLog
from idp.services.units import UnitService
from idp.services.vault import Vault
from idp.storage.audit import SqlAuditStore
from idp.storage.clients import SqlClientRepository
from idp.storage.database import Database
from idp.storage.deployment import MEMORY_SINCE, SqlDeploymentStore
from idp.storage.keys import SqlKeyRepository
from idp.storage.open import EphemeralStores, open_database, open_ephemeral
from idp.storage.units import SqlUnitStore
from idp.wiring.young_ring import PROPAGATION, YoungRing
from keys.masterkey import load_master_key
from keys.plan import KeyPolicy
from keys.ring import LiveRing
from keys.service import KeyService
from keys.verifier import TokenVerifier


class Stores:
    """The stores, the vault, the audit log and the registries."""

    def __init__(self, settings: Settings, clock: Clock | None = None, workers: int = 1) -> None:
        """Take the settings; ``clock`` is the machine's unless a test brings its own; ``workers`` processes share the cores."""
        self.settings = settings
        self.workers = workers
        self.clock: Clock = clock or SystemClock()

    @property
    def fibers(self) -> Fibers:
        """What this process's requests pause on."""
        return self.database.fibers

    @cached_property
    def database(self) -> Database:
        """The SQL store."""
        return open_database(self.settings.database_url, self.settings.sqlite_path, self.settings.database_connections)

    @cached_property
    def ephemeral(self) -> EphemeralStores:
        """The ephemeral stores."""
        return open_ephemeral(self.settings.ephemeral_url, self.database, lambda: self.memory_since)

    @cached_property
    def deployment(self) -> SqlDeploymentStore:
        """Facts of the deployment."""
        return SqlDeploymentStore(self.database)

    @cached_property
    def memory_since(self) -> int:
        """Since when nothing that was used can be forgotten (epoch seconds): since the last restore from a copy."""
        return int(self.deployment.fact(MEMORY_SINCE) or 0)

    @cached_property
    def vault(self) -> Vault:
        """Data keys; raises ``MasterKeyUnusable`` before ``idp init``."""
        return Vault(self.deployment, load_master_key(self.settings.master_key_path), self.clock)

    @cached_property
    def audit(self) -> AuditLog:
        """The audit log."""
        key, private = self.vault.data_key("audit"), self.vault.seal("audit")
        return AuditLog(SqlAuditStore(self.database), self.clock, key.derive("mac"), private.seal, private.unseal)

    @cached_property
    def grants(self) -> Mapping[str, GrantType]:
        """What the token endpoint offers, discovery announces and clients register for."""
        return GRANTS

    @cached_property
    def clients(self) -> ClientRegistry:
        """Department systems."""
        return self.registry_over(SqlClientRepository(self.database, self.audit.record))

    def registry_over(self, repository: ClientRepository) -> ClientRegistry:
        """Return a registry over a store, by the rules of this deployment."""
        legacy = (IMPLICIT,) if self.settings.requests.legacy_responses else ()
        return ClientRegistry(
            *(repository, self.clock.now, handles.new_id),
            lock=FiberLock(self.fibers),
            grants=(*self.grants, *legacy),
            seal=self._seal_secret,
        )

    def _seal_secret(self, secret: bytes, client_id: bytes) -> bytes:
        """Seal a client secret that has to be readable; the data key is asked for only where there is one."""
        return self.vault.seal("client-secret").seal(secret, client_id)

    @cached_property
    def key_service(self) -> KeyService:
        """Signing keys."""
        settings = self.settings
        policy = KeyPolicy(
            algorithms=(*settings.keys.algorithms, *settings.keys.encryption),
            rotation=settings.keys.rotation,
            jwks_max_age=settings.jwks_max_age,
            max_token_lifetime=max(settings.lifetimes.access_token, settings.lifetimes.id_token),
            propagation=PROPAGATION,
        )
        repository = SqlKeyRepository(self.database, self.audit.record)
        return KeyService(repository, self.vault.sealer("signing-keys"), policy, clock=self.clock.now)

    @cached_property
    def ring(self) -> LiveRing:
        """The signing keys as this process holds them."""
        keys, max_age = self.key_service, self.settings.jwks_max_age
        return LiveRing(keys.load, keys.open_private, max_age, FiberLock(self.fibers))

    @cached_property
    def young_ring(self) -> YoungRing:
        """The ring for answers that touch no database."""
        return YoungRing(self.ring, self.clock)

    @cached_property
    def verifier(self) -> TokenVerifier:
        """Verifies our own tokens."""
        return TokenVerifier(lambda: self.ring.current)

    @cached_property
    def units(self) -> UnitService:
        """The units register."""
        return UnitService(SqlUnitStore(self.database), self.audit, self.clock)
