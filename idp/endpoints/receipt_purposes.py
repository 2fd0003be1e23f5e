"""The purposes of a consent on its receipt: what was agreed to, and left out, for which of them."""

from __future__ import annotations

from typing import Any

from idp.ports.consents import Consent, ConsentText
from idp.web.i18n import Translator
from policies import claims as claim_policy


def shown(t: Translator, one: Consent, text: ConsentText | None) -> list[dict[str, str]]:
    """Return the purposes of a consent that it touched, as people read them; none where the system had one for everything."""
    found = [each for each in (text.purposes if text is not None else ()) if each.claims & (one.claims | one.declined)]
    return [
        {
            "text": each.text_in(t.language),
            "basis": each.legal_basis,
            "claims": _names(t, each.claims & one.claims),
            "declined": _names(t, each.claims & one.declined),
            "version": each.version,
        }
        for each in found
    ]


def signed(one: Consent, text: ConsentText | None) -> dict[str, Any]:
    """Return what was read, for the signed receipt: each purpose with the version of its text, or the one for everything.

    A text for everything was not on the page where several purposes stood, and a receipt proves what was.
    """
    purposes = [
        {
            "id": each.id,
            "text": dict(each.text),
            "legal_basis": each.legal_basis,
            "version": each.version,
            "claims": list(claim_policy.unpack(each.claims & one.claims)),
            "declined": list(claim_policy.unpack(each.claims & one.declined)),
        }
        for each in (text.purposes if text is not None else ())
        if each.claims & (one.claims | one.declined)
    ]
    whole = text if not purposes else None
    return {
        "purpose": dict(whole.purpose) if whole is not None else None,
        "legal_basis": whole.legal_basis if whole is not None else None,
        "purposes": purposes,
    }


def _names(t: Translator, claims: int) -> str:
    return "; ".join(t(f"claim.{name}") for name in claim_policy.unpack(claims))
