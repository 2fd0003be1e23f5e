"""Certificates that an authority vouches for over other authorities: the whole path is validated (RFC 5280 section 6, RFC 9440)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from idp.storage.sqlite import SqliteDatabase
from tests.support.assertions import OWN, PROXY, by_proxy
from tests.support.client_keys import ClientKey, new_key
from tests.support.clock import START, FrozenClock
from tests.support.token_world import Answer, Registered, TokenWorld

CA = x509.BasicConstraints(ca=True, path_length=None)
SIGNS_ONLY_CERTIFICATES = x509.KeyUsage(
    **dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    ),
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
FOR_SERVERS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
FOR_CLIENTS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


class Authority:
    """One authority: its key, and its certificate, by itself or by another one."""

    def __init__(self, name: str, above: Authority | None = None, *extensions: x509.ExtensionType, days: int = 9):
        self.name, self.key = name, new_key()
        self.certificate = issue(name, self.key, above or self, *(extensions or (CA,)), days=days)


def issue(name: str, key: ClientKey, by: Authority, *extensions: x509.ExtensionType, days: int = 9) -> x509.Certificate:
    """Return a certificate with these extensions, good from nine days ago until in ``days``."""
    moment = datetime.fromtimestamp(START, UTC)
    signer = by.key.private
    assert isinstance(signer, EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by.name)]))
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=9))
        .not_valid_after(moment + timedelta(days=days))
    )
    for one in extensions:
        is_critical = isinstance(one, x509.BasicConstraints | x509.KeyUsage | x509.NameConstraints)
        builder = builder.add_extension(one, critical=is_critical)
    return builder.sign(signer, SHA256())


@pytest.fixture
def root() -> Authority:
    return Authority("Root")


@pytest.fixture
def middle(root: Authority) -> Authority:
    return Authority("Middle", root)


@pytest.fixture
def key() -> ClientKey:
    return new_key()


@pytest.fixture
def behind(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, root: Authority) -> TokenWorld:
    """Return a deployment behind a proxy that hands certificates on, and which knows the root alone."""
    (tmp_path / "ca.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    proxy = {"trusted": (PROXY,), "client_authorities": tmp_path / "ca.pem"}
    return TokenWorld(tmp_path, sqlite_database, clock, proxy=proxy)


@pytest.fixture
def client(behind: TokenWorld) -> Registered:
    return behind.add_client(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn="CN=Portal")


def chained(*between: x509.Certificate) -> str:
    """Return the header of RFC 9440 section 2.3."""
    return ", ".join(f":{base64.b64encode(one.public_bytes(Encoding.DER)).decode()}:" for one in between)


def ask(world: TokenWorld, of: Registered, shown: x509.Certificate, *between: x509.Certificate, **more: Any) -> Answer:
    extra = {"HTTP_CLIENT_CERT_CHAIN": chained(*between)} if between else {}
    return world.post("/token", {**OWN, "client_id": of.client.client_id}, **by_proxy(shown), **extra, **more)


def reason(world: TokenWorld, answer: Answer) -> str:
    assert (answer.status, answer.json["error"]) == (401, "invalid_client"), answer.body
    return str(world.events("token:request")[-1]["reason"])


@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.spec("RFC 9440", "2.3")
@pytest.mark.parametrize("extensions", [(), (FOR_CLIENTS,)])
def test_path_over_an_authority_in_between_proves_the_client(
    behind: TokenWorld, client: Registered, middle: Authority, key: ClientKey, extensions: tuple[Any, ...]
) -> None:
    shown = issue("Portal", key, middle, *extensions)
    assert ask(behind, client, shown, middle.certificate).status == 200


@pytest.mark.spec("RFC 9440", "2.3")
def test_path_of_three_levels_in_any_order_and_with_others_beside_it(
    behind: TokenWorld, client: Registered, root: Authority, middle: Authority, key: ClientKey
) -> None:
    low, other = Authority("Low", middle), Authority("Other")
    shown = issue("Portal", key, low)
    between = (middle.certificate, other.certificate, root.certificate, low.certificate)
    assert ask(behind, client, shown, *between).status == 200


def test_without_the_certificate_in_between_there_is_no_path(
    behind: TokenWorld, client: Registered, middle: Authority, key: ClientKey
) -> None:
    assert reason(behind, ask(behind, client, issue("Portal", key, middle))) == "certificate_issuer"


Bad = Callable[[Authority, ClientKey], tuple[x509.Certificate, tuple[x509.Certificate, ...]]]


def _by_no_authority(root: Authority, key: ClientKey) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """A client's own certificate must not make others."""
    below = Authority("Client", root, x509.BasicConstraints(ca=False, path_length=None))
    return issue("Portal", key, below), (below.certificate,)


