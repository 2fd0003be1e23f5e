"""A client whose text is corrected: the same purpose, spelt otherwise, under which what people agreed to or were told stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from clients import purposes as purposes_field
from clients.errors import MetadataError, RegistrationRefused
from clients.fields import MAX_TEXT, Fault, Faults, translated
from clients.model import Client
from policies.corrections import fault
from policies.purposes import Purpose

WHOLE: Final = ""
"""Stands for the purpose of the system as a whole where an id of a purpose is wanted."""
MOST: Final = 3
"""Corrections in a row under which what was read first still stands: many small steps could lead to another meaning."""
_WHY: Final = {
    "nothing_corrected": "reads as it does already",
    "beyond_text": "may change by the words of one text alone",
    "languages": "must be there in the languages in which it is",
    "numbers": "names other numbers: that is another text, not a correction",
    "weighty_words": "gains, loses or moves a word that changes the meaning: that is another text, not a correction",
    "too_many_words": "changes more words than a correction may: that is another text",
}


def corrected(client: Client, purpose_id: str, text: Mapping[str, str]) -> Client:
    """Return a client with another spelling of one purpose (``WHOLE`` for that of the system), under which earlier answers stand.

    Raises ``RegistrationRefused`` for a text that is none, or no correction, and ``KeyError`` for a purpose that is not there.
    """
    after = _whole(client, text) if purpose_id == WHOLE else _one_of(client, purpose_id, text)
    if why := fault(_read(client), _read(after)):
        raise RegistrationRefused([MetadataError("text", why, _WHY[why])])
    return replace(after, corrected=(client.consent_version, *client.corrected)[:MOST])


def text_of(client: Client, purpose_id: str) -> Mapping[str, str]:
    """Return the text of a purpose by language; raises ``KeyError`` for one that is not there."""
    if purpose_id == WHOLE:
        return client.purpose
    return {one.id: one.text for one in client.purpose_list}[purpose_id]


def _whole(client: Client, text: Mapping[str, str]) -> Client:
    try:
        return replace(client, purpose=translated(MAX_TEXT)(dict(text)))
    except (Fault, Faults) as error:
        raise _refused(error, "text") from error


def _one_of(client: Client, purpose_id: str, text: Mapping[str, str]) -> Client:
    text_of(client, purpose_id)
    documents: list[dict[str, Any]] = [dict(one) for one in client.purposes]
    place = next(place for place, one in enumerate(documents) if one["id"] == purpose_id)
    documents[place]["text"] = dict(text)
    try:
        return replace(client, purposes=purposes_field.parse(documents))
    except Fault as error:
        raise _refused(error, "", f"[{place}].") from error


def _refused(error: Fault | Faults, field: str, place: str = "") -> RegistrationRefused:
    found = error.found if isinstance(error, Faults) else (error,)
    return RegistrationRefused(
        [MetadataError(field + one.place.removeprefix(place), one.reason, one.detail) for one in found]
    )


def _read(client: Client) -> tuple[Purpose, ...]:
    """Return everything that people read of why: the purpose of the system as a whole, and each of its own."""
    return (Purpose(WHOLE, client.purpose, client.legal_basis, 0), *client.purpose_list)
