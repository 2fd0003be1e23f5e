"""An authorization request after it was parsed and checked against its client."""

from __future__ import annotations

from dataclasses import dataclass

from idp.model.frozen import frozen


@frozen
class AuthorizationRequest:
    """A valid authorization request (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1); parsed once, never re-read.

    ``claims`` and ``id_claims`` are bit sets of ``policies.claims`` (scopes and the ``claims`` parameter together);
    ``essential_acr`` holds the values of an essential ``acr`` claim; ``required_sub`` the ``sub`` that a hint demands; ``resources`` those of
    RFC 8707; ``details`` the authorization details of RFC 9396 in canonical JSON, "" for none. ``essential`` are the claims marked so; ``wanted``
    holds the values asked of claims by place and name, in JSON, "" for none. ``pushed`` is the key of the pushed request
    that the answer uses up, "" for a request that was not pushed. ``capacity`` is as whom the client wants the person
    to act, "" where it does not say.
    """

    client_id: str
    redirect_uri: str
    response_mode: str
    state: str | None
    scope: tuple[str, ...]
    nonce: str | None
    challenge: str
    prompt: frozenset[str]
    max_age: int | None
    claims: int
    id_claims: int
    acr_values: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()
    login_hint: str | None = None
    required_sub: str | None = None
    ui_locales: tuple[str, ...] = ()
    display: str = "page"
    response_type: str = "code"
    essential: int = 0
    wanted: str = ""
    resources: tuple[str, ...] = ()
    details: str = ""
    pushed: str = ""
    dpop_jkt: str = ""
    capacity: str = ""


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A stored transaction: the request, the browser it belongs to, and what the person has done in it so far.

    ``request`` is None for a sign-in to the provider's own pages, which then go on at the local path ``return_to``. ``browser`` is the
    hex digest of the browser-binding cookie: another browser that learns the id gets nothing. ``signed_in_at`` is the moment of a sign-in
    made inside this transaction (0 for none), which is what ``prompt=login`` waits for. ``password_account`` is the account that proved a
    first password, or whose password is old, and must set another before anything else; ``password_rule`` is the second factor that was proved
    before and counts once that is done, "" for none. ``decoupled`` is the key of the request of another device that is answered
    here, "" where the answer goes back by this browser. ``capacity`` is what the person chose to act as in it, "" before he did.
    ``minimum_acr`` ("" for none) and ``max_age`` (seconds, None for any) are what a page of ours demands of the session, as a client would. ``qr``
    is what the QR code on this screen carries, "" for none. ``explained`` is the refusal that a page of this transaction has told the person
    and that was recorded then, a reason id, "" for none.
    """

    id: str
    request: AuthorizationRequest | None
    browser: str
    created_at: int
    expires_at: int
    return_to: str = ""
    signed_in_at: int = 0
    account_chosen: bool = False
    consented: bool = False
    password_account: str = ""
    password_rule: str = ""
    decoupled: str = ""
    capacity: str = ""
    minimum_acr: str = ""
    max_age: int | None = None
    qr: str = ""
    explained: str = ""
