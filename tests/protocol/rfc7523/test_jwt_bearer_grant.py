"""JWTs as authorization grants: from issuers that an operator named, for whom he named, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from idp.model.session import Session
from idp.ports.sessions import ConsentState
from policies import claims as claim_policy
from tests.support.client_keys import ClientKey, PublishedKeys, key_set, new_key
from tests.support.stores import in_parallel
from tests.support.token_world import ISSUER, Answer, Registered, TokenWorld

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TRUSTED = "https://issuer.example.vn"
KEY, OWN = new_key(), new_key("own")


@dataclass(frozen=True)
class Bearer:
    """A client, and what it brings."""

    world: TokenWorld
    of: Registered

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good assertion about the client; None takes one out."""
        now = self.world.clock.now()
        made = {
            "iss": TRUSTED, "sub": self.of.client.client_id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": "one",
            **changes,
        }  # fmt: skip
        return {name: value for name, value in made.items() if value is not None}

    def bring(self, key: ClientKey = KEY, header: dict[str, Any] | None = None, **changes: Any) -> Answer:
        """Bring an assertion with changed claims."""
        return self.present(key.sign(self.claims(**changes), **(header or {})))

    def present(self, assertion: str, **form: str) -> Answer:
        """Present an assertion."""
        return self.world.post("/token", {"grant_type": GRANT, "assertion": assertion, **form}, self.of.basic)

    def reason(self, answer: Answer) -> str:
        """Return the recorded reason of a refusal as invalid_grant."""
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant"), answer.body
        return str(self.world.events("token:request")[-1]["reason"])


def registered(world: TokenWorld, subject: str = "client", **metadata: Any) -> Bearer:
    """Register a client that trusts one issuer."""
    issuers = {TRUSTED: {"subject": subject, "scope": "openid email", "jwks": key_set(KEY)}}
    values = {"grant_types": ["authorization_code", GRANT], "assertion_issuers": issuers}
    return Bearer(world, world.add_client(**{**values, **metadata}))


@pytest.fixture
def bearer(world: TokenWorld) -> Bearer:
    """Return a client for which an issuer may speak."""
    return registered(world)


@pytest.mark.spec("RFC 7523", "2.1")
def test_a_trusted_issuer_vouches_for_the_client(world: TokenWorld, bearer: Bearer) -> None:
    answer = bearer.bring()
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    claims = world.verified(answer.json["access_token"], "at+jwt")
    assert claims["sub"] == claims["client_id"] == bearer.of.client.client_id
    assert {"refresh_token", "id_token"}.isdisjoint(answer.json)


@pytest.mark.spec("RFC 7521", "5.2")
@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.parametrize("missing", ["iss", "sub", "aud", "exp", "jti"])
def test_every_claim_that_binds_an_assertion_is_needed(bearer: Bearer, missing: str) -> None:
    changes: dict[str, Any] = {missing: None}
    assert bearer.bring(**changes).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 7521", "5.1")
@pytest.mark.spec("RFC 7523", "3.1")
@pytest.mark.spec("RFC 7521", "5.2")
@pytest.mark.spec("RFC 7521", "4.1.1")
@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://stranger.example"},
        {"iss": ["https://issuer.example.vn"]},
        {"iss": "https://issuer.example.vn/"},
        {"iss": "https://ISSUER.example.vn"},
        {"aud": "https://elsewhere.example"},
        {"aud": "https://id.example.vn/"},
        {"aud": "https://ID.example.vn"},
        {"exp": 1},
        {"exp": 1_800_000_000 + 3600},
        {"nbf": 4_000_000_000},
        {"sub": "somebody"},
        {"sub": {"a": 1}},
        {"jti": ""},
        {"jti": 7},
    ],
)
def test_a_claim_that_does_not_fit_refuses_the_assertion(bearer: Bearer, changes: dict[str, Any]) -> None:
    assert bearer.bring(**changes).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 7523", "3")
def test_an_assertion_counts_once(bearer: Bearer) -> None:
    assert bearer.bring().status == 200
    assert bearer.reason(bearer.bring()) == "jti_used"
    assert bearer.bring(jti="two").status == 200


def test_of_parallel_presentations_one_counts(each_world: TokenWorld) -> None:
    bearer = registered(each_world)
    assertion = KEY.sign(bearer.claims())
    answers = in_parallel(each_world.database, 8, lambda _: bearer.present(assertion))
    assert sorted(answer.status for answer in answers) == [200, *[400] * 7]


