"""Access to one dossier of an administrative procedure: a portal or another agency's system asks the person who filed it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from policies.authorization_details.schema import DetailType, Member, text, uris, words

TYPE: Final = DetailType(
    name="urn:dinhdanh:details:dossier",
    key="dossier",
    members=MappingProxyType(
        {
            "identifier": Member(
                text(
                    r"[0-9A-Z]{1,5}(?:\.[0-9A-Z]{1,5}){1,5}-[0-9]{6}-[0-9]{4,6}",
                    "must be a dossier's number such as H17.15-261127-0001",
                ),
                is_required=True,
            ),
            "procedure": Member(
                text(r"[0-9]\.[0-9]{6}(?:\.[0-9A-Z]{1,5}){0,5}", "must be a procedure's code such as 1.004227")
            ),
            "actions": Member(words("read", "supplement", "receive_result"), is_required=True, is_set=True),
            "locations": Member(uris, is_set=True),
        }
    ),
)
"""``identifier`` is the dossier's number as the one-stop shops give it (agency code, day, running number), ``procedure`` the code of the
national register of procedures. ``read``: state and content; ``supplement``: hand in papers; ``receive_result``: take the result."""
