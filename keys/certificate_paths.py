"""Whether an authority vouches for a client's certificate, over any number of levels (RFC 5280 section 6).

The path is searched and validated by ``cryptography``: signatures, validity of every certificate, basic constraints, path length, key usage and name
constraints of the authorities. What the web's rules demand beside that of a server's certificate (an alternative name) is not asked of a client's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography.x509 import BasicConstraints, Certificate, ExtendedKeyUsage, KeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    ClientVerifier,
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

MOST_BETWEEN: Final = 4
"""Certificates between the client's and an authority that the operator named: whoever sends more wants us to search."""
_NOT_FOR_THIS: Final = "an extension does not permit this use"
_FOR_CLIENTS: Final = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


def is_vouched_for(
    certificate: Certificate, between: Sequence[Certificate], authorities: Iterable[Certificate], now: int
) -> bool:
    """Tell whether a valid path leads from the certificate over some of ``between`` to one of ``authorities`` at ``now`` (epoch seconds)."""
    anchors = list(authorities)
    if not anchors or len(between) > MOST_BETWEEN:
        return False
    try:
        _verifier(anchors, now).verify(certificate, list(between))
    except (VerificationError, ValueError):
        return False
    return True


def _verifier(anchors: list[Certificate], now: int) -> ClientVerifier:
    agnostic = Criticality.AGNOSTIC
    # Authorities of the state's own making often lack a key usage; one that has it must be for signing certificates.
    of_authorities = ExtensionPolicy.webpki_defaults_ca().may_be_present(KeyUsage, agnostic, _signs_certificates)
    of_clients = (
        ExtensionPolicy.permit_all()
        .may_be_present(BasicConstraints, agnostic, _is_no_authority)
        .may_be_present(KeyUsage, agnostic, _signs)
        .may_be_present(ExtendedKeyUsage, agnostic, _is_for_clients)
    )
    return (
        PolicyBuilder()
        .store(Store(anchors))
        .time(datetime.fromtimestamp(now, UTC).replace(tzinfo=None))
        .max_chain_depth(MOST_BETWEEN)
        .extension_policies(ca_policy=of_authorities, ee_policy=of_clients)
        .build_client_verifier()
    )


def _signs_certificates(_policy: Policy, _certificate: Certificate, usage: KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError(_NOT_FOR_THIS)


def _is_no_authority(_policy: Policy, _certificate: Certificate, constraints: BasicConstraints | None) -> None:
    """An authority's own certificate is nobody's who calls: its name would pass for a client's."""
    if constraints is not None and constraints.ca:
        raise ValueError(_NOT_FOR_THIS)


def _signs(_policy: Policy, _certificate: Certificate, usage: KeyUsage | None) -> None:
    if usage is not None and not usage.digital_signature:
        raise ValueError(_NOT_FOR_THIS)


def _is_for_clients(_policy: Policy, _certificate: Certificate, usage: ExtendedKeyUsage | None) -> None:
    """A server's certificate must not let its owner pass for a client (RFC 5280 section 4.2.1.12)."""
    if usage is not None and _FOR_CLIENTS.isdisjoint(usage):
        raise ValueError(_NOT_FOR_THIS)
