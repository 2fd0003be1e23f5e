"""Mandates as people read them: whom for, what sort, how far, until when."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from idp.flows.capacities import Capacity
from idp.model.mandate import Mandate
from idp.ports.mandates import LiveMandate
from idp.services.accounts import masked
from idp.services.acting import ActingClaims
from idp.web.i18n import Translator
from policies.mandate_kinds import ASSIST, ASSISTED, KINDS
from policies.mandates import ACCEPTED, ALL_PROCEDURES, DECLINED, PROPOSED

NameOf = Callable[[str], Mapping[str, str]]
"""Takes an account id and returns ``name`` and masked ``code``."""


class MandateViews:
    """Turns mandates into rows of pages."""

    def __init__(
        self,
        claims: ActingClaims,
        person: NameOf,
        unit_name: Callable[[str, int], str],
        evidence: Callable[[Mandate], str],
    ) -> None:
        """Take collaborators; ``unit_name`` takes a code and the moment in which it was named, and returns "" for an unknown one."""
        self._claims = claims
        self.person = person
        self._evidence = evidence
        self._unit_name = unit_name

    def option(self, t: Translator, live: LiveMandate) -> dict[str, str]:
        """Return what the page of the choice shows of one mandate."""
        return {"id": live.mandate.id, **self._principal(live), **self.terms(t, live.mandate)}

    def banner(self, t: Translator, capacity: Capacity | None) -> dict[str, Any] | None:
        """Return what every page says while somebody acts for another; None for himself."""
        if capacity is None or capacity.acting is None:
            return None
        mandate = capacity.acting.mandate
        shown: dict[str, Any] = {**self._principal(capacity.acting), **self.terms(t, mandate)}
        is_assisted = KINDS[mandate.kind].capacity == ASSISTED
        clerk = self.person(mandate.actor_id)["name"] if is_assisted else ""
        return {**shown, "is_assisted": is_assisted, "clerk": clerk, "type": capacity.acting.principal_kind}

    def evidence(self, mandate: Mandate) -> str:
        """Return what a mandate rests on, in words; of a clerk's assistance the reason, never the digest of a document's number."""
        text = self._evidence(mandate)
        return str(json.loads(text)["purpose"]) if mandate.kind == ASSIST else text

    def row(self, t: Translator, mandate: Mandate, me: str) -> dict[str, Any]:
        """Return a line of somebody's own list: the other party is named, an actor only once he has said yes."""
        is_mine = mandate.actor_id == me
        other = dict(self.person(mandate.principal_id if is_mine else mandate.actor_id))
        if not is_mine and (mandate.answered_at is None or mandate.state == DECLINED):
            other["name"] = ""
        return {
            "id": mandate.id,
            "state": mandate.state,
            "is_mine": is_mine,
            "is_open": mandate.state in {PROPOSED, ACCEPTED},
            "name": other["name"] or other["code"],
            "principal": self.person(mandate.principal_id)["name"],
            "may_delegate": mandate.may_delegate,
            **self.terms(t, mandate),
        }

    def terms(self, t: Translator, mandate: Mandate) -> dict[str, str]:
        """Return sort, reach and end of a mandate in words."""
        every, named = mandate.procedures == (ALL_PROCEDURES,), ", ".join(mandate.procedures)
        return {
            "kind": t(f"mandate.kind_{mandate.kind}"),
            "procedures": t("mandate.all_procedures") if every else named,
            "reach": t("mandate.reach_all") if every else t("mandate.reach_some", procedures=named),
            "unit": self.unit(mandate.unit_code, mandate.created_at),
            "start": t.moment(mandate.valid_from),
            "end": t.moment(mandate.valid_to),
        }

    def unit(self, code: str, since: int) -> str:
        """Return the name of a unit, its code where the register has none, "" for none."""
        return (self._unit_name(code, since) or code) if code else ""

    def _principal(self, live: LiveMandate) -> dict[str, str]:
        attributes = self._claims.attributes(live)
        code = str(attributes.get("identity_code", ""))
        # A business is known by its code; a person's is nobody's to read over a shoulder.
        shown = code if live.principal_kind == "organisation" else masked(code)
        return {"name": str(attributes.get("name", "")), "code": shown}
