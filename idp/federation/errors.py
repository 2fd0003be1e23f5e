"""Why a statement or a chain is not believed. ``code`` is the wire's error, ``field`` the stable reason id for the audit log."""

from __future__ import annotations

from idp.errors import Refused


class StatementRefused(Refused):
    """An entity statement does not hold (OpenID Federation 1.0 section 3.2)."""

    code = "invalid_trust_chain"

    def __init__(self, reason: str, detail: str) -> None:
        """Keep the reason id and the operator's sentence."""
        super().__init__(detail, field=reason)


class ChainRefused(StatementRefused):
    """No chain of statements leads from the subject to an anchor that we trust (section 10)."""


class NoEntity(StatementRefused):
    """There is no federation entity at the address."""


class AnchorUnknown(StatementRefused):
    """The subject's superiors end at nobody whom we trust."""

    code = "invalid_trust_anchor"


class ResolvedMetadataRefused(StatementRefused):
    """The subject asks for more than its superiors allow, or says too little."""

    code = "invalid_metadata"
