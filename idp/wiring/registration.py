"""Registration over HTTP, made of settings and services."""

from __future__ import annotations

from functools import cached_property

from clients import metadata, terms
from clients.errors import RegistrationRefused
from clients.terms import Terms
from idp.config.sections import StatementIssuer as IssuerSetting
from idp.errors import SettingsError
from idp.flows.hourly import HourlyLimit
from idp.ports.client_sources import ClientSource
from idp.protocol.registration import RegistrationEndpoint
from idp.services.client_documents import SOURCE, ClientDocuments
from idp.services.initial_tokens import InitialTokenService
from idp.services.registrations import Policy, RegistrationService
from idp.services.sector_documents import SectorDocuments
from idp.services.software_statements import StatementIssuer, StatementReader
from idp.storage.initial_tokens import SqlInitialTokenStore
from idp.wiring.speech import Speech
from keys.errors import InvalidJwk
from keys.keyset import read_jwks


class RegistrationDesk(Speech):
    """Registration over HTTP, over the protocol."""

    @cached_property
    def initial_tokens(self) -> InitialTokenService:
        """Initial access tokens."""
        return InitialTokenService(
            SqlInitialTokenStore(self.database),
            self.audit,
            self.clock,
            require_pkce=self.settings.registration.require_pkce,
            grants=self.clients.grants,
        )

    @cached_property
    def sector_documents(self) -> SectorDocuments:
        """Documents behind ``sector_identifier_uri``."""
        return SectorDocuments(self.fetcher)

    @cached_property
    def registrations(self) -> RegistrationService:
        """Clients that register themselves."""
        settings = self.settings.registration
        issuers = tuple(self._statement_issuer(one) for one in settings.statement_issuers)
        return RegistrationService(
            self.clients,
            self.initial_tokens,
            StatementReader(issuers, self.settings.issuer, self.clock),
            self.sector_documents,
            Policy(self._nobodys_terms("sandbox") if settings.mode == "open" else None, settings.limit),
        )

    @cached_property
    def registration(self) -> RegistrationEndpoint:
        """The endpoint."""
        settings, index = self.settings.registration, self.vault.index("throttle", "registration")
        by_address = HourlyLimit(self.ephemeral.counters, self.clock, "register", settings.per_address)
        in_all = HourlyLimit(self.ephemeral.counters, self.clock, "register-all", settings.per_hour)
        return RegistrationEndpoint(
            self.registrations,
            self.settings.issuer,
            self.refusals,
            lambda address: by_address.count(index.digest("address", address).hex()[:32]),
            in_all.count,
        )

    @property
    def client_sources(self) -> tuple[ClientSource, ...]:
        """Clients that nobody registered: those of a metadata document."""
        if not self.settings.registration.metadata_documents:
            return super().client_sources
        limit = HourlyLimit(
            self.ephemeral.counters, self.clock, "client-document", self.settings.registration.per_address
        )
        documents = ClientDocuments(
            self.fetcher, self.clients, self.sector_documents, self._nobodys_terms(SOURCE), limit.count, self.clock
        )
        return (documents, *super().client_sources)

    def _nobodys_terms(self, via: str) -> Terms:
        """Return the terms of clients that nobody vouches for."""
        settings = self.settings.registration
        document = {
            "unit": settings.unit,
            "purpose": settings.purpose,
            "scope": settings.scope,
            "grant_types": settings.grant_types or self._grants_of(via),
        }
        return self._terms({**document, "legal_basis": "consent"}, via)

    def _grants_of(self, via: str) -> tuple[str, ...]:
        """Return the grants of clients that nobody vouches for: the usual ones, and in a sandbox ``implicit`` where it is offered."""
        legacy = {metadata.IMPLICIT} & set(self.clients.grants) if via != SOURCE else set()
        return tuple(sorted(terms.GRANT_TYPES | legacy))

    def _statement_issuer(self, setting: IssuerSetting) -> StatementIssuer:
        try:
            keys = read_jwks(setting.jwks_file.read_bytes(), lenient=False)
        except (OSError, InvalidJwk) as error:
            name = f"IDP_REGISTRATION__STATEMENT_ISSUERS: {setting.issuer}"
            raise SettingsError(f"{name}: {setting.jwks_file} is no readable JWK set: {error}") from error
        document = setting.model_dump(include={"unit", "legal_basis", "purpose", "scope"})
        return StatementIssuer(setting.issuer, keys, self._terms(document, f"software_statement:{setting.issuer}"))

    def _terms(self, document: dict[str, object], via: str) -> Terms:
        pkce = {"require_pkce": self.settings.registration.require_pkce}
        try:
            return terms.checked({**document, **pkce}, via, self.clients.grants)
        except RegistrationRefused as error:
            raise SettingsError(f"IDP_REGISTRATION: the terms of {via} do not hold: {error}") from error
