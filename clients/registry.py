"""The registry: clients are registered, introduced, changed and ended here, and read as ``clients.known`` holds them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from clients import corrections, given, metadata, secrets, sectors
from clients.errors import ClientConflict, MetadataError, RegistrationRefused
from clients.known import KnownClients
from clients.model import Client, Secret
from clients.repository import ClientEvent, ClientRepository, Newcomer
from clients.rewritten import marked
from clients.secrets import DEFAULT_OVERLAP

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_METHOD: Final = "token_endpoint_auth_method"
_ACTIONS: Final = MappingProxyType({"suspended": "suspend", "active": "resume", "removed": "remove"})


class ClientRegistry(KnownClients):
    """What may change clients; a change goes through the repository first, and is then read back."""

    def __init__(
        self,
        repository: ClientRepository,
        now: Callable[[], int],
        new_id: Callable[[], str],
        monotonic: Callable[[], float] = time.monotonic,
        lock: AbstractContextManager[object] | None = None,
        grants: Iterable[str] = metadata.GRANT_TYPES,
        seal: Callable[[bytes, bytes], bytes] | None = None,
    ) -> None:
        """Take the store, the clock in epoch seconds, the maker of ids, a monotonic clock for ages, and a lock that may be held over reads.

        ``grants`` names the grant types that a client may register for. ``seal`` (plaintext, client id) is for secrets that
        have to be readable; without it there can be none.
        """
        super().__init__(repository, now, monotonic, lock)
        self._new_id = new_id
        self._grants = tuple(grants)
        self._seal = seal

    @property
    def grants(self) -> tuple[str, ...]:
        """Return the grants that a client may register."""
        return tuple(self._grants)

    def checked(self, document: Mapping[str, Any], *, is_operator: bool) -> metadata.Registration:
        """Return what a document would register here; nothing is stored. Raises ``RegistrationRefused`` with every fault."""
        registration, faults = self._checked(document, is_operator=is_operator)
        if faults:
            raise RegistrationRefused(faults)
        return registration

    def register(
        self,
        document: Mapping[str, Any],
        *,
        is_operator: bool,
        actor: str = "operator:local",
        note: str = "",
        own: Mapping[str, Any] = _NOTHING,
    ) -> tuple[Client, str | None, tuple[str, ...]]:
        """Register; returns the client, its secret this once (None for public ones), and names of ignored fields.

        An operator's own ``client_id``, ``client_secret`` and ``sector`` are kept. ``own`` are attributes of the client
        that no registration may name (``terms``, ``management_digest``, …). Raises ``RegistrationRefused`` with every
        fault, and ``ClientConflict`` for an id that is or ever was taken.
        """
        registration, faults = self._checked(document, is_operator=is_operator)
        chosen, chosen_faults = given.read(document if is_operator else {})
        if faults or chosen_faults:
            raise RegistrationRefused([*faults, *chosen_faults])
        client_id = chosen.client_id or self._new_id()
        secret = secrets.first(registration.values[_METHOD], chosen.client_secret)
        now = self._now()
        client = Client(
            client_id=client_id,
            sector_id=chosen.sector or self._sector(registration.values),
            secrets=(self._secret(registration.values[_METHOD], client_id, secret),) if secret else (),
            created_at=now,
            updated_at=now,
            **{**registration.values, **own},
        )
        decided = tuple(sorted(name for name in given.FIELDS if getattr(chosen, name) is not None))
        stored = self._repository.add(client, ClientEvent("add", client_id, decided, actor, note))
        self._load()
        return stored, secret, registration.ignored

    def introduce(self, newcomer: Newcomer, document: Mapping[str, Any]) -> Client:
        """Add or renew a client that a source vouches for; its sector stays over renewals, so no ``sub`` changes.

        It gets no secret: such a client proves itself by its own keys. Raises ``RegistrationRefused`` with every fault,
        and ``ClientConflict`` for an id that belongs to an operator, to another source, or to nobody any more.
        """
        registration, faults = self._checked(document, is_operator=False)
        if faults:
            raise RegistrationRefused(faults)
        self._load()
        known, now = self._clients.get(newcomer.client_id), self._now()
        values = {
            **registration.values,
            "expires_at": newcomer.expires_at,
            "federation": newcomer.vouched,
            "introduced_by": newcomer.source,
            "updated_at": now,
        }
        actor = f"client:{newcomer.client_id}"
        if known is None:
            client = Client(
                client_id=newcomer.client_id, sector_id=sectors.new_sector_id(self._new_id), created_at=now, **values
            )
            stored = self._repository.add(client, ClientEvent("add", client.client_id, ("introduced_by",), actor))
            self._load()
            return stored
        if known.introduced_by != newcomer.source or not known.is_active:
            raise ClientConflict(f"the client id {newcomer.client_id!r} is not this source's to give")
        fields = tuple(sorted(name for name, value in values.items() if getattr(known, name) != value))
        renewed = marked(known, replace(known, **values), now)
        return self._changed(renewed, ClientEvent("update", known.client_id, fields, actor))

    def end(self, client_id: str, *, actor: str = "operator:local", note: str = "") -> None:
        """End the introduction of a client now: who vouched for it does so no more. One that was not introduced is left alone."""
        self._load()
        known, now = self._clients.get(client_id), self._now()
        if known is not None and known.expires_at is not None and known.expires_at > now:
            self._changed(
                replace(known, expires_at=now), ClientEvent("update", client_id, ("expires_at",), actor, note)
            )

    def update(
        self,
        client_id: str,
        document: Mapping[str, Any],
        *,
        is_operator: bool = True,
        actor: str = "operator:local",
        note: str = "",
        own: Mapping[str, Any] = _NOTHING,
        seen: Client | None = None,
    ) -> Client:
        """Replace the metadata as a whole (RFC 7592 section 2.2); id, sector and secrets stay.

        A client that goes over to a method without a secret loses its secrets; one that comes from such a method, or to
        ``client_secret_jwt``, has none until ``rotate_secret``. What changes nothing is not written. ``own`` is as in
        ``register``. ``seen`` is the client as the caller knows it: if it was changed since, that is a conflict. What only
        an operator may give stays as it is unless ``is_operator``. Raises ``RegistrationRefused``, ``ClientNotFound`` and
        ``ClientConflict``.
        """
        current = seen or self.known(client_id)
        registration, faults = self._checked(document, is_operator=is_operator)
        faults = [*faults, *given.changes(document, current, self._now())]
        if faults:
            raise RegistrationRefused(faults)
        kept = {} if is_operator else {name: getattr(current, name) for name in metadata.OPERATORS}
        values = {**registration.values, **kept, **own}
        values["secrets"] = secrets.kept_after(current.secrets, values[_METHOD])
        values["unit_at"] = current.unit_at if values["unit"] == current.unit else self._now()
        changed = tuple(sorted(name for name, value in values.items() if getattr(current, name) != value))
        if not changed:
            return current
        updated = marked(current, replace(current, **values, updated_at=self._now()), self._now())
        return self._changed(updated, ClientEvent("update", client_id, changed, actor, note))

    def correct(
        self, client_id: str, purpose_id: str, text: Mapping[str, str], *, actor: str, note: str, seen: Client
    ) -> Client:
        """Spell a purpose otherwise (``corrections.WHOLE`` for that of the system); what people answered stands.

        ``seen`` is the client as it was when two persons agreed to that. Raises ``RegistrationRefused`` for what is no correction, ``KeyError`` for a
        purpose that is not there, ``ClientConflict``.
        """
        updated = replace(corrections.corrected(seen, purpose_id, text), updated_at=self._now())
        field = "purposes" if purpose_id else "purpose"
        return self._changed(updated, ClientEvent("correct", client_id, (field,), actor, note))

    def rotate_secret(
        self, client_id: str, *, overlap: int = DEFAULT_OVERLAP, actor: str = "operator:local", note: str = ""
    ) -> tuple[Client, str]:
        """Give the client a new secret, returned this once; the old one lives for ``overlap`` seconds more.

        Raises ``RegistrationRefused`` for a public client or an overlap out of bounds, ``ClientNotFound``,
        ``ClientConflict``.
        """
        current = self.known(client_id)
        if not current.has_secret:
            method = current.token_endpoint_auth_method
            raise RegistrationRefused([secrets.public_fault(f"has no secret: token_endpoint_auth_method is {method}")])
        secret, now = secrets.new_secret(), self._now()
        fresh = self._secret(current.token_endpoint_auth_method, client_id, secret)
        updated = replace(current, secrets=secrets.rotated(current.secrets, fresh, now, overlap), updated_at=now)
        return self._changed(updated, ClientEvent("rotate-secret", client_id, ("secrets",), actor, note)), secret

    def set_state(self, client_id: str, state: str, *, actor: str = "operator:local", note: str = "") -> Client:
        """Suspend (``suspended``), resume (``active``) or remove (``removed``) a client.

        A removed client stays as a tombstone without secrets, so that its id never names another system. Setting the
        state that is there changes nothing. Raises ``ClientNotFound``, ``ClientConflict``, ``KeyError`` for an unknown
        state.
        """
        action = _ACTIONS[state]
        current = self.known(client_id)
        if current.state == state:
            return current
        kept = () if state == "removed" else current.secrets
        updated = replace(current, state=state, secrets=kept, updated_at=self._now())
        return self._changed(updated, ClientEvent(action, client_id, ("state",), actor, note))

    def hold(self, client: Client, *, actor: str, note: str) -> Client:
        """Suspend a client (as it was seen) that is suspended already: in the name of somebody else, who it then is that lets it go on.

        Raises ``ClientConflict`` where it was changed meanwhile.
        """
        updated = replace(client, state="suspended", updated_at=self._now())
        return self._changed(updated, ClientEvent("suspend", client.client_id, ("state",), actor, note))

    def set_not_before(self, client_id: str, moment: int, *, actor: str = "operator:local", note: str = "") -> Client:
        """Void everything that was issued to the client before ``moment`` (epoch seconds); a mark never moves back.

        Raises ``ClientNotFound``, ``ClientConflict``.
        """
        current = self.known(client_id)
        if moment <= current.not_before:
            return current
        updated = replace(current, not_before=moment, updated_at=self._now())
        return self._changed(updated, ClientEvent("not-before", client_id, ("not_before",), actor, note))

    def _sector(self, values: Mapping[str, Any]) -> str:
        uri = values["sector_identifier_uri"]
        return sectors.of_uri(uri) if uri else sectors.new_sector_id(self._new_id)

    def _checked(
        self, document: Mapping[str, Any], *, is_operator: bool
    ) -> tuple[metadata.Registration, list[MetadataError]]:
        return metadata.check(dict(document), is_operator=is_operator, grants=self._grants)

    def _secret(self, method: str, client_id: str, secret: str) -> Secret:
        return secrets.kept_as(secret, method, client_id, self._now(), self._seal)

    def _changed(self, client: Client, event: ClientEvent) -> Client:
        stored = self._repository.replace(client, event)
        self._load()
        return stored
