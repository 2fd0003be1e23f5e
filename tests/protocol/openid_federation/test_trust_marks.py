"""Trust marks: issued, listed, expired, revoked, and the ones of others."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from idp.errors import InvalidInput, NotFound, Refused
from keys.compact import parse
from tests.support.federated_world import ANCHOR, MARK, FederatedWorld
from tests.support.federation import RP, Entity
from tests.support.token_world import FORM, ISSUER

LEAF, ISSUING = "https://motcua.example.gov.vn", "https://kiemdinh.example.gov.vn"
KIND = "https://bo.example.gov.vn/marks/level3"


def status_of(federated: FederatedWorld, token: str) -> tuple[int, str]:
    answer = federated.app.call(
        "POST", "/federation/trust-mark-status", f"trust_mark={token}".encode(), content_type=FORM
    )
    if answer.status != 200:
        return answer.status, answer.json["error"]
    claims = federated.said(answer, "trust-mark-status-response+jwt")
    assert (claims["iss"], claims["trust_mark"]) == (ISSUER, token)
    return 200, claims["status"]


@pytest.mark.spec("OpenID Federation 1.0", "7.1")
@pytest.mark.spec("OpenID Federation 1.0", "8.4")
@pytest.mark.spec("OpenID Federation 1.0", "8.5")
@pytest.mark.spec("OpenID Federation 1.0", "8.6")
def test_a_mark_is_served_listed_active_then_revoked_for_good(federated: FederatedWorld) -> None:
    mark = federated.wiring.members.issue_mark(MARK, LEAF, 600, reason="đạt cấp độ 3")
    claims = federated.said(federated.get("/federation/trust-mark", trust_mark_type=MARK, sub=LEAF), "trust-mark+jwt")
    assert (claims["iss"], claims["sub"], claims["trust_mark_type"]) == (ISSUER, LEAF, MARK)
    assert claims["exp"] == federated.clock.now() + 600
    token = federated.get("/federation/trust-mark", trust_mark_type=MARK, sub=LEAF).body.decode()
    assert status_of(federated, token) == (200, "active")
    assert orjson.loads(federated.get("/federation/trust-marked", trust_mark_type=MARK).body) == [LEAF]
    assert orjson.loads(federated.get("/federation/trust-marked", trust_mark_type=MARK, sub="https://a.vn").body) == []
    federated.wiring.members.revoke_mark(mark.id, reason="mất chứng nhận")
    assert status_of(federated, token) == (200, "revoked")
    assert orjson.loads(federated.get("/federation/trust-marked", trust_mark_type=MARK).body) == []
    gone = federated.get("/federation/trust-mark", trust_mark_type=MARK, sub=LEAF)
    assert (gone.status, gone.json["error"]) == (404, "not_found")
    with pytest.raises(NotFound):
        federated.wiring.members.revoke_mark(mark.id, reason="nữa")
    for act in ("trust-mark:issue", "trust-mark:revoke"):
        assert [row["target"] for row in federated.world.events(act)] == [f"trust-mark:{mark.id}"]


def test_a_mark_ends_by_itself(federated: FederatedWorld) -> None:
    federated.wiring.members.issue_mark(MARK, LEAF, 600)
    token = federated.get("/federation/trust-mark", trust_mark_type=MARK, sub=LEAF).body.decode()
    federated.clock.advance(700)
    assert status_of(federated, token) == (200, "expired")
    assert federated.get("/federation/trust-mark", trust_mark_type=MARK, sub=LEAF).status == 404


@pytest.mark.spec("OpenID Federation 1.0", "8.4.2")
def test_a_mark_that_we_never_issued_is_not_found_and_a_bent_one_is_invalid(federated: FederatedWorld) -> None:
    federated.wiring.members.issue_mark(MARK, LEAF, 600)
    token = federated.get("/federation/trust-mark", trust_mark_type=MARK, sub=LEAF).body.decode()
    head, payload, _signature = token.split(".")
    assert status_of(federated, f"{head}.{payload}.{'A' * 86}") == (200, "invalid")
    stranger = Entity(ISSUER, federated.clock)
    unknown = stranger.sign(
        {"iss": ISSUER, "sub": LEAF, "iat": 1, "jti": "x", "trust_mark_type": MARK}, "trust-mark+jwt"
    )
    assert status_of(federated, unknown) == (404, "not_found")
    assert status_of(federated, "rubbish") == (404, "not_found")
    empty = federated.app.call("POST", "/federation/trust-mark-status", b"", content_type=FORM)
    assert (empty.status, empty.json["error"]) == (400, "invalid_request")


def test_only_types_of_the_settings_are_issued_and_every_mark_ends(federated: FederatedWorld) -> None:
    with pytest.raises(Refused):
        federated.wiring.members.issue_mark("https://x.vn/other", LEAF, 60)
    with pytest.raises(InvalidInput):
        federated.wiring.members.issue_mark(MARK, LEAF, 0)
    with pytest.raises(InvalidInput):
        federated.wiring.members.issue_mark(MARK, "not a url", 60)


class Elsewhere:
    """An anchor that lets somebody issue marks, that somebody, and a leaf that holds one."""

    def __init__(self, federated: FederatedWorld) -> None:
        self.federated = federated
        self.anchor = federated.anchor
        self.issuing = federated.entity(ISSUING, ANCHOR)
        self.leaf = federated.entity(LEAF, ANCHOR, **{RP: {"client_name": "Một cửa"}})
        self.anchor.vouches(self.issuing)
        self.anchor.vouches(self.leaf)
        self.anchor.claims["trust_mark_issuers"] = {KIND: [ISSUING]}

    def mark(self, signer: Entity | None = None, **changes: Any) -> str:
        now = self.federated.clock.now()
        claims = {"iss": ISSUING, "sub": LEAF, "iat": now, "exp": now + 60, "trust_mark_type": KIND, **changes}
        return (signer or self.issuing).sign(claims, "trust-mark+jwt")

    def counted(self, token: str) -> bool:
        self.leaf.claims["trust_marks"] = [{"trust_mark_type": KIND, "trust_mark": token}]
        answer = self.federated.get("/federation/resolve", sub=LEAF, trust_anchor=ANCHOR)
        claims = self.federated.said(answer, "resolve-response+jwt")
        return bool(claims.get("trust_marks") == self.leaf.claims["trust_marks"])


@pytest.fixture
def elsewhere(federated: FederatedWorld) -> Elsewhere:
    return Elsewhere(federated)


@pytest.mark.spec("OpenID Federation 1.0", "7.3")
def test_a_mark_of_an_issuer_that_the_anchor_names_counts(elsewhere: Elsewhere) -> None:
    assert elsewhere.counted(elsewhere.mark())


@pytest.mark.spec("OpenID Federation 1.0", "7")
@pytest.mark.spec("OpenID Federation 1.0", "7.3")
@pytest.mark.spec("OpenID Federation 1.0", "8.3.2")
@pytest.mark.parametrize(
    "attack",
    ["forged", "other_subject", "expired", "future", "untyped", "nameless_key", "unnamed_issuer", "self_issued"],
)
def test_no_other_mark_is_in_a_resolve_response(elsewhere: Elsewhere, attack: str) -> None:
    now = elsewhere.federated.clock.now()
    if attack == "unnamed_issuer":
        elsewhere.anchor.claims["trust_mark_issuers"] = {KIND: ["https://else.example.gov.vn"]}
    token = {
        "forged": lambda: elsewhere.mark(elsewhere.leaf),
        "other_subject": lambda: elsewhere.mark(sub="https://other.example.gov.vn"),
        "expired": lambda: elsewhere.mark(iat=now - 900, exp=now - 600),
        "future": lambda: elsewhere.mark(iat=now + 900, exp=now + 960),
        "untyped": lambda: elsewhere.issuing.sign(parse(elsewhere.mark()).unverified_claims, "JWT"),
        "nameless_key": lambda: elsewhere.issuing.sign_by_header(
            parse(elsewhere.mark()).unverified_claims, typ="trust-mark+jwt", kid=None
        ),
        "unnamed_issuer": elsewhere.mark,
        "self_issued": lambda: elsewhere.mark(elsewhere.leaf, iss=LEAF),
    }[attack]()
    assert not elsewhere.counted(token)


@pytest.mark.spec("OpenID Federation 1.0", "7.2")
@pytest.mark.parametrize(
    ("delegated", "counts"), [("yes", True), ("no", False), ("to_another", False), ("forged", False)]
)
def test_a_mark_whose_type_has_an_owner_needs_the_owners_delegation(
    elsewhere: Elsewhere, delegated: str, counts: bool
) -> None:
    owner, now = Entity("https://chuso.example.gov.vn", elsewhere.federated.clock), elsewhere.federated.clock.now()
    elsewhere.anchor.claims["trust_mark_owners"] = {KIND: {"sub": owner.entity_id, "jwks": owner.jwks}}
    claims = {"iss": owner.entity_id, "sub": ISSUING, "iat": now, "trust_mark_type": KIND}
    tokens = {
        "yes": owner.sign(claims, "trust-mark-delegation+jwt"),
        "no": None,
        "to_another": owner.sign({**claims, "sub": LEAF}, "trust-mark-delegation+jwt"),
        "forged": elsewhere.issuing.sign(claims, "trust-mark-delegation+jwt"),
    }
    assert elsewhere.counted(elsewhere.mark(delegation=tokens[delegated])) == counts


@pytest.mark.spec("OpenID Federation 1.0", "7.3")
def test_a_delegation_that_nobody_can_prove_takes_the_mark_away_also_where_none_is_needed(elsewhere: Elsewhere) -> None:
    assert not elsewhere.counted(elsewhere.mark(delegation="rubbish"))
    claims = {"iss": ISSUING, "sub": ISSUING, "iat": elsewhere.federated.clock.now(), "trust_mark_type": KIND}
    own = elsewhere.issuing.sign(claims, "trust-mark-delegation+jwt")
    assert not elsewhere.counted(elsewhere.mark(delegation=own))


@pytest.mark.spec("OpenID Federation 1.0", "8.3.2")
def test_a_resolve_response_ends_with_the_first_of_chain_and_marks(elsewhere: Elsewhere) -> None:
    now = elsewhere.federated.clock.now()
    elsewhere.leaf.claims["trust_marks"] = [{"trust_mark_type": KIND, "trust_mark": elsewhere.mark(exp=now + 60)}]
    answer = elsewhere.federated.get("/federation/resolve", sub=LEAF, trust_anchor=ANCHOR)
    assert elsewhere.federated.said(answer, "resolve-response+jwt")["exp"] == now + 60
    elsewhere.federated.clock.advance(3600)
    now = elsewhere.federated.clock.now()
    elsewhere.leaf.claims["trust_marks"][0]["trust_mark"] = elsewhere.mark(exp=None)
    answer = elsewhere.federated.get("/federation/resolve", sub=LEAF, trust_anchor=ANCHOR)
    assert elsewhere.federated.said(answer, "resolve-response+jwt")["exp"] == now + 3600


@pytest.mark.spec("OpenID Federation 1.0", "7.3")
@pytest.mark.parametrize(("status", "counts"), [("active", True), ("revoked", False), (None, False)])
def test_a_mark_whose_issuer_tells_its_status_counts_while_it_is_active(
    elsewhere: Elsewhere, status: str | None, counts: bool
) -> None:
    endpoint = f"{ISSUING}/status"
    elsewhere.issuing.metadata = {"federation_entity": {"federation_trust_mark_status_endpoint": endpoint}}
    token = elsewhere.mark()
    if status is not None:
        said = {"iss": ISSUING, "iat": elsewhere.federated.clock.now(), "trust_mark": token, "status": status}
        body = elsewhere.issuing.sign(said, "trust-mark-status-response+jwt").encode()
        elsewhere.federated.net.pages[endpoint] = (200, "application/trust-mark-status-response+jwt", body)
    assert elsewhere.counted(token) == counts
