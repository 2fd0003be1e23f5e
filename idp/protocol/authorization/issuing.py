"""What a successful authorization response carries: a sealed code; or, in the legacy profile, tokens through the browser."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import orjson

from clients.model import Client
from clients.profiles import PROFILES
from clients.uris import origin
from idp import handles
from idp.flows.dispatcher import Facts, demanded
from idp.model.audit import Event
from idp.model.grant import CodePayload
from idp.model.mandate import Acting
from idp.ports.sessions import Snapshot
from idp.protocol.authorization.response_types import CODE, TYPES, ResponseType
from idp.protocol.errors import LoginRequired
from idp.protocol.mint import Authentication, Mint
from idp.protocol.resources import Resources
from idp.services.claims import ClaimSource
from idp.services.codes import CodeBox
from idp.services.subjects import SubjectService
from idp.services.tokens import TokenService
from keys.ring import KeyRing, LiveRing
from policies import assurance, authorization_details


class Issuing:
    """Makes the parameters of a successful answer."""

    def __init__(
        self,
        *,
        codes: CodeBox,
        subjects: SubjectService,
        tokens: TokenService,
        claims: ClaimSource,
        mint: Mint,
        ring: LiveRing,
        resources: Resources,
        code_lifetime: int,
        session_state: Callable[[str, str, str], str] | None,
        acting: Callable[[str, Client, int], Acting | None],
    ) -> None:
        """Take collaborators; ``code_lifetime`` is in seconds, and a client's profile may shorten it.

        ``session_state`` makes that parameter out of session, client and origin; None where session management is off. ``acting`` says a
        mandate to a client (``services.acting``).
        """
        self._of_mandate = acting
        self._session_state = session_state
        self._codes = codes
        self._subjects = subjects
        self._tokens = tokens
        self._claims = claims
        self._mint = mint
        self._ring = ring
        self._resources = resources
        self._code_lifetime = code_lifetime

    def parameters(self, facts: Facts) -> dict[str, str]:
        """Return what the client gets. The person is there and has agreed: the dispatcher said so. Raises ``LoginRequired``."""
        if facts.snapshot is None:
            raise LoginRequired("nobody is signed in")
        payload = self.payload(facts, facts.snapshot)
        if facts.request.response_type == CODE.name:
            found = {"code": self._codes.seal(payload)}
        else:
            found = self._through_browser(TYPES[facts.request.response_type], payload, facts)
        if self._session_state is not None:
            where = origin(facts.request.redirect_uri)
            found["session_state"] = self._session_state(payload.session_id, payload.client_id, where)
        return found

    def payload(self, facts: Facts, snapshot: Snapshot) -> CodePayload:
        """Return what a code for this person and this request carries."""
        request, session, client = facts.request, snapshot.session, facts.client
        claims, id_claims = self._released_claims(facts, snapshot)
        longest = PROFILES[client.profile].code_lifetime
        lifetime = self._code_lifetime if longest is None else min(self._code_lifetime, longest)
        return CodePayload(
            grant_id=handles.new_id(),
            client_id=client.client_id,
            account_id=session.account_id,
            session_id=session.id,
            sub=snapshot.sub or self._subjects.subject(session.account_id, client),
            scope=" ".join(request.scope),
            claims=claims,
            id_claims=id_claims,
            nonce=request.nonce,
            challenge=request.challenge,
            redirect_digest=hashlib.sha256(request.redirect_uri.encode()).digest(),
            auth_time=session.auth_time,
            acr=assurance.stated(session.acr, demanded(facts)),
            amr=session.amr,
            expires_at=facts.now + lifetime,
            issued_at=facts.now,
            resources=request.resources,
            details=request.details,
            jkt=request.dpop_jkt,
            mandate_id=facts.capacity.mandate_id if facts.capacity is not None else "",
            until=facts.capacity.until if facts.capacity is not None else 0,
        )

    def _released_claims(self, facts: Facts, snapshot: Snapshot) -> tuple[int, int]:
        """Return what userinfo and the ID token may say: asked, agreed to, and with a value that was wanted where one was."""
        request = facts.request
        agreed = snapshot.consent.claims if snapshot.consent is not None else 0
        claims, id_claims = request.claims & agreed, request.id_claims & agreed
        if not request.wanted:
            return claims, id_claims
        wanted, account_id = orjson.loads(request.wanted), snapshot.session.account_id
        return (
            self._claims.matching(account_id, claims, wanted["userinfo"]),
            self._claims.matching(account_id, id_claims, wanted["id_token"]),
        )

    def _through_browser(self, kind: ResponseType, payload: CodePayload, facts: Facts) -> dict[str, str]:
        """OpenID Connect Core sections 3.2.2.5 and 3.3.2.5. Tokens from here live from a grant of their own, without a refresh token."""
        code = self._codes.seal(payload) if kind.has_code else None
        jti, front = handles.new_id(), replace(payload, grant_id=handles.new_id())
        ring = self._granted(front, jti) if kind.has_token or not kind.has_code else self._ring.refresh()
        who = Authentication(
            front.sub, front.session_id, front.auth_time, front.acr, front.amr, self._acting(kind, front, facts.client)
        )
        found = {"code": code} if code is not None else {}
        if kind.has_token:
            found |= self._token(ring, front, jti, who)
        if kind.has_id_token:
            extra, access = self._released(kind, front, jti), found.get("access_token")
            found["id_token"] = self._mint.id_token(
                ring, facts.client, who, access, front.nonce, extra, code=code, state=facts.request.state
            )
        return found

    def _granted(self, front: CodePayload, jti: str) -> KeyRing:
        claimed = self._tokens.issue(front, Event.TOKEN_FRONT, has_refresh=False, jti=jti, case_code="")
        if claimed is None:
            raise LoginRequired("the session has ended", reason="session_ended")
        return self._ring.at(claimed[0].keys)

    def _token(self, ring: KeyRing, front: CodePayload, jti: str, who: Authentication) -> dict[str, str]:
        audience = self._resources.audience(front.resources, ())
        details = authorization_details.for_audience(authorization_details.restored(front.details), audience)
        token = self._mint.person_token(
            ring, front.client_id, front.grant_id, front.scope, jti, who, audience=audience, details=details
        )
        lifetime = str(self._mint.lifetime_of(who))
        return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime, "scope": front.scope}

    def _acting(self, kind: ResponseType, front: CodePayload, client: Client) -> Acting | None:
        if not front.mandate_id:
            return None
        claims = front.id_claims if kind.has_code or kind.has_token else front.id_claims | front.claims
        acting = self._of_mandate(front.mandate_id, client, claims)
        if acting is None:
            raise LoginRequired("the mandate has ended", reason="mandate_ended")
        return acting

    def _released(self, kind: ResponseType, front: CodePayload, jti: str) -> dict[str, object]:
        """With an ID token alone there is no userinfo to ask: it carries the claims of the scopes too (OpenID Connect Core section 5.4)."""
        if kind.has_code:
            return {}
        wanted = front.id_claims if kind.has_token else front.id_claims | front.claims
        if not wanted:
            return {}
        state = self._tokens.state(front.grant_id, jti, with_code=self._claims.needs_code(wanted))
        return self._claims.released(wanted, state) if state is not None else {}
