"""All tables of the product on one metadata object, a module a slice; Alembic compares this with the database."""

from __future__ import annotations

from idp.storage.tables.accounts import (
    accounts,
    credentials,
    former_passwords,
    identity_codes,
    imports,
    subjects,
)
from idp.storage.tables.administration import admin_grants, api_answers, approvals
from idp.storage.tables.audit import audit_cosignatures, audit_heads, audit_keys, audit_segments
from idp.storage.tables.base import metadata
from idp.storage.tables.data_requests import data_requests
from idp.storage.tables.deployment import data_keys, deployment, registry_versions
from idp.storage.tables.devices import known_devices
from idp.storage.tables.ephemeral import counters, single_use, transactions
from idp.storage.tables.factors import passkeys, recovery_codes, trusted_devices
from idp.storage.tables.federation import federation_keys, federation_subordinates, federation_trust_marks
from idp.storage.tables.indicators import indicator_figures, indicator_marks, indicator_months, indicator_progress
from idp.storage.tables.locks import account_locks
from idp.storage.tables.mandates import mandates
from idp.storage.tables.officials import directory_links, directory_runs, role_assignments, staff_watch
from idp.storage.tables.records import audit_events, audit_tiles, audit_tree, outbox
from idp.storage.tables.recoveries import recoveries
from idp.storage.tables.registries import (
    client_changes,
    clients,
    initial_access_tokens,
    reorganisations,
    signing_keys,
    unit_edges,
    units,
)
from idp.storage.tables.signals import signal_queue, signal_silences, signal_streams
from idp.storage.tables.tokens import (
    consent_texts,
    consents,
    grants,
    redemption_gate,
    revoked_tokens,
    sessions,
    status_entries,
    status_lists,
    withdrawals,
)
from idp.storage.tables.upstreams import upstream_links, upstream_sessions

__all__ = [
    "account_locks",
    "accounts",
    "admin_grants",
    "api_answers",
    "approvals",
    "audit_cosignatures",
    "audit_events",
    "audit_heads",
    "audit_keys",
    "audit_segments",
    "audit_tiles",
    "audit_tree",
    "client_changes",
    "clients",
    "consent_texts",
    "consents",
    "counters",
    "credentials",
    "data_keys",
    "data_requests",
    "deployment",
    "directory_links",
    "directory_runs",
    "federation_keys",
    "federation_subordinates",
    "federation_trust_marks",
    "former_passwords",
    "grants",
    "identity_codes",
    "imports",
    "indicator_figures",
    "indicator_marks",
    "indicator_months",
    "indicator_progress",
    "initial_access_tokens",
    "known_devices",
    "mandates",
    "metadata",
    "outbox",
    "passkeys",
    "recoveries",
    "recovery_codes",
    "redemption_gate",
    "registry_versions",
    "reorganisations",
    "revoked_tokens",
    "role_assignments",
    "sessions",
    "signal_queue",
    "signal_silences",
    "signal_streams",
    "signing_keys",
    "single_use",
    "staff_watch",
    "status_entries",
    "status_lists",
    "subjects",
    "transactions",
    "trusted_devices",
    "unit_edges",
    "units",
    "upstream_links",
    "upstream_sessions",
    "withdrawals",
]
