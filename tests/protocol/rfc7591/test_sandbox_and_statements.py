"""Open registration, and registration by a software statement."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from pydantic import ValidationError

from idp.config import Settings
from idp.config.sections import StatementIssuer
from idp.config.settings import Registration
from idp.storage.sqlite import SqliteDatabase
from keys import algorithms
from keys.jwks import export_public
from keys.signer import Signer
from tests.support.clock import FrozenClock
from tests.support.token_world import TokenWorld
from tests.support.whole_app import WholeApp

VENDOR = "https://vendor.example.vn"
PRIVATE = algorithms.generate("ES256")


def test_anybody_may_register_in_a_sandbox_with_its_terms(sandbox: WholeApp) -> None:
    said = sandbox.register().json
    assert (said["unit"], said["legal_basis"], said["consent"]) == ("sandbox", "consent", "ask")
    assert "identity" not in said["scope"].split()


@pytest.mark.parametrize("is_offered", [True, False])
def test_implicit_is_for_a_sandbox_that_offers_it(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, *, is_offered: bool
) -> None:
    settings, requests = Registration(mode="open", sandbox=True), {"legacy_responses": is_offered}
    app = WholeApp(TokenWorld(tmp_path, sqlite_database, clock, registration=settings, requests=requests))
    answer = app.register(grant_types=["implicit"], response_types=["id_token"])
    assert answer.status == (201 if is_offered else 400)


def test_bad_initial_access_token_is_refused_in_a_sandbox_too(sandbox: WholeApp) -> None:
    assert sandbox.register("iat_wrong").status == 401


def test_address_that_registers_without_end_has_to_wait(sandbox: WholeApp) -> None:
    answers = [sandbox.register() for _ in range(6)]
    assert [answer.status for answer in answers] == [201] * 5 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600
    sandbox.world.clock.advance(3600)
    assert sandbox.register().status == 201


def test_many_addresses_together_are_bounded_too(sandbox: WholeApp) -> None:
    statuses = []
    for number in range(8):
        environ = {"REMOTE_ADDR": f"192.0.2.{number}"}
        document = {"redirect_uris": ["https://app.example.vn/"]}
        statuses.append(sandbox.call("POST", "/register", document, environ_base=environ).status)
    assert statuses == [201] * 6 + [429, 429]


def test_open_registration_at_a_public_issuer_has_to_be_meant() -> None:
    with pytest.raises(ValidationError, match="IDP_REGISTRATION__SANDBOX"):
        Settings(issuer="https://id.example.vn", registration=Registration(mode="open"))
    assert Settings(issuer="http://localhost:8000", registration=Registration(mode="open"))


@pytest.fixture
def vendor() -> Signer:
    """Return the key of a vendor who vouches for his software."""
    return Signer("v1", "ES256", PRIVATE)


@pytest.fixture
def trusting(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> WholeApp:
    """Return a deployment that lets the vendor's software register."""
    public = {**export_public(PRIVATE.public_key()), "kid": "v1", "alg": "ES256"}
    (tmp_path / "vendor.json").write_bytes(orjson.dumps({"keys": [public]}))
    issuer = StatementIssuer(
        issuer=VENDOR, jwks_file=tmp_path / "vendor.json", unit="48.01", purpose={"vi": "Phần mềm một cửa"}
    )
    settings = Registration(mode="token", statement_issuers=(issuer,))
    return WholeApp(TokenWorld(tmp_path, sqlite_database, clock, registration=settings))


def statement(vendor: Signer, **claims: object) -> str:
    """Return a software statement."""
    values = {"iss": VENDOR, "software_id": "mot-cua", "client_name": "Một cửa điện tử", **claims}
    return vendor.sign({name: value for name, value in values.items() if value is not None}, "JWT")


@pytest.mark.spec("RFC 7591", "3.2.1")
@pytest.mark.spec("RFC 7591", "3.1.1")
@pytest.mark.spec("RFC 7591", "2.3")
def test_statement_of_a_known_vendor_registers_and_overrides_plain_values(trusting: WholeApp, vendor: Signer) -> None:
    said = trusting.register(software_statement=statement(vendor), client_name="Khác", software_id="x")
    assert said.status == 201
    assert (said.json["client_name"], said.json["software_id"]) == ("Một cửa điện tử", "mot-cua")
    assert (said.json["unit"], said.json["purpose"]["vi"]) == ("48.01", "Phần mềm một cửa")


@pytest.mark.spec("RFC 7591", "3.2.1")
def test_statement_comes_back_unmodified(trusting: WholeApp, vendor: Signer) -> None:
    sent = statement(vendor)
    said = trusting.register(software_statement=sent).json
    assert said["software_statement"] == sent
    assert trusting.manage("GET", said).json["software_statement"] == sent


@pytest.mark.spec("RFC 7592", "2.2")
def test_update_does_not_go_behind_the_statement(trusting: WholeApp, vendor: Signer) -> None:
    said = trusting.register(software_statement=statement(vendor)).json
    body = {"client_id": said["client_id"], "redirect_uris": said["redirect_uris"], "client_name": "Khác"}
    assert trusting.manage("PUT", said, body).json["client_name"] == "Một cửa điện tử"


@pytest.mark.spec("RFC 7591", "2.3")
@pytest.mark.spec("RFC 7591", "3.2.2")
def test_statement_that_does_not_hold_is_refused(trusting: WholeApp, vendor: Signer) -> None:
    now = trusting.world.clock.now()
    unsigned = "eyJhbGciOiJub25lIn0." + statement(vendor).split(".")[1] + "."
    tampered = statement(vendor)[:-4] + "AAAA"
    for wrong in (unsigned, tampered, "x", 7, statement(vendor, exp=now - 1), statement(vendor, aud="https://other")):
        answer = trusting.register(software_statement=wrong)
        assert (answer.status, answer.json["error"]) == (400, "invalid_software_statement")
    for nobody in (statement(vendor, iss="https://stranger.example"), statement(vendor, iss=None)):
        answer = trusting.register(software_statement=nobody)
        assert (answer.status, answer.json["error"]) == (400, "unapproved_software_statement")


@pytest.mark.spec("RFC 7591", "5")
def test_statement_cannot_widen_the_terms_of_its_issuer(trusting: WholeApp, vendor: Signer) -> None:
    said = trusting.register(software_statement=statement(vendor, scope="openid identity", unit="99")).json
    assert (said["scope"], said["unit"]) == ("openid", "48.01")
