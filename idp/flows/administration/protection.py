"""For the data-protection officer: figures over a period, and the record of processing activities made from the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from clients.model import CERTIFICATE_METHOD, Client
from idp.clock import Clock
from idp.errors import InvalidInput
from idp.flows.administration import targets
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, page
from idp.flows.administration.words import ClientNames
from idp.model.audit import Event, Outcome
from idp.ports.protection import ActCount, ProtectionFigures, RequestCount
from policies import claims as claim_policy
from policies.delegation import Action
from policies.processing import categories
from policies.purposes import Purpose

LONGEST: Final = 10 * 366 * 86400
_ACTS: Final = (
    *(Event.CONSENT_GIVE, Event.CONSENT_NOTICE, Event.CONSENT_WITHDRAW, Event.AUTHORIZE, Event.CLIENT_CORRECT),
    *(Event.ACCOUNT_SHOW, Event.ACCOUNT_EXPORT, Event.DATA_REQUEST_SHOW),
)
_LOOKS: Final = frozenset({Event.ACCOUNT_SHOW, Event.ACCOUNT_EXPORT, Event.DATA_REQUEST_SHOW})
_COLUMNS: Final = {
    Event.CONSENT_GIVE: "given",
    Event.CONSENT_NOTICE: "told",
    Event.CONSENT_WITHDRAW: "withdrawn",
    Event.CLIENT_CORRECT: "corrected",
}


@dataclass(frozen=True, slots=True)
class SystemFigures:
    """Of one system: consents given, notices read, withdrawn, declined; and how often a text was corrected without asking anybody anew."""

    client_id: str
    given: int = 0
    told: int = 0
    withdrawn: int = 0
    declined: int = 0
    corrected: int = 0


@dataclass(frozen=True, slots=True)
class ProtectionReport:
    """The figures of a period; ``looks`` are the acts by which staff looked at people, None where those are not within reach."""

    since: int
    until: int
    systems: tuple[SystemFigures, ...]
    requests: tuple[RequestCount, ...]
    looks: tuple[tuple[str, int], ...] | None


@dataclass(frozen=True, slots=True)
class Processing:
    """One row of the record of processing: a system, whose it is, what for, what of, for how long, and what protects it."""

    client_id: str
    name: str
    unit: str
    unit_name: str
    state: str
    purposes: tuple[Purpose, ...]
    categories: tuple[str, ...]
    claims: tuple[str, ...]
    recipients: tuple[str, ...]
    refresh_days: int
    history_years: int
    measures: tuple[str, ...]
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long things are kept: refresh tokens in days, the history of sign-ins in years (Decree 59/2022 article 21: five)."""

    refresh_days: int
    history_years: int = 5


