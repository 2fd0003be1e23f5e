"""Members of the federation, trust marks, streams of signals and initial access tokens as parts of a configuration.

Each service checks and records as it always does, over a store that only collects; the whole is written in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from idp.clock import Clock
from idp.errors import DomainError, InvalidInput
from idp.flows.administration.configuration_changes import Change, differing
from idp.flows.administration.staged_parts import StagedFederation, StagedStreams, StagedTokens, Writes
from idp.model.initial_token import InitialToken
from idp.model.signal import PUSH, Stream
from idp.ports.federation import FederationStore, IssuedMark, Subordinate
from idp.ports.initial_tokens import InitialTokenStore
from idp.ports.signals import SignalStore
from idp.services.initial_tokens import InitialTokenService
from idp.services.streams import StreamService

_MEMBER: Final = ("jwks", "entity_types", "metadata", "metadata_policy", "constraints")
Rows = list[dict[str, Any]]


class MemberWriter(Protocol):
    """Who vouches; what ``federation.members`` does."""

    def put(self, superior: str, entity_id: str, document: Mapping[str, Any], *, reason: str = "") -> Subordinate:
        """Vouch for an entity, or change what is vouched."""
        ...

    def remove(self, superior: str, entity_id: str, *, reason: str = "") -> None:
        """Cease to vouch."""
        ...

    def issue_mark(self, mark_type: str, subject: str, lifetime: int, *, reason: str = "") -> IssuedMark:
        """Issue a trust mark."""
        ...

    def revoke_mark(self, mark_id: str, *, reason: str) -> None:
        """Revoke one."""
        ...


EndClient = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class PartStores:
    """What is stored, and how the services are made over a store that collects."""

    federation: FederationStore
    signals: SignalStore
    tokens: InitialTokenStore
    members_over: Callable[[StagedFederation, EndClient], MemberWriter]
    streams_over: Callable[[StagedStreams], StreamService]
    tokens_over: Callable[[StagedTokens], InitialTokenService]
    end_client: EndClient


class Parts:
    """Exports the parts, and says what a document changes in them."""

    def __init__(self, stores: PartStores, clock: Clock) -> None:
        """Take collaborators."""
        self._stores = stores
        self._clock = clock

    def export(self) -> dict[str, Rows]:
        """Return the lists: no secret, no header that a department wants to see, nothing that has ended."""
        return {
            "subordinates": [_member(one) for one in self._members()],
            "trust_marks": [_mark(one) for one in self._marks()],
            "streams": [_stream(one) for one in self._stores.signals.streams(None)],
            "initial_tokens": [_token(one) for one in self._tokens()],
        }

    def staged(
        self, document: Mapping[str, Any], clients: Callable[[str], bool], reason: str, *, prune: bool
    ) -> Staging:
        """Return what a document changes; raises ``InvalidInput`` that names the place. ``clients`` tells whether there is a client."""
        staging = Staging(self._stores, reason)
        if "subordinates" in document:
            staging.subordinates(document["subordinates"], self._members(), prune=prune)
        if "trust_marks" in document:
            staging.marks(document["trust_marks"], self._marks(), self._clock.now(), prune=prune)
        if "streams" in document:
            staging.streams(document["streams"], clients, prune=prune)
        if "initial_tokens" in document:
            staging.tokens(document["initial_tokens"], self._tokens(), prune=prune)
        return staging

    def ended(self, staging: Staging, reason: str) -> None:
        """End the clients of entities that nobody vouches for any more; after the write."""
        for client_id in staging.ended:
            self._stores.end_client(client_id, reason)

    def _members(self) -> list[Subordinate]:
        return [*self._stores.federation.subordinates(""), *self._stores.federation.of_units()]

    def _marks(self) -> list[IssuedMark]:
        now = self._clock.now()
        return [one for one in self._stores.federation.marks() if one.is_active(now)]

    def _tokens(self) -> list[InitialToken]:
        now = self._clock.now()
        return [one for one in self._stores.tokens.all() if one.revoked_at is None and now < one.expires_at]


class Staging:
    """One application in the making: the changes, the writes, whose clients end, and the places of what was passed over."""

    def __init__(self, stores: PartStores, reason: str) -> None:
        """Begin with nothing."""
        self.changes: list[Change] = []
        self.writes: Writes = []
        self.ended: list[str] = []
        self.passed_over: list[str] = []
        self._stores = stores
        self._reason = reason

    def subordinates(self, wanted: Rows, held: list[Subordinate], *, prune: bool) -> None:
        """Vouch, change, cease to."""
        members = self._writer()
        before = {(one.superior, one.entity_id): _member(one) for one in held}
        for place, row in enumerate(wanted):
            superior, entity_id = str(row.get("superior") or ""), row["entity_id"]
            known = before.pop((superior, entity_id), None)
            document: dict[str, Any] = {name: row[name] for name in _MEMBER if name in row}
            fields = differing(
                known or {}, {**_member_defaults(), **document, "superior": superior, "entity_id": entity_id}
            )
            if fields:
                with _at(f"subordinates[{place}]"):
                    members.put(superior, entity_id, document, reason=self._reason)
                self._note(
                    "update" if known else "add",
                    "subordinate",
                    f"{superior or 'province'} {entity_id}",
                    fields if known else {},
                )
        for superior, entity_id in before if prune else ():
            members.remove(superior, entity_id, reason=self._reason)
            self._note("remove", "subordinate", f"{superior or 'province'} {entity_id}")

    def marks(self, wanted: Rows, held: list[IssuedMark], now: int, *, prune: bool) -> None:
        """Issue and revoke; one with another end is revoked and issued anew. What has ended by itself is passed over."""
        members = self._writer()
        before = {(one.mark_type, one.subject): one for one in reversed(held)}
        for place, row in enumerate(wanted):
            key, ends = (row["mark_type"], row["subject"]), row.get("expires_at")
            if not isinstance(ends, int) or isinstance(ends, bool):
                raise InvalidInput("must be a moment in epoch seconds", field=f"trust_marks[{place}].expires_at")
            known = before.pop(key, None)
            if ends <= now or (known is not None and known.expires_at == ends):
                continue
            if known is not None:
                members.revoke_mark(known.id, reason=self._reason)
            with _at(f"trust_marks[{place}]"):
                members.issue_mark(*key, ends - now, reason=self._reason)
            fields = {"expires_at": (known.expires_at, ends)} if known is not None else {}
            self._note("update" if known else "add", "trust_mark", " ".join(key), fields)
        for key, mark in before.items() if prune else ():
            members.revoke_mark(mark.id, reason=self._reason)
            self._note("remove", "trust_mark", " ".join(key))

    def streams(self, wanted: Rows, clients: Callable[[str], bool], *, prune: bool) -> None:
        """Add, change, remove; a row is a known stream by its id, or else by system, method, address and description."""
        store = StagedStreams(self._stores.signals, self.writes)
        service = self._stores.streams_over(store)
        left = {one.id: one for one in store.streams()}
        for place, row in enumerate(wanted):
            where = f"streams[{place}]"
            if not clients(row["client_id"]):
                raise InvalidInput("names no client", field=f"{where}.client_id")
            known = _same(row, left)
            with _at(where):
                self._stream(service, row, left.pop(known.id) if known else None)
        for stream in left.values() if prune else ():
            service.remove(stream.client_id, stream.id, "")
            self._note("remove", "stream", f"{stream.client_id} {stream.id}")

    def tokens(self, wanted: Rows, held: list[InitialToken], *, prune: bool) -> None:
        """Revoke what is not wanted. None is made from a file, as its secret could be told to nobody: one not in force is passed over."""
        service = self._stores.tokens_over(StagedTokens(self._stores.tokens, self.writes))
        known = {one.id for one in held}
        # One that was used up, has ended, or is another deployment's: the same file is applied again and again, and in more than one place.
        self.passed_over += [f"initial_tokens[{place}]" for place, row in enumerate(wanted) if row["id"] not in known]
        for token_id in sorted(known - {row["id"] for row in wanted}) if prune else ():
            service.revoke(token_id, self._reason)
            self._note("remove", "initial_token", token_id)

    def _stream(self, service: StreamService, row: Mapping[str, Any], known: Stream | None) -> None:
        delivery = {"method": row["method"], **({"endpoint_url": row.get("url")} if row["method"] == PUSH else {})}
        asked = {"delivery": delivery, "description": row.get("description", "")}
        if "events" in row:
            asked["events_requested"] = row["events"]
        if known is None:
            made = service.add(row["client_id"], asked, "", stream_id=str(row.get("id") or ""))
            self._status(service, row, made)
            self._note("add", "stream", f"{made.client_id} {made.id}")
            return
        said = {name: row[name] for name in ("method", "url", "description", "events") if name in row}
        own = {name: value for name, value in _stream(known).items() if name in said}
        fields = differing(own, said)
        if not fields.keys() & {"method", "url"}:
            # The same address keeps the header that the department wants to see, which is in no file.
            asked.pop("delivery")
        if fields:
            service.change(known.client_id, {**asked, "stream_id": known.id}, "", whole=False)
        if self._status(service, row, known):
            fields["status"] = (known.status.value, row["status"])
        if fields:
            self._note("update", "stream", f"{known.client_id} {known.id}", fields)

    @staticmethod
    def _status(service: StreamService, row: Mapping[str, Any], stream: Stream) -> bool:
        wanted = row.get("status", stream.status.value)
        if wanted == stream.status.value:
            return False
        service.set_status(stream.client_id, {"stream_id": stream.id, "status": wanted}, "")
        return True

    def _writer(self) -> MemberWriter:
        staged = StagedFederation(self._stores.federation, self.writes)
        return self._stores.members_over(staged, lambda client_id, _note: self.ended.append(client_id))

    def _note(self, act: str, kind: str, name: str, fields: Mapping[str, tuple[object, object]] | None = None) -> None:
        self.changes.append(Change(act, kind, name, fields or {}))


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Name the place in the document at which something was refused."""
    try:
        yield
    except DomainError as error:
        field = f"{where}.{error.field}" if error.field else where
        raise InvalidInput(str(error), field=field) from error


