"""Requests that wait for a person on the account page (CIBA): what is listed, and the way into the transaction that answers one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from idp.endpoints.departments import Departments
from idp.errors import NotFound
from idp.flows.inbox import Inbox
from idp.flows.pending import PendingRequests
from idp.model.authorization import PendingRequest
from idp.model.session import Session
from idp.services.subjects import SubjectService
from idp.web.i18n import Translator
from policies import claims as claim_policy


@dataclass(frozen=True, slots=True)
class WaitingRequests:
    """Lists and opens them."""

    inbox: Inbox
    pending: PendingRequests
    subjects: SubjectService
    departments: Departments

    def rows(self, t: Translator, account_id: str) -> list[dict[str, str]]:
        """Return what waits, for the template."""
        found = []
        for asked in self.inbox.waiting(account_id):
            client = self.departments.find(asked.request.client_id)
            if client is None or not client.is_active:
                continue
            view = self.departments.view(client, t.language) or {}
            names = [t(f"claim.{name}") for name in claim_policy.unpack(asked.request.claims | asked.request.id_claims)]
            found.append(
                {
                    "key": asked.key,
                    "name": view.get("name", ""),
                    "unit": view.get("unit", ""),
                    "message": asked.message,
                    "claims": "; ".join(names) or t("consent.nothing"),
                    "until": t.moment(asked.expires_at),
                }
            )
        return found

    def begin(self, own: Session, key: str, browser: str) -> PendingRequest:
        """Start the transaction in which the person answers; it admits nobody else. Raises ``NotFound``."""
        asked = self.inbox.find(own.account_id, key)
        client = self.departments.find(asked.request.client_id) if asked is not None else None
        if asked is None or client is None:
            raise NotFound("the person has no such waiting request", code="expired_transaction")
        request = replace(asked.request, required_sub=self.subjects.subject(own.account_id, client))
        return self.pending.create(request, browser, decoupled=asked.key)
