"""The certificate that a client showed to the proxy in front of us (RFC 9440, RFC 8705).

Only the proxy has seen that the client holds the private key, so the header counts only from a proxy that we trust; ``web.environ`` drops it
from anybody else. A trusted proxy must itself drop what clients send under that name.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import unquote

from idp.clock import Clock
from idp.protocol.errors import CLIENT_UNPROVEN, InvalidClient
from idp.protocol.wire import WireRequest
from keys import certificate_paths, certificates

HEADER: Final = "client-certificate"
"""The name under which ``WireRequest.headers`` has the trusted header, whatever the proxy calls it."""
CHAIN: Final = "client-certificate-chain"
"""That of the header with the certificates between the client's and the authority (RFC 9440 section 2.3)."""
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")


@dataclass(frozen=True)
class Certificate:
    """A certificate as DER. Its thumbprint costs one hash; it is parsed only where somebody asks what is in it."""

    der: bytes

    @cached_property
    def thumbprint(self) -> str:
        """Its ``x5t#S256``."""
        return certificates.thumbprint(self.der)

    @cached_property
    def parsed(self) -> certificates.Certificate:
        """What is in it; raises ``InvalidClient``."""
        try:
            return certificates.read_certificate(self.der)
        except ValueError as error:
            raise InvalidClient("the client certificate cannot be read", reason="certificate_malformed") from error

    @cached_property
    def public_der(self) -> bytes:
        """Its public key; raises ``InvalidClient``."""
        try:
            return certificates.public_key(self.parsed)
        except (ValueError, TypeError) as error:
            raise InvalidClient("the client certificate cannot be read", reason="certificate_malformed") from error


class ClientCertificates:
    """Reads and judges client certificates."""

    def __init__(self, clock: Clock, authorities: tuple[certificates.Certificate, ...] = ()) -> None:
        """Take the clock and the authorities of ``tls_client_auth``; without any the proxy alone decides who may issue."""
        self._clock = clock
        self._authorities = authorities

    def of(self, request: WireRequest) -> Certificate | None:
        """Return the certificate of a request, current and readable, or None; raises ``InvalidClient``."""
        certificate = presented(request)
        if certificate is not None and not certificates.is_current(certificate.parsed, self._clock.now()):
            raise InvalidClient("the client certificate has expired", reason="certificate_expired")
        return certificate

    def check_issuer(self, certificate: Certificate, request: WireRequest) -> None:
        """Raise ``InvalidClient`` where no valid path leads to an authority that the operator named, over what the proxy handed on beside it."""
        if not self._authorities:
            return
        between = [one.parsed for one in chain(request)]
        now = self._clock.now()
        if not certificate_paths.is_vouched_for(certificate.parsed, between, self._authorities, now):
            raise InvalidClient(CLIENT_UNPROVEN, reason="certificate_issuer")


def presented(request: WireRequest) -> Certificate | None:
    """Return the certificate of the trusted header, None where there is none; raises ``InvalidClient`` for what is none."""
    text = request.header(HEADER)
    if not text:
        return None
    try:
        return Certificate(_der(text.strip()))
    except (ValueError, Base64Error) as error:
        raise InvalidClient("the client certificate cannot be read", reason="certificate_malformed") from error


def chain(request: WireRequest) -> list[Certificate]:
    """Return the certificates of the trusted header ``Client-Cert-Chain``, a list of byte sequences; raises ``InvalidClient`` for what is none."""
    text = request.header(CHAIN)
    if not text:
        return []
    try:
        members = [one.strip() for one in text.split(",", certificate_paths.MOST_BETWEEN + 1)]
        return [Certificate(_sequence(one)) for one in members]
    except (ValueError, Base64Error) as error:
        raise InvalidClient("the chain of the client certificate cannot be read", reason="certificate_chain") from error


def _sequence(text: str) -> bytes:
    if len(text) < len(":A:") or text[0] != ":" or text[-1] != ":":
        message = "not a byte sequence"
        raise ValueError(message)
    return b64decode(text[1:-1], validate=True)


def _der(text: str) -> bytes:
    """Return the DER of an RFC 9440 byte sequence (``:base64:``), of a PEM with or without URL escapes (nginx), or of its bare base64."""
    if text.startswith(":"):
        return _sequence(text)
    plain = unquote(text, errors="strict") if "%" in text else text
    found = _PEM.fullmatch(plain)
    return b64decode("".join((found[1] if found else plain).split()), validate=True)
