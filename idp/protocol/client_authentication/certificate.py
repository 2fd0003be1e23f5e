"""``tls_client_auth`` and ``self_signed_tls_client_auth`` (RFC 8705 section 2).

The proxy in front speaks TLS: it has seen the private key at work, and hands the certificate on in a header that nobody else can set
(``client_certificates``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clients.model import Client
from idp.protocol.client_authentication.frame import Credential, Shape, Tools, Used
from idp.protocol.client_certificates import Certificate
from idp.protocol.client_keys import KeysUnavailable
from idp.protocol.errors import CLIENT_UNPROVEN, InvalidClient
from idp.protocol.wire import WireRequest
from keys import certificates

_NAMES: Final[Mapping[str, str]] = {
    "tls_client_auth_subject_dn": "subject_dn",
    "tls_client_auth_san_dns": "san_dns",
    "tls_client_auth_san_uri": "san_uri",
    "tls_client_auth_san_ip": "san_ip",
    "tls_client_auth_san_email": "san_email",
}
"""The metadata field that a client may have (RFC 8705 section 2.1.2), and the name in the certificate that it is compared with."""


def by_name(_request: WireRequest, parameters: Mapping[str, str]) -> Credential:
    """Return the client that a request without a credential names: a public one, or one that a certificate proves."""
    return Credential(Shape.NOTHING, parameters.get("client_id", ""), "")


def prove_issued(_credential: Credential, client: Client, request: WireRequest, tools: Tools) -> Used | None:
    """Check that a certificate from an authority names the client as it was registered (RFC 8705 section 2.1)."""
    certificate = _presented(request, tools)
    tools.certificates.check_issuer(certificate, request)
    for field, kind in _NAMES.items():
        registered = getattr(client, field)
        if registered is not None and certificates.has_name(certificate.parsed, kind, registered):
            return None
    raise InvalidClient(CLIENT_UNPROVEN, reason="certificate_subject")


def prove_self_signed(_credential: Credential, client: Client, request: WireRequest, tools: Tools) -> Used | None:
    """Check that the certificate is for a key that the client registered (RFC 8705 section 2.2): no authority is asked."""
    certificate = _presented(request, tools)
    try:
        is_registered = tools.keys.is_of(client, certificate.public_der)
    except KeysUnavailable as error:
        raise InvalidClient("the client's keys cannot be fetched", reason=error.code) from error
    if not is_registered:
        raise InvalidClient(CLIENT_UNPROVEN, reason="certificate_unknown")
    return None


def prove_nothing(_credential: Credential, _client: Client, _request: WireRequest, _tools: Tools) -> Used | None:
    """Take the word of a public client, which has nothing to prove itself with."""
    return None


def _presented(request: WireRequest, tools: Tools) -> Certificate:
    certificate = tools.certificates.of(request)
    if certificate is None:
        raise InvalidClient("no client certificate", reason="certificate_missing")
    return certificate
