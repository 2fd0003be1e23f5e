"""A clerk assists a citizen who has no telephone: fifteen minutes, one browser, one department's system, both named in everything.

The clerk is signed in with two factors and has the duty at a unit; the citizen is there and shows a document. What begins is a session
of the citizen's that the clerk's mandate stands behind: it opens no page of the citizen's own, never rises above one factor, and ends
with the mandate.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, NoReturn

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import InvalidInput, NotFound, Refused, Throttled
from idp.flows.hourly import HourlyLimit
from idp.model.account import Account
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.mandate import Mandate
from idp.model.notice import Topic
from idp.model.session import Origin, Session
from idp.ports.duties import Duties, Duty
from idp.ports.mandates import MandateStore
from idp.ports.notices import Notices
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.mandate_drafts import born
from idp.services.sessions import SessionService
from idp.services.vault import Seal
from policies import mandates as policy
from policies.assurance import LOA_1, LOA_2, satisfies
from policies.mandate_kinds import ASSIST, KINDS
from policies.mandates import Grantor, Party, Proposal, Terms

AN_HOUR: Final = 60
"""Assistances that one clerk may try within an hour: the form takes codes."""
LEVEL: Final = LOA_1
"""What an assistance counts for: the document and the face were compared by a clerk, and nothing of the citizen's own was verified."""
AMR: Final = ("user",)
"""RFC 8176 section 2: somebody is present; that he is who the document says is the clerk's word, which ``act`` shows."""
_LONGEST: Final = 200
_OWN_NUMBER: Final = frozenset({"cccd_card", "cccd_chip"})
"""Documents that carry the identity code itself."""


@dataclass(frozen=True, slots=True)
class Counter:
    """What the clerk typed: the citizen's code, the document that was shown, what for, and where it leads.

    ``floor`` is the level that the system there demands, "" for none.
    """

    code: str
    document: str
    number: str
    purpose: str
    client_id: str
    unit: str
    floor: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """The session that began: ``secret`` is its cookie."""

    mandate: Mandate
    session: Session
    secret: str


