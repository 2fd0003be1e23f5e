"""Grants: what a client was allowed at one authorization, and the family of tokens that lives from it."""

from __future__ import annotations

from idp.model.frozen import frozen


@frozen
class CodePayload:
    """What an authorization code carries, sealed: everything that redemption needs, bounded in size.

    ``grant_id`` is chosen here: inserting the grant under it spends the code. ``claims`` is the bit set of
    ``policies.claims`` for userinfo, ``id_claims`` the one for the ID token. ``redirect_digest`` is the SHA-256 of the redirect URI
    as sent, ``uri_given`` tells whether the request named it. ``challenge`` is the S256 code challenge or "" where registration allows none.
    ``issued_at`` is when the person's answer was given: whatever voids what was issued before a moment voids the code too.
    ``resources`` and ``details`` are those of the ``AuthorizationRequest``, as is ``jkt``, its ``dpop_jkt``. ``mandate_id`` is the mandate that the
    person acts by, "" for himself; ``until`` is its end, 0 without one.
    """

    grant_id: str
    client_id: str
    account_id: str
    session_id: str
    sub: str
    scope: str
    claims: int
    id_claims: int
    nonce: str | None
    challenge: str
    redirect_digest: bytes
    auth_time: int
    acr: str
    amr: tuple[str, ...]
    expires_at: int
    issued_at: int = 0
    resources: tuple[str, ...] = ()
    details: str = ""
    jkt: str = ""
    mandate_id: str = ""
    until: int = 0


@frozen
class Grant:
    """A stored grant (token family). ``generation`` is the number of the newest refresh token, 0 where there is none.

    ``bound_to`` is the text of the ``Binding`` of its first token.
    ``mandate_id`` is the mandate that it rests on, "" for none.

    ``details`` are the authorization details, sealed: which dossier a person lets somebody see says much about the person.
    """

    id: str
    account_id: str
    client_id: str
    session_id: str
    sub: str
    scope: str
    claims: int
    auth_time: int
    acr: str
    amr: tuple[str, ...]
    created_at: int
    expires_at: int
    offline: bool
    generation: int
    rotated_at: int
    grace_used: bool
    revoked_at: int | None = None
    revoke_reason: str | None = None
    resources: tuple[str, ...] = ()
    details: bytes | None = None
    bound_to: str = ""
    mandate_id: str = ""
