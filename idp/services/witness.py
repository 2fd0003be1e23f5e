"""A witness of the audit log: signs a head only after proof that the log still begins with everything it has signed before.

Stands alone: it knows the log's public keys, its own key, and the last head that it signed. The protocol is that of C2SP tlog-witness, in
JSON: the log names the size it believes the witness saw last and proves the way from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, Protocol

from keys.log_heads import Head, HeadRefused, Verifiers, cosign, read_head, verify_head
from keys.log_keys import LogSigner
from policies import merkle
from policies.merkle import EMPTY_ROOT, HASH_BYTES

_MAX_PROOF: Final = 64


@dataclass(frozen=True, slots=True)
class Seen:
    """The last head that the witness signed."""

    size: int
    root: bytes


class WitnessState(Protocol):
    """Where a witness remembers; what ``keep`` returned from survives a power cut."""

    def last(self) -> Seen:
        """Return what was signed last; an empty log before the first time."""
        ...

    def keep(self, seen: Seen) -> None:
        """Remember, durably, before the signature leaves the house."""
        ...


class WitnessRefused(Exception):
    """The witness does not sign: ``status`` for HTTP, ``size`` of what it saw last where that helps the log."""

    def __init__(self, status: int, reason: str, size: int | None = None) -> None:
        """Take the answer."""
        super().__init__(reason)
        self.status = status
        self.size = size


class Witness:
    """Signs heads of one log."""

    def __init__(
        self, origin: str, keys: Verifiers, signer: LogSigner, state: WitnessState, now: Callable[[], int]
    ) -> None:
        """Take the log's origin and public keys, the witness's key, its memory and the time."""
        self._origin = origin
        self._keys = keys
        self._signer = signer
        self._state = state
        self._now = now
        self._lock = Lock()

    def add_head(self, asked: Any) -> dict[str, str]:
        """Return the signature over the head that is asked for; raises ``WitnessRefused``."""
        old, proof, head = self._read(asked)
        if head.origin != self._origin:
            raise WitnessRefused(404, "this witness does not know that log")
        try:
            verify_head(head, self._keys)
        except HeadRefused as error:
            raise WitnessRefused(403, str(error)) from error
        if old > head.size:
            raise WitnessRefused(400, "the old size is above the new one")
        # One at a time: two heads that both follow the last one need not follow each other.
        with self._lock:
            self._check(old, proof, head)
            self._state.keep(Seen(head.size, head.root))
            return cosign(head, self._signer, self._now())

    def _check(self, old: int, proof: list[bytes], head: Head) -> None:
        last = self._state.last()
        if old != last.size:
            raise WitnessRefused(409, f"the last head signed here has {last.size} leaves", last.size)
        if old == head.size and last.root != head.root:
            raise WitnessRefused(409, "fork: another head of this size was signed here", last.size)
        if not merkle.is_consistent(old, head.size, last.root if old else EMPTY_ROOT, head.root, proof):
            raise WitnessRefused(422, "the proof does not lead from the head that was signed here to this one")

    @staticmethod
    def _read(asked: Any) -> tuple[int, list[bytes], Head]:
        try:
            old, proof = asked["old"], [bytes.fromhex(one) for one in asked["proof"]]
            head = read_head(asked["head"])
        except (KeyError, TypeError, ValueError, HeadRefused) as error:
            raise WitnessRefused(400, "must be an object of old, proof and head") from error
        if type(old) is not int or old < 0 or len(proof) > _MAX_PROOF or any(len(one) != HASH_BYTES for one in proof):
            raise WitnessRefused(400, "the old size or the proof is not of its kind")
        return old, proof, head

    def about(self) -> Mapping[str, Any]:
        """Return what anybody may know: the witness's public key, the log, and what was signed last."""
        last = self._state.last()
        jwk = {**self._signer.public_jwk, "kid": self._signer.kid, "use": "sig"}
        return {"origin": self._origin, "size": last.size, "root": last.root.hex(), "keys": [jwk]}
