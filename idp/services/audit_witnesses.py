"""Collects the signatures of witnesses over our heads, and says aloud when one of them has seen another log than ours."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

import orjson

from idp.clock import Clock
from idp.errors import DomainError
from idp.model.audit import AuditEvent, Event, Outcome
from idp.ports.audit_heads import AuditHeadStore
from idp.ports.fetcher import Fetched, Fetcher
from idp.services.audit import AuditLog
from idp.services.audit_heads import AuditHeads
from keys.log_heads import COSIGNATURE, Head, HeadRefused, Verifiers, read_head, signers_of
from policies import merkle

_log = logging.getLogger("idp.audit")
_OK: Final = 200
_CONFLICT: Final = 409
_UNPROVED: Final = 422


@dataclass(frozen=True, slots=True)
class KnownWitness:
    """A witness whom the settings name: where it answers, and its public keys."""

    name: str
    url: str
    keys: Verifiers


class WitnessCollector:
    """Brings each new head to every witness."""

    def __init__(
        self,
        witnesses: tuple[KnownWitness, ...],
        heads: AuditHeads,
        store: AuditHeadStore,
        fetcher: Fetcher,
        log: AuditLog,
        clock: Clock,
    ) -> None:
        """Take the witnesses, the heads and where signatures are kept, and the way out."""
        self._witnesses = witnesses
        self._heads = heads
        self._store = store
        self._fetcher = fetcher
        self._log = log
        self._clock = clock
        self._accused: set[tuple[str, str]] = set()

    def run(self) -> int:
        """Bring the newest head to the witnesses that have not signed it; returns how many signed. One that is down is asked again later."""
        head, seen = self._heads.newest(), self._store.cosigned()
        if head is None:
            return 0
        signed = 0
        for witness in self._witnesses:
            last = max((seen[kid] for kid in witness.keys if kid in seen), default=0)
            if last >= head.size:
                continue
            try:
                signed += self._bring(witness, head, last)
            except DomainError as error:
                _log.warning("witness %s did not answer: %s", witness.name, error)
        return signed

    def _bring(self, witness: KnownWitness, head: Head, last: int) -> int:
        answer = self._ask(witness, head, last)
        if answer.status == _CONFLICT and (size := _size(answer)) is not None and size != last:
            # It has signed since, or it begins anew: the way has to lead from what it remembers.
            if size > head.size:
                return self._accuse(witness, "ahead", f"it signed a head of {size} leaves, ours has {head.size}")
            answer = self._ask(witness, head, size)
        if answer.status in {_CONFLICT, _UNPROVED}:
            return self._accuse(witness, "fork", "it does not find what it signed in our log")
        if answer.status != _OK:
            _log.warning("witness %s refused: status %d", witness.name, answer.status)
            return 0
        return self._keep(witness, head, answer)

    def _ask(self, witness: KnownWitness, head: Head, old: int) -> Fetched:
        proof = merkle.consistency_proof(old, head.size, self._heads.tree.nodes()) if old else []
        asked = {"old": old, "proof": [one.hex() for one in proof], "head": head.document()}
        return self._fetcher.post(witness.url, orjson.dumps(asked), "application/json")

    def _keep(self, witness: KnownWitness, head: Head, answer: Fetched) -> int:
        try:
            one = orjson.loads(answer.body)
            document = {"payload": head.document()["payload"], "signatures": [one]}
            [kid] = signers_of(read_head(document), witness.keys, COSIGNATURE)
        except (ValueError, HeadRefused, TypeError):
            _log.warning("witness %s answered with no signature of its own", witness.name)
            return 0
        kept = {"protected": str(one["protected"]), "signature": str(one["signature"])}
        added = self._store.add_cosignature(kid, head.size, self._clock.now(), orjson.dumps(kept).decode())
        return int(added)

    def _accuse(self, witness: KnownWitness, reason: str, text: str) -> int:
        """Record, once a process, that a witness contradicts us: either it is broken, or our log was rewritten."""
        _log.error("witness %s contradicts the audit log: %s", witness.name, text)
        if (witness.name, reason) not in self._accused:
            self._accused.add((witness.name, reason))
            event = AuditEvent(Event.AUDIT_WITNESS, Outcome.REFUSED, reason, target=f"witness:{witness.name}")
            self._log.write(event)
        return 0


def _size(answer: Fetched) -> int | None:
    try:
        value: Any = orjson.loads(answer.body)["size"]
    except (ValueError, KeyError, TypeError):
        return None
    return value if type(value) is int and value >= 0 else None
