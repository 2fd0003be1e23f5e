"""Use of one set of data that systems exchange among themselves, such as a register on the province's data sharing platform; nobody is asked."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from policies.authorization_details.schema import DetailType, Member, text, uris, words

TYPE: Final = DetailType(
    name="urn:dinhdanh:details:dataset",
    key="dataset",
    is_of_systems=True,
    members=MappingProxyType(
        {
            "identifier": Member(
                text(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,63}", "must be the set's number in the catalogue of data"),
                is_required=True,
            ),
            "actions": Member(words("query", "extract", "submit"), is_required=True, is_set=True),
            "unit": Member(text(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", "must be the code of a unit")),
            "locations": Member(uris, is_set=True),
        }
    ),
)
"""``query``: one record by its key; ``extract``: many at once; ``submit``: hand records in. ``unit`` bounds it to the records of one unit."""
