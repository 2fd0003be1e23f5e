"""Officials sign in with their department's directory: the form over HTTP, the claims that follow, and everything that keeps out."""

from __future__ import annotations

from base64 import b32decode
from pathlib import Path

import pytest

from idp.authn import totp
from idp.errors import Refused
from idp.model.directory import Entry, Verified
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import accounts, directory_links, role_assignments, sessions
from tests.support.clock import FrozenClock
from tests.support.in_process import browser
from tests.support.officials import given_of
from tests.support.ports import free_port
from tests.support.silent_servers import hung
from tests.support.slapd import CLERKS, PASSWORD, PEOPLE, SlapdServer
from tests.support.staff_world import COMMUNE, OLD, OTHER, StaffWorld
from tests.support.stores import in_parallel, stored

pytestmark = pytest.mark.servers


@pytest.fixture
def staff(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, office: SlapdServer) -> StaffWorld:
    return StaffWorld(tmp_path, sqlite_database, clock, given_of(office))


def test_an_official_signs_in_and_the_department_learns_name_roles_and_office(staff: StaffWorld) -> None:
    qoffice = staff.department()
    claims = staff.claims_of(qoffice, staff.type_in(qoffice, "an"))
    assert claims["name"] == "Cán bộ mẫu an"
    assert claims["roles"] == ["mot-cua"]
    assert claims["unit"] == {"code": COMMUNE, "name": "Xã Đông Mới", "edition": "2025-07-01"}
    (account,) = stored(staff.database, accounts)
    assert (account["kind"], account["unit_code"], account["identity_level"]) == ("official", None, 1)
    (link,) = stored(staff.database, directory_links)
    assert link["account_id"] == account["id"]
    assert "uid=" not in str(link)
    (done,) = staff.events("session:sign-in", outcome="done")
    assert done["account_id"] == account["id"]
    assert staff.events("official:admit")
    assert staff.events("role:begin")


def test_people_of_a_system_for_staff_get_the_page_of_officials_at_once_and_citizens_by_a_link(
    staff: StaffWorld,
) -> None:
    internal, public = staff.department(users="staff"), staff.department()
    page = browser(staff).open(staff.authorize_url(internal))
    assert page.form("staff-login-form")
    assert page.soup.find("a", href="?way=password")
    assert browser(staff).open(staff.authorize_url(public)).form("login-form")


def test_the_second_sign_in_is_the_same_account_and_another_official_another(staff: StaffWorld) -> None:
    qoffice = staff.department()
    subs = [staff.claims_of(qoffice, staff.type_in(qoffice, name))["sub"] for name in ("an", "AN", "binh")]
    assert subs[0] == subs[1] != subs[2]
    assert len(stored(staff.database, accounts)) == 2
    assert len(stored(staff.database, role_assignments)) == 2


def test_a_client_without_the_scope_learns_no_roles_and_a_citizens_home_never_goes_with_them(staff: StaffWorld) -> None:
    plain = staff.department(scope="openid profile")
    claims = staff.claims_of(plain, staff.type_in(plain, "an"))
    assert not {"roles", "unit"} & claims.keys()
    citizen = staff.add_person(1, unit=COMMUNE)
    of = staff.department(scope="openid roles address")
    told = {
        scope: staff.userinfo(staff.tokens(of, staff.sign_in(citizen), scope)["access_token"]).json
        for scope in ("openid roles", "openid roles address", "openid address")
    }
    assert [told[scope].get("unit", {}).get("code") for scope in told] == [None, COMMUNE, COMMUNE]
    assert not any("roles" in one for one in told.values())


KEPT_OUT = (
    ("an", "x", "wrong_password"),
    ("nobody", PASSWORD, "unknown_user"),
    ("*)(uid=*", PASSWORD, "unknown_user"),
    ("doi", PASSWORD, "ambiguous_entry"),
    ("chi", PASSWORD, "disabled"),
    ("dung", PASSWORD, "expired"),
    ("em", PASSWORD, "must_change"),
    ("giang", PASSWORD, "password_expired"),
    ("a\u202en", PASSWORD, "odd_user_name"),
    ("a" * 129, PASSWORD, "odd_user_name"),
    ("binh", "\ue000", "odd_password"),
    ("binh", "x" * 257, "odd_password"),
)


