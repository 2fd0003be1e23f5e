"""The adversary before the console: another's things by each page and form, sessions of who was demoted, lists of ids, a unit renamed in between.

``tests.protocol.admin_api.test_strangers`` does the like with tokens of the Admin API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from idp.errors import NotFound
from idp.ports.consents import WithdrawalQuery
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from policies.units import EdgeKind, Register
from tests.support import units
from tests.support.api_world import ApiWorld, Caller
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.token_world import TokenWorld
from tests.support.units import BELOW, LONG, OTHER, PROVINCE, SHORT
from tests.support.visit import BASE, Visitor, asked

UNKNOWN = "0" * 26
VERBS = {
    "/accounts/": ("lock", "unlock", "reset", "sessions", "merge", "give", "mandate"),
    "/clients/": ("suspend", "remove"),
}
FILLED = {
    "reason": "x",
    "reason_code": "operator",
    "factor": "password",
    "into": UNKNOWN,
    "mandate": UNKNOWN,
    "days": "5",
    "text": "x",
    "answer": "x",
    "overlap": "1",
    "code_type": "cccd",
}
VARIABLE = re.compile(r"<(\w+)>")


@pytest.fixture
def place(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> ApiWorld:
    return ApiWorld(TokenWorld(tmp_path, sqlite_database, clock))


@pytest.fixture
def theirs(place: ApiWorld) -> dict[str, str]:
    """One thing of each kind that belongs to ``79.10``, by the name of its variable."""
    account, client = place.account("dân", LONG), place.client(LONG, scope="openid email")
    for number, person in enumerate((account, place.account("dân hai", LONG))):
        Visitor(place.world, person).allowed(asked(client))
        if number:
            place.wiring.consents.withdraw(
                person, client.client.client_id, actor=f"account:{person}", reason="withdrawn"
            )
    (consent,) = place.wiring.consents.of_account(account)
    (withdrawal,) = place.wiring.consents.withdrawals(WithdrawalQuery())
    request = place.wiring.data_requests.file(account, "correct", client.client.client_id, "Chữ đệm bị sai.")
    grant = place.grant("cán bộ", Role.UNIT_ADMINISTRATOR, LONG)
    waiting = place.acts.account_states.merge(place.who("cán bộ"), account, place.account("dân hai"), "trùng người")
    return {
        "account_id": account,
        "client_id": client.client.client_id,
        "consent_id": consent.id,
        "withdrawal_id": withdrawal.id,
        "request_id": request.id,
        "grant_id": grant.id,
        "approval_id": waiting.id,
        "purpose_id": "main",
    }


def addresses(place: ApiWorld, ids: Mapping[str, str], method: str) -> list[str]:
    """Return every address of the console that names one of the things, each verb of it by itself."""
    found = []
    for route in place.wiring.console_routes():
        names = set(VARIABLE.findall(route.rule))
        if method not in route.methods or not names or not names <= {*ids, "verb"} or names == {"purpose_id"}:
            continue
        path = VARIABLE.sub(lambda name: ids.get(name[1], name[0]), route.rule)
        verbs = next((verbs for part, verbs in VERBS.items() if part in path), ()) if "verb" in names else ("",)
        found += [path.replace("<verb>", verb) for verb in verbs]
    return found


def answered(browser: Administrating, method: str, address: str, token: str) -> tuple[int, str]:
    """Return the status and the text without the case code, which is another one each time."""
    data = {**FILLED, "csrf_token": token} if method == "POST" else None
    answer = browser.http.open(address, method=method, data=data, base_url=BASE)
    return answer.status_code, re.sub(r"[0-9A-Z]{8}", "", answer.get_data(as_text=True))


def token_of(browser: Administrating) -> str:
    """Return the token that the forms of somebody's console carry."""
    found = browser.open("/admin/administrators/grant").soup.select_one("#grant-form [name=csrf_token]")
    assert found is not None
    return str(found["value"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_page_and_form_of_a_thing_of_others_answers_as_if_it_were_not_there(
    place: ApiWorld, theirs: dict[str, str], method: str
) -> None:
    place.grant("xã bên", Role.UNIT_ADMINISTRATOR, SHORT)
    browser = Administrating(place, place.account("xã bên"))
    token, nobodys = token_of(browser), {**dict.fromkeys(theirs, UNKNOWN), "purpose_id": "main"}
    found = list(zip(addresses(place, theirs, method), addresses(place, nobodys, method), strict=True))
    assert len(found) > 12
    for address, unknown in found:
        before = len(place.refusals())
        answers = answered(browser, method, address, token), answered(browser, method, unknown, token)
        assert (address, answers[0][0]) == (address, 404)
        assert answers[0] == answers[1], address
        assert len(place.refusals()) == before + 2, address
    assert {actor for actor, _ in place.refusals()} == {f"account:{place.account('xã bên')}"}
    assert place.wiring.clients.known(theirs["client_id"]).state == "active"
    assert place.wiring.accounts.get(theirs["account_id"]).state == "active"
    assert place.wiring.consents.of_account(theirs["account_id"])
    assert place.wiring.approvals.get(theirs["approval_id"]).state == "pending"


def test_session_of_who_was_demoted_opens_nothing_and_does_nothing(place: ApiWorld, theirs: dict[str, str]) -> None:
    grant = place.grant("cũ", Role.PROVINCIAL_ADMINISTRATOR)
    browser = Administrating(place, place.account("cũ"))
    token = token_of(browser)
    place.wiring.admins.revoke([grant], by="operator:local", reason="thôi chức")
    plain = [route.rule for route in place.wiring.console_routes() if "GET" in route.methods and "<" not in route.rule]
    for method, found in (("GET", plain), *((one, addresses(place, theirs, one)) for one in ("GET", "POST"))):
        assert {(address, answered(browser, method, address, token)[0]) for address in found} == {
            (address, 404) for address in found
        }
    assert place.wiring.accounts.get(theirs["account_id"]).state == "active"
    assert place.wiring.clients.known(theirs["client_id"]).state == "active"


def test_session_of_who_was_left_a_smaller_right_reaches_that_alone(place: ApiWorld, theirs: dict[str, str]) -> None:
    grant = place.grant("cũ", Role.PROVINCIAL_ADMINISTRATOR)
    place.grant("cũ", Role.AUDITOR, SHORT)
    browser = Administrating(place, place.account("cũ"))
    own = place.client(SHORT).client.client_id
    assert browser.open(f"/admin/clients/{theirs['client_id']}").status == 200
    place.wiring.admins.revoke([grant], by="operator:local", reason="thôi chức")
    assert browser.open(f"/admin/clients/{theirs['client_id']}").status == 404
    assert browser.open(f"/admin/clients/{own}").status == 200
    assert browser.open("/admin/keys").status == 403
    assert len(place.refusals()) == 2


def test_one_thing_of_others_among_ones_own_spoils_the_whole_list(place: ApiWorld, theirs: dict[str, str]) -> None:
    stranger = place.administrator("xã bên", Role.UNIT_ADMINISTRATOR, SHORT)
    own, now = place.account("người xã", SHORT), place.world.clock.now()
    body = {"scope": "account", "since": now - 100, "until": now, "discovered_at": now, "reason": "sự cố"}
    assert stranger("POST", "/breach-reports", {**body, "ids": [own]}).status == 200
    before = len(place.refusals())
    assert stranger("POST", "/breach-reports", {**body, "ids": [own, theirs["account_id"]]}).status == 404
    assert len(place.refusals()) == before + 1


@pytest.mark.parametrize("how", ["recycled", "moved"])
def test_unit_that_changes_between_the_two_persons_is_decided_as_it_is_then(place: ApiWorld, how: str) -> None:
    """Somebody of a unit asks for a merger; before the second person looks, the unit moves away, or its code is another unit's."""
    people = [place.account(name, BELOW) for name in ("an", "bình")]
    place.grant("một", Role.UNIT_ADMINISTRATOR, SHORT)
    place.grant("hai", Role.UNIT_ADMINISTRATOR, SHORT)
    # The people lived there the day before: what a code means is read as of their day.
    place.world.clock.advance(86400)
    waiting = place.acts.account_states.merge(place.who("một"), people[0], people[1], "trùng người")
    day = place.wiring.units.today()
    rows = [one for one in units.register().units if one.code != BELOW]
    ended, edges = units.unit(BELOW, SHORT, ends=day), []
    if how == "moved":
        rows += [ended, units.unit(BELOW, LONG, day)]
        edges = [units.edge(units.key(BELOW), units.key(BELOW, day), EdgeKind.TRANSFER, day)]
    else:
        rows += [ended, units.unit(BELOW, SHORT, day)]
    place.register(Register(rows, edges))
    with pytest.raises(NotFound):
        place.acts.approvals.approve(place.who("hai"), waiting.id)
    assert place.refusals()[-1] == (f"account:{place.account('hai')}", "not_held")
    assert place.wiring.approvals.get(waiting.id).state == "pending"
    assert [place.wiring.accounts.get(one).state for one in people] == ["active", "active"]


def test_document_that_hands_ones_unit_over_to_oneself_is_nobodys_to_bring(place: ApiWorld) -> None:
    stranger: Caller = place.administrator("xã bên", Role.UNIT_ADMINISTRATOR, SHORT)
    for path in ("/reorganisations", "/reorganisation-previews"):
        body = {"name": "x.json", "document": "{}", **({"reason": "x"} if path == "/reorganisations" else {})}
        assert stranger("POST", path, body).status == 403
    browser = Administrating(place, place.account("xã bên"))
    assert browser.open("/admin/units/reorganise").status == 403
    assert {reason for _, reason in place.refusals()} == {"not_held"}
    assert {PROVINCE, OTHER} <= {one.code for one in place.wiring.units.register.units}
