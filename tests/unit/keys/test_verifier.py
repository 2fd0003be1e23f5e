"""Verification of tokens: every way of being wrong has its own error, and the memory of signatures forgives nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import base64url, errors
from keys.algorithms import ALGORITHMS
from keys.jwks import VerificationKey, import_key
from keys.keyset import ClientKeySet, import_jwks
from keys.ring import KeyRing
from keys.service import KeyService
from keys.verifier import Expectation, TokenVerifier, check_claims, verify
from tests.support.jose_vectors import (
    RFC7515_EC,
    RFC7515_ES256,
    RFC7515_EXPIRES,
    RFC7515_RS256,
    RFC7515_RSA,
    RFC7519_UNSECURED,
    RFC8037_OKP,
    RFC8037_SIGNATURE,
    RFC8037_SIGNED,
)
from tests.support.keys import MemoryKeys, ring_of

NOW = 1_800_000_000
ISSUER = "https://id.example.vn"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": "portal", "sub": "s", "iat": NOW, "exp": NOW + 600}
ACCESS = Expectation(frozenset({"at+jwt"}), frozenset({"ES256"}), ISSUER, frozenset({"portal"}))
JOE = Expectation(frozenset({""}), issuer="joe")


@pytest.mark.spec("RFC 7515", "A.2")
@pytest.mark.spec("RFC 7515", "A.3")
@pytest.mark.parametrize(("jwk", "token"), [(RFC7515_EC, RFC7515_ES256), (RFC7515_RSA, RFC7515_RS256)])
def test_the_examples_of_the_specification_verify(jwk: dict[str, str], token: str) -> None:
    verified = verify(token, import_jwks({"keys": [jwk]}), JOE, RFC7515_EXPIRES - 1)
    assert verified.claims == {"iss": "joe", "exp": RFC7515_EXPIRES, "http://example.com/is_root": True}
    assert (verified.kid, verified.typ) == (None, "")


@pytest.mark.spec("RFC 8037", "A.5")
def test_the_ed25519_example_verifies_and_a_damaged_one_does_not() -> None:
    public, signature = import_key(RFC8037_OKP).public, base64url.decode(RFC8037_SIGNATURE)
    assert ALGORITHMS["EdDSA"].verify(RFC8037_SIGNED, public, signature)
    assert not ALGORITHMS["EdDSA"].verify(RFC8037_SIGNED + b"x", public, signature)


@pytest.mark.spec("RFC 8725", "3.2")
def test_an_unsecured_token_is_refused() -> None:
    with pytest.raises(errors.AlgorithmRefused):
        verify(RFC7519_UNSECURED, import_jwks({"keys": [RFC7515_EC]}), JOE, RFC7515_EXPIRES - 1)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_our_own_token_verifies(ring: KeyRing, alg: str) -> None:
    expected = replace(ACCESS, algs=frozenset({alg}))
    verified = verify(ring.signer(alg).sign(CLAIMS, "at+jwt"), ring, expected, NOW)
    assert verified.claims == CLAIMS
    assert (verified.kid, verified.alg, verified.typ) == (ring.signer(alg).kid, alg, "at+jwt")


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.spec("RFC 8725", "2.1")
def test_hmac_with_the_public_key_as_secret_is_refused(ring: KeyRing) -> None:
    kid = ring.signer("ES256").kid
    header = base64url.encode_text(orjson.dumps({"alg": "HS256", "kid": kid, "typ": "at+jwt"}))
    signed = f"{header}.{base64url.encode_text(orjson.dumps(CLAIMS))}"
    mac = jwt.get_algorithm_by_name("HS256").sign(signed.encode(), ring.jwks.body)
    with pytest.raises(errors.AlgorithmRefused):
        verify(f"{signed}.{base64url.encode_text(mac)}", ring, ACCESS, NOW)


@pytest.mark.spec("RFC 8725", "3.1")
def test_the_algorithm_of_another_key_type_is_refused_for_a_known_kid(ring: KeyRing) -> None:
    private_of_rs256 = ring.signer("RS256").sign(CLAIMS, "at+jwt")
    _, payload, signature = private_of_rs256.split(".")
    for alg in ("PS256", "ES256"):
        header = base64url.encode_text(orjson.dumps({"alg": alg, "kid": ring.signer("RS256").kid, "typ": "at+jwt"}))
        with pytest.raises(errors.AlgorithmRefused):
            verify(f"{header}.{payload}.{signature}", ring, Expectation(frozenset({"at+jwt"})), NOW)


@pytest.mark.spec("RFC 8725", "3.1")
def test_an_algorithm_off_the_allow_list_is_refused(ring: KeyRing) -> None:
    with pytest.raises(errors.AlgorithmRefused):
        verify(ring.signer("RS256").sign(CLAIMS, "at+jwt"), ring, ACCESS, NOW)


@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", ""])
def test_a_token_of_another_type_is_refused(ring: KeyRing, typ: str) -> None:
    with pytest.raises(errors.TypeRefused):
        verify(ring.signer().sign(CLAIMS, typ), ring, ACCESS, NOW)


@pytest.mark.parametrize("kid", [None, "", "unknown"])
def test_our_tokens_must_name_a_published_key(ring: KeyRing, kid: str | None) -> None:
    header = base64url.encode_text(
        orjson.dumps({"alg": "ES256", "typ": "at+jwt"} | ({} if kid is None else {"kid": kid}))
    )
    _, payload, signature = ring.signer().sign(CLAIMS, "at+jwt").split(".")
    with pytest.raises(errors.UnknownKey):
        verify(f"{header}.{payload}.{signature}", ring, ACCESS, NOW)


@given(position=st.integers(0, 63), bit=st.integers(0, 7))
def test_a_changed_signature_is_refused(position: int, bit: int) -> None:
    raw = bytearray(base64url.decode(RFC7515_ES256.rpartition(".")[2].encode()))
    raw[position] ^= 1 << bit
    token = f"{RFC7515_ES256.rpartition('.')[0]}.{base64url.encode_text(bytes(raw))}"
    with pytest.raises(errors.SignatureInvalid):
        verify(token, import_jwks({"keys": [RFC7515_EC]}), JOE, RFC7515_EXPIRES - 1)


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"x" * 63, b"x" * 65, b"\xff" * 64])
def test_a_signature_of_no_sense_is_refused(signature: bytes) -> None:
    token = f"{RFC7515_ES256.rpartition('.')[0]}.{base64url.encode_text(signature)}"
    with pytest.raises(errors.SignatureInvalid):
        verify(token, import_jwks({"keys": [RFC7515_EC]}), JOE, RFC7515_EXPIRES - 1)


def test_a_token_without_kid_is_tried_against_each_fitting_key_of_the_client() -> None:
    other = {
        **RFC7515_EC,
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
    keys = ClientKeySet((import_key(other), import_key(RFC7515_RSA), import_key({**RFC7515_EC, "kid": "second"})))
    assert verify(RFC7515_ES256, keys, JOE, RFC7515_EXPIRES - 1).kid == "second"


@pytest.mark.spec("RFC 8725", "3.9")
@pytest.mark.spec("RFC 8725", "3.8")
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"exp": NOW}, errors.TokenExpired),
        ({"exp": NOW - 1}, errors.TokenExpired),
        ({"exp": None}, errors.ClaimRefused),
        ({"exp": "1"}, errors.ClaimRefused),
        ({"exp": True}, errors.ClaimRefused),
        ({"exp": float("inf")}, errors.ClaimRefused),
        ({"exp": 10**400}, errors.ClaimRefused),
        ({"nbf": NOW + 1}, errors.TokenNotYetValid),
        ({"iat": NOW + 1}, errors.TokenNotYetValid),
        ({"iat": []}, errors.ClaimRefused),
        ({"iss": ISSUER + "/"}, errors.IssuerRefused),
        ({"iss": [ISSUER]}, errors.IssuerRefused),
        ({"aud": "other"}, errors.AudienceRefused),
        ({"aud": []}, errors.AudienceRefused),
        ({"aud": [1, "portal"]}, errors.AudienceRefused),
        ({"aud": None}, errors.AudienceRefused),
    ],
)
def test_a_wrong_claim_has_its_own_error(change: dict[str, Any], error: type[errors.TokenError]) -> None:
    check_claims(CLAIMS, ACCESS, NOW)
    with pytest.raises(error):
        check_claims({**CLAIMS, **change}, ACCESS, NOW)


def test_required_claims_are_required() -> None:
    with pytest.raises(errors.ClaimRefused):
        check_claims({}, Expectation(frozenset({""})), NOW)
    with pytest.raises(errors.ClaimRefused):
        check_claims(CLAIMS, replace(ACCESS, required=frozenset({"exp", "jti"})), NOW)


def test_the_leeway_forgives_exactly_itself() -> None:
    lenient = replace(ACCESS, leeway=30)
    check_claims({**CLAIMS, "exp": NOW - 29, "nbf": NOW + 30, "iat": NOW + 30}, lenient, NOW)
    with pytest.raises(errors.TokenExpired):
        check_claims({**CLAIMS, "exp": NOW - 30}, lenient, NOW)


def test_an_assertion_may_not_live_longer_than_we_must_remember_it() -> None:
    bounded = replace(ACCESS, max_lifetime=300)
    check_claims({**CLAIMS, "exp": NOW + 300}, bounded, NOW)
    with pytest.raises(errors.ClaimRefused):
        check_claims({**CLAIMS, "exp": NOW + 301}, bounded, NOW)


def test_a_bound_on_the_life_of_a_token_refuses_one_without_an_end_and_forgives_the_leeway() -> None:
    bounded = replace(ACCESS, max_lifetime=300, leeway=30, required=frozenset())
    check_claims({**CLAIMS, "exp": NOW + 330}, bounded, NOW)
    for claims in ({**CLAIMS, "exp": NOW + 331}, {name: CLAIMS[name] for name in CLAIMS if name != "exp"}):
        with pytest.raises(errors.ClaimRefused):
            check_claims(claims, bounded, NOW)


@pytest.mark.parametrize("named", [{}, {"iss": "https://other.example"}])
def test_where_no_issuer_is_expected_none_is_compared(named: dict[str, str]) -> None:
    claims = {name: CLAIMS[name] for name in CLAIMS if name != "iss"}
    check_claims({**claims, **named}, replace(ACCESS, issuer=None), NOW)


@pytest.mark.spec("RFC 8725", "3.8")
@pytest.mark.spec("RFC 8725", "3.9")
def test_a_signature_that_fits_excuses_no_claim(ring: KeyRing) -> None:
    token = ring.signer().sign(CLAIMS, "at+jwt")
    assert verify(token, ring, ACCESS, NOW).claims == CLAIMS
    for change in ({"iss": "https://other"}, {"aud": "other"}, {"exp": NOW}):
        with pytest.raises(errors.TokenError):
            verify(ring.signer().sign({**CLAIMS, **change}, "at+jwt"), ring, ACCESS, NOW)


def test_a_token_that_must_name_its_key_is_refused_without_a_key_id() -> None:
    keys = ClientKeySet((import_key({**RFC7515_EC, "kid": "one"}),))
    assert verify(RFC7515_ES256, keys, JOE, RFC7515_EXPIRES - 1).kid == "one"
    with pytest.raises(errors.HeaderRefused):
        verify(RFC7515_ES256, keys, replace(JOE, needs_kid=True), RFC7515_EXPIRES - 1)


def test_one_audience_of_several_is_enough() -> None:
    check_claims({**CLAIMS, "aud": ["other", "portal"]}, ACCESS, NOW)


@pytest.mark.parametrize(
    "wrong",
    [{"algs": frozenset()}, {"algs": frozenset({"none"})}, {"algs": frozenset({"HS256"})}, {"typs": frozenset()}],
)
def test_an_expectation_cannot_allow_what_must_not_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="algs"):
        replace(ACCESS, **wrong)


class _Counting(KeyRing):
    """A ring that counts how often a key is looked up, that is, how often a signature is verified."""

    lookups: list[str | None] = []  # noqa: RUF012 - shared by the copies on purpose; cleared by each test

    def candidates(self, kid: str | None, alg: str, *, removed: bool = False) -> tuple[VerificationKey, ...]:
        self.lookups.append(kid)
        return super().candidates(kid, alg, removed=removed)


def _counting(ring: KeyRing) -> _Counting:
    return _Counting(*(getattr(ring, name) for name in KeyRing.__slots__))


@pytest.fixture
def lookups() -> list[str | None]:
    _Counting.lookups.clear()
    return _Counting.lookups


def test_a_signature_is_verified_once_within_its_time(ring: KeyRing, lookups: list[str | None]) -> None:
    verifier = TokenVerifier(lambda: _counting(ring), ttl=10)
    token = ring.signer().sign(CLAIMS, "at+jwt")
    first, again = verifier.verify(token, ACCESS, NOW), verifier.verify(token, ACCESS, NOW + 9)
    assert first == again
    assert first.claims is not again.claims
    assert len(lookups) == 1
    verifier.verify(token, ACCESS, NOW + 10)
    assert len(lookups) == 2


def test_what_this_process_signed_needs_no_verification_within_its_time(
    ring: KeyRing, lookups: list[str | None]
) -> None:
    verifier, signer = TokenVerifier(lambda: _counting(ring), ttl=10), ring.signer()
    token = signer.sign(CLAIMS, "at+jwt")
    verifier.remember(token, orjson.dumps(CLAIMS), signer, ring.version, NOW)
    assert verifier.verify(token, ACCESS, NOW + 9).claims == CLAIMS
    assert lookups == []
    verifier.verify(token, ACCESS, NOW + 10)
    assert len(lookups) == 1


@pytest.mark.parametrize(
    ("expected", "now", "error"),
    [
        (ACCESS, NOW + 600, errors.TokenExpired),
        (replace(ACCESS, audiences=frozenset({"other"})), NOW, errors.AudienceRefused),
        (replace(ACCESS, issuer="https://other"), NOW, errors.IssuerRefused),
        (replace(ACCESS, typs=frozenset({"jwt"})), NOW, errors.TypeRefused),
        (replace(ACCESS, algs=frozenset({"RS256"})), NOW, errors.AlgorithmRefused),
    ],
)
def test_a_remembered_signature_spares_no_other_check(
    ring: KeyRing, expected: Expectation, now: int, error: type[errors.TokenError]
) -> None:
    verifier = TokenVerifier(lambda: ring, ttl=3600)
    token = ring.signer().sign(CLAIMS, "at+jwt")
    verifier.verify(token, ACCESS, NOW)
    with pytest.raises(error):
        verifier.verify(token, expected, now)


def test_a_refused_signature_is_not_remembered(ring: KeyRing, lookups: list[str | None]) -> None:
    verifier = TokenVerifier(lambda: _counting(ring))
    token = ring.signer().sign(CLAIMS, "at+jwt")
    wrong = token[:-6] + ("AAAAAA" if token[-6:-2] != "AAAA" else "BBBBBA")
    for _ in range(2):
        with pytest.raises(errors.TokenError):
            verifier.verify(wrong, ACCESS, NOW)
    assert len(lookups) == 2


def test_a_caller_that_changes_its_claims_changes_nobody_elses(ring: KeyRing) -> None:
    verifier = TokenVerifier(lambda: ring)
    token = ring.signer().sign({**CLAIMS, "roles": ["reader"]}, "at+jwt")
    verifier.verify(token, ACCESS, NOW).claims["roles"].append("admin")
    verifier.verify(token, ACCESS, NOW).claims["roles"].append("admin")
    assert verifier.verify(token, ACCESS, NOW).claims["roles"] == ["reader"]


def test_the_memory_is_bounded_and_forgets_the_least_used(ring: KeyRing, lookups: list[str | None]) -> None:
    verifier = TokenVerifier(lambda: _counting(ring), size=2)
    one, two, three = (ring.signer().sign({**CLAIMS, "jti": number}, "at+jwt") for number in range(3))
    for token in (one, two, one, three, one):
        verifier.verify(token, ACCESS, NOW)
    assert len(lookups) == 3
    verifier.verify(two, ACCESS, NOW)
    assert len(lookups) == 4


def test_a_memory_of_nothing_still_verifies(ring: KeyRing) -> None:
    verifier = TokenVerifier(lambda: ring, size=0)
    assert verifier.verify(ring.signer().sign(CLAIMS, "at+jwt"), ACCESS, NOW).claims == CLAIMS


def test_a_revoked_key_fails_at_once_although_its_signature_is_remembered(service: KeyService, ring: KeyRing) -> None:
    rings = [ring]
    verifier = TokenVerifier(lambda: rings[-1], ttl=3600)
    token = ring.signer().sign(CLAIMS, "at+jwt")
    verifier.verify(token, ACCESS, NOW)
    service.revoke(ring.signer().kid, NOW)
    rings.append(ring_of(service, ring))
    with pytest.raises(errors.KeyRevoked):
        verifier.verify(token, ACCESS, NOW)


def test_a_slow_thread_with_an_old_ring_does_not_bring_back_a_memory(service: KeyService, ring: KeyRing) -> None:
    verifier = TokenVerifier(lambda: ring, ttl=3600)
    token = ring.signer().sign(CLAIMS, "at+jwt")
    service.revoke(ring.signer().kid, NOW)
    newer = ring_of(service, ring)
    with pytest.raises(errors.KeyRevoked):
        verifier.verify(token, ACCESS, NOW, ring=newer)
    verifier.verify(token, ACCESS, NOW, ring=ring)
    with pytest.raises(errors.KeyRevoked):
        verifier.verify(token, ACCESS, NOW, ring=newer)


@pytest.mark.spec("OIDC RP-Initiated Logout", "2")
def test_an_id_token_hint_may_be_expired_and_its_key_removed_but_not_revoked(
    service: KeyService, repository: MemoryKeys, ring: KeyRing
) -> None:
    hint = replace(ACCESS, typs=frozenset({"jwt"}), accept_expired=True, accept_removed_keys=True)
    old = ring.signer().kid
    token = ring.signer().sign(CLAIMS, "JWT")
    service.rotate("ES256", NOW + 1000)
    service.tick(NOW + 3000)
    assert repository.keys[old].state == "removed"
    later = ring_of(service, ring)
    verifier = TokenVerifier(lambda: later)
    assert verifier.verify(token, hint, NOW + 9000).claims == CLAIMS
    with pytest.raises(errors.UnknownKey):
        verifier.verify(token, replace(hint, accept_removed_keys=False), NOW + 9000)
    service.revoke(old, NOW + 9000)
    with pytest.raises(errors.KeyRevoked):
        verify(token, ring_of(service, later), hint, NOW + 9000)


@pytest.mark.parametrize("damage", [lambda t: t + "x" * 9000, lambda _: "\ud800", lambda t: t[: t.rindex(".")]])
def test_the_remembering_verifier_refuses_what_is_malformed(ring: KeyRing, damage: Callable[[str], str]) -> None:
    with pytest.raises(errors.TokenMalformed):
        TokenVerifier(lambda: ring).verify(damage(ring.signer().sign(CLAIMS, "at+jwt")), ACCESS, NOW)
