"""The copy of what is kept of a person, for that person: every attribute with who told it, and all that hangs on the account.

Decree 13/2023 article 14 and Law 91/2025. Nothing in it is of use to sign in with, and other people are in it by no name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.authn.factors.registry import Factors
from idp.model.account import Source
from idp.model.data_request import DataRequest
from idp.model.mandate import Mandate
from idp.ports.audit import AuditQuery
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.data_requests import DataRequestService
from idp.services.devices import DeviceService
from idp.services.mandates import MandateService
from idp.services.provenance import everything
from idp.services.sessions import SessionService
from idp.services.upstream_links import UpstreamLinks

_COPIED: Final = 10_000
"""Lines of history in a copy; ``is_whole`` tells whether that was all."""


@dataclass(frozen=True, slots=True)
class Keepers:
    """Who keeps something of a person."""

    accounts: AccountService
    sessions: SessionService
    factors: Factors
    devices: DeviceService
    links: UpstreamLinks
    mandates: MandateService
    requests: DataRequestService
    audit: AuditLog


class OwnCopy:
    """Puts the copy together."""

    def __init__(self, keepers: Keepers) -> None:
        """Take the keepers."""
        self._keepers = keepers

    def of(self, account_id: str) -> dict[str, Any]:
        """Return the copy as JSON values, moments as epoch seconds; agreements are added by who signs them."""
        kept = self._keepers
        account, codes = kept.accounts.get(account_id), kept.accounts.codes(account_id)
        history = kept.audit.search(AuditQuery(account_id=account_id, limit=_COPIED))
        return {
            "account_id": account.id,
            "kind": account.kind,
            "created": account.created_at,
            "identity_level": account.identity_level,
            "unit": str(account.unit) if account.unit is not None else None,
            "profile": dict(account.profile),
            "sources": {one.attribute: _source(one.source) for one in everything(account, codes)},
            "codes": [
                {"type": one.scheme, "value": one.value, "valid_from": one.valid_from, "valid_to": one.valid_to}
                for one in codes
            ],
            **self._ways_in(account_id),
            **self._sessions(account_id),
            "mandates": [
                *_mandates(kept.mandates.of_principal(account_id), "acted_for"),
                *_mandates(kept.mandates.of_actor(account_id), "acting"),
            ],
            "requests": [_request(one) for one in kept.requests.of_account(account_id)],
            "history": [_line(row) for row in history],
            "is_whole": len(history) < _COPIED,
        }

    def _ways_in(self, account_id: str) -> dict[str, Any]:
        return {
            "ways_to_sign_in": [
                {"kind": one.factor, "name": one.name, "since": one.created_at, "last_used": one.last_used_at}
                for one in self._keepers.factors.enrolled(account_id)
            ],
            "linked_accounts": [
                {"provider": one.upstream, "subject": one.subject, "since": one.created_at}
                for one in self._keepers.links.of_account(account_id)
            ],
        }

    def _sessions(self, account_id: str) -> dict[str, Any]:
        return {
            "sessions": [
                {
                    "started": view.session.created_at,
                    "last_seen": view.session.last_seen_at,
                    "address": view.origin.address,
                    "browser": view.origin.browser,
                }
                for view in self._keepers.sessions.of_account(account_id)
            ],
            "known_browsers": [
                {
                    "browser": one.origin.browser,
                    "address": one.origin.address,
                    "first_seen": one.first_seen_at,
                    "last_seen": one.last_seen_at,
                }
                for one in self._keepers.devices.of_account(account_id)
            ],
        }


def _source(source: Source) -> dict[str, Any]:
    """Return who told something: ``by`` is an upstream's name, or of ours ``operator``, ``import``, ``directory``, ``self``, ``beginning``."""
    is_ours = source.name.startswith(":")
    return {"by": source.name.lstrip(":"), "is_upstream": not is_ours, "at": source.at or None}


def _mandates(mandates: Iterable[Mandate], role: str) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind,
            "role": role,
            "state": one.state,
            "procedures": list(one.procedures),
            "valid_from": one.valid_from,
            "valid_to": one.valid_to,
            "ended": one.ended_at,
        }
        for one in mandates
    ]


def _request(one: DataRequest) -> dict[str, Any]:
    return {
        "number": one.number,
        "kind": one.kind.value,
        "client_id": one.client_id or None,
        "text": one.text,
        "received": one.received_at,
        "due": one.due_at,
        "state": one.state.value,
        "answer": one.answer,
        "ended": one.ended_at,
    }


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    at = int(row["at_us"]) // 1_000_000
    return {"at": at, "event": row["event"], "client_id": row["client_id"], "outcome": row["outcome"]}
