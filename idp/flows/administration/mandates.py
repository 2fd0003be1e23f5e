"""Mandates as an administrator sees them from either party's account; given, by two, and ended by the office of whoever is acted for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

from idp.errors import Conflict, InvalidInput, NotFound, Refused, Throttled
from idp.flows.administration.accounts import AccountAdministration
from idp.flows.administration.acts import Act, Arguments, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, key_of, page
from idp.flows.hourly import HourlyLimit
from idp.model.account import Account
from idp.model.approval import Approval
from idp.model.mandate import Mandate
from idp.services.accounts import AccountService
from idp.services.approvals import Request
from idp.services.mandate_drafts import Draft
from idp.services.mandates import MandateService
from policies.delegation import TOP, Action, Actor, Decision, Target, Verdict
from policies.mandate_kinds import KINDS
from policies.mandates import ACCEPTED, ALL_PROCEDURES, PROPOSED, gives

GIVE: Final = "mandate:give"
STRANGERS_AN_HOUR: Final = 20
"""Actors out of reach that one administrator may name within an hour: as many as a person may when he appoints somebody."""
_OFFICE: Final = "operator"
_LONGEST_NAME: Final = 200
_FIRST: Final = Window()
_UNKNOWN: Final = "actor_unknown"
_ABOUT_ACTORS: Final = (
    *("actor_no_person", "for_oneself", "party_not_active", "actor_under_age", "parent_younger", "birthdate_unknown"),
)
"""The policy's reasons about an actor: told of people within reach. Of others there is one answer, the same as of nobody."""
_FIELDS: Final = {
    **dict.fromkeys((_UNKNOWN, *_ABOUT_ACTORS), "actor"),
    "procedures_malformed": "procedures",
    "dates_wrong": "valid_to",
    "too_long": "valid_to",
    "beyond_coming_of_age": "valid_to",
    "unit_missing": "unit",
    "may_not_be_passed_on": "may_delegate",
    "evidence_not_of_kind": "evidence_kind",
}
"""The field at fault by the policy's reason; what is not here is about the kind."""


@dataclass(frozen=True, slots=True)
class MandateView:
    """A mandate, and whether the one who looks may end it: it is open, and who is acted for is within reach."""

    mandate: Mandate
    may_end: bool


@dataclass(frozen=True, slots=True)
class MandateWish:
    """What an administrator asks for: ``actor`` is a whole identity code or an account's id, moments are epoch seconds, the end excluded.

    Without procedures it is for all of them; without moments from when it is let happen, for as long as the kind may last.
    """

    kind: str
    actor: str
    evidence_kind: str
    evidence: str
    procedures: tuple[str, ...] = ()
    unit: str = ""
    valid_from: int | None = None
    valid_to: int | None = None
    may_delegate: bool = False