def _same(row: Mapping[str, Any], streams: Mapping[str, Stream]) -> Stream | None:
    known = streams.get(str(row.get("id")))
    if known is not None and known.client_id == row["client_id"]:
        return known
    wanted = (row["client_id"], row["method"], row.get("url", ""), row.get("description", ""))
    natural = ((one.client_id, one.method, one.url, one.description) for one in streams.values())
    return next((one for one, key in zip(streams.values(), natural, strict=True) if key == wanted), None)


def _member_defaults() -> dict[str, Any]:
    return {"entity_types": ["openid_relying_party"], "metadata": {}, "metadata_policy": {}, "constraints": {}}


def _member(one: Subordinate) -> dict[str, Any]:
    document: dict[str, Any] = {name: getattr(one, name) for name in _MEMBER}
    return {"superior": one.superior, "entity_id": one.entity_id, **document, "entity_types": list(one.entity_types)}


def _mark(one: IssuedMark) -> dict[str, Any]:
    return {"mark_type": one.mark_type, "subject": one.subject, "expires_at": one.expires_at}


def _stream(one: Stream) -> dict[str, Any]:
    names = ("id", "client_id", "method", "url", "description")
    return {**{name: getattr(one, name) for name in names}, "events": list(one.events), "status": one.status.value}


def _token(one: InitialToken) -> dict[str, Any]:
    terms = {name: value for name, value in one.terms.document().items() if name != "via"}
    return {"id": one.id, **terms, "uses_left": one.uses_left, "expires_at": one.expires_at}
