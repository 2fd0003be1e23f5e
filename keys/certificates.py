"""X.509 certificates of clients: the names in them, and whose key they are for (RFC 5280, RFC 8705 sections 2 and 3).

Whether somebody holds the private key was seen by whoever spoke TLS; whether an authority vouches is ``certificate_paths``' question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import (
    Certificate,
    DNSName,
    ExtensionNotFound,
    IPAddress,
    Name,
    RFC822Name,
    SubjectAlternativeName,
    UniformResourceIdentifier,
    load_der_x509_certificate,
    load_pem_x509_certificates,
)

from keys import base64url

__all__ = ["Certificate"]

_GeneralName = type[DNSName] | type[IPAddress] | type[RFC822Name] | type[UniformResourceIdentifier]


def read_certificate(der: bytes) -> Certificate:
    """Return the certificate; raises ``ValueError`` for anything that is not exactly one in DER."""
    certificate = load_der_x509_certificate(der)
    if certificate.public_bytes(Encoding.DER) != der:
        message = "not canonical DER"
        raise ValueError(message)
    return certificate


def read_authorities(pem: bytes) -> tuple[Certificate, ...]:
    """Return the certificates of a PEM file; raises ``ValueError``."""
    return tuple(load_pem_x509_certificates(pem))


def thumbprint(der: bytes) -> str:
    """Return ``x5t#S256``: the SHA-256 of the DER in base64url (RFC 8705 section 3.1)."""
    return base64url.encode_text(hashlib.sha256(der).digest())


def public_key(certificate: Certificate) -> bytes:
    """Return the SubjectPublicKeyInfo as DER; raises ``ValueError`` for a key of no kind that we know."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def is_current(certificate: Certificate, now: int) -> bool:
    """Tell whether the certificate is valid at ``now`` (epoch seconds)."""
    moment = datetime.fromtimestamp(now, UTC)
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def has_name(certificate: Certificate, kind: str, registered: str) -> bool:
    """Tell whether the certificate has the name; ``kind`` is ``subject_dn`` or a row of ``_SANS`` (RFC 8705 section 2.1.2)."""
    if kind == "subject_dn":
        return _same_name(certificate.subject, registered)
    general_name, normal = _SANS[kind]
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        wanted = normal(registered)
        return any(normal(str(one)) == wanted for one in names.get_values_for_type(general_name))
    except (ExtensionNotFound, ValueError):
        return False


def distinguished_name(text: str) -> Name:
    """Return a subject as RFC 4514 writes it; raises ``ValueError``."""
    return Name.from_rfc4514_string(text)


def _same_name(subject: Name, registered: str) -> bool:
    """Compare as directories do (RFC 4517 section 4.2.11): case and repeated spaces mean nothing, the order of the parts does."""
    try:
        wanted = distinguished_name(registered)
    except ValueError:
        return False
    return _folded(subject) == _folded(wanted)


def _folded(name: Name) -> list[frozenset[tuple[str, str]]]:
    return [
        frozenset((one.oid.dotted_string, " ".join(str(one.value).split()).casefold()) for one in part)
        for part in name.rdns
    ]


def _mailbox(text: str) -> str:
    """The host name of a mailbox has no case, the part before it may (RFC 5280 section 4.2.1.6)."""
    local, _, host = text.rpartition("@")
    return f"{local}@{host.lower()}"


_SANS: Final[Mapping[str, tuple[_GeneralName, Callable[[str], str]]]] = {
    "san_dns": (DNSName, str.lower),
    "san_uri": (UniformResourceIdentifier, str),
    "san_ip": (IPAddress, lambda text: str(ip_address(text))),
    "san_email": (RFC822Name, _mailbox),
}
"""Subject alternative names by kind: the type in the certificate, and what is compared."""
