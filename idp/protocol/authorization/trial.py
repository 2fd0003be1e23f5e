"""The test sign-in's part of the protocol: the request parsed, decided and answered as a browser's would be, and what comes of it looked at.

What stops it from being a way to tokens: no code is sealed; no grant is stored under the tokens, so that userinfo, introspection and every other
endpoint of ours refuse them; they are bound to a key that nobody has (RFC 9449 section 6.1); and their signatures stay in here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from clients.model import Client
from clients.profiles import PROFILES
from idp import handles
from idp.flows.administration.client_tests import TrialCheck, TrialRun, TrialToken, TrialWish
from idp.flows.dispatcher import Decision, Facts, Step, decide, demanded
from idp.model.authorization import AuthorizationRequest, PendingRequest
from idp.model.grant import CodePayload
from idp.model.session import Session
from idp.ports.sessions import ConsentState, Snapshot
from idp.protocol.authorization import parsing
from idp.protocol.errors import LoginRequired, ProtocolError
from idp.protocol.mint import Authentication, Mint
from idp.services.claims import ClaimSource
from idp.services.sessions import SessionService
from idp.services.subjects import sector_of
from keys import base64url
from keys.compact import parse as parse_compact
from keys.errors import TokenError
from keys.ring import KeyRing
from keys.signer import ACCESS_TOKEN, ID_TOKEN
from keys.verifier import Expectation, verify
from policies import assurance
from policies import claims as claim_policy

_TYPS: Final = frozenset({typ.lower() for typ in (ACCESS_TOKEN, ID_TOKEN)} | {""})
_MOST_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What of the authorization endpoint a test asks: parsing (the client and its redirect URI, then the rest) and what a code would carry."""

    issuer: str
    find: Callable[[str], Client | None]
    check: Callable[[parsing.Target, parsing.Parameters], AuthorizationRequest]
    payload: Callable[[Facts, Snapshot], CodePayload]
    can_reach: Callable[[Session], str]


