"""Where claim values come from: the sealed profile, the identity code, the units register. What leaves is ``policies.claims``'s decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import orjson

from idp.ports.grants import TokenState
from idp.services.accounts import AccountService
from idp.services.vault import Vault
from policies import claims as claim_policy

_IDENTITY: Final = claim_policy.pack(("identity_code", "identity_code_type"))
_UNIT: Final = claim_policy.pack(("unit",))
_ROLES: Final = claim_policy.pack(("roles",))


class ClaimSource:
    """Opens only what is released."""

    def __init__(
        self,
        vault: Vault,
        accounts: AccountService,
        unit_claim: Callable[[str | None], Mapping[str, object] | None],
        in_office: Callable[[str], Mapping[str, object]] = lambda _account_id: {},
    ) -> None:
        """Take the vault, the accounts, and the maker of the ``unit`` claim from a stored unit reference.

        ``in_office`` returns ``roles`` and ``office`` of an official, nothing of others; asked only where a client may learn them.
        """
        self._profiles = vault.seal("profile")
        self._codes = vault.seal("identity-code")
        self._accounts = accounts
        self._unit_claim = unit_claim
        self._in_office = in_office

    def needs_code(self, claims: int) -> bool:
        """Tell whether a set of claims holds the identity code, so that it has to be read at all."""
        return bool(claims & _IDENTITY)

    def released(self, claims: int, state: TokenState) -> dict[str, object]:
        """Return the claims of ``claims`` for which the person has a value."""
        attributes: dict[str, object] = {}
        if state.profile is not None:
            attributes |= orjson.loads(self._profiles.unseal(state.profile, state.account_id.encode()))
        attributes |= {"identity_level": str(state.identity_level), "updated_at": state.updated_at}
        if claims & _UNIT:
            attributes["unit"] = self._unit_claim(state.unit_code)
        if claims & _ROLES:
            attributes |= self._in_office(state.account_id)
        if state.code_sealed is not None and state.code_id is not None:
            attributes["identity_code"] = self._codes.unseal(bytes(state.code_sealed), state.code_id.encode()).decode()
            attributes["identity_code_type"] = state.code_scheme
        return claim_policy.release(claims, attributes)

    def matching(self, account_id: str, claims: int, wanted: Mapping[str, Sequence[object]]) -> int:
        """Return ``claims`` without those that have none of the values wanted (OpenID Connect Core section 5.5.1)."""
        bounded = claims & claim_policy.pack(wanted)
        if not bounded:
            return claims
        released = claim_policy.release(bounded, self.attributes(account_id))
        missed = [name for name in claim_policy.unpack(bounded) if released.get(name) not in wanted[name]]
        return claims & ~claim_policy.pack(missed)

    def attributes(self, account_id: str) -> dict[str, object]:
        """Return everything that could be released about an account, for the person's own consent page."""
        account = self._accounts.get(account_id)
        current = [code for code in self._accounts.codes(account.id) if code.valid_to is None and code.scheme != "cmnd"]
        attributes: dict[str, object] = {
            **account.profile,
            **self._in_office(account.id),
            "identity_level": str(account.identity_level),
            "updated_at": account.updated_at,
            "unit": self._unit_claim(str(account.unit) if account.unit else None),
        }
        if current:
            newest = max(current, key=lambda code: code.id)
            attributes |= {"identity_code": newest.value, "identity_code_type": newest.scheme}
        return attributes
