"""The filters that the lists of directories and of upstreams share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.endpoints.admin.frame import Visit
from idp.endpoints.admin.lists import words_field
from idp.endpoints.admin.views import Field
from idp.flows.administration.connections import STATES, ConnectionSearch

FILTERS: Final = ("q", "state")


def wanted(visit: Visit) -> ConnectionSearch:
    """Return what is asked for."""
    asked = visit.asked(*FILTERS)
    return ConnectionSearch(asked.get("q", ""), asked.get("state", ""))


def fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    """Return the fields."""
    t = visit.t
    states = (("", t("admin.any")), *((one, t(f"admin.connection.{one}")) for one in STATES))
    return (
        words_field(visit, asked, "admin.connection.words"),
        Field("state", t("admin.connection.state"), asked.get("state", ""), "select", states),
    )
