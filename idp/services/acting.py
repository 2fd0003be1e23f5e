"""What tokens and answers say of somebody who acts for another.

For a business or a child ``sub`` is who signed in and ``on_behalf_of`` whom he acts for. For a citizen whom a clerk assists ``sub`` is the citizen,
who is there, and ``act`` (RFC 8693 section 4.1) the clerk. Subjects and the reference of the mandate differ from sector to sector, as everything
by which two departments could compare their records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from clients.model import Client
from idp.model.mandate import Acting, Mandate
from idp.ports.mandates import LiveMandate
from idp.services.mandates import MandateService
from idp.services.sids import SessionIds
from idp.services.subjects import SubjectService, sector_of
from idp.services.vault import Vault
from policies import claims as claim_policy
from policies.mandate_kinds import ASSISTED, KINDS


class ActingClaims:
    """Reads a mandate that counts and says it to one client."""

    def __init__(self, mandates: MandateService, subjects: SubjectService, vault: Vault) -> None:
        """Take collaborators."""
        self._mandates = mandates
        self._subjects = subjects
        self._profiles = vault.seal("profile")
        self._codes = vault.seal("identity-code")
        self._references = SessionIds(vault.data_key("mandate").derive("reference"))

    def of(self, mandate_id: str, client: Client, claims: int = 0) -> Acting | None:
        """Return what a client is told; None where the mandate does not count any more. ``claims`` is what may leave about the person."""
        live = self._mandates.live(mandate_id)
        return self.said(live, client, claims) if live is not None else None

    def said(self, live: LiveMandate, client: Client, claims: int = 0) -> Acting:
        """Return what a client is told of a mandate that counts."""
        mandate = live.mandate
        if KINDS[mandate.kind].capacity == ASSISTED:
            told: dict[str, Any] = {"act": self._clerk(mandate, client)}
            return Acting(mandate.id, mandate.valid_to, ASSISTED, told, told)
        core = self._principal(live, client)
        named = claim_policy.release_principal(claims, self._attributes(live)) if claims else {}
        whole = {**core, **named}
        capacity = KINDS[mandate.kind].capacity
        return Acting(mandate.id, mandate.valid_to, capacity, {"on_behalf_of": core}, {"on_behalf_of": whole})

    def reference(self, mandate_id: str, client: Client) -> str:
        """Return the name by which a client knows a mandate."""
        return self._references.sid(mandate_id, sector_of(client))

    def name(self, live: LiveMandate) -> str:
        """Return the principal's name, for the pages of who acts."""
        return str(self._attributes(live).get("name", ""))

    def attributes(self, live: LiveMandate) -> Mapping[str, object]:
        """Return what could be told of a principal: ``name``, ``identity_code`` and ``identity_code_type``; personal data."""
        return self._attributes(live)

    def _principal(self, live: LiveMandate, client: Client) -> dict[str, Any]:
        mandate = live.mandate
        return {
            "sub": self._subjects.subject(mandate.principal_id, client),
            "type": live.principal_kind,
            "kind": mandate.kind,
            "mandate": self.reference(mandate.id, client),
            "procedures": list(mandate.procedures),
            **({"unit": mandate.unit_code} if mandate.unit_code else {}),
        }

    def _clerk(self, mandate: Mandate, client: Client) -> dict[str, Any]:
        return {
            "sub": self._subjects.subject(mandate.actor_id, client),
            "mandate": self.reference(mandate.id, client),
            **({"unit": mandate.unit_code} if mandate.unit_code else {}),
        }

    def _attributes(self, live: LiveMandate) -> dict[str, object]:
        principal = live.mandate.principal_id.encode()
        attributes: dict[str, object] = dict(orjson.loads(self._profiles.unseal(live.profile, principal)))
        if live.code_sealed is not None and live.code_id is not None:
            code = self._codes.unseal(live.code_sealed, live.code_id.encode()).decode()
            attributes |= {"identity_code": code, "identity_code_type": live.code_scheme}
        return attributes
