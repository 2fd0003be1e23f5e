"""The consent and notice page: what is shown, with the actual values, and what an answer stores."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.model import Client
from idp.endpoints.consent_purposes import ClaimRow, Purposes, PurposeView, agreed, view
from idp.flows.dispatcher import Decision, Facts, wanted_consent
from idp.model.decoupled import DecoupledRequest
from idp.ports.consents import ConsentText
from idp.ports.mandates import LiveMandate
from idp.ports.sessions import ConsentState
from idp.protocol.errors import LoginRequired
from idp.services.consents import ConsentService
from idp.web.i18n import Translator, translator
from policies import authorization_details, delegation
from policies import claims as claim_policy
from policies.consent import Wanted
from policies.mandate_kinds import ASSISTED, KINDS

Attributes = Callable[[str], Mapping[str, object]]
"""Takes an account id and returns everything that could be released, by claim or column name."""


OfPrincipal = Callable[[LiveMandate], Mapping[str, object]]
"""Takes a mandate and returns what could be told of its principal."""


@dataclass(frozen=True, slots=True)
class DetailView:
    """One authorization detail on the page: what it is about, then name and values of each member."""

    title: str
    rows: list[tuple[str, list[str]]]


class ConsentPage:
    """Prepares the page and stores the answer."""

    def __init__(self, consents: ConsentService, attributes: Attributes, of_principal: OfPrincipal) -> None:
        """Take the service and the sources of values: the person's, and of whom he acts for."""
        self._of_principal = of_principal
        self._consents = consents
        self._attributes = attributes
        self._purposes = Purposes(consents.text)

    def values(self, facts: Facts, decision: Decision, language: str) -> dict[str, Any]:
        """Return the template's values. What was agreed to before is listed without a box; nothing is ticked beforehand.

        Claims for which there is no value yet are named in one line: an agreement covers them, but they would bury the rest.
        """
        snapshot, client, ask = facts.snapshot, facts.client, decision.ask
        if snapshot is None or ask is None:
            raise LoginRequired("nobody is signed in")
        t = translator(language)
        requested = (facts.request.claims | facts.request.id_claims) & client.covered_claims
        kept = snapshot.consent.claims if snapshot.consent is not None else 0
        choice = claim_policy.choose(requested, facts.request.essential)
        is_notice = ask.step.value == "notice"
        required = choice.shown if is_notice else choice.required | (choice.optional & kept)
        optional = 0 if is_notice else choice.optional & ~kept
        released = claim_policy.release(choice.shown, self._attributes(snapshot.session.account_id))
        rows = {
            name: ClaimRow(name, shown(t, name, released.get(name)), is_new(name, ask.new_claims, kept))
            for name in claim_policy.unpack(choice.shown)
        }
        return {
            "is_notice": is_notice,
            "is_addition": decision.reason in {"claims_added", "offline_added"},
            "text_version": client.consent_version,
            "purpose": client.purpose_in(language),
            "legal_basis": client.legal_basis,
            "purposes": self._sections(client, requested, snapshot.consent, rows, t),
            "principal": self._principal(facts, choice.shown),
            "required": [rows[name] for name in claim_policy.unpack(required) if rows[name].value],
            "optional": [rows[name] for name in claim_policy.unpack(optional) if rows[name].value],
            "absent": [t(f"claim.{name}").lower() for name in claim_policy.unpack(required) if not rows[name].value],
            "offline": ask.new_offline,
            "administration": [
                t(f"administration_scope.{name.removeprefix('admin:').replace(':', '_')}")
                for name in facts.request.scope
                if name in delegation.SCOPES
            ],
            "details": [described(t, one) for one in authorization_details.restored(facts.request.details)],
        }

    def give(self, facts: Facts, ticked: Iterable[str], purposes: Collection[str] = ()) -> None:
        """Store the answer: the required bundle, the boxes ticked, and what was agreed to before and is asked again.

        ``ticked`` are claims, ``purposes`` ids of purposes that were agreed to by their own box.
        """
        snapshot = facts.snapshot
        if snapshot is None:
            raise LoginRequired("nobody is signed in")
        wanted = wanted_consent(facts.request, facts.client, answered=False)
        before = snapshot.consent if snapshot.consent is not None else ConsentState("", "", 0, 0, "")
        is_notice = wanted.mode == "notice"
        covered = self._covered(facts, wanted, before, ticked, purposes)
        still = self._still(facts.client, before)
        scope = tuple(dict.fromkeys((*before.scope.split(), *facts.request.scope)))
        answer = ConsentState(
            kind="notice" if is_notice else "consent",
            scope=" ".join(scope),
            claims=covered | still,
            declined=wanted.claims & ~covered,
            text_version=wanted.text_version,
        )
        mandate = facts.capacity.mandate_id if facts.capacity is not None else ""
        account_id, session_id, details = snapshot.session.account_id, snapshot.session.id, facts.request.details
        client = facts.client
        text = ConsentText(answer.text_version, client.purpose, client.legal_basis, client.purpose_list)
        self._consents.give(account_id, client.client_id, session_id, answer, details, mandate, text)

    def _covered(
        self, facts: Facts, wanted: Wanted, before: ConsentState, ticked: Iterable[str], purposes: Collection[str]
    ) -> int:
        """Return what of the request the answer covers."""
        if facts.client.purposes:
            shares = self._purposes.shares(facts.client, wanted.claims, before)
            return agreed(shares, ticked, purposes, wanted.claims)
        if wanted.mode == "notice":
            return wanted.claims
        again = claim_policy.unpack(before.claims)
        return claim_policy.accepted(wanted.claims, (*ticked, *again), facts.request.essential)

    def _still(self, client: Client, before: ConsentState) -> int:
        """Return what was agreed to before and is not asked now."""
        if client.purposes:
            return self._purposes.still(client, before)
        return before.claims if client.stands(before.text_version) else 0

    def _sections(
        self, client: Client, requested: int, before: ConsentState | None, rows: Mapping[str, ClaimRow], t: Translator
    ) -> list[PurposeView]:
        """Return the purposes that the request touches; none for a system that has one purpose for everything."""
        shares = self._purposes.shares(client, requested, before) if client.purposes else ()
        return [view(share, t.language, rows, lambda name: t(f"claim.{name}").lower()) for share in shares]

    def _principal(self, facts: Facts, claims: int) -> list[tuple[str, str]]:
        """Return what the department learns of whom the person acts for, by the name of a claim."""
        acting = facts.capacity.acting if facts.capacity is not None else None
        if acting is None or KINDS[acting.mandate.kind].capacity == ASSISTED:
            return []
        released = claim_policy.release_principal(claims, self._of_principal(acting))
        return [(name, str(value)) for name, value in released.items() if name != "identity_code_type"]


