"""The vault.

Data keys by purpose, each wrapped by the master key, and what is done with them (sealing, blind indexes, derived keys).

A purpose has its own data key, so that one kind of datum can be re-keyed, and one leaked key opens one kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, Refused, SettingsError
from idp.model.audit import AuditRecord
from idp.ports.deployment import DeploymentStore, WrappedKey
from keys.errors import MasterKeyMismatch, SealBroken
from keys.model import KEY_PURPOSE
from keys.sealing import BlindIndex, DataKey, MasterKey, Sealer

PURPOSES: Final = (
    "profile",
    "identity-code",
    "identity-index",
    "totp",
    "audit",
    "session-origin",
    "session-id",
    "upstream-index",
    "upstream",
    "authorization-code",
    "transaction",
    "outbox",
    "refresh-token",
    "csrf",
    "client-secret",
    "throttle",
    "status-list",
    "mandate",
    "signals",
    "api-answer",
    KEY_PURPOSE,
    "federation-keys",
    "factors",
    "audit-keys",
    "indicators",
    "data-requests",
)
"""Every purpose that has a data key; another one is made at the next ``idp init``."""
_ANOTHER: Final = "IDP_MASTER_KEY_FILE holds another key than the one by which this database's data keys are wrapped"


class Vault:
    """Opens the data keys of a deployment."""

    def __init__(self, store: DeploymentStore, master: MasterKey, clock: Clock) -> None:
        """Take the store, the master key and the clock."""
        self._store = store
        self._master = master
        self._clock = clock
        self._wrapped: dict[str, list[WrappedKey]] | None = None
        self.sealer = cache(self._sealer)
        self.data_key = cache(self._data_key)

    def ensure(self) -> int:
        """Make the data keys that are missing; returns how many. Of several processes one makes each."""
        live = {key.purpose for key in self._store.data_keys() if key.retired_at is None}
        made = 0
        for purpose in PURPOSES:
            if purpose not in live:
                wrapped = self._master.new_data_key(purpose)
                made += self._store.add_data_key(WrappedKey(handles.new_id(), purpose, wrapped, self._clock.now()))
        self._wrapped = None
        return made

    def rewrap(self, successor: MasterKey, record: AuditRecord) -> int:
        """Wrap every data key, retired ones too, by another master key, all of them or none; returns how many.

        Data keys and all that they sealed stay what they are. Raises ``Refused`` for the same master key, ``Conflict`` where a key
        came meanwhile, ``SettingsError`` where our master key is not this database's.
        """
        if successor.id == self._master.id:
            raise Refused("this master key is the one in use: name a file for another")
        kept = self._store.data_keys()
        try:
            wrapped = [self._master.rewrap(key.wrapped, key.purpose, successor) for key in kept]
        except (MasterKeyMismatch, SealBroken) as error:
            raise SettingsError(_ANOTHER) from error
        if not self._store.rewrap(kept, wrapped, record):
            raise Conflict("data keys changed meanwhile: nothing was done, say it again")
        return len(kept)

    def index(self, purpose: str, domain: str) -> BlindIndex:
        """Return the keyed blind index of a purpose for one domain.

        Raises ``SettingsError`` when the purpose has had two keys: what was indexed under the first would silently be
        missing under the second, and a taken code would look free. Replacing it means computing every index anew.
        """
        if len(self._data_keys(purpose)) != 1:
            raise SettingsError(
                f"the index key {purpose} was replaced without computing the index anew: restore the key"
            )
        return BlindIndex(self.data_key(purpose), domain)

    def seal(self, purpose: str) -> Seal:
        """Return both halves of the sealing of a purpose."""
        return Seal(self.sealer(purpose))

    def _sealer(self, purpose: str) -> Sealer:
        return Sealer(self._data_keys(purpose))

    def _data_key(self, purpose: str) -> DataKey:
        """Return the newest data key of a purpose, for deriving from."""
        return self._data_keys(purpose)[-1]

    def _data_keys(self, purpose: str) -> Sequence[DataKey]:
        if self._wrapped is None:
            # Kept only once it is whole: a store that was away at the first look must not leave a vault without keys behind.
            wrapped: dict[str, list[WrappedKey]] = {}
            for key in self._store.data_keys():
                wrapped.setdefault(key.purpose, []).append(key)
            self._wrapped = wrapped
        found = self._wrapped.get(purpose)
        if not found:
            raise SettingsError(f"there is no data key for {purpose}: run `idp init`")
        try:
            return [self._master.unwrap(key.wrapped, purpose) for key in found]
        except (MasterKeyMismatch, SealBroken) as error:
            raise SettingsError(_ANOTHER) from error


class Seal:
    """``seal`` and ``unseal`` of one purpose, as services take them: (bytes, AAD) -> bytes."""

    __slots__ = ("seal", "unseal")

    def __init__(self, sealer: Sealer) -> None:
        """Bind the sealer's two methods."""
        self.seal = sealer.seal
        self.unseal = sealer.open
