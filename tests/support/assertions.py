"""Client assertions as clients make them, right but for what a test changes; client certificates; what a proxy adds."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from idp import handles
from keys import base64url
from tests.support.client_keys import ClientKey
from tests.support.clock import START
from tests.support.token_world import ISSUER, Registered, TokenWorld

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PROXY: Final = "203.0.113.7"
OWN: Final = {"grant_type": "client_credentials"}


def assertion_claims(world: TokenWorld, client_id: str, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good assertion, with changes; None takes one out."""
    now = world.clock.now()
    base = {"iss": client_id, "sub": client_id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": handles.new_id()}
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def asserted(token: str, **form: str) -> dict[str, str]:
    """Return the form of a token request with an assertion."""
    return {**OWN, "client_assertion_type": TYPE, "client_assertion": token, **form}


def signed_assertion(world: TokenWorld, key: ClientKey, of: Registered, **changes: Any) -> str:
    """Return an assertion signed by a key of the client."""
    return key.sign(assertion_claims(world, of.client.client_id, **changes))


def mac_assertion(world: TokenWorld, of: Registered, secret: str = "", alg: str = "HS256", **changes: Any) -> str:
    """Return an assertion with the MAC of the client's secret."""
    claims = assertion_claims(world, of.client.client_id, **changes)
    signed = base64url.encode(orjson.dumps({"alg": alg})) + b"." + base64url.encode(orjson.dumps(claims))
    mac = hmac.digest((secret or of.secret).encode(), signed, {"HS256": "sha256", "HS512": "sha512"}[alg])
    return (signed + b"." + base64url.encode(mac)).decode()


def certificate(
    key: ClientKey,
    *,
    name: str = "Cong dich vu cong",
    issuer: tuple[str, ClientKey] | None = None,
    sans: Mapping[str, str] | None = None,
    at: int = START,
) -> x509.Certificate:
    """Return a certificate over the client's key, self-signed unless an issuer is given; ``sans`` are dns, uri, ip, email."""
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer[0])]) if issuer else subject
    moment = datetime.fromtimestamp(at, UTC)
    names = x509.SubjectAlternativeName([_SANS[kind](value) for kind, value in (sans or {}).items()])
    signer = issuer[1].private if issuer else key.private
    assert isinstance(signer, EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
    )
    return (builder.add_extension(names, critical=False) if sans else builder).sign(signer, SHA256())


def authority(name: str, key: ClientKey) -> x509.Certificate:
    """Return the certificate of an authority."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    moment = datetime.fromtimestamp(START, UTC)
    assert isinstance(key.private, EllipticCurvePrivateKey)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.private.public_key())
        .serial_number(1)
        .not_valid_before(moment - timedelta(days=9))
        .not_valid_after(moment + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key.private, SHA256())
    )


def by_proxy(shown: x509.Certificate, *, style: str = "rfc9440", header: str = "CLIENT_CERT") -> dict[str, str]:
    """Return what a trusted proxy adds to a request whose client showed a certificate."""
    pem = shown.public_bytes(Encoding.PEM).decode()
    der = base64.b64encode(shown.public_bytes(Encoding.DER)).decode()
    text = {"rfc9440": f":{der}:", "nginx": quote(pem), "pem": pem.replace("\n", " "), "bare": der}[style]
    return {f"HTTP_{header}": text, "REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": "192.0.2.1"}


_SANS: Final[dict[str, Any]] = {
    "dns": x509.DNSName,
    "uri": x509.UniformResourceIdentifier,
    "ip": lambda text: x509.IPAddress(ip_address(text)),
    "email": x509.RFC822Name,
}
