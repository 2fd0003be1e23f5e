"""Why a federation's rules refuse something: a stable reason id, the place in the document, a sentence for operators."""

from __future__ import annotations


class FederationRefusal(ValueError):
    """The base: ``reason`` is a stable id, ``place`` names the member at fault, such as ``openid_relying_party.scope``."""

    def __init__(self, reason: str, place: str, detail: str) -> None:
        """Keep all three."""
        super().__init__(f"{place}: {detail}")
        self.reason = reason
        self.place = place
        self.detail = detail


class PolicyError(FederationRefusal):
    """A metadata policy is malformed, combines what may not be combined, or conflicts with a superior's.

    The trust chain that holds it is invalid (OpenID Federation 1.0 section 6.1.4).
    """


class MetadataRefused(FederationRefusal):
    """The subject's metadata is outside of what its superiors allow."""


class ConstraintBroken(FederationRefusal):
    """A trust chain breaks a constraint of one of its superiors, or the constraint itself is malformed (section 6.2)."""
