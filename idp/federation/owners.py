"""Who answers for a federated system: the unit that owns it, and what its superiors may say of the right by which it processes data.

OpenID Federation 1.0 leaves both to the federation. What one of ours says, an operator of this province wrote. Another federation's
superior knows neither our units nor the two persons whom a notice instead of a question takes here (decision 0090), so its word has bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from idp.federation.authority import PROVINCE, Authority
from idp.federation.chains import TrustChain
from idp.federation.errors import ResolvedMetadataRefused
from idp.federation.statements import Statement
from policies.federation.caps import RELYING_PARTY

OF_SUPERIORS: Final = ("unit", "legal_basis", "consent", "purposes")
"""What counts only where a superior, or a policy, says it: people read it as the province's word."""


class Owners:
    """Decides whose a federated system is."""

    def __init__(self, authority: Authority, units: Mapping[str, str]) -> None:
        """Take our own entities, and by trust anchor the code of the unit that answers for the systems of that federation."""
        self._authority = authority
        self._units = units

    def heard(self, chain: TrustChain, resolved: Mapping[str, Any]) -> dict[str, Any]:
        """Return what counts of ``OF_SUPERIORS``, out of the resolved metadata.

        Of an immediate superior of ours all of it, and all that a policy sets; of anybody else's the unit alone, and what a policy of ours sets.
        """
        statements = chain.statements[1:]
        said = {*chain.superiors_metadata.get(RELYING_PARTY, {}), *_set_by(statements)}
        if not self._authority.is_ours(chain.superior):
            said = (said & {"unit"}) | _set_by(one for one in statements if self._authority.is_ours(one.issuer))
        return {name: resolved[name] for name in OF_SUPERIORS if name in said and name in resolved}

    def unit(self, chain: TrustChain, named: object) -> str:
        """Return the code of the owner; raises ``ResolvedMetadataRefused`` where nobody may name it, or the one who did may not.

        A superior outside may name the unit that answers for it, or one below that: the unit of ours that vouches for it, else that of its anchor.
        """
        if self._authority.is_ours(chain.superior):
            if named is None:
                raise ResolvedMetadataRefused("unit_missing", "no superior says which unit the system belongs to")
            return str(named)
        answering = self._answering(chain)
        if answering is None:
            raise ResolvedMetadataRefused("unit_missing", "no unit answers here for the systems of this trust anchor")
        code = answering if named is None else str(named)
        if not self._authority.is_within(code, answering):
            raise ResolvedMetadataRefused("unit_outside", "a superior names a unit that does not answer for it")
        return code

    def policy(self, chain: TrustChain) -> dict[str, Any]:
        """Return the chain's policy for relying parties, without what a superior outside has no say in."""
        rules: Mapping[str, Any] = chain.policy.get(RELYING_PARTY, {})
        is_free = self._authority.is_ours(chain.superior)
        return {RELYING_PARTY: {name: rule for name, rule in rules.items() if is_free or name not in OF_SUPERIORS}}

    def level(self, chain: TrustChain, unit: str) -> str:
        """Return the level of cap: the province's own, up to our own anchor, may ask all; everybody else is capped as a commune."""
        standing = self._authority.standing
        is_provinces = chain.anchor == standing.issuer and chain.superior == standing.issuer
        return "province" if is_provinces and unit == standing.province else "commune"

    def _answering(self, chain: TrustChain) -> str | None:
        """Return the unit that answers for a superior outside; None where there is none."""
        for statement in chain.statements[1:]:
            code = self._authority.code_of(statement.issuer)
            if code is not None:
                return (code if code != PROVINCE else self._authority.standing.province) or None
        return self._units.get(chain.anchor)


def _set_by(statements: Iterable[Statement]) -> set[str]:
    """Return the fields of a relying party that policies set, whatever the entity says itself."""
    rules = [one.claims.get("metadata_policy", {}).get(RELYING_PARTY, {}) for one in statements]
    return {name for policy in rules for name, operators in policy.items() if "value" in operators}