def test_whatever_keeps_out_looks_the_same_outside_and_the_log_has_the_reason(staff: StaffWorld) -> None:
    qoffice = staff.department()
    usual = staff.type_in(qoffice, "somebody-else", "x")
    for username, password, reason in KEPT_OUT:
        page = staff.type_in(qoffice, username, password)
        assert page.status == usual.status == 200
        assert page.text_of("problem") == usual.text_of("problem") != ""
        assert staff.reasons()[-1] == reason
        assert f"'{username}'" not in str(staff.events("session:sign-in")), "no name in the log in clear"
    assert not staff.events("session:sign-in", outcome="done")
    assert stored(staff.database, accounts) == []


@pytest.mark.parametrize("field", ["username", "password"])
def test_an_empty_field_is_asked_for_and_nothing_is_sent(staff: StaffWorld, field: str) -> None:
    qoffice = staff.department()
    fields = {"username": "an", "password": PASSWORD, field: ""}
    page = staff.type_in(qoffice, fields["username"], fields["password"])
    assert page.text_of("problem")
    assert staff.reasons() == []


def test_an_unknown_directory_is_refused_like_any_other_wrong_sign_in(staff: StaffWorld) -> None:
    qoffice = staff.department()
    page = staff.type_in(qoffice, "an", directory="../qoffice")
    assert page.text_of("problem")
    assert staff.reasons() == ["unknown_directory"]


def test_a_directory_that_is_down_is_503_for_its_people_and_costs_no_try_and_citizens_go_on(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, office: SlapdServer
) -> None:
    down = given_of(office, name="hong", servers=(f"ldaps://localhost:{free_port()}",), breaker_failures=100)
    staff = StaffWorld(tmp_path, sqlite_database, clock, given_of(office), down)
    qoffice = staff.department()
    for _ in range(8):
        page = staff.type_in(qoffice, "an", directory="hong")
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        assert page.form("staff-login-form")
    assert set(staff.reasons()) == {"directory_unavailable"}
    assert staff.type_in(qoffice, "an").callback
    person = staff.add_person(1)
    staff.wiring.credentials.set_password(person, "một mật khẩu mẫu đủ dài 31", actor="operator:local")
    visitor = browser(staff)
    page = visitor.open(staff.authorize_url(qoffice, "openid"))
    typed = {"identity_code": "049499000001", "password": "một mật khẩu mẫu đủ dài 31"}
    assert visitor.submit(page, "login-form", "login-submit", **typed).status != 503


def test_a_directory_that_hangs_is_503_and_the_other_directorys_people_do_not_wait(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, office: SlapdServer
) -> None:
    with hung() as server:
        slow = given_of(office, name="treo", servers=(f"ldap://localhost:{server.port}",), receive_timeout=1, timeout=2)
        staff = StaffWorld(tmp_path, sqlite_database, clock, given_of(office), slow)
        qoffice = staff.department()
        assert staff.type_in(qoffice, "an", directory="treo").status == 503
        assert staff.type_in(qoffice, "an").callback


def test_after_five_wrong_passwords_the_sign_in_of_an_official_is_locked_and_says_nothing_of_it(
    staff: StaffWorld,
) -> None:
    qoffice = staff.department()
    assert staff.type_in(qoffice, "an").callback
    texts = {staff.type_in(qoffice, "an", f"sai {n}").text_of("problem") for n in range(5)}
    assert len(texts) == 1
    page = staff.type_in(qoffice, "AN")
    assert page.callback is None
    assert staff.events("account:lock")
    staff.clock.advance(1800)
    assert staff.type_in(qoffice, "an").text_of("problem") in texts
    assert staff.reasons()[-1] == "sign_in_locked"
    staff.clock.advance(12 * 3600)
    staff.wiring.locks.end_due()
    assert staff.type_in(qoffice, "an").callback


