"""The registry of methods: discovery announces its names, the authenticator dispatches on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.protocol.client_authentication import assertion, certificate, secret
from idp.protocol.client_authentication.frame import Extractor, Method, Shape

METHODS: Final[Mapping[str, Method]] = {
    "client_secret_basic": Method(Shape.BASIC, secret.prove),
    "client_secret_post": Method(Shape.BODY, secret.prove),
    "client_secret_jwt": Method(Shape.ASSERTION, assertion.prove_shared_secret),
    "private_key_jwt": Method(Shape.ASSERTION, assertion.prove_private_key),
    "tls_client_auth": Method(Shape.NOTHING, certificate.prove_issued),
    "self_signed_tls_client_auth": Method(Shape.NOTHING, certificate.prove_self_signed),
    "none": Method(Shape.NOTHING, certificate.prove_nothing),
}
"""Every method; another one is a module and a row (and a row in ``clients.metadata.AUTH_METHODS``)."""

EXTRACTORS: Final[tuple[Extractor, ...]] = (secret.by_header, secret.by_body, assertion.by_assertion)
"""Every way in which a credential can come; of these at most one may be in a request."""

BY_CERTIFICATE: Final = frozenset({"tls_client_auth", "self_signed_tls_client_auth"})