class Trial:
    """Runs tests."""

    def __init__(
        self,
        endpoint: Endpoint,
        sessions: SessionService,
        claims: ClaimSource,
        mint: Mint,
        ring: Callable[[], KeyRing],
    ) -> None:
        """Take collaborators; ``mint`` is one that neither remembers tokens nor gives them a place in a list, and encrypts nothing."""
        self._endpoint = endpoint
        self._sessions = sessions
        self._claims = claims
        self._mint = mint
        self._ring = ring

    def run(self, client: Client, account_id: str, session_secret: str, wish: TrialWish) -> TrialRun:
        """Go through one sign-in of ``account_id``, whose session the secret must be; a refused request ends it with a check that says why."""
        verifier = handles.new_secret()
        sent = _request(client, wish, _challenge(verifier))
        try:
            target = parsing.identify(sent, self._endpoint.find)
        except ProtocolError as error:
            return TrialRun(sent, checks=(TrialCheck("redirect", is_passed=False, detail=error.description),))
        try:
            request = self._endpoint.check(target, sent)
        except ProtocolError as error:
            return TrialRun(sent, checks=(TrialCheck("request", is_passed=False, detail=error.description),))
        snapshot = self._sessions.snapshot(session_secret, client.client_id, sector_of(client))
        if snapshot is None or snapshot.session.account_id != account_id:
            raise LoginRequired("the session is not the administrator's")
        facts, steps = self._decided(request, client, snapshot)
        done = (TrialCheck("redirect", is_passed=True, detail=wish.redirect_uri), TrialCheck("request", is_passed=True))
        if steps[-1][0] != Step.ANSWER:
            return TrialRun(sent, steps, checks=(*done, TrialCheck("answered", is_passed=False, detail=steps[-1][0])))
        return self._answered(_Answer(sent, steps, facts, verifier), done)

    def _decided(
        self, request: AuthorizationRequest, client: Client, snapshot: Snapshot
    ) -> tuple[Facts, tuple[tuple[str, str], ...]]:
        """Ask the dispatcher; where it wants consent, it is noted and taken as given for this look, and nothing is stored."""
        now, session = self._mint.now(), snapshot.session
        pending = PendingRequest(
            "trial", request, "", now, now + 1, signed_in_at=session.auth_time, account_chosen=True
        )
        facts = Facts(request, client, snapshot, now, self._endpoint.can_reach, pending)
        steps: list[tuple[str, str]] = []
        for _ in range(_MOST_STEPS):
            decision: Decision = decide(facts)
            steps.append((decision.step.value, decision.reason))
            if decision.step is not Step.CONSENT:
                break
            asked = request.claims | request.id_claims
            given = ConsentState("consent", " ".join(request.scope), asked, 0, "trial")
            facts = replace(facts, snapshot=replace(snapshot, consent=given), pending=replace(pending, consented=True))
        return facts, tuple(steps)

    def _answered(self, answer: _Answer, done: tuple[TrialCheck, ...]) -> TrialRun:
        facts, ring = answer.facts, self._ring()
        assert facts.snapshot is not None  # noqa: S101 - an answer has a person
        payload = self._endpoint.payload(facts, facts.snapshot)
        who = Authentication(payload.sub, payload.session_id, payload.auth_time, payload.acr, payload.amr)
        # Bound to a key that was never made: nobody can prove to have it.
        mint = self._mint.bound_to(
            {"jkt": base64url.encode_text(hashlib.sha256(handles.new_secret().encode()).digest())}
        )
        access = mint.person_token(ring, payload.client_id, payload.grant_id, payload.scope, handles.new_id(), who)
        identity = mint.id_token(ring, facts.client, who, access, payload.nonce, {})
        tokens = (_shown("id_token", identity), _shown("access_token", access))
        response = {"code": "", "iss": self._endpoint.issuer, "state": answer.sent["state"]}
        checks = (*done, *self._checks(answer, payload, tokens), *self._signed(ring, identity, access))
        return TrialRun(answer.sent, answer.steps, response, tokens, checks)

    def _signed(self, ring: KeyRing, *tokens: str) -> Iterator[TrialCheck]:
        """Check signatures by the keys that ``/jwks`` publishes, as the client would."""
        for kind, token in zip(("id_token", "access_token"), tokens, strict=True):
            try:
                found = verify(token, ring, Expectation(_TYPS, issuer=self._endpoint.issuer), self._mint.now())
            except TokenError as error:
                yield TrialCheck(f"signature_{kind}", is_passed=False, detail=error.code)
                continue
            is_published = found.kid is not None and found.kid.encode() in ring.jwks.body
            yield TrialCheck(f"signature_{kind}", is_passed=is_published, detail=f"{found.alg} {found.kid}")

    def _checks(self, answer: _Answer, payload: CodePayload, tokens: tuple[TrialToken, ...]) -> Iterator[TrialCheck]:
        facts, identity, access, now = answer.facts, tokens[0].claims, tokens[1].claims, self._mint.now()
        client, request = facts.client, facts.request
        spent = hashlib.sha256(answer.sent["redirect_uri"].encode()).digest()
        fits = hmac.compare_digest(_challenge(answer.verifier), payload.challenge)
        yield TrialCheck("code_redirect", hmac.compare_digest(spent, payload.redirect_digest))
        yield TrialCheck("pkce", fits, "S256")
        yield TrialCheck("nonce", identity.get("nonce") == answer.sent["nonce"])
        yield TrialCheck("iss", {identity["iss"], access["iss"]} == {self._endpoint.issuer}, str(identity["iss"]))
        yield TrialCheck("aud", identity["aud"] == client.client_id, str(identity["aud"]))
        yield TrialCheck("exp", now < identity["exp"] and now < access["exp"], f"{identity['exp'] - now} s")
        demand = assurance.needed(demanded(facts), None, facts.now).acr
        reached = str(identity["acr"])
        yield TrialCheck("acr", demand is None or assurance.satisfies(reached, demand), reached)
        is_own = identity["sub"] == payload.sub and identity["sub"] != payload.account_id
        yield TrialCheck("sub", is_own, client.subject_type)
        yield TrialCheck("scope", set(payload.scope.split()) <= client.scope, payload.scope)
        asked = claim_policy.unpack(request.claims | request.id_claims)
        there = claim_policy.release(payload.claims | payload.id_claims, self._claims.attributes(payload.account_id))
        yield TrialCheck("claims", there.keys() <= set(asked), f"{' '.join(there)} / {' '.join(asked)}")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What an answer is made from: what was sent, how it was decided, the facts, and the code verifier."""

    sent: Mapping[str, str]
    steps: tuple[tuple[str, str], ...]
    facts: Facts
    verifier: str


def _request(client: Client, wish: TrialWish, challenge: str) -> dict[str, str]:
    """Return the parameters that the client would send; scopes of administration are not among what can be tried."""
    scope = " ".join(one for one in wish.scope.split() if one in claim_policy.SCOPES)
    mode = {"response_mode": "jwt"} if PROFILES[client.profile].needs_signed_response else {}
    wished = {"acr_values": wish.acr} if wish.acr else {}
    return {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": wish.redirect_uri,
        "scope": scope,
        "state": handles.new_secret()[:16],
        "nonce": handles.new_secret()[:16],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **mode,
        **wished,
    }


def _challenge(verifier: str) -> str:
    """Return the S256 challenge (RFC 7636 section 4.2)."""
    return base64url.encode_text(hashlib.sha256(verifier.encode()).digest())


def _shown(kind: str, token: str) -> TrialToken:
    """Return header and claims; the signature goes no further than this."""
    parsed = parse_compact(token)
    header = {"alg": parsed.alg, "typ": parsed.typ, "kid": parsed.kid}
    return TrialToken(kind, header, dict(parsed.unverified_claims))
