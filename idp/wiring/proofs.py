"""How clients and senders prove who they are, over the services."""

from __future__ import annotations

from functools import cached_property

from clients.model import Secret
from idp.errors import SettingsError
from idp.outbound.sharing import SharingFetcher
from idp.ports.client_sources import ClientSource
from idp.ports.fetcher import Fetcher
from idp.protocol.client_authentication import METHODS, ClientAuthenticator
from idp.protocol.client_authentication.frame import Tools
from idp.protocol.client_authentication.registry import BY_CERTIFICATE
from idp.protocol.client_certificates import ClientCertificates
from idp.protocol.client_keys import ClientKeys
from idp.protocol.dpop import DpopProofs, Nonces
from idp.protocol.introductions import Introductions
from idp.protocol.replays import Replays
from idp.protocol.sender_constraints import SenderConstraints
from idp.wiring.factors import FactorKeepers
from keys.certificates import read_authorities


class Proofs(FactorKeepers):
    """Client authentication, and what it needs."""

    @cached_property
    def authenticator(self) -> ClientAuthenticator:
        """Client authentication."""

        def readable(client_id: str, secret: Secret) -> bytes | None:
            if secret.sealed is None:
                return None
            return self.vault.seal("client-secret").unseal(secret.sealed, client_id.encode())

        tools = Tools(self.clock, self.client_keys, self.client_certificates, self.bases, readable)
        return ClientAuthenticator(self.clients, tools, self.replays, self.introductions)

    @cached_property
    def auth_methods(self) -> tuple[str, ...]:
        """The methods of client authentication that can work here: without a trusted proxy there are no certificates."""
        with_certificates = self.settings.has_client_certificates
        return tuple(name for name in METHODS if with_certificates or name not in BY_CERTIFICATE)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """The addresses under which our endpoints are reached, the issuer first."""
        return tuple(one for one in (self.settings.issuer, self.settings.mtls_url) if one)

    @cached_property
    def client_certificates(self) -> ClientCertificates:
        """Certificates of clients."""
        path = self.settings.proxy.client_authorities
        try:
            return ClientCertificates(self.clock, read_authorities(path.read_bytes()) if path else ())
        except (OSError, ValueError) as error:
            reason = f"IDP_PROXY__CLIENT_AUTHORITIES: {path} is no readable PEM file of certificates"
            raise SettingsError(reason, field="IDP_PROXY__CLIENT_AUTHORITIES") from error

    @cached_property
    def replays(self) -> Replays:
        """Marks of assertions and proofs that were used."""
        return Replays(self.ephemeral.single_use, self.clock)

    @property
    def client_sources(self) -> tuple[ClientSource, ...]:
        """The sources themselves; wirings above this one add theirs."""
        return ()

    @cached_property
    def senders(self) -> SenderConstraints:
        """What binds tokens to their sender."""
        nonces = Nonces(self.vault.data_key("csrf").derive("dpop-nonce"), self.clock)
        needs_nonce = self.settings.dpop.nonce == "required"
        proofs = DpopProofs(self.clock, self.replays, nonces, self.bases, needs_nonce=needs_nonce)
        return SenderConstraints(proofs, self.client_certificates)

    @cached_property
    def introductions(self) -> Introductions:
        """The ways in which an unknown client may introduce itself; another one is an entry of this tuple."""
        return Introductions(self.clients.find, self.client_sources)

    @cached_property
    def fetcher(self) -> Fetcher:
        """The one way out, for requests that are being answered."""
        return SharingFetcher(self.guarded_fetcher, self.fibers)

    @cached_property
    def client_keys(self) -> ClientKeys:
        """Public keys of clients."""
        return ClientKeys(self.fetcher, self.clock)
