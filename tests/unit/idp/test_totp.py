"""One-time codes against the vectors of RFC 6238 appendix B (the last six of their eight digits)."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.authn import totp

SEED = b"12345678901234567890"
NOW = 1_111_111_109
STEP = NOW // totp.STEP


@pytest.mark.spec("RFC 6238", "appendix B")
@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_vectors(moment: int, code: str) -> None:
    assert totp.code_at(SEED, moment // totp.STEP) == code


@pytest.mark.spec("RFC 6238", "5.2")
@pytest.mark.parametrize(("offset", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_either_way_is_allowed(offset: int, fits: bool) -> None:
    code = totp.code_at(SEED, STEP + offset)
    assert totp.matching_step(SEED, code, NOW, 0) == (STEP + offset if fits else None)


def test_a_step_that_was_used_and_every_one_before_it_is_refused() -> None:
    for offset in (-1, 0):
        assert totp.matching_step(SEED, totp.code_at(SEED, STEP + offset), NOW, STEP) is None
    assert totp.matching_step(SEED, totp.code_at(SEED, STEP + 1), NOW, STEP) == STEP + 1


@pytest.mark.parametrize("code", ["", "81804", "0081804", "08180a", "٠٨١٨٠٤", " 081804"])
def test_what_is_not_six_digits_never_fits(code: str) -> None:
    assert totp.matching_step(SEED, code, NOW, 0) is None


def test_the_provisioning_address_holds_what_apps_need() -> None:
    seed = totp.new_seed()
    uri = urlsplit(totp.provisioning_uri(seed, "01abc", "Định Danh"))
    asked = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert asked["issuer"] == ["Định Danh"]
    assert (asked["digits"], asked["period"]) == (["6"], ["30"])
    assert base64.b32decode(asked["secret"][0]) == seed
    assert len(seed) == 20
