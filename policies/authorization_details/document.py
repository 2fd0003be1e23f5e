"""Use of one document out of the person's own electronic document store, so that it need not be handed in again."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from policies.authorization_details.schema import DetailType, Member, day, text, uris, words

TYPE: Final = DetailType(
    name="urn:dinhdanh:details:document",
    key="document",
    members=MappingProxyType(
        {
            "identifier": Member(
                text(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,63}", "must be a document's number in the store"), is_required=True
            ),
            "actions": Member(words("read", "copy"), is_required=True, is_set=True),
            "until": Member(day),
            "locations": Member(uris, is_set=True),
        }
    ),
)
"""``read``: look at it; ``copy``: keep a certified copy with a dossier. ``until`` is the last day of use, for the store to heed."""
