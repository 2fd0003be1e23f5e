"""Who may use a token: its finder, or only the sender that it was issued to (RFC 9449, RFC 8705 section 3).

The frames of the endpoints ask here; a request without a proof, by a client that needs none, costs a look into a dictionary.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from clients.model import Client
from clients.profiles import PROFILES
from idp.model.binding import UNBOUND, Binding
from idp.protocol.client_certificates import ClientCertificates, presented
from idp.protocol.dpop import HEADER, DpopProofs
from idp.protocol.errors import InvalidClient, InvalidDpopProof, InvalidRequest, InvalidToken
from idp.protocol.wire import Headers, WireRequest

SCHEME: Final = "dpop"


class SenderConstraints:
    """Binds tokens to their sender, and checks it where they come back."""

    def __init__(self, proofs: DpopProofs, certificates: ClientCertificates) -> None:
        """Take what proves a sender."""
        self._proofs = proofs
        self._certificates = certificates

    def binding(self, request: WireRequest, client: Client) -> Binding:
        """Return what the tokens of this request are to be bound to.

        Raises ``InvalidDpopProof``, ``UseDpopNonce``, and ``InvalidRequest`` for a client that must be bound and shows nothing.
        """
        if HEADER in request.headers:
            if client.tls_client_certificate_bound_access_tokens:
                raise InvalidRequest("this client's tokens are bound to its certificate", reason="dpop_unexpected")
            return Binding(jkt=self._proofs.proven(request))
        if client.dpop_bound_access_tokens:
            raise InvalidDpopProof("this client must send a DPoP proof", reason="dpop_missing")
        if client.tls_client_certificate_bound_access_tokens or PROFILES[client.profile].needs_bound_tokens:
            certificate = self._certificates.of(request)
            if certificate is None:
                raise InvalidRequest("this client must prove possession of a key", reason="certificate_missing")
            return Binding(x5t=certificate.thumbprint)
        return UNBOUND

    def pushed(self, request: WireRequest) -> str:
        """Return the thumbprint of the key that proved a pushed authorization request, "" without any (RFC 9449 section 10.1)."""
        return self._proofs.proven(request) if HEADER in request.headers else ""

    def check(self, request: WireRequest, access_token: str, claims: Mapping[str, Any]) -> None:
        """Check that whoever presents a verified access token is its sender; raises ``InvalidToken``, ``InvalidDpopProof``, ``UseDpopNonce``."""
        confirmation = claims.get("cnf")
        is_proving = is_dpop(request)
        if confirmation is None:
            if is_proving:
                raise InvalidToken("the access token is not bound to a key", reason="token_not_bound")
            return
        if "jkt" in confirmation:
            if not is_proving:
                # Whoever found the token would drop the proof as well (RFC 9449 section 7.2).
                raise InvalidToken("the access token is bound to a DPoP key", reason="dpop_downgrade")
            if not hmac.compare_digest(self._proofs.proven(request, access_token), confirmation["jkt"]):
                raise InvalidToken("the access token is bound to another key", reason="dpop_other_key")
        elif is_proving or not _has_certificate(request, confirmation["x5t#S256"]):
            raise InvalidToken("the access token is bound to a client certificate", reason="certificate_other")

    def nonce_headers(self, request: WireRequest) -> Headers:
        """Return the header that supplies the next nonce, for an answer to a request with a proof (RFC 9449 section 8.2)."""
        nonce = self._proofs.fresh_nonce() if HEADER in request.headers else ""
        return (("DPoP-Nonce", nonce),) if nonce else ()


def is_dpop(request: WireRequest) -> bool:
    """Tell whether a request presents its token by the scheme DPoP (RFC 9449 section 7.1)."""
    return request.header("authorization").partition(" ")[0].lower() == SCHEME


def _has_certificate(request: WireRequest, thumbprint: str) -> bool:
    try:
        certificate = presented(request)
    except InvalidClient:
        return False
    return certificate is not None and hmac.compare_digest(certificate.thumbprint, thumbprint)