def _without_constraints(root: Authority, key: ClientKey) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    below = Authority("Client", root, FOR_CLIENTS)
    return issue("Portal", key, below), (below.certificate,)


def _too_deep(root: Authority, key: ClientKey) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    middle = Authority("Middle", root, x509.BasicConstraints(ca=True, path_length=0))
    low = Authority("Low", middle)
    return issue("Portal", key, low), (middle.certificate, low.certificate)


def _expired_between(root: Authority, key: ClientKey) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    middle = Authority("Middle", root, days=-1)
    return issue("Portal", key, middle), (middle.certificate,)


def _another_root(_root: Authority, key: ClientKey) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    other = Authority("Root")
    middle = Authority("Middle", other)
    return issue("Portal", key, middle), (middle.certificate, other.certificate)


def _for_servers(root: Authority, key: ClientKey) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    return issue("Portal", key, root, FOR_SERVERS), ()


def _an_authority_itself(root: Authority, key: ClientKey) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    return issue("Portal", key, root, CA), ()


def _key_for_certificates_only(
    root: Authority, key: ClientKey
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    return issue("Portal", key, root, SIGNS_ONLY_CERTIFICATES), ()


def _outside_of_names(root: Authority, key: ClientKey) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    names = x509.NameConstraints([x509.DNSName("example.vn")], None)
    middle = Authority("Middle", root, CA, names)
    shown = issue("Portal", key, middle, x509.SubjectAlternativeName([x509.DNSName("portal.example.com")]))
    return shown, (middle.certificate,)


def _more_than_are_read(root: Authority, key: ClientKey) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    middle = Authority("Middle", root)
    return issue("Portal", key, middle), (middle.certificate,) * 5


@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.parametrize(
    "bad",
    [
        *(_by_no_authority, _without_constraints, _too_deep, _expired_between, _another_root),
        *(_for_servers, _an_authority_itself, _key_for_certificates_only, _outside_of_names, _more_than_are_read),
    ],
)
def test_path_that_is_not_valid_proves_nothing(
    behind: TokenWorld, client: Registered, root: Authority, key: ClientKey, bad: Bad
) -> None:
    shown, between = bad(root, key)
    assert reason(behind, ask(behind, client, shown, *between)) == "certificate_issuer"


@pytest.mark.parametrize("text", ["x", "::", ":AAAA:", ":%%%:", "AAAA", ", ,"])
def test_chain_that_is_none_is_a_refusal(
    behind: TokenWorld, client: Registered, root: Authority, key: ClientKey, text: str
) -> None:
    shown = issue("Portal", key, root)
    answer = ask(behind, client, shown, HTTP_CLIENT_CERT_CHAIN=text)
    assert reason(behind, answer) in {"certificate_chain", "certificate_malformed"}


@pytest.mark.spec("RFC 9440", "4")
def test_chain_from_anybody_but_the_proxy_is_not_read(
    behind: TokenWorld, client: Registered, middle: Authority, key: ClientKey
) -> None:
    shown = issue("Portal", key, middle)
    form = {**OWN, "client_id": client.client.client_id}
    chain = {"HTTP_CLIENT_CERT_CHAIN": chained(middle.certificate)}
    answer = behind.post("/token", form, **{**by_proxy(shown), **chain, "REMOTE_ADDR": "192.0.2.1"})
    assert reason(behind, answer) == "certificate_missing"
