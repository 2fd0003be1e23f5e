"""Authorization codes: sealed, self-contained, bounded. Nothing is stored until redemption, when the grant's insert spends the code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import orjson

from idp.model.grant import CodePayload
from keys import base64url
from keys.errors import SealBroken

_AAD: Final = b"authorization-code"
_LONGEST: Final = 4096
_SHORTEST: Final = 48


class CodeBox:
    """Seals and opens codes. A typical code has 500 characters."""

    def __init__(self, seal: Callable[[bytes, bytes], bytes], unseal: Callable[[bytes, bytes], bytes]) -> None:
        """Take both halves of the sealing."""
        self._seal = seal
        self._unseal = unseal

    def seal(self, payload: CodePayload) -> str:
        """Return the code for the redirect."""
        row = [
            payload.grant_id,
            payload.client_id,
            payload.account_id,
            payload.session_id,
            payload.sub,
            payload.scope,
            payload.claims,
            payload.id_claims,
            payload.nonce,
            payload.challenge,
            base64url.encode_text(payload.redirect_digest),
            payload.auth_time,
            payload.acr,
            payload.amr,
            payload.expires_at,
            payload.issued_at,
        ]
        if payload.resources or payload.details or payload.jkt or payload.mandate_id:
            row += [payload.resources, payload.details, payload.jkt]
        if payload.mandate_id:
            row += [payload.mandate_id, payload.until]
        return base64url.encode_text(self._seal(orjson.dumps(row), _AAD))

    def open(self, code: str) -> CodePayload | None:
        """Return what a code of ours carries, expired or not; None for anything else."""
        if not _SHORTEST <= len(code) <= _LONGEST or not code.isascii():
            return None
        try:
            row = orjson.loads(self._unseal(base64url.decode(code.encode("ascii")), _AAD))
            row[10], row[13] = base64url.decode(row[10].encode()), tuple(row[13])
            row[16:17] = [tuple(one) for one in row[16:17]]
            return CodePayload(*row) if isinstance(row[15], int) else None
        except (SealBroken, ValueError, LookupError, TypeError, AttributeError):
            # Of another shape: sealed by another release of ours while processes are being replaced.
            return None