def test_an_account_that_an_operator_locked_stays_shut_although_the_password_is_right(staff: StaffWorld) -> None:
    qoffice = staff.department()
    assert staff.type_in(qoffice, "an").callback
    (account,) = stored(staff.database, accounts)
    staff.wiring.accounts.change_state(account["id"], "locked", reason="thử")
    assert staff.type_in(qoffice, "an").callback is None
    assert staff.reasons()[-1] == "account_locked"


def test_a_mover_has_the_new_office_and_roles_at_the_next_sign_in(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, own_office: SlapdServer
) -> None:
    leaders = {"group": "cn=lanh-dao,ou=groups,dc=qnam,dc=example", "role": "lanh-dao", "unit": OTHER}
    clerks = {"group": CLERKS, "role": "mot-cua", "unit": OLD}
    staff = StaffWorld(
        tmp_path,
        sqlite_database,
        clock,
        given_of(own_office, roles=(clerks, leaders), units_as_of="2024-06-30", unit=OLD),
    )
    qoffice = staff.department()
    first = staff.claims_of(qoffice, staff.type_in(qoffice, "an"))
    # The unit of 2024 is followed to what it became; the entry names 20194 itself, which went the same way.
    assert (first["roles"], first["unit"]["code"]) == (["mot-cua"], COMMUNE)
    an = f"uid=an,{PEOPLE}"
    own_office.change(an, departmentNumber=OTHER)
    own_office.change(CLERKS, member=[f"uid=binh,{PEOPLE}"])
    own_office.change("cn=lanh-dao,ou=groups,dc=qnam,dc=example", member=[an])
    second = staff.claims_of(qoffice, staff.type_in(qoffice, "an"))
    assert (second["roles"], second["unit"]["name"], second["sub"]) == (["lanh-dao"], "Xã Tây", first["sub"])
    assert [row["end_reason"] for row in stored(staff.database, role_assignments, role="mot-cua")] == ["sign_in"]


def test_roles_at_another_unit_than_the_office_carry_its_code_and_edition(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, office: SlapdServer
) -> None:
    rules = (
        {"group": CLERKS, "role": "mot-cua", "unit": OTHER},
        {"group": CLERKS, "role": "van-thu", "unit": "H47.05"},
        {"group": CLERKS, "role": "xu-ly"},
        {"group": CLERKS, "role": "giam-sat", "unit": "99999"},
        {"group": CLERKS, "role": "cu", "valid_to": "2020-01-01"},
    )
    names = {"H47.05": "Sở Mẫu"}
    staff = StaffWorld(
        tmp_path,
        sqlite_database,
        clock,
        given_of(office, roles=rules, unit_names=names, unit_attribute="", unit="H47.05"),
    )
    qoffice = staff.department()
    claims = staff.claims_of(qoffice, staff.type_in(qoffice, "an"))
    assert claims["roles"] == [f"mot-cua@{OTHER}:0001-01-01", "van-thu", "xu-ly"]
    assert claims["unit"] == {"code": "H47.05", "name": "Sở Mẫu", "edition": "0001-01-01"}


def test_an_entry_names_no_unit_beyond_what_its_directory_may_vouch_for(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, office: SlapdServer
) -> None:
    # Whoever runs the directory of one commune writes the code of another into an entry.
    staff = StaffWorld(tmp_path, sqlite_database, clock, given_of(office, units_within=[OTHER], unit=OTHER))
    qoffice = staff.department()
    assert not {"roles", "unit"} & staff.claims_of(qoffice, staff.type_in(qoffice, "an")).keys()
    assert staff.claims_of(qoffice, staff.type_in(qoffice, "binh"))["unit"]["code"] == OTHER


