"""``/account/receipts`` and ``/account/data``: the proof of each agreement, who saw my data, and a copy of it all.

Decree 13/2023 articles 11 to 14 and Law 91/2025: an agreement can be printed and verified, and a copy of one's data is there for the asking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from idp.clock import Clock
from idp.endpoints import receipt_purposes
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange
from idp.endpoints.door import Door
from idp.errors import Busy, DomainError, NotFound
from idp.flows.own_copy import OwnCopy
from idp.model.audit import AuditEvent, Event
from idp.model.notice import Topic
from idp.model.session import Session
from idp.ports.audit import AuditQuery
from idp.ports.consents import Consent
from idp.ports.notices import Notices
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.consents import ConsentService
from idp.services.sessions import SessionService
from idp.web.i18n import Translator, translator
from keys.errors import NoActiveKey
from policies import claims as claim_policy

RECEIPTS: Final = "/account/receipts"
DATA: Final = "/account/data"
RECEIPT_TYPE: Final = "consent-receipt+jwt"
_TOLD_ENDS: Final = frozenset({"withdrawn", "superseded"})
"""Ends of a consent that its receipt tells by their name."""
_CSRF: Final = "own-data"
_MOST: Final = 200
_COPIED: Final = 10_000
"""Agreements in a copy."""
_KEY_COMES: Final = 60
_SEEN: Final = (
    Event.TOKEN_CODE,
    Event.TOKEN_FRONT,
    Event.TOKEN_DEVICE,
    Event.TOKEN_CIBA,
    Event.TOKEN_EXCHANGE,
    Event.ACCOUNT_SHOW,
    Event.ACCOUNT_EXPORT,
)
"""Acts by which somebody got data of a person: a system that was given tokens, a member of staff who looked, the person who took a copy."""
_OURS: Final = frozenset({"search", "sessions", "mandates", "breach", "directory", "evidence"})
"""Reasons that an act gives by itself."""

LevelOfChanges = Callable[[str], str]
"""Takes an account id and returns the level at which its person must have signed in to get at everything."""

Sign = Callable[[Mapping[str, Any], str], str]
"""Takes claims and the type of the token, and returns them signed."""


class OwnDataPages:
    """The pages; each for the person alone, and the copy only after a fresh sign-in."""

    def __init__(
        self,
        desk: Desk,
        door: Door,
        consents: ConsentService,
        sessions: SessionService,
        accounts: AccountService,
        copy: OwnCopy,
        audit: AuditLog,
        departments: Departments,
        notices: Notices,
        sign: Sign,
        issuer: str,
        clock: Clock,
        fresh: int,
        level: LevelOfChanges,
    ) -> None:
        """Take collaborators; ``fresh`` are the seconds since the sign-in after which no copy is handed out.

        ``level`` returns the level at which a person must have signed in for that.
        """
        self._desk = desk
        self._door = door
        self._consents = consents
        self._sessions = sessions
        self._accounts = accounts
        self._copy = copy
        self._audit = audit
        self._departments = departments
        self._notices = notices
        self._sign = sign
        self._issuer = issuer
        self._clock = clock
        self._fresh = fresh
        self._level = level

    def receipts(self, wire: WireRequest) -> WireResponse:
        """List what was ever agreed to or read."""

        def shown(exchange: Exchange, session: Session) -> WireResponse:
            t = translator(exchange.language)
            rows = [self._line(t, one) for one in self._consents.search(session.account_id, None, _MOST)]
            return self._desk.page("receipts", exchange, rows=rows)

        return self._for_person(wire, RECEIPTS, shown)

    def receipt(self, wire: WireRequest, consent_id: str) -> WireResponse:
        """Show one receipt, to be read and printed."""

        def shown(exchange: Exchange, session: Session) -> WireResponse:
            consent, t = self._own(session, consent_id), translator(exchange.language)
            text = self._consents.text(consent.text_version)
            purpose = (text.purpose.get(t.language) or text.purpose.get("vi", "")) if text is not None else ""
            return self._desk.page(
                "receipt",
                exchange,
                row=self._line(t, consent),
                purpose=purpose,
                purposes=receipt_purposes.shown(t, consent, text),
                basis=text.legal_basis if text is not None else "",
                version=consent.text_version,
                is_corrected=self._is_corrected(consent),
                declined=_names(t, consent.declined),
                owner=self._accounts.get(session.account_id).profile.get("name", ""),
            )

        return self._for_person(wire, f"{RECEIPTS}/{consent_id}", shown)

    def signed(self, wire: WireRequest, consent_id: str) -> WireResponse:
        """Return one receipt as a signed token, which anybody can verify by the published keys."""

        def shown(_exchange: Exchange, session: Session) -> WireResponse:
            token = self._sign(self._claims(self._own(session, consent_id)), RECEIPT_TYPE)
            return _file(token.encode(), "application/jwt", f"{consent_id}.jwt")

        return self._for_person(wire, f"{RECEIPTS}/{consent_id}", shown)

    def data(self, wire: WireRequest) -> WireResponse:
        """Show who got data of the person, and offer the copy."""

        def shown(exchange: Exchange, session: Session) -> WireResponse:
            t = translator(exchange.language)
            rows = [self._seen(t, session, row) for row in self._history(session.account_id)]
            token = self._desk.csrf_token(exchange, _CSRF)
            return self._desk.page("own_data", exchange, rows=rows, csrf_token=token)

        return self._for_person(wire, DATA, shown)

    def export(self, wire: WireRequest) -> WireResponse:
        """Hand out the copy: everything that is kept of the person, as JSON; recorded, and told."""

        def taken(exchange: Exchange, session: Session) -> WireResponse:
            self._desk.form(exchange, _CSRF)
            account_id = session.account_id
            document = self._copy.of(account_id)
            document["consents"] = [self._claims(one) for one in self._consents.search(account_id, None, _COPIED)]
            self._audit.write(
                AuditEvent(
                    Event.ACCOUNT_EXPORT,
                    actor=f"account:{account_id}",
                    account_id=account_id,
                    session_id=session.id,
                    target=f"account:{account_id}",
                    case_code=wire.case_code,
                )
            )
            self._notices.tell(account_id, Topic.DATA_EXPORTED)
            body = orjson.dumps(document, option=orjson.OPT_INDENT_2)
            return _file(body, "application/json", "dinhdanh.json")

        return self._for_person(wire, DATA, taken, max_age=self._fresh)

    def _for_person(
        self,
        wire: WireRequest,
        back: str,
        act: Callable[[Exchange, Session], WireResponse],
        max_age: int | None = None,
    ) -> WireResponse:
        exchange = self._desk.exchange(wire)
        current = self._sessions.of_cookie(exchange.session_secret)
        # A password alone, which may be somebody else's by now, must not open everything at once.
        level = self._level(current.account_id) if max_age is not None and current is not None else ""
        session = self._door.admit(exchange, back, minimum_acr=level, max_age=max_age)
        if isinstance(session, WireResponse):
            return session
        try:
            return act(exchange, session)
        except NoActiveKey as error:
            return self._desk.refused(wire, Busy(str(error), retry_after=_KEY_COMES))
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _own(self, session: Session, consent_id: str) -> Consent:
        """Return a consent of this person; another person's is not found."""
        found = self._consents.get(consent_id)
        if found is None or found.account_id != session.account_id:
            raise NotFound("the person has no such receipt")
        return found

    def _is_corrected(self, one: Consent) -> bool:
        """Tell whether the text that the person read is spelt otherwise today, so that the answer stands under other letters."""
        client = self._departments.find(one.client_id)
        return client is not None and one.ended_at is None and one.text_version in client.corrected

    def _line(self, t: Translator, one: Consent) -> dict[str, str]:
        return {
            "id": one.id,
            "client": self._departments.name(one.client_id, t.language),
            "kind": one.kind,
            "given": t.moment(one.given_at),
            "ended": t.moment(one.ended_at) if one.ended_at else "",
            "end": _end(one),
            "claims": _names(t, one.claims) or t("consent.nothing"),
            "mandate": one.mandate_id,
        }

    def _claims(self, one: Consent) -> dict[str, Any]:
        text, client = self._consents.text(one.text_version), self._departments.find(one.client_id)
        return {
            "iss": self._issuer,
            "iat": self._clock.now(),
            "jti": one.id,
            "kind": one.kind,
            "recipient": {"client_id": one.client_id, "name": client.name("vi") if client is not None else ""},
            **receipt_purposes.signed(one, text),
            "text_version": one.text_version,
            "claims": list(claim_policy.unpack(one.claims)),
            "declined": list(claim_policy.unpack(one.declined)),
            "given_at": one.given_at,
            "ended_at": one.ended_at,
            "end_reason": one.end_reason,
            "acting_by": one.mandate_id or None,
        }

    def _history(self, account_id: str) -> list[Mapping[str, Any]]:
        events = tuple(event.value for event in _SEEN)
        return list(self._audit.search(AuditQuery(account_id=account_id, events=events, outcome="done", limit=_MOST)))

    def _seen(self, t: Translator, session: Session, row: Mapping[str, Any]) -> dict[str, str]:
        """Return a line: a system by its name; of staff only that they were staff, with the reason that they gave."""
        client_id, is_own = row["client_id"], row["actor"] == f"account:{session.account_id}"
        person = t("own_data.you" if is_own else "own_data.staff")
        who = self._departments.name(client_id, t.language) if client_id else person
        kind = (
            "look"
            if row["event"] == Event.ACCOUNT_SHOW
            else "copy"
            if row["event"] == Event.ACCOUNT_EXPORT
            else "token"
        )
        revealed = kind == "look" and not row["detail"].get("revealed")
        return {
            "when": t.moment(int(row["at_us"]) // 1_000_000),
            "who": who,
            "what": t("own_data.masked_look" if revealed else f"own_data.{kind}"),
            "why": _why(t, row) if kind == "look" else "",
        }


def _why(t: Translator, row: Mapping[str, Any]) -> str:
    """Return what somebody of staff looked for: in the reader's words where we say it ourselves, else as that person wrote it."""
    reason = "directory" if row["detail"].get("directory") else str(row["reason"])
    return t(f"own_data.why_{reason}") if reason in _OURS else reason


def _end(one: Consent) -> str:
    """Return how it ended, in a word of the languages. A notice, to which nobody agreed, is over: what the law asks for goes on."""
    is_told = one.end_reason in _TOLD_ENDS and (one.end_reason, one.kind) != ("withdrawn", "notice")
    return str(one.end_reason) if is_told else "over"


def _names(t: Translator, claims: int) -> str:
    return "; ".join(t(f"claim.{name}") for name in claim_policy.unpack(claims))


def _file(body: bytes, kind: str, name: str) -> WireResponse:
    headers = (
        ("Content-Type", kind),
        ("Content-Disposition", f'attachment; filename="{name}"'),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    )
    return WireResponse(200, headers, body)
