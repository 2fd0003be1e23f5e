"""The composition root: the one module that names concrete adapters. Everything is built when first used, once a process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from clients.model import Client
from clients.registry import ClientRegistry
from idp import handles
from idp.authn.credentials import CredentialService
from idp.authn.password import Passwords
from idp.clock import Clock, SystemClock
from idp.config import Settings
from idp.endpoints.account import AccountPages, AccountServices
from idp.endpoints.authorize import AuthorizePage
from idp.endpoints.consent import ConsentPage
from idp.endpoints.desk import Desk
from idp.endpoints.end_session import EndSessionPages
from idp.endpoints.health import HealthEndpoints
from idp.endpoints.home import HomePage
from idp.endpoints.routes import Route
from idp.endpoints.signin import SignInPages
from idp.flows.housekeeping import Housekeeper, Task
from idp.flows.notify import LogoutNotifier
from idp.flows.pending import PendingRequests
from idp.flows.sign_in import SignInFlow
from idp.flows.throttling import SignInThrottle
from idp.outbound.fetcher import GuardedFetcher, OutboundPolicy
from idp.protocol import metadata
from idp.protocol.authorization.endpoint import AuthorizationEndpoint
from idp.protocol.authorization.responses import Responder
from idp.protocol.bearer import AccessTokens
from idp.protocol.client_authentication import METHODS, ClientAuthenticator
from idp.protocol.end_session import EndSessionEndpoint
from idp.protocol.grants.frame import GrantServices
from idp.protocol.grants.registry import GRANTS
from idp.protocol.hints import HintReader
from idp.protocol.introspection import TokenStatusEndpoints
from idp.protocol.metadata import MetadataEndpoints
from idp.protocol.mint import Mint
from idp.protocol.refusals import Refusals
from idp.protocol.token import TokenEndpoint
from idp.protocol.userinfo import UserinfoEndpoint
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.account_codes import AccountCodes
from idp.services.account_import import AccountImporter
from idp.services.accounts import AccountService, masked
from idp.services.audit import AuditLog
from idp.services.claims import ClaimSource
from idp.services.codes import CodeBox
from idp.services.consents import ConsentService
from idp.services.sessions import SessionPolicy, SessionService
from idp.services.sids import SessionIds
from idp.services.subjects import SubjectService
from idp.services.tokens import Lifetimes, TokenService
from idp.services.units import UnitService
from idp.services.vault import Vault
from idp.storage.accounts import SqlAccountStore
from idp.storage.audit import SqlAuditStore
from idp.storage.clients import SqlClientRepository
from idp.storage.consents import SqlConsentStore
from idp.storage.credentials import SqlCredentialStore
from idp.storage.database import Database
from idp.storage.deployment import SqlDeploymentStore
from idp.storage.grants import SqlGrantStore
from idp.storage.imports import SqlImportStore
from idp.storage.keys import SqlKeyRepository
from idp.storage.open import EphemeralStores, open_database, open_ephemeral
from idp.storage.outbox import OutboxWriter, SqlOutbox
from idp.storage.purge import Purger
from idp.storage.sessions import SqlSessionStore
from idp.storage.subjects import SqlSubjectStore
from idp.storage.units import SqlUnitStore
from idp.web.cookies import Cookies
from idp.web.csrf import Csrf
from idp.web.environ import EnvironReader
from idp.web.i18n import LANGUAGES
from idp.web.render import Renderer
from keys.errors import TokenError
from keys.masterkey import load_master_key
from keys.plan import KeyPolicy
from keys.ring import KeyRing, LiveRing
from keys.service import KeyService
from keys.verifier import Expectation, TokenVerifier
from policies import throttle

_RING_AGE: Final = 1
THREADS: Final = 8
"""Threads of one worker process."""
HASH_PLACES: Final = 6
"""How many of them may be busy with passwords, waiting ones included: the others go on answering."""

Handler = Callable[[WireRequest], WireResponse]


class Wiring:
    """One process's objects over one deployment."""

    def __init__(self, settings: Settings, clock: Clock | None = None, workers: int = 1) -> None:
        """Take the settings; ``clock`` is the machine's unless a test brings its own; ``workers`` processes share the cores."""
        self.settings = settings
        self.workers = workers
        self.clock: Clock = clock or SystemClock()

    # Stores.

    @cached_property
    def database(self) -> Database:
        """The SQL store."""
        return open_database(self.settings.database_url, self.settings.sqlite_path)

    @cached_property
    def ephemeral(self) -> EphemeralStores:
        """The ephemeral stores."""
        return open_ephemeral(self.settings.ephemeral_url, self.database)

    @cached_property
    def deployment(self) -> SqlDeploymentStore:
        """Facts of the deployment."""
        return SqlDeploymentStore(self.database)

    @cached_property
    def vault(self) -> Vault:
        """Data keys; raises ``MasterKeyUnusable`` before ``idp init``."""
        return Vault(self.deployment, load_master_key(self.settings.master_key_path), self.clock)

    @cached_property
    def audit(self) -> AuditLog:
        """The audit log."""
        key, private = self.vault.data_key("audit"), self.vault.seal("audit")
        return AuditLog(SqlAuditStore(self.database), self.clock, key.derive("mac"), private.seal, private.unseal)

    # Registries.

    @cached_property
    def clients(self) -> ClientRegistry:
        """Department systems."""
        return ClientRegistry(SqlClientRepository(self.database, self.audit.record), self.clock.now, handles.new_id)

    @cached_property
    def key_service(self) -> KeyService:
        """Signing keys."""
        settings = self.settings
        policy = KeyPolicy(
            algorithms=settings.keys.algorithms,
            rotation=settings.keys.rotation,
            jwks_max_age=settings.jwks_max_age,
            max_token_lifetime=max(settings.lifetimes.access_token, settings.lifetimes.id_token),
            propagation=_RING_AGE,
        )
        repository = SqlKeyRepository(self.database, self.audit.record)
        return KeyService(repository, self.vault.sealer("signing-keys"), policy)

    @cached_property
    def ring(self) -> LiveRing:
        """The signing keys as this process holds them."""
        return LiveRing(self.key_service.load, self.key_service.open_private, self.settings.jwks_max_age)

    @cached_property
    def verifier(self) -> TokenVerifier:
        """Verifies our own tokens."""
        return TokenVerifier(lambda: self.ring.current)

    @cached_property
    def units(self) -> UnitService:
        """The units register."""
        return UnitService(SqlUnitStore(self.database), self.audit, self.clock)

    # People.

    @cached_property
    def account_store(self) -> SqlAccountStore:
        """Accounts in SQL."""
        return SqlAccountStore(self.database)

    @cached_property
    def accounts(self) -> AccountService:
        """Accounts and identity codes."""
        return AccountService(self.account_store, self.vault, self.audit, self.clock)

    @cached_property
    def account_codes(self) -> AccountCodes:
        """Further codes of accounts, their end and their replacement."""
        return AccountCodes(self.accounts, self.account_store, self.vault, self.audit, self.clock)

    @cached_property
    def credentials(self) -> CredentialService:
        """Passwords and one-time codes."""
        slots = max(1, (os.cpu_count() or 1) // self.workers)
        hasher = Passwords(slots, max(0, HASH_PLACES - slots))
        store = SqlCredentialStore(self.database)
        return CredentialService(store, self.accounts, hasher, self.vault, self.audit, self.clock)

    @cached_property
    def importer(self) -> AccountImporter:
        """The import of accounts."""
        store, check = SqlImportStore(self.database), self.credentials.imported_password
        return AccountImporter(store, self.accounts, check, self.audit, self.clock)

    @cached_property
    def sessions(self) -> SessionService:
        """SSO sessions."""
        writer = OutboxWriter(self.database, self.vault.seal("outbox").seal)
        lifetimes, origin = self.settings.lifetimes, self.vault.seal("session-origin")
        policy = SessionPolicy(lifetimes.session, lifetimes.session_idle)
        store = SqlSessionStore(self.database, writer)
        return SessionService(store, self.audit, self.clock, policy, origin.seal, origin.unseal, self._wants_logout)

    @cached_property
    def consents(self) -> ConsentService:
        """Consents and notices."""
        return ConsentService(SqlConsentStore(self.database), self.audit, self.clock)

    @cached_property
    def subjects(self) -> SubjectService:
        """Pairwise subjects."""
        return SubjectService(SqlSubjectStore(self.database), self.clock)

    @cached_property
    def tokens(self) -> TokenService:
        """Token families."""
        lifetimes = self.settings.lifetimes
        bounds = Lifetimes(lifetimes.refresh_token, lifetimes.access_token, self.settings.refresh_grace)
        key = self.vault.data_key("refresh-token").derive("mac")
        return TokenService(SqlGrantStore(self.database), self.audit, self.clock, key, bounds)

    @cached_property
    def claims(self) -> ClaimSource:
        """Claim values."""
        return ClaimSource(self.vault, self.accounts, self.units.claim)

    # Protocol.

    @cached_property
    def sids(self) -> SessionIds:
        """Session ids as departments see them."""
        return SessionIds(self.vault.data_key("session-id").derive("sid"))

    @cached_property
    def mint(self) -> Mint:
        """The single mint."""
        lifetimes = self.settings.lifetimes
        return Mint(
            self.settings.issuer,
            self.clock,
            self.sids,
            access_lifetime=lifetimes.access_token,
            id_lifetime=lifetimes.id_token,
        )

    @cached_property
    def refusals(self) -> Refusals:
        """How machine endpoints say no."""
        return Refusals(self.audit)

    @cached_property
    def authenticator(self) -> ClientAuthenticator:
        """Client authentication."""
        return ClientAuthenticator(self.clients, self.clock)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        """Access tokens at our own resources."""
        return AccessTokens(self.verifier, self.ring, self.settings.issuer, self.clock)

    @cached_property
    def hints(self) -> HintReader:
        """``id_token_hint``."""
        expected = Expectation(
            typs=frozenset({"jwt"}), issuer=self.settings.issuer, accept_expired=True, accept_removed_keys=True
        )

        def verify(token: str) -> Mapping[str, Any]:
            try:
                return self.verifier.verify(token, expected, self.clock.now()).claims
            except TokenError as error:
                raise ValueError(error.code) from error

        return HintReader(verify)

    @cached_property
    def codes(self) -> CodeBox:
        """Authorization codes."""
        box = self.vault.seal("authorization-code")
        return CodeBox(box.seal, box.unseal)

    @cached_property
    def pending(self) -> PendingRequests:
        """Pending transactions."""
        box, lifetime = self.vault.seal("transaction"), self.settings.lifetimes.transaction
        return PendingRequests(self.ephemeral.transactions, self.clock, lifetime, box.seal, box.unseal)

    @cached_property
    def sign_in(self) -> SignInFlow:
        """The sign-in."""
        index = self.vault.index("throttle", "sign-in")
        guard = SignInThrottle(
            self.ephemeral.counters, self.clock, index.digest, throttle.Limits(), enabled=self.settings.throttle.enabled
        )
        return SignInFlow(self.accounts, self.credentials, self.sessions, self.pending, guard, self.audit)

    @cached_property
    def authorization(self) -> AuthorizationEndpoint:
        """The authorization endpoint."""
        return AuthorizationEndpoint(
            registry=self.clients,
            sessions=self.sessions,
            subjects=self.subjects,
            pending=self.pending,
            codes=self.codes,
            audit=self.audit,
            clock=self.clock,
            responder=Responder(self.settings.issuer, self.renderer.form_post),
            read_hint=self.hints.for_client,
            can_reach=self.sign_in.reachable,
            code_lifetime=self.settings.lifetimes.code,
        )

    # Pages and routes.

    @cached_property
    def reader(self) -> EnvironReader:
        """Reads requests."""
        return EnvironReader(self.settings.proxy.trusted)

    @cached_property
    def renderer(self) -> Renderer:
        """Renders pages."""
        return Renderer(is_https=self.settings.is_https)

    @cached_property
    def desk(self) -> Desk:
        """What pages share."""
        csrf = Csrf(self.vault.data_key("csrf").derive("token"))
        return Desk(self.renderer, Cookies(self.settings.is_https), csrf, self.audit, self.clock)

    def hot_routes(self) -> Mapping[str, Handler]:
        """Return the paths that are answered without Flask."""
        services = GrantServices(self.tokens, self.codes, self.claims, self.mint, self.ring, self.authenticator)
        token = TokenEndpoint(GRANTS, services, self.refusals)
        userinfo = UserinfoEndpoint(
            self.tokens, self.access_tokens, self.claims, self.clients, self.mint, self.ring, self.refusals
        )
        status = TokenStatusEndpoints(
            self.tokens, self.access_tokens, self.authenticator, self.settings.issuer, self.refusals
        )
        published = MetadataEndpoints(self._discovery, self._young_ring, self.settings.jwks_max_age)
        health = HealthEndpoints((self.ring.refresh, self.audit.head))
        return {
            "/authorize": AuthorizePage(self.authorization, self.desk).handle,
            "/token": token.handle,
            "/userinfo": userinfo.handle,
            "/introspect": status.introspect,
            "/revoke": status.revoke,
            "/jwks": published.jwks,
            "/.well-known/openid-configuration": published.discovery,
            "/.well-known/oauth-authorization-server": published.discovery,
            "/healthz/live": health.live,
            "/healthz/ready": health.ready,
        }

    def page_routes(self) -> tuple[Route, ...]:
        """Return the pages, which Flask dispatches."""
        consent = ConsentPage(self.consents, self.claims.attributes)
        signin = SignInPages(
            self.desk, self.sign_in, self.authorization, self.pending, self.sessions, consent, self._person
        )
        end_session = EndSessionPages(
            self.desk,
            EndSessionEndpoint(self.clients, self.sessions, self.sids, self.hints),
            self.sessions,
            self.pending,
            self._client_name,
        )
        account = AccountPages(
            self.desk,
            AccountServices(self.sessions, self.consents, self.audit, self.pending, self._owner, self.clients.find),
        )
        both, post = ("GET", "POST"), ("POST",)
        return (
            Route("/", ("GET",), HomePage(self.desk).handle),
            Route("/signin/<transaction>", both, signin.handle),
            Route("/end_session", both, end_session.handle),
            Route("/end_session/confirm", post, end_session.confirm),
            Route("/account", ("GET",), account.home),
            Route("/account/sessions/end", post, account.end_session),
            Route("/account/sessions/end-all", post, account.end_all),
            Route("/account/consents/<client_id>", both, account.withdraw),
        )

    # Regular tasks.

    @cached_property
    def housekeeper(self) -> Housekeeper:
        """Regular tasks."""
        policy = OutboundPolicy(
            frozenset(self.settings.outbound.allow), float(self.settings.outbound.timeout), self.settings.is_loopback
        )
        notifier = LogoutNotifier(
            SqlOutbox(self.database, self.vault.seal("outbox").unseal),
            self._fresh_client,
            lambda client, sub, session_id: self.mint.logout_token(self.ring.refresh(), client, sub, session_id),
            GuardedFetcher(policy),
            self.audit,
            self.clock,
        )
        purger = Purger(self.database)
        tasks = (
            Task("logout", 1, notifier.run),
            Task("audit", 2, self.audit.sequence),
            Task(
                "keys",
                min(60, self.settings.keys.rotation),
                lambda: len(self.key_service.tick(self.clock.now()).events),
            ),
            Task("purge", 300, lambda: purger.run(self.clock.now())),
        )
        return Housekeeper(tasks, self.clock)

    # Small joints.

    def account_id(self, code_or_id: str) -> str:
        """Return the id behind an operator's code or id; raises ``NotFound``."""
        return self.accounts.find(code_or_id).id

    def _wants_logout(self, client_id: str) -> bool:
        client = self.clients.find(client_id)
        return client is not None and client.backchannel_logout_uri is not None

    def _fresh_client(self, client_id: str) -> Client | None:
        self.clients.refresh_if_older_than(1)
        return self.clients.find(client_id)

    def _discovery(self, ring: KeyRing) -> Mapping[str, Any]:
        return metadata.document(self.settings.issuer, GRANTS, METHODS, ring.algorithms, LANGUAGES)

    @cached_property
    def _young_ring(self) -> Callable[[], KeyRing]:
        """The ring for answers that touch no database, at most a second old."""
        last = 0

        def young() -> KeyRing:
            nonlocal last
            now = self.clock.now()
            if now - last >= _RING_AGE:
                last = now
                return self.ring.refresh()
            return self.ring.current

        return young

    def _client_name(self, client_id: str, language: str) -> str:
        client = self.clients.find(client_id)
        return client.name(language) if client is not None else client_id

    def _person(self, account_id: str) -> Mapping[str, str]:
        owner = self._owner(account_id)
        codes = owner["codes"]
        return {"name": owner["name"], "code": codes[0]["masked"] if codes else ""}

    def _owner(self, account_id: str) -> Mapping[str, Any]:
        account = self.accounts.get(account_id)
        current = [code for code in self.accounts.codes(account.id) if code.valid_to is None]
        return {
            "name": str(account.profile.get("name", "")),
            "level": account.identity_level,
            "codes": [{"scheme": code.scheme, "masked": masked(code.value)} for code in current],
        }