def test_a_second_factor_raises_an_officials_sign_in_as_anybodys(staff: StaffWorld) -> None:
    high = staff.department(minimum_acr="urn:dinhdanh:loa:2")
    assert staff.type_in(staff.department(), "an").callback
    (account,) = stored(staff.database, accounts)
    secret = staff.wiring.credentials.enrol_totp(account["id"]).secret
    visitor = browser(staff)
    page = staff.type_in(high, "an", visitor=visitor)
    page = visitor.submit(page, "otp-form", "otp-submit", otp=totp.code_at(b32decode(secret), staff.clock.now() // 30))
    if page.form("consent-form"):
        page = visitor.submit(page, "consent-form", "consent-allow")
    assert page.callback
    (session,) = [row for row in stored(staff.database, sessions) if row["acr"] == "urn:dinhdanh:loa:2"]
    assert session["account_id"] == account["id"]
    assert {"pwd", "otp", "mfa"} <= set(str(session["amr"]).replace('"', " ").replace(",", " ").split())


def test_an_official_without_a_second_factor_does_not_reach_a_level_that_needs_one(staff: StaffWorld) -> None:
    high = staff.department(minimum_acr="urn:dinhdanh:loa:2")
    visitor = browser(staff)
    page = visitor.submit(staff.type_in(high, "an", visitor=visitor), "unmet-form", "unmet-leave")
    assert page.callback is not None
    assert page.callback["error"] == "unmet_authentication_requirements"


def test_an_official_sees_office_and_roles_on_the_account_page(staff: StaffWorld) -> None:
    visitor = browser(staff)
    assert staff.type_in(staff.department(), "an", visitor=visitor).callback
    page = visitor.open("https://id.example.vn/account")
    assert page.text_of("account-office") == "Xã Đông Mới"
    assert page.text_of("account-roles") == "mot-cua"


def test_of_many_guesses_at_once_no_more_reach_the_directory_than_the_lock_allows(staff: StaffWorld) -> None:
    qoffice = staff.department()
    assert staff.type_in(qoffice, "an").callback
    directory = staff.wiring.directories["qoffice"]
    looked_at: list[str] = []
    verify = directory.verify

    def counting(entry: Entry | None, password: bytes) -> Verified:
        if entry is not None:
            looked_at.append(entry.link)
        return verify(entry, password)

    directory.verify = counting  # type: ignore[method-assign]
    waiting = [staff.staff_page(qoffice) for _ in range(12)]
    fields = {"username": "an", "directory": "qoffice"}

    def guess(number: int) -> int:
        visitor, page = waiting[number]
        return visitor.submit(page, "staff-login-form", "staff-login-submit", password=f"sai {number}", **fields).status

    guess(0)
    assert len(looked_at) == 1
    in_parallel(staff.database, 11, lambda number: guess(number + 1))
    # Fewer where they overtake each other between the counters: a lost race is a refusal, never one more guess.
    assert len(looked_at) <= 5


def test_two_accounts_of_one_official_become_one_with_the_links_of_both(staff: StaffWorld) -> None:
    qoffice = staff.department()
    for name in ("an", "binh"):
        assert staff.type_in(qoffice, name).callback
    one, other = (row["account_id"] for row in stored(staff.database, directory_links))
    staff.wiring.accounts.merge(one, other, reason="cùng một người")
    assert {row["account_id"] for row in stored(staff.database, directory_links)} == {other}
    assert [row["end_reason"] for row in stored(staff.database, role_assignments, account_id=one)] == ["merged"]
    for name in ("an", "binh"):
        assert staff.claims_of(qoffice, staff.type_in(qoffice, name))["roles"] == ["mot-cua"]
    assert len(staff.wiring.role_store.held(other)) == 2
    citizen = staff.add_person(7)
    with pytest.raises(Refused):
        staff.wiring.accounts.merge(citizen, other, reason="thử")


def test_of_two_first_sign_ins_at_once_one_account_comes(staff: StaffWorld) -> None:
    directory = staff.wiring.directories["qoffice"]
    verified = directory.verify(directory.find("an"), PASSWORD.encode())
    assert verified.entry is not None
    officials = staff.wiring.officials
    missed = officials._admit("qoffice", verified.entry)
    again = officials._admit("qoffice", verified.entry)
    assert missed.account_id == again.account_id
    assert len(stored(staff.database, accounts)) == 1
