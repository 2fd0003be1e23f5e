"""The whole table of operations, and the shapes that they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.endpoints.api import (
    account_documents,
    accounts,
    administrators,
    audit_proofs,
    clients,
    connections,
    consents,
    corrections,
    data_requests,
    indicators,
    keys,
    mandates,
    protection,
    records,
    reorganisations,
    settings,
    simulation,
)
from idp.endpoints.api.operation import Operation
from idp.endpoints.api.schema import Schema
from idp.flows.administration.use_cases import UseCases

SHAPES: Final[Mapping[str, Schema]] = {
    **clients.SHAPES,
    **keys.SHAPES,
    **consents.SHAPES,
    **data_requests.SHAPES,
    **protection.SHAPES,
    **account_documents.SHAPES,
    **mandates.SHAPES,
    **administrators.SHAPES,
    **records.SHAPES,
    **settings.SHAPES,
    **simulation.SHAPES,
    **indicators.SHAPES,
    **connections.SHAPES,
    **reorganisations.SHAPES,
    **audit_proofs.SHAPES,
}


def table(acts: UseCases) -> tuple[Operation, ...]:
    """Return every row; another noun is a module and a line here."""
    return (
        *clients.ClientOperations(acts.clients, acts.client_changes).table(),
        *corrections.CorrectionOperations(acts.clients, acts.purpose_corrections).table(),
        *keys.KeyOperations(acts.keys).table(),
        *consents.ConsentOperations(acts.consents).table(),
        *data_requests.DataRequestOperations(acts.data_requests).table(),
        *protection.ProtectionOperations(acts.protection, acts.breaches).table(),
        *accounts.AccountOperations(acts.accounts, acts.account_states, acts.unused).table(),
        *mandates.MandateOperations(acts.mandates).table(),
        *administrators.AdministratorOperations(acts).table(),
        *records.RecordOperations(acts).table(),
        *settings.SettingOperations(acts.settings).table(),
        *simulation.SimulationOperations(acts.simulation).table(),
        *indicators.IndicatorOperations(acts.indicators).table(),
        *connections.ConnectionOperations(acts).table(),
        *audit_proofs.AuditProofOperations(acts.audit_proofs).table(),
        *reorganisations.ReorganisationOperations(acts).table(),
    )
