"""Links between upstream subjects and accounts, and accounts made from an upstream's word: the only writer of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, InvalidInput, NotFound
from idp.model.account import Account
from idp.model.audit import AuditEvent, Event
from idp.model.upstream import Assertion, LinkEnd, UpstreamLink
from idp.ports.factors import Removal
from idp.ports.upstream_links import LinkRow, UpstreamLinkStore
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.drafts import Draft
from idp.services.vault import Seal, Vault
from keys.sealing import BlindIndex
from policies import identity_codes
from policies.identity_codes import CodeError, IdentityCode
from policies.upstreams.mapping import PROFILE

PROVEN: Final = "proven"
"""A link that rests on a local sign-in: on the password, and on no word of the upstream about whose it is."""


class UpstreamLinks:
    """Makes, finds and ends links."""

    def __init__(
        self, store: UpstreamLinkStore, accounts: AccountService, vault: Vault, audit: AuditLog, clock: Clock
    ) -> None:
        """Take collaborators."""
        self._store = store
        self._accounts = accounts
        self._vault = vault
        self._audit = audit
        self._clock = clock

    @cached_property
    def _index(self) -> BlindIndex:
        """The index of subjects; its key is there from the next ``idp init`` on, and nobody asks before an upstream is configured."""
        return self._vault.index("upstream-index", "subject")

    @cached_property
    def _seal(self) -> Seal:
        return self._vault.seal("upstream")

    def find(self, upstream: str, subject: str) -> UpstreamLink | None:
        """Return the current link of a subject; its ``account_id`` follows merges."""
        row = self._store.of_subject(self._index.digest(upstream, subject))
        if row is None:
            return None
        return replace(self._opened(row), account_id=self._accounts.resolve(row.account_id))

    def of_account(self, account_id: str) -> list[UpstreamLink]:
        """Return the current links of an account."""
        return [self._opened(row) for row in self._store.of_account(account_id)]

    def link(self, assertion: Assertion, account_id: str, how: str, *, ceiling: str = "", case_code: str = "") -> None:
        """Link a subject to an account; a link of the account to another subject of the same upstream ends.

        Doing it twice is no error; raises ``Conflict`` when the subject is another account's.
        """
        known = self.find(assertion.upstream, assertion.subject)
        if known is not None and known.account_id == account_id:
            return
        row = self._row(assertion, account_id, how, ceiling)
        event = self._event(Event.UPSTREAM_LINK, row, f"account:{account_id}", how, case_code)
        try:
            self._store.link(row, self._audit.record(event))
        except Conflict:
            known = self.find(assertion.upstream, assertion.subject)
            if known is None or known.account_id != account_id:
                raise

    def create(self, assertion: Assertion, case_code: str = "") -> str:
        """Make an account of what the upstream told, linked; returns its id.

        Of many at once for one person one makes it, and the others get a ``Conflict`` and find it there. Raises ``InvalidInput`` for a code
        that is none, or that contradicts the birth date or the sex.
        """
        draft = self._draft(assertion)
        new = self._accounts.prepare(draft, reason=f"upstream:{assertion.upstream}")
        account_id = new.account.id
        row = self._row(assertion, account_id, "created", "")
        added = AuditEvent(
            Event.ACCOUNT_ADD,
            reason=f"upstream:{assertion.upstream}",
            actor=f"account:{account_id}",
            account_id=account_id,
            target=f"account:{account_id}",
            case_code=case_code,
            detail={"scheme": draft.code.scheme.value, "sample": draft.is_sample, "attributes": sorted(draft.sources)},
        )
        linked = self._event(Event.UPSTREAM_LINK, row, f"account:{account_id}", "created", case_code)
        self._store.create(new, row, (self._audit.record(added), self._audit.record(linked)))
        return account_id

    def end(self, account_id: str, upstream: str, reason: LinkEnd, actor: str) -> None:
        """End an account's link; raises ``NotFound``."""
        row = next((one for one in self._store.of_account(account_id) if one.upstream == upstream), None)
        if row is None:
            raise NotFound("the account has no such link")
        event = self._event(Event.UPSTREAM_UNLINK, row, actor, reason.value, "")
        self._store.end(row.id, self._clock.now(), reason, self._audit.record(event))

    def close(
        self, account_id: str, upstream: str, may: Callable[[frozenset[str]], bool], *, actor: str, case_code: str = ""
    ) -> Removal:
        """Close a way in, if ``may`` (upstreams that stay linked) says yes; it opens this account again only when its person says so."""
        row = next((one for one in self._store.of_account(account_id) if one.upstream == upstream), None)
        if row is None:
            return Removal.ABSENT
        record = self._audit.record(self._event(Event.UPSTREAM_UNLINK, row, actor, LinkEnd.CLOSED.value, case_code))
        return self._store.close(account_id, upstream, may, self._clock.now(), record)

    def closed(self, account_id: str) -> dict[str, int]:
        """Return the upstreams that the person has closed as ways in, and when (epoch seconds)."""
        return self._store.closed(account_id)

    def reopen(self, account_id: str, upstream: str, *, actor: str, case_code: str = "") -> None:
        """Let an upstream that was closed open the account again; raises ``NotFound``."""
        event = AuditEvent(
            Event.UPSTREAM_REOPEN,
            actor=actor,
            account_id=account_id,
            target=f"upstream:{upstream}",
            case_code=case_code,
        )
        if not self._store.reopen(account_id, upstream, self._audit.record(event)):
            raise NotFound("the person has not closed this way in", field="upstream")

    def _draft(self, assertion: Assertion) -> Draft:
        """Return the draft; an attribute that our rules refuse is left out, as nobody is here who could correct it."""
        told = assertion.mapped
        values: dict[str, Any] = {
            **told.attributes,
            "code_type": told.code_type,
            "code": told.code,
            "identity_level": str(assertion.assessed.identity_level),
        }
        for _ in range(len(PROFILE)):
            try:
                draft = self._accounts.draft(values)
            except InvalidInput as error:
                if error.code != "invalid_input" or error.field not in told.attributes or error.field == "name":
                    raise
                values.pop(error.field or "")
            else:
                named = (*draft.profile, "identity_code", "identity_level")
                return replace(draft, sources=dict.fromkeys(named, assertion.upstream))
        raise InvalidInput("the upstream's attributes are unusable", field="name")

    def _row(self, assertion: Assertion, account_id: str, how: str, ceiling: str) -> LinkRow:
        link_id = handles.new_id()
        lookup = self._index.digest(assertion.upstream, assertion.subject)
        sealed = self._seal.seal(assertion.subject.encode(), link_id.encode())
        now = self._clock.now()
        return LinkRow(link_id, assertion.upstream, lookup, sealed, account_id, how, ceiling, now)

    def _opened(self, row: LinkRow) -> UpstreamLink:
        subject = self._seal.unseal(row.sealed, row.id.encode()).decode()
        return UpstreamLink(row.id, row.upstream, subject, row.account_id, row.how, row.ceiling, row.created_at)

    @staticmethod
    def _event(event: Event, row: LinkRow, actor: str, reason: str, case_code: str) -> AuditEvent:
        return AuditEvent(
            event,
            reason=reason,
            actor=actor,
            account_id=row.account_id,
            target=f"upstream:{row.upstream}",
            case_code=case_code,
            detail={"link": row.id, "ceiling": row.ceiling},
        )


def asserted_code(assertion: Assertion) -> IdentityCode | None:
    """Return the identity code that an upstream told, None for none; raises ``InvalidInput`` for one that is malformed."""
    told = assertion.mapped
    if not told.code:
        return None
    try:
        return identity_codes.parse(told.code_type, told.code)
    except CodeError as error:
        raise InvalidInput(error.fix, code=error.reason, field="code") from error


def contradicts(account: Account, attributes: Mapping[str, str]) -> bool:
    """Tell whether an account and an upstream's attributes are of two people: another birth date, another sex."""
    return any(
        name in account.profile and name in attributes and account.profile[name] != attributes[name]
        for name in ("birthdate", "gender")
    )