class ProtectionAdministration:
    """Both are by the unit of the system; looks of staff belong to the whole."""

    def __init__(
        self,
        gate: Gate,
        names: ClientNames,
        figures: ProtectionFigures,
        unit_name: Callable[[Client], str],
        retention: Retention,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``unit_name`` returns the full name of a client's unit."""
        self._gate = gate
        self._names = names
        self._registry = names.registry
        self._figures = figures
        self._unit_name = unit_name
        self._retention = retention
        self._clock = clock

    def report(self, who: Administrator, since: int, until: int, text: str = "") -> ProtectionReport:
        """Return the figures of a period within reach, with ``text`` of the systems that it means alone; raises ``InvalidInput`` and ``Refused``."""
        reach = self._gate.anywhere(who, Action.CONSENT_COUNT, "data-protection")
        meant, target_of = self._names.found(text), targets.ClientTargets(self._gate.ground())

        def is_seen(client_id: str) -> bool:
            client = self._registry.find(client_id)
            is_covered = reach.everywhere or (client is not None and reach.covers(target_of(client)))
            return is_covered and (meant is None or client_id in meant)

        return self.figures(since, until, is_seen, everywhere=reach.everywhere and meant is None)

    def figures(
        self,
        since: int,
        until: int,
        is_seen: Callable[[str], bool] = lambda _client_id: True,
        *,
        everywhere: bool = True,
    ) -> ProtectionReport:
        """Return the figures of a period; the local operator sees everything."""
        if not 0 <= since < until <= since + LONGEST:
            raise InvalidInput("must be a period of at most ten years", field="since")
        acts = self._figures.acts(since, until, tuple(one.value for one in _ACTS))
        requests = self._figures.requests(since, until, self._clock.now())
        shown = tuple(one for one in requests if (is_seen(one.client_id) if one.client_id else everywhere))
        systems = tuple(_systems(one for one in acts if one.client_id and is_seen(one.client_id)))
        return ProtectionReport(since, until, systems, shown, tuple(_looks(acts)) if everywhere else None)

    def processing(self, who: Administrator, window: Window, text: str = "") -> Page[Processing]:
        """Return the record of processing of the systems within reach, by id; with ``text`` of those that it means."""
        reach, meant = self._gate.anywhere(who, Action.CLIENT_READ, "data-protection"), self._names.found(text)
        target_of = targets.ClientTargets(self._gate.ground())
        found = [
            client
            for client in self._registry.all()
            if client.client_id > window.after
            and (meant is None or client.client_id in meant)
            and reach.covers(target_of(client))
        ][: window.limit + 1]
        return page([self.row(one) for one in found], [one.client_id for one in found], window.limit)

    def everything(self) -> Iterable[Processing]:
        """Yield the whole record, for the local operator."""
        return (self.row(one) for one in self._registry.all())

    def row(self, client: Client) -> Processing:
        """Return the row of one system."""
        covered = claim_policy.for_scopes(client.scope) & client.covered_claims
        whole = Purpose("main", dict(client.purpose), client.legal_basis, covered)
        allowed = tuple(sorted(client.allowed_resources))
        return Processing(
            client.client_id,
            client.name("vi"),
            client.unit,
            self._unit_name(client),
            client.state,
            client.purpose_list or (whole,),
            categories(covered),
            claim_policy.unpack(covered),
            (client.client_id, *allowed),
            self._retention.refresh_days if "refresh_token" in client.grant_types else 0,
            self._retention.history_years,
            tuple(_measures(client)),
            client.contacts,
        )


def _systems(acts: Iterable[ActCount]) -> Iterable[SystemFigures]:
    found: dict[str, dict[str, int]] = {}
    for one in acts:
        name = _column(one)
        if name:
            row = found.setdefault(one.client_id, {})
            row[name] = row.get(name, 0) + one.count
    return (SystemFigures(client_id, **row) for client_id, row in sorted(found.items()))


def _column(one: ActCount) -> str:
    if one.event == Event.AUTHORIZE:
        return "declined" if one.reason == "declined" else ""
    if one.outcome != Outcome.DONE:
        return ""
    return _COLUMNS.get(Event(one.event), "")


def _looks(acts: Iterable[ActCount]) -> Iterable[tuple[str, int]]:
    found: dict[str, int] = {}
    for one in acts:
        if one.event in _LOOKS and one.outcome == Outcome.DONE:
            found[one.event] = found.get(one.event, 0) + one.count
    return sorted(found.items())


def _measures(client: Client) -> Iterable[str]:
    """Yield what of a registration protects the data, as ids of words."""
    method = client.token_endpoint_auth_method
    measures = (
        ("pairwise", client.subject_type == "pairwise"),
        ("pkce", client.require_pkce),
        ("key_proof", method == "private_key_jwt"),
        ("certificate", method in {CERTIFICATE_METHOD, "self_signed_tls_client_auth"}),
        ("bound_tokens", client.dpop_bound_access_tokens or client.tls_client_certificate_bound_access_tokens),
        ("pushed", client.require_pushed_authorization_requests),
        ("encrypted", client.userinfo_encrypted_response_alg is not None),
        ("two_factors", client.minimum_acr not in {None, "urn:dinhdanh:loa:1"}),
        ("sealed_at_rest", True),
        ("audited", True),
    )
    return (name for name, holds in measures if holds)