def described(t: Translator, detail: authorization_details.Detail) -> DetailView:
    """Return an authorization detail as people read it: its title, and each member with its value in words."""
    kind = authorization_details.TYPES[detail["type"]]
    names = [name for name in kind.members if name in detail]
    return DetailView(
        t(f"details.{kind.key}"),
        [(t(f"details.{kind.key}_{name}"), _in_words(t, f"details.{kind.key}", name, detail[name])) for name in names],
    )


def _in_words(t: Translator, key: str, name: str, value: object) -> list[str]:
    """Actions and days have words; numbers, codes and addresses are shown as they are."""
    if name == "actions" and isinstance(value, list):
        return [t(f"{key}_may_{action}") for action in value]
    if name == "until":
        return [t.day(str(value))]
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def shown_elsewhere(language: str, asked: DecoupledRequest) -> dict[str, str]:
    """Return what the person has to compare before answering for another device: the code or message, from where and when."""
    when = translator(language).moment(asked.created_at)
    return {"kind": asked.kind, "message": asked.message, "address": asked.address, "when": when}


def is_new(name: str, new_claims: int, kept: int) -> bool:
    """Tell whether a claim is marked as new: only where something had been agreed to before."""
    return bool(kept) and name in claim_policy.unpack(new_claims)


def shown(t: Translator, name: str, value: object) -> str:
    """Return a claim's value as people read it; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return t("value.true" if value else "value.false")
    if isinstance(value, Mapping):
        whole = value.get("formatted") or value.get("name")
        return str(whole or ", ".join(map(str, value.values())))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    reader = _READERS.get(name)
    return reader(t, str(value)) if reader is not None else str(value)


_READERS: Final[Mapping[str, Callable[[Translator, str], str]]] = {
    "birthdate": lambda t, value: t.day(value),
    "gender": lambda t, value: t(f"value.{value}"),
    "identity_code_type": lambda t, value: t(f"scheme.{value}"),
    "identity_level": lambda t, value: t("account.level", level=int(value)),
    "phone_number": lambda t, value: t.phone(value),
    "updated_at": lambda t, value: t.moment(int(value)),
}