@pytest.mark.spec("RFC 7521", "3")
@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"typ": "at+jwt"}, {"typ": "logout+jwt"}])
def test_algorithms_and_types_are_not_the_senders_choice(bearer: Bearer, header: dict[str, Any]) -> None:
    assert bearer.bring(header=header).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 7521", "3")
@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.spec("RFC 7521", "5.2")
def test_keys_of_others_and_keys_in_the_header_do_not_count(bearer: Bearer) -> None:
    stranger = new_key()
    assert bearer.bring(stranger).json["error"] == "invalid_grant"
    assert bearer.bring(stranger, header={"jwk": stranger.jwk}).json["error"] == "invalid_grant"


def test_our_own_tokens_are_no_assertions(world: TokenWorld, bearer: Bearer, session: Session) -> None:
    issued = world.tokens(bearer.of, session)
    for token in (issued["id_token"], issued["access_token"], "x.y.z", ""):
        answer = bearer.present(token) if token else bearer.present("", scope="openid")
        assert answer.json["error"] in {"invalid_grant", "invalid_request"}


def test_without_a_row_no_issuer_counts_not_even_the_client_itself(world: TokenWorld) -> None:
    plain = registered(world, assertion_issuers=None, jwks=key_set(OWN))
    assert plain.reason(plain.bring()) == "issuer_not_trusted"
    assert plain.reason(plain.bring(OWN, iss=plain.of.client.client_id)) == "issuer_not_trusted"


def test_a_row_without_keys_is_for_the_client_itself(world: TokenWorld) -> None:
    rows = {"me": {"subject": "client", "scope": "openid"}, TRUSTED: {"subject": "client", "scope": "openid"}}
    bearer = registered(world, assertion_issuers=rows, jwks=key_set(OWN), client_id="me")
    assert bearer.bring(OWN, iss="me").status == 200
    assert bearer.reason(bearer.bring(OWN, jti="two")) == "issuer_without_keys"


def agreed(
    world: TokenWorld,
    of: Registered,
    session: Session,
    scope: str = "openid email",
    text: str = "",
    mandate: str = "",
    kind: str = "consent",
) -> str:
    """Store a consent and return the client's own name for the person."""
    given = claim_policy.for_scopes(scope.split())
    answer = ConsentState(kind, scope, given, 0, text or of.client.consent_version)
    world.wiring.consents.give(session.account_id, of.client.client_id, session.id, answer, mandate_id=mandate)
    return world.wiring.subjects.subject(session.account_id, of.client)


@pytest.mark.parametrize("other", [{"text": "another text"}, {"mandate": "of a business"}, {"kind": "notice"}])
def test_what_was_agreed_to_under_another_text_or_for_a_business_and_a_notice_is_no_agreement_to_this(
    world: TokenWorld, session: Session, other: dict[str, str]
) -> None:
    bearer = registered(world, "person")
    sub = agreed(world, bearer.of, session, **other)
    assert bearer.reason(bearer.bring(sub=sub)) == "subject_unknown"


@pytest.mark.spec("RFC 7523", "2.1")
def test_a_person_who_agreed_can_be_acted_for_while_absent(world: TokenWorld, session: Session) -> None:
    bearer = registered(world, "person")
    sub = agreed(world, bearer.of, session)
    world.wiring.sessions.end(session, "sign_out", "operator:local")
    answer = bearer.bring(sub=sub)
    assert (answer.status, answer.json["scope"]) == (200, "email openid")
    assert {"refresh_token", "id_token"}.isdisjoint(answer.json)
    claims = world.verified(answer.json["access_token"], "at+jwt")
    assert claims["sub"] == sub
    assert {"auth_time", "acr", "amr"}.isdisjoint(claims), "an assertion is no sign-in"
    assert world.userinfo(answer.json["access_token"]).json["email"] == "mau@example.vn"
    event = world.events("token:jwt-bearer")[0]
    assert (event["account_id"], event["client_id"]) == (session.account_id, bearer.of.client.client_id)


@pytest.mark.spec("RFC 7523", "3")
def test_an_assertion_about_a_person_counts_once_too(world: TokenWorld, session: Session) -> None:
    bearer = registered(world, "person")
    sub = agreed(world, bearer.of, session)
    assert bearer.bring(sub=sub).status == 200
    assert bearer.reason(bearer.bring(sub=sub)) == "jti_used"
    assert len(world.events("token:jwt-bearer")) == 1


