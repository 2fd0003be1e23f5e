"""``assertion_issuers``: whose JWTs a client may bring as authorization grants (RFC 7523 section 2.1), written by an operator."""

from __future__ import annotations

from typing import Any, Final

from clients import fields
from clients.fields import Fault
from policies import claims

MOST: Final = 10
OF_CLIENT: Final = "client"
OF_PERSON: Final = "person"
_MEMBERS: Final = frozenset({"jwks", "subject", "scope"})
_MAX_ISSUER: Final = 512


def parse(value: object) -> dict[str, Any]:
    """Return ``{issuer: {"subject": "client" | "person", "scope": "…", "jwks": {…}}}``; raises ``Fault``.

    Without ``jwks`` the issuer must be the client itself, which signs with its own keys.
    """
    if not isinstance(value, dict) or not 0 < len(value) <= MOST:
        raise Fault("not_object", f"must be an object of 1 to {MOST} issuers")
    return {_issuer(issuer): _row(row) for issuer, row in value.items()}


def _issuer(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ISSUER or not value.isprintable() or " " in value:
        raise Fault("not_text", "must name an issuer, as its iss claim does")
    return value


def _row(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not {"subject", "scope"} <= value.keys() <= _MEMBERS:
        raise Fault("not_rule", "must hold subject and scope, and may hold jwks")
    subject = fields.choice((OF_CLIENT, OF_PERSON))(value["subject"])
    scope = " ".join(sorted(fields.words(claims.SCOPES)(value["scope"])))
    keys = {"jwks": fields.jwks(value["jwks"])} if value.get("jwks") is not None else {}
    return {"subject": subject, "scope": scope, **keys}
