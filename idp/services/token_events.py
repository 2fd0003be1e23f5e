"""How acts on token families are put into the audit log."""

from __future__ import annotations

from idp.model.audit import AuditEvent, Event
from idp.model.grant import Grant


def token_event(event: Event, client_id: str, grant_id: str, case_code: str, **detail: object) -> AuditEvent:
    """Return the record of an act of a client on a grant, or on itself where there is none."""
    return AuditEvent(
        event,
        actor=f"client:{client_id}",
        client_id=client_id,
        target=f"grant:{grant_id}" if grant_id else f"client:{client_id}",
        case_code=case_code,
        detail=detail,
    )


def of_person(event: AuditEvent, grant: Grant) -> AuditEvent:
    """Return the record with the person whose grant it is."""
    return AuditEvent(
        event.event,
        actor=event.actor,
        account_id=grant.account_id,
        client_id=event.client_id,
        session_id=grant.session_id,
        target=event.target,
        case_code=event.case_code,
        detail={**event.detail, "mandate": grant.mandate_id} if grant.mandate_id else event.detail,
    )
