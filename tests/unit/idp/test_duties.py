"""Who has the duty to assist: by a role at its unit today, or by a mandate; nobody by a role that does not carry it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from idp.ports.duties import Duty
from idp.services.duties import AllDuties, RoleDuties
from idp.services.roles import RoleService, RoleView

COMMUNE = {"code": "20335", "name": "Xã mẫu", "edition": "2025-07-01"}


@dataclass
class Roles:
    views: list[RoleView]

    def in_force(self, account_id: str) -> list[RoleView]:
        return self.views if account_id == "clerk" else []


@dataclass
class Given:
    duties: list[Duty]

    def of(self, account_id: str) -> list[Duty]:
        return self.duties


def by_role(*names: str) -> RoleDuties:
    views = [RoleView("reception", COMMUNE, 0, None, "qoffice"), RoleView("reception", None, 0, None, "qoffice")]
    return RoleDuties(cast("RoleService", Roles([*views, RoleView("archivist", COMMUNE, 0, None, "qoffice")])), names)


def test_role_carries_the_duty_at_its_unit_where_it_has_one_today() -> None:
    assert by_role("reception").of("clerk") == [Duty("20335")]
    assert by_role("reception").of("citizen") == []
    assert by_role("leader").of("clerk") == []
    assert by_role().of("clerk") == []


def test_first_register_that_knows_a_unit_counts() -> None:
    found = AllDuties((Given([Duty("20335", "m1")]), Given([Duty("20335"), Duty("20410")]))).of("clerk")
    assert found == [Duty("20335", "m1"), Duty("20410")]
