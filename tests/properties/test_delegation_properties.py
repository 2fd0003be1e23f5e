"""Delegation over random trees and histories: no sequence of acts gives a right that nobody granted.

The oracle knows units as things, not by code: it follows each through renamings and moves itself, and answers from a list of grants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.delegation import (
    ROLES,
    Action,
    Actor,
    AdminGrant,
    Ground,
    Proposal,
    Role,
    Target,
    may,
    may_grant,
    may_revoke,
)
from policies.units import BEGINNING, Edge, EdgeKind, Level, Register, Unit, UnitKey

FIRST = date(2025, 1, 1)
CODES = ("7", "79", "79.1", "79.10", "791", "7910", "48")
PEOPLE = tuple(f"account:{number}" for number in range(4))
ROLE_POOL = (Role.UNIT_ADMINISTRATOR, Role.CLIENT_MANAGER, Role.SUPPORT, Role.PROVINCIAL_ADMINISTRATOR)
ASKED = (Action.CLIENT_READ, Action.ACCOUNT_READ, Action.ADMIN_GRANT, Action.UNIT_CHANGE)


@dataclass
class Place:
    """A unit as a thing: its parent is a thing too; it ends when it is merged or dissolved."""

    parent: Place | None
    code: str
    begins: str
    alive: bool = True

    def is_in(self, other: Place) -> bool:
        here: Place | None = self
        while here is not None:
            if here is other:
                return True
            here = here.parent
        return False


@dataclass
class World:
    places: list[Place] = field(default_factory=list)
    rows: dict[UnitKey, Unit] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    grants: dict[str, tuple[AdminGrant, Place]] = field(default_factory=dict)
    day: int = 0
    ids: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        root = self.found(None, "7")
        for code in CODES[1:4]:
            self.found(root, code)
        seat = self.places[0]
        first = AdminGrant(
            "root", PEOPLE[0], Role.PROVINCIAL_ADMINISTRATOR, UnitKey("7", BEGINNING), 0, None, "operator:local", 0
        )
        self.grants["root"] = (first, seat)

    @property
    def today(self) -> str:
        return (FIRST + timedelta(days=self.day)).isoformat()

    @property
    def ground(self) -> Ground:
        return Ground(Register(self.rows.values(), self.edges), self.today)

    def found(self, parent: Place | None, code: str) -> Place:
        place = Place(parent, code, BEGINNING if self.day == 0 else self.today)
        self.places.append(place)
        self._row(place)
        return place

    def key(self, place: Place) -> UnitKey:
        return UnitKey(place.code, place.begins)

    def actor(self, name: str) -> Actor:
        return Actor(name, tuple(one for one, _ in self.grants.values() if one.principal == name))

    def holds(self, name: str, action: Action, place: Place, until: int | None = 0) -> bool:
        """The oracle; ``until`` 0 asks for now, another moment or None (for ever) for the whole time until then."""
        return any(
            one.principal == name
            and action in ROLES[one.role]
            and one.is_live(self.day)
            and (until == 0 or one.ends is None or (until is not None and until <= one.ends))
            and seat.alive
            and place.is_in(seat)
            for one, seat in self.grants.values()
        )

    def end(self, place: Place) -> None:
        row = self.rows[self.key(place)]
        self.rows[row.key] = Unit(
            row.code, row.valid_from, self.today, row.level, row.type, row.name, row.full_name, row.parent_code, ""
        )

    def become(self, place: Place, kind: EdgeKind, code: str, parent: Place | None) -> None:
        before = self.key(place)
        self.end(place)
        place.code, place.parent, place.begins = code, parent, self.today
        self._row(place)
        self.edges.append(Edge(*before, *self.key(place), kind, self.today, False, "NQ"))

    def _row(self, place: Place) -> None:
        parent = place.parent.code if place.parent is not None else None
        unit = Unit(place.code, place.begins, None, Level.COMMUNE, "xã", "x", "Xã", parent, "")
        self.rows[unit.key] = unit


def live(world: World) -> list[Place]:
    return [place for place in world.places if place.alive]


def change_tree(world: World, kind: str, which: int, where: int, code: str) -> None:
    """Do one thing to the tree, where it can be done; children stay below a parent that is renamed."""
    places = live(world)
    place, other = places[which % len(places)], places[where % len(places)]
    is_free = all(one.code != code for one in places)
    fresh = place.begins != world.today
    if kind == "found" and is_free:
        world.found(other, code)
    elif place.parent is None or not fresh or place is other:
        return
    elif kind == "rename" and is_free and all(one.parent is not place for one in places):
        world.become(place, EdgeKind.RENAME, code, place.parent)
    elif kind == "move" and not other.is_in(place):
        world.become(place, EdgeKind.TRANSFER, place.code, other)
    elif kind in {"merge", "dissolve"} and all(one.parent is not place for one in places):
        before = world.key(place)
        world.end(place)
        place.alive = False
        if kind == "merge":
            world.edges.append(Edge(*before, *world.key(other), EdgeKind.MERGE, world.today, False, "NQ"))


def try_grant(world: World, by: str, to: str, role: Role, which: int, days: int | None) -> None:
    place = live(world)[which % len(live(world))]
    ends = world.day + days if days is not None else None
    proposal = Proposal(to, role, world.key(place), world.day, ends)
    decision = may_grant(world.actor(by), proposal, world.ground, world.day)
    whole = by != to and all(world.holds(by, action, place, ends) for action in ROLES[role] | {Action.ADMIN_GRANT})
    assert decision.is_denied is not (whole and (ends is None or ends > world.day))
    if not decision.is_denied:
        name = f"g{next(world.ids)}"
        made = AdminGrant(name, to, role, proposal.unit, world.day, ends, by, world.day)
        world.grants[name] = (made, place)


def try_revoke(world: World, by: str, which: int) -> None:
    if not world.grants:
        return
    name = sorted(world.grants)[which % len(world.grants)]
    grant, seat = world.grants[name]
    decision = may_revoke(world.actor(by), grant, world.ground, world.day)
    if not decision.is_denied:
        assert seat.alive
        assert all(world.holds(by, action, seat) for action in ROLES[grant.role] | {Action.ADMIN_REVOKE})
        del world.grants[name]


def check(world: World) -> None:
    """Policy and oracle agree about everybody, everywhere: no right beyond what was granted, and none lost."""
    ground = world.ground
    for place in live(world):
        for name in PEOPLE:
            for action in ASKED:
                decision = may(world.actor(name), action, Target((world.key(place),)), ground, world.day)
                assert decision.is_denied is not world.holds(name, action, place), (name, action, place)


numbers = st.integers(0, 30)
people = st.sampled_from(PEOPLE)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("tree"),
            st.sampled_from(["found", "rename", "move", "merge", "dissolve"]),
            numbers,
            numbers,
            st.sampled_from(CODES),
        ),
        st.tuples(
            st.just("grant"),
            people,
            people,
            st.sampled_from(ROLE_POOL),
            numbers,
            st.one_of(st.none(), st.integers(0, 5)),
        ),
        st.tuples(st.just("revoke"), people, numbers),
    ),
    max_size=25,
)


@settings(max_examples=120, deadline=None)
@given(steps)
def test_no_sequence_of_acts_gives_a_right_that_nobody_granted(history: list[tuple[object, ...]]) -> None:
    world = World()
    for kind, *arguments in history:
        world.day += 1
        {"tree": change_tree, "grant": try_grant, "revoke": try_revoke}[str(kind)](world, *arguments)  # type: ignore[operator]
        check(world)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_units_below_are_those_that_a_grant_reaches(history: list[tuple[object, ...]]) -> None:
    """Lists are cut by codes, single things by the policy: the two must say the same."""
    world = World()
    for kind, *arguments in history:
        world.day += 1
        if kind == "tree":
            change_tree(world, *arguments)  # type: ignore[arg-type]
    ground = world.ground
    for seat in live(world):
        below = ground.below(world.key(seat))
        assert below == {place.code for place in live(world) if ground.reaches(world.key(seat), world.key(place))}
        assert below == {place.code for place in live(world) if place.is_in(seat)}