class Assisting:
    """Begins and ends assistance."""

    def __init__(
        self,
        store: MandateStore,
        accounts: AccountService,
        sessions: SessionService,
        duties: Duties,
        notices: Notices,
        audit: AuditLog,
        clock: Clock,
        limit: HourlyLimit,
        evidence: Seal,
        key: bytes,
    ) -> None:
        """Take collaborators; ``evidence`` seals what was shown, ``key`` makes the digest of a document's number."""
        self._store = store
        self._accounts = accounts
        self._sessions = sessions
        self._duties = duties
        self._notices = notices
        self._audit = audit
        self._clock = clock
        self._limit = limit
        self._evidence = evidence
        self._key = key

    def duties(self, clerk: Session) -> list[Duty]:
        """Return where somebody may assist now; none for everybody without the duty or without two factors."""
        return self._duties.of(clerk.account_id) if satisfies(clerk.acr, LOA_2) else []

    def begin(self, clerk: Session, counter: Counter, origin: Origin, case_code: str) -> Begun:
        """Begin; raises ``Refused`` with a reason id as its code, ``InvalidInput`` and ``Throttled``."""
        duty = next((one for one in self.duties(clerk) if one.unit == counter.unit), None)
        if duty is None:
            self._refused("not_on_duty", clerk, None, counter, case_code)
        wait = self._limit.count(clerk.account_id)
        if wait:
            raise Throttled("too many assistances within an hour", retry_after=wait)
        _check(counter)
        if not is_enough(counter.floor):
            self._refused("level_out_of_reach", clerk, None, counter, case_code)
        citizen = self._accounts.for_sign_in(counter.code)
        if citizen is None or citizen.kind != "person":
            self._refused("citizen_unknown", clerk, None, counter, case_code)
        if counter.document in _OWN_NUMBER and not self._is_own(citizen, counter.number):
            self._refused("document_mismatch", clerk, citizen, counter, case_code)
        mandate = self._mandate(clerk, citizen, counter, duty, case_code)
        record = self._audit.record(self._event(Event.ASSIST_BEGIN, mandate, case_code, counter.purpose, origin))
        if not self._store.add(mandate, record):
            self._refused("not_on_duty", clerk, citizen, counter, case_code)
        session, secret = self._sessions.start_assisted(mandate, LEVEL, AMR, origin)
        self._notices.tell(citizen.id, Topic.ASSISTED)
        return Begun(mandate, session, secret)

    def running(self, session: Session) -> Mandate:
        """Return the mandate behind an assisted session; raises ``NotFound``."""
        mandate = self._store.get(session.mandate_id) if session.is_assisted else None
        if mandate is None:
            raise NotFound("nobody is assisted here")
        return mandate

    def end(self, session: Session, origin: Origin, case_code: str) -> None:
        """End at once; the department is told as of any sign-out. Ending what has ended is no error."""
        mandate = self.running(session)
        self._sessions.end(session, "assist_ended", f"account:{mandate.actor_id}", case_code=case_code)
        record = self._audit.record(self._event(Event.ASSIST_END, mandate, case_code, "", origin))
        self._store.revoke(mandate.id, self._clock.now(), "assist_ended", record)

    def _mandate(self, clerk: Session, citizen: Account, counter: Counter, duty: Duty, case_code: str) -> Mandate:
        now, mandate_id = self._clock.now(), handles.new_id()
        end = min(now + KINDS[ASSIST].longest, clerk.expires_at)
        official = self._accounts.get(clerk.account_id)
        proposal = Proposal(
            ASSIST,
            Party(citizen.id, citizen.kind, citizen.state, born(citizen)),
            Party(official.id, official.kind, official.state, born(official)),
            Terms(frozenset({policy.ALL_PROCEDURES}), duty.unit, now, end),
            counter.document,
        )
        decision = policy.propose(proposal, Grantor("clerk", clerk.account_id, unit=duty.unit), now)
        if not decision.is_allowed:
            self._refused(decision.reason, clerk, citizen, counter, case_code)
        shown = orjson.dumps(
            {"document": counter.document, "number": self._digest(counter.number), "purpose": counter.purpose}
        ).decode()
        return Mandate(
            id=mandate_id,
            kind=ASSIST,
            principal_id=citizen.id,
            actor_id=clerk.account_id,
            procedures=(policy.ALL_PROCEDURES,),
            unit_code=duty.unit,
            valid_from=now,
            valid_to=end,
            may_delegate=False,
            depth=1 if duty.mandate_id else 0,
            state=policy.ACCEPTED,
            evidence_kind=counter.document,
            evidence=self._evidence.seal(orjson.dumps(shown), mandate_id.encode()),
            granted_by=f"account:{clerk.account_id}",
            created_at=now,
            parent_id=duty.mandate_id,
            root_id=duty.mandate_id,
            client_id=counter.client_id,
            session_id=handles.new_id(),
            answered_at=now,
        )

    def _is_own(self, citizen: Account, number: str) -> bool:
        current = {one.value for one in self._accounts.codes(citizen.id) if one.valid_to is None}
        return _plain(number) in current

    def _digest(self, number: str) -> str:
        """A reader of the evidence can check a number that he has, and learns none."""
        return hmac.digest(self._key, _plain(number).encode(), hashlib.sha256).hex()

    def _event(self, event: Event, mandate: Mandate, case_code: str, purpose: str, origin: Origin) -> AuditEvent:
        private = {"address": origin.address, "browser": origin.browser}
        return AuditEvent(
            event,
            actor=f"account:{mandate.actor_id}",
            account_id=mandate.principal_id,
            client_id=mandate.client_id,
            session_id=mandate.session_id,
            target=f"mandate:{mandate.id}",
            case_code=case_code,
            detail={"unit": mandate.unit_code, "evidence": mandate.evidence_kind, "valid_to": mandate.valid_to},
            private={**private, "purpose": purpose} if purpose else private,
        )

    def _refused(
        self, reason: str, clerk: Session, citizen: Account | None, counter: Counter, case_code: str
    ) -> NoReturn:
        made = AuditEvent(
            Event.ASSIST_BEGIN,
            Outcome.REFUSED,
            reason,
            actor=f"account:{clerk.account_id}",
            account_id=citizen.id if citizen is not None else None,
            client_id=counter.client_id,
            session_id=clerk.id,
            case_code=case_code,
            private={"purpose": counter.purpose[:_LONGEST]},
        )
        self._audit.write(made)
        raise Refused(f"assistance refused: {reason}", code=reason)


def is_enough(floor: str) -> bool:
    """Tell whether a system that demands a level ("" for none) can be used by whom a clerk assists."""
    return not floor or satisfies(LEVEL, floor)


def _check(counter: Counter) -> None:
    if not counter.purpose or len(counter.purpose) > _LONGEST:
        raise InvalidInput("what for is missing or too long", code="purpose_missing", field="purpose")
    if not _plain(counter.number) or len(counter.number) > _LONGEST:
        raise InvalidInput("the document's number is missing", code="document_missing", field="number")


def _plain(number: str) -> str:
    return "".join(one for one in number if one.isalnum()).upper()
