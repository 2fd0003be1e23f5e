"""What things are to the policy: the units that they belong to today, and whose rights an account has."""

from __future__ import annotations

from clients.model import Client
from idp.clock import local_day
from idp.model.account import Account
from idp.services.admins import AdminService
from policies.delegation import TOP, Ground, Target
from policies.units import UnitKey


def of_unit(unit: UnitKey) -> Target:
    """Return the target of what happens to a unit itself."""
    return Target((unit,))


def of_code(code: str, day: str, ground: Ground) -> Target:
    """Return the target of something that belongs to the unit that a code meant on a day."""
    return Target(ground.units_of(code, day)) if code != TOP.code else Target()


def of_client(client: Client, ground: Ground) -> Target:
    """Return a client's target; the code of its unit is read as it was when it was written."""
    return of_code(client.unit, local_day(client.unit_at or client.created_at), ground)


class ClientTargets:
    """Tells the targets of many clients, for a list: the code of a unit is followed once for each day on which one was written."""

    def __init__(self, ground: Ground) -> None:
        """Take the tree of units."""
        self._ground = ground
        self._known: dict[tuple[str, str], Target] = {}

    def __call__(self, client: Client) -> Target:
        """Return what ``of_client`` does."""
        place = (client.unit, local_day(client.unit_at or client.created_at))
        target = self._known.get(place)
        if target is None:
            target = self._known[place] = of_code(*place, self._ground)
        return target


def of_account(account: Account, admins: AdminService, ground: Ground) -> Target:
    """Return an account's target: it belongs to the unit of residence, read as of the day on which it was written down."""
    principal = f"account:{account.id}"
    since = local_day(account.created_at)
    units = ground.units_of(account.unit.code, account.unit.since or since) if account.unit is not None else ()
    return Target(units, principal, admins.held(principal))


def together(*targets: Target) -> Target:
    """Return the target of one act on several things; of what has no unit, or two of the rights, the stricter."""
    units = tuple(dict.fromkeys(unit for one in targets for unit in one.units))
    return Target(units if all(one.units for one in targets) else ())