def test_an_assertion_is_refused_while_the_keys_of_its_client_are_out_of_reach(world: TokenWorld) -> None:
    published = PublishedKeys(OWN)
    world.wiring.client_keys._fetcher = published
    rows = {"me": {"subject": "client", "scope": "openid"}}
    bearer = registered(world, assertion_issuers=rows, jwks_uri="https://portal.example.vn/jwks", client_id="me")
    published.is_down = True
    assert bearer.reason(bearer.bring(OWN, iss="me")) == "client_keys_unavailable"


def test_a_person_is_named_by_the_clients_own_name_even_where_he_agreed_at_both(
    world: TokenWorld, session: Session
) -> None:
    bearer, other = registered(world, "person"), world.add_client()
    elsewhere, here = agreed(world, other, session), agreed(world, bearer.of, session)
    assert bearer.reason(bearer.bring(sub=elsewhere)) == "subject_unknown"
    assert bearer.bring(sub=here, jti="two").status == 200


def test_nothing_is_given_where_what_was_agreed_to_and_what_the_row_allows_have_nothing_in_common(
    world: TokenWorld, session: Session
) -> None:
    bearer = registered(world, "person")
    sub = agreed(world, bearer.of, session, "profile")
    answer = bearer.bring(sub=sub)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")
    assert world.events("token:jwt-bearer") == []


def test_a_withdrawn_consent_ends_it(world: TokenWorld, session: Session) -> None:
    bearer = registered(world, "person")
    sub = agreed(world, bearer.of, session)
    token = bearer.bring(sub=sub).json["access_token"]
    world.wiring.consents.withdraw(session.account_id, bearer.of.client.client_id, actor="system", reason="withdrawn")
    assert world.userinfo(token).status == 401
    assert bearer.reason(bearer.bring(sub=sub, jti="two")) == "subject_unknown"


def test_nobody_is_acted_for_who_did_not_agree_at_this_client(world: TokenWorld, session: Session) -> None:
    bearer, other = registered(world, "person"), world.add_client()
    elsewhere = agreed(world, other, session)
    here = world.wiring.subjects.subject(session.account_id, bearer.of.client)
    for number, sub in enumerate((elsewhere, here, "nobody", session.account_id, "049499000001")):
        assert bearer.reason(bearer.bring(sub=sub, jti=str(number))) == "subject_unknown"


def test_a_locked_person_is_not_acted_for(world: TokenWorld, session: Session) -> None:
    bearer = registered(world, "person")
    sub = agreed(world, bearer.of, session)
    world.wiring.accounts.change_state(session.account_id, "locked", reason="authority_request")
    assert bearer.reason(bearer.bring(sub=sub)) == "account_inactive"


@pytest.mark.spec("RFC 7521", "4.1")
def test_the_scope_is_what_the_person_the_row_and_the_client_allow(world: TokenWorld, session: Session) -> None:
    bearer = registered(world, "person")
    sub = agreed(world, bearer.of, session, "openid email phone")
    assertion = KEY.sign(bearer.claims(sub=sub))
    assert bearer.present(assertion, scope="openid phone").json["error"] == "invalid_scope"
    assert bearer.present(assertion, scope="email").json["scope"] == "email", "a refusal uses nothing up"


def test_the_client_must_be_confidential_and_registered(world: TokenWorld) -> None:
    other = Bearer(world, world.add_client())
    assert other.bring().json["error"] == "unauthorized_client"


@pytest.mark.spec("RFC 7523", "2.1")
def test_one_assertion_and_nothing_but_a_jwt_is_taken(world: TokenWorld, bearer: Bearer) -> None:
    first, second = KEY.sign(bearer.claims(jti="a")), KEY.sign(bearer.claims(jti="b"))
    for text in (f"{first} {second}", f"{first}\n", f"{first}.{second}", "", "x", "<saml/>"):
        answer = bearer.present(text)
        assert answer.status == 400
        assert answer.json["error"] in {"invalid_grant", "invalid_request"}
        assert "access_token" not in answer.json
    twice = f"grant_type={GRANT}&assertion={first}&assertion={second}"
    assert world.post("/token", twice, bearer.of.basic).json["error"] == "invalid_request"
    assert bearer.present(first).status == 200, "what was refused spent nothing"
