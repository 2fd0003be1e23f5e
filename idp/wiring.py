"""The composition root: the one module that names concrete adapters. Everything is built when first used, once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from clients.registry import ClientRegistry
from idp import handles
from idp.clock import Clock, SystemClock
from idp.config import Settings
from idp.errors import SettingsError
from idp.flows.housekeeping import Housekeeper, Task
from idp.flows.notify import LogoutNotifier
from idp.flows.pending import PendingRequests
from idp.flows.sign_in import SignInFlow
from idp.flows.throttling import SignInThrottle
from idp.outbound.fetcher import GuardedFetcher, OutboundPolicy
from idp.services.audit import AuditLog
from idp.services.consents import ConsentService
from idp.services.sessions import SessionPolicy, SessionService
from idp.services.sids import SessionIds
from idp.services.units import UnitService
from idp.storage import migrate
from idp.storage.audit import SqlAuditStore
from idp.storage.clients import SqlClientRepository
from idp.storage.consents import SqlConsentStore
from idp.storage.database import Database
from idp.storage.deployment import SqlDeploymentStore
from idp.storage.keys import SqlKeyRepository
from idp.storage.open import EphemeralStores, open_database, open_ephemeral
from idp.storage.outbox import OutboxWriter, SqlOutbox
from idp.storage.purge import Purger
from idp.storage.sessions import SqlSessionStore
from idp.storage.units import SqlUnitStore
from keys.plan import KeyPolicy
from keys.ring import LiveRing
from keys.service import KeyService
from keys.verifier import TokenVerifier
