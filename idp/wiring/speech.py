"""The protocol's endpoints over the services, as framework-free handlers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from clients.resources import ResourceIndex
from idp.flows.pending import PendingRequests
from idp.flows.pushed import PushedRequests
from idp.flows.sign_in import SignInFlow
from idp.model.session import Session
from idp.ports.status_lists import ListedToken
from idp.protocol.authorization.client_finder import ClientFinder
from idp.protocol.authorization.endpoint import AuthorizationEndpoint
from idp.protocol.authorization.issuing import Issuing
from idp.protocol.authorization.parsing import Readers
from idp.protocol.authorization.request_objects import RequestObjects
from idp.protocol.authorization.responses import Responder
from idp.protocol.authorization.sources import RequestSources
from idp.protocol.bearer import AccessTokens
from idp.protocol.encryption import AnswerEncrypter, RequestDecrypter
from idp.protocol.hints import HintReader
from idp.protocol.mint import Mint
from idp.protocol.par import PushedAuthorizationEndpoint
from idp.protocol.protected_resources import ResourceMetadata
from idp.protocol.refusals import Refusals
from idp.protocol.resources import Resources
from idp.services.codes import CodeBox
from idp.services.sids import SessionIds
from idp.services.status_lists import StatusListService
from idp.storage.status_lists import SqlStatusListStore
from idp.web.render import Renderer
from idp.wiring.proofs import Proofs
from keys.errors import TokenError
from keys.verifier import Expectation


class Speech(Proofs):
    """The protocol over the services."""

    @cached_property
    def renderer(self) -> Renderer:
        """Renders pages."""
        return Renderer(is_https=self.settings.is_https)

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
            encrypt=self.encrypter.encrypted,
            status=self._status,
            remember=self.verifier.remember,
        )

    @cached_property
    def status_lists(self) -> StatusListService:
        """Token status lists."""
        return StatusListService(
            SqlStatusListStore(self.database),
            self.clock,
            self.vault.data_key("status-list").derive("place"),
            self.settings.issuer,
            self._marks,
            ttl=self.settings.status_list_ttl,
        )

    def _status(self, claims: Mapping[str, Any]) -> dict[str, Any] | None:
        client = self.clients.find(claims["client_id"])
        if client is None or not client.token_status_list:
            return None
        listed = ListedToken(claims["jti"], claims.get("gid", ""), claims["client_id"], claims["iat"], claims["exp"])
        return self.status_lists.reference(listed)

    def _marks(self) -> dict[str, int]:
        self.clients.refresh_if_older_than(1)
        return {client.client_id: client.not_before for client in self.clients.all() if client.not_before}

    @cached_property
    def encrypter(self) -> AnswerEncrypter:
        """Encrypts answers to clients that want it."""
        return AnswerEncrypter(self.client_keys)

    @cached_property
    def decrypter(self) -> RequestDecrypter:
        """Opens what clients encrypt to us."""
        return RequestDecrypter(self.ring)

    @cached_property
    def refusals(self) -> Refusals:
        """How machine endpoints say no."""
        return Refusals(self.audit)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        """Access tokens at our own resources."""
        return AccessTokens(self.verifier, self.ring, self.settings.issuer, self.clock)

    @cached_property
    def resource_metadata(self) -> ResourceMetadata:
        """Metadata of our own protected resources."""
        settings = self.settings
        return ResourceMetadata(settings.issuer, settings.keys.algorithms, has_mtls=settings.has_client_certificates)

    @cached_property
    def hints(self) -> HintReader:
        """``id_token_hint``."""
        expected = Expectation(
            typs=frozenset({"jwt"}), issuer=self.settings.issuer, accept_expired=True, accept_removed_keys=True
        )

        def verify(token: str) -> Mapping[str, Any]:
            try:
                # A client may encrypt the hint to us (OpenID Connect Core section 3.1.2.1).
                token = self.decrypter.nested(token)
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
    def resources(self) -> Resources:
        """Protected resources that tokens may be for."""
        return Resources(self.settings.issuer, ResourceIndex(self.clients.snapshot).serving)

    @cached_property
    def pushed(self) -> PushedRequests:
        """Pushed authorization requests."""
        box, lifetimes = self.vault.seal("transaction"), self.settings.lifetimes
        store, lived = self.ephemeral.transactions, (lifetimes.pushed_request, lifetimes.transaction)
        return PushedRequests(store, self.clock, *lived, box.seal, box.unseal)

    @cached_property
    def par(self) -> PushedAuthorizationEndpoint:
        """The endpoint that takes pushed requests; it checks as the authorization endpoint does."""
        checks = self.authorization
        return PushedAuthorizationEndpoint(
            *(self.authenticator, self.client_finder.target, checks.check, self.pushed, self.sources, self.refusals),
            self.senders.pushed,
        )

    @cached_property
    def client_finder(self) -> ClientFinder:
        """Finds the clients of authorization requests."""
        return ClientFinder(self.clients, self.introductions)

    @cached_property
    def sources(self) -> RequestSources:
        """Where the parameters of authorization requests come from."""
        objects = RequestObjects(
            *(self.settings.issuer, self.client_keys, self.fetcher, self.replays, self.clock), self.decrypter.request
        )
        required = self.settings.requests.require_pushed
        return RequestSources(self.pushed, objects, self.client_finder.client, require_pushed=required)

    @cached_property
    def responder(self) -> Responder:
        """Sends authorization responses; signs those that are asked for so, with keys that are a second old at most."""
        return Responder(
            self.settings.issuer,
            self.renderer.form_post,
            lambda client, parameters: self.mint.authorization_response(self.young_ring(), client, parameters),
        )

    @cached_property
    def issuing(self) -> Issuing:
        """What successful authorization responses carry."""
        return Issuing(
            codes=self.codes,
            subjects=self.subjects,
            tokens=self.tokens,
            claims=self.claims,
            mint=self.mint,
            ring=self.ring,
            resources=self.resources,
            code_lifetime=self.settings.lifetimes.code,
            session_state=self.sids.session_state if self.settings.session_management else None,
            acting=self.acting.of,
        )

    @cached_property
    def sign_in(self) -> SignInFlow:
        """The sign-in."""
        guard = self.sign_in_guard
        return SignInFlow(
            *(self.accounts, self.credentials, self.factors, self.passkeys, self.sessions, self.pending),
            *(guard, self.trusted_devices, self.factor_throttle, self.audit),
        )

    @property
    def attainable(self) -> str:
        """The level that anybody could reach by linking an upstream, "" for none."""
        return ""

    def can_reach(self, session: Session) -> str:
        """Return the level that a session can come to."""
        return self.sign_in.reachable(session)

    @cached_property
    def authorization(self) -> AuthorizationEndpoint:
        """The authorization endpoint."""
        return AuthorizationEndpoint(
            registry=self.clients,
            sessions=self.sessions,
            pending=self.pending,
            pushed=self.pushed,
            sources=self.sources,
            issuing=self.issuing,
            audit=self.audit,
            clock=self.clock,
            responder=self.responder,
            readers=Readers(self.hints.for_client, self.resources, self.settings.requests.legacy_responses),
            can_reach=self.can_reach,
            attainable=self.attainable,
            clients=self.client_finder,
            capacities=self.capacities,
            enrol_within=self.settings.factors.fresh if self.settings.factors.enrol_at_sign_in else 0,
        )