class MandateAdministration:
    """Who is represented decides: who reaches the actor alone sees a mandate of his, and neither gives nor ends one.

    To give one is power over somebody else's affairs. So two persons of the office do it, neither of them a party, on a document that both have
    seen; the actor still accepts, and both parties are told.
    """

    def __init__(
        self,
        gate: Gate,
        people: AccountAdministration,
        accounts: AccountService,
        mandates: MandateService,
        limit: HourlyLimit,
    ) -> None:
        """Take collaborators; ``limit`` counts whom an administrator names who is not within his reach."""
        self._gate = gate
        self._limit = limit
        self._people = people
        self._accounts = accounts
        self._mandates = mandates

    def of_account(
        self, who: Administrator, account_id: str, wanted: Window = _FIRST, *, is_noted: bool = False
    ) -> Page[MandateView]:
        """Return a page of the mandates in which an account acts or is acted for, newest first.

        The look is recorded, unless it is part of one at the account that was (``is_noted``).
        """
        account, _ = self._people.seen(who, Action.ACCOUNT_READ, account_id)
        if not is_noted:
            self._accounts.note_shown(account.id, reveal=False, reason="mandates", actor=who.principal)
        found = self._mandates.of_account(account.id, key_of(wanted.after), wanted.limit + 1)
        views = [MandateView(one, self._may_end(who, one)) for one in found]
        return page(views, [f"{one.created_at}.{one.id}" for one in found], wanted.limit)

    def acts(self) -> Mapping[str, Act]:
        """Return the acts that may wait."""
        return {GIVE: Act(self._decide, self._given, self._opened)}

    def kinds(self, who: Administrator, account: Account) -> tuple[str, ...]:
        """Return the kinds of mandate that somebody may ask for in an account's name; for what a page offers."""
        if self._gate.decide(who.actor, Action.MANDATE_GIVE, self._people.target(account)).is_denied:
            return ()
        of_sort = [one for one in KINDS.values() if _OFFICE in one.grantors and one.principal == account.kind]
        is_agency = self._accounts.is_agency(account.id)
        return tuple(one.name for one in of_sort if gives(one.name, is_agency=is_agency))

    def give(self, who: Administrator, account_id: str, wish: MandateWish, reason: str) -> Approval:
        """Ask that somebody may act for an account; a second person lets it be proposed, and the actor accepts.

        Raises ``InvalidInput`` naming the field, with the policy's reason id as its code where the policy says no; ``NotFound`` and ``Refused``.
        """
        account, target = self._people.seen(who, Action.MANDATE_GIVE, account_id)
        for field, text in (("reason", reason), ("evidence", wish.evidence), ("actor", wish.actor)):
            if not text.strip():
                raise InvalidInput("is required", field=field)
        if wish.unit and self._gate.admins.unit(wish.unit) == TOP:
            raise InvalidInput("names no unit that is in force today", code="unknown_unit", field="unit")
        name = f"account:{account.id}"
        arguments = {**asdict(wish), "principal": account.id, "actor": "", "procedures": list(wish.procedures)}
        # Whatever is wrong whoever acts is said before anybody is looked for: the answer must not depend on whether there is such a person.
        self._gate.passed(who, Action.MANDATE_GIVE, target, self._right(who.actor, arguments), name)
        with _said():
            self._mandates.examine_own(_draft(arguments, wish.evidence), who.principal)
        actor_id, is_known = self._actor(who, name, wish.actor.strip())
        arguments["actor"] = actor_id
        arguments["evidence"] = self._mandates.wrapped(wish.evidence.strip(), _about(arguments))
        self._gate.passed(who, Action.MANDATE_GIVE, target, self._decide(who.actor, arguments), name)
        with _said(() if is_known else _ABOUT_ACTORS):
            self._mandates.examine(_draft(arguments, wish.evidence.strip()), who.principal)
        return self._gate.wait(who, Request(GIVE, Action.MANDATE_GIVE, name, arguments, reason))

    def end(self, who: Administrator, account_id: str, mandate_id: str, reason: str) -> Mandate:
        """End a mandate with all that was passed on from it, at once; both parties are told.

        Raises ``InvalidInput`` without a reason, ``NotFound``, ``Refused``, and ``Conflict`` for one that has ended.
        """
        if not reason.strip():
            raise InvalidInput("is required", field="reason")
        account, _ = self._people.seen(who, Action.ACCOUNT_READ, account_id)
        name = f"mandate:{mandate_id}"
        self._gate.enter(who, Action.MANDATE_END, name)
        try:
            mandate = self._mandates.get(mandate_id)
        except NotFound:
            self._gate.refuse(who, Action.MANDATE_END, name, "unknown", visible=False)
        if account.id not in {mandate.actor_id, mandate.principal_id}:
            self._gate.refuse(who, Action.MANDATE_END, name, "unknown", visible=False)
        self._gate.require(who, Action.MANDATE_END, self._target(mandate), name, hidden=False)
        if mandate.state not in {PROPOSED, ACCEPTED}:
            raise Conflict("the mandate has ended before", code="ended")
        self._mandates.revoke(mandate.id, reason=reason, office=who.principal)
        return self._mandates.get(mandate.id)

    def _actor(self, who: Administrator, name: str, text: str) -> tuple[str, bool]:
        """Return the one account that a whole code or id names, and whether it is within reach; who asks for whom leaves a trace, found or not.

        Raises ``Throttled`` after so many within an hour who are nobody, or out of reach: the answer tells whether somebody is there.
        """
        found = self._accounts.named_by(text[:_LONGEST_NAME])
        is_known = len(found) == 1 and self._is_known(who, found[0])
        wait = 0 if is_known else self._limit.count(who.principal)
        if wait:
            self._gate.note(who, Action.MANDATE_GIVE, name, "throttled")
            throttled = Throttled("too many people out of reach were named within an hour", retry_after=wait)
            throttled.is_recorded = True
            raise throttled
        if len(found) != 1:
            self._gate.note(who, Action.MANDATE_GIVE, name, _UNKNOWN)
            raise _refused(_UNKNOWN)
        return found[0], is_known

    def _is_known(self, who: Administrator, account_id: str) -> bool:
        target = self._people.target(self._accounts.get(account_id))
        return not self._gate.decide(who.actor, Action.ACCOUNT_READ, target).is_denied

    def _decide(self, actor: Actor, arguments: Arguments) -> Decision:
        # A person who gave a mandate to himself, or let it happen, would be the only one who has to agree.
        if actor.principal == f"account:{self._accounts.resolve(arguments['actor'])}":
            return Decision(Verdict.DENIED, "oneself")
        return self._right(actor, arguments)

    def _right(self, actor: Actor, arguments: Arguments) -> Decision:
        """Decide by whom it is given for, and where it holds."""
        account = self._accounts.get(arguments["principal"])
        if actor.principal == f"account:{account.id}":
            return Decision(Verdict.DENIED, "oneself")
        decision = self._gate.decide(actor, Action.MANDATE_GIVE, self._people.target(account))
        kind, unit = KINDS.get(arguments["kind"]), arguments["unit"]
        if decision.is_denied or kind is None or not kind.needs_unit or not unit:
            return decision
        # What is given is power at that unit, wherever the account belongs.
        try:
            return self._gate.decide(actor, Action.MANDATE_GIVE, Target((self._gate.admins.unit(unit),)))
        except InvalidInput:
            return Decision(Verdict.DENIED, "unit_gone")

    def _given(self, arguments: Arguments, parties: Parties) -> None:
        draft = _draft(arguments, self._mandates.unwrapped(arguments["evidence"], _about(arguments)))
        office = parties.requester.principal
        self._mandates.propose(draft, reason=parties.reason, office=office, approver=parties.approver)

    def _opened(self, arguments: Arguments, looker: str) -> Arguments:
        # The document is about whoever is acted for, who may ask who read it.
        self._accounts.note_shown(arguments["principal"], reveal=True, reason="evidence", actor=looker)
        return {**arguments, "evidence": self._mandates.unwrapped(arguments["evidence"], _about(arguments))}

    def _may_end(self, who: Administrator, mandate: Mandate) -> bool:
        if mandate.state not in {PROPOSED, ACCEPTED}:
            return False
        return not self._gate.decide(who.actor, Action.MANDATE_END, self._target(mandate)).is_denied

    def _target(self, mandate: Mandate) -> Target:
        return self._people.target(self._accounts.get(mandate.principal_id))


def _about(arguments: Arguments) -> str:
    """Return what ties sealed evidence to the parties that it is about."""
    return f"mandate:{arguments['principal']}:{arguments['actor']}"


def _draft(arguments: Arguments, evidence: str) -> Draft:
    return Draft(
        arguments["kind"],
        arguments["principal"],
        arguments["actor"],
        arguments["evidence_kind"],
        evidence.strip(),
        tuple(arguments["procedures"]) or (ALL_PROCEDURES,),
        arguments["unit"],
        arguments["valid_from"],
        arguments["valid_to"],
        arguments["may_delegate"],
    )


@contextmanager
def _said(hidden: Collection[str] = ()) -> Iterator[None]:
    """Say what the rules refuse at its field; a reason of ``hidden`` as if the actor were nobody. The service has recorded which it was."""
    try:
        yield
    except Refused as error:
        raise _refused(_UNKNOWN if error.code in hidden else error.code) from error


def _refused(code: str) -> InvalidInput:
    sentence = "names no account, or several, or nobody who may" if code == _UNKNOWN else f"is refused: {code}"
    refused = InvalidInput(sentence, code=code, field=_FIELDS.get(code, "kind"))
    refused.is_recorded = True
    return refused
