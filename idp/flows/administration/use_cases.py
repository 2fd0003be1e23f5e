"""Every administrative act, for the console, the Admin API and configuration as code."""

from __future__ import annotations

from dataclasses import dataclass

from idp.flows.administration.account_states import AccountStates
from idp.flows.administration.accounts import AccountAdministration
from idp.flows.administration.admins import AdminAdministration
from idp.flows.administration.approvals import ApprovalAdministration
from idp.flows.administration.audit import AuditAdministration
from idp.flows.administration.audit_proofs import AuditProofs
from idp.flows.administration.breaches import BreachAdministration
from idp.flows.administration.client_changes import ClientChanges
from idp.flows.administration.client_tests import ClientTests
from idp.flows.administration.clients import ClientAdministration
from idp.flows.administration.consents import ConsentAdministration
from idp.flows.administration.data_requests import DataRequestAdministration
from idp.flows.administration.directories import DirectoryAdministration
from idp.flows.administration.exports import Exports
from idp.flows.administration.indicators import IndicatorAdministration
from idp.flows.administration.keys import KeyAdministration
from idp.flows.administration.mandates import MandateAdministration
from idp.flows.administration.protection import ProtectionAdministration
from idp.flows.administration.purpose_corrections import PurposeCorrections
from idp.flows.administration.recoveries import RecoveryAdministration
from idp.flows.administration.reorganisations import ReorganisationAdministration
from idp.flows.administration.settings import SettingsAdministration
from idp.flows.administration.simulation import Simulation
from idp.flows.administration.unit_decisions import UnitDecisions
from idp.flows.administration.units import UnitAdministration
from idp.flows.administration.unused import UnusedAccounts
from idp.flows.administration.upstreams import UpstreamAdministration


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases by noun."""

    clients: ClientAdministration
    client_changes: ClientChanges
    purpose_corrections: PurposeCorrections
    keys: KeyAdministration
    consents: ConsentAdministration
    data_requests: DataRequestAdministration
    protection: ProtectionAdministration
    breaches: BreachAdministration
    accounts: AccountAdministration
    account_states: AccountStates
    mandates: MandateAdministration
    unused: UnusedAccounts
    recoveries: RecoveryAdministration
    units: UnitAdministration
    unit_decisions: UnitDecisions
    admins: AdminAdministration
    approvals: ApprovalAdministration
    audit: AuditAdministration
    exports: Exports
    settings: SettingsAdministration
    simulation: Simulation
    client_tests: ClientTests
    indicators: IndicatorAdministration
    directories: DirectoryAdministration
    upstreams: UpstreamAdministration
    reorganisations: ReorganisationAdministration
    audit_proofs: AuditProofs
