"""Parts of directories that need no server: filters, names, controls, diagnostics, the breaker, the settings."""

from __future__ import annotations

import time
from contextlib import nullcontext
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from idp.config.directories import Directories, Directory, RoleMapping
from idp.directories import ppolicy, searching
from idp.directories.active_directory import SUB_CODES, ActiveDirectory
from idp.directories.breaker import Breaker
from idp.directories.filters import any_of, equal, escaped, normal_dn
from idp.directories.openldap import OpenLdap
from idp.directories.searching import Raw
from idp.errors import DirectoryUnavailable
from idp.model.directory import Proof
from policies.officials.comparison import Standing

NOW = 1_790_000_000


@pytest.mark.spec("RFC 4515", "3")
def test_what_people_type_is_a_value_in_a_filter_and_never_a_part_of_it() -> None:
    assert escaped("*)(uid=*") == "\\2a\\29\\28uid\\3d\\2a"
    assert escaped("ấ\0\\") == "\\e1\\ba\\a5\\00\\5c"
    assert equal("uid", "an.nv") == "(uid=an\\2env)"
    assert any_of(["(a=1)"]) == "(a=1)"


def test_names_that_mean_one_entry_are_one_text_and_others_are_not() -> None:
    same = (
        "CN=Một  Cửa, OU=Groups,dc=qnam,DC=example",
        "cn=m\\E1\\BB\\99t c\\E1\\BB\\ADa,ou=groups,dc=qnam,dc=example",
    )
    assert len(set(map(normal_dn, same))) == 1
    assert normal_dn("cn=a\\,b,dc=x") == normal_dn("cn=a\\2cb,dc=x") != normal_dn("cn=a,cn=b,dc=x")
    with pytest.raises(ValueError, match="not a distinguished name"):
        normal_dn("một cửa")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (b"0\x03\x81\x01\x02", ppolicy.CHANGE_AFTER_RESET),
        (b"0\x03\x81\x01\x01", ppolicy.ACCOUNT_LOCKED),
        (b"0\x08\xa0\x03\x80\x01\x05\x81\x01\x00", ppolicy.PASSWORD_EXPIRED),
        (b"0\x05\xa0\x03\x81\x01\x05", None),
        (b"0\x00", None),
        (b"", None),
        (b"0\x85\x81", None),
        (b"0\x03\x81\x04\x02", None),
    ],
)
def test_the_policys_control_is_read_and_a_broken_one_says_nothing(value: bytes, error: int | None) -> None:
    assert ppolicy.error_of(value) == error


@pytest.mark.parametrize("code", sorted(SUB_CODES))
def test_active_directorys_diagnostics_say_why(code: str) -> None:
    text = f"80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data {code}, v3839"
    result = {"description": "invalidCredentials", "message": text}
    assert ActiveDirectory().proof(result, Standing.ACTIVE) is SUB_CODES[code]
    assert (
        ActiveDirectory().proof({**result, "message": text.upper().replace("DATA", "data")}, Standing.ACTIVE)
        is SUB_CODES[code]
    )


def test_an_unknown_diagnostic_is_a_wrong_password_and_another_result_a_refusal() -> None:
    proof = ActiveDirectory().proof
    for message in ("", None, "data 0, v1", "nonsense data zz"):
        assert proof({"description": "invalidCredentials", "message": message}, Standing.ACTIVE) is Proof.WRONG
    assert proof({"description": "unwillingToPerform", "message": ""}, Standing.ACTIVE) is Proof.REFUSED
    assert OpenLdap().proof({"description": "inappropriateAuthentication"}, Standing.ACTIVE) is Proof.REFUSED


def filetime(moment: int) -> str:
    return str((moment + 11_644_473_600) * 10_000_000)


@pytest.mark.parametrize(
    ("values", "standing"),
    [
        ({"userAccountControl": "512", "pwdLastSet": "133000000000000000"}, Standing.ACTIVE),
        ({"userAccountControl": "514"}, Standing.DISABLED),
        ({"userAccountControl": "66050"}, Standing.DISABLED),
        ({"accountExpires": filetime(NOW - 1)}, Standing.EXPIRED),
        ({"accountExpires": filetime(NOW + 60)}, Standing.ACTIVE),
        ({"accountExpires": "0"}, Standing.ACTIVE),
        ({"accountExpires": "9223372036854775807"}, Standing.ACTIVE),
        ({"msDS-User-Account-Control-Computed": "16"}, Standing.LOCKED),
        ({"msDS-User-Account-Control-Computed": "8388608"}, Standing.MUST_CHANGE),
        ({"pwdLastSet": "0"}, Standing.MUST_CHANGE),
        ({"userAccountControl": "512", "pwdLastSet": "0"}, Standing.MUST_CHANGE),
        ({"userAccountControl": "66048", "pwdLastSet": "0"}, Standing.ACTIVE),
        ({"userAccountControl": "262656", "pwdLastSet": "0"}, Standing.ACTIVE),
        ({"userAccountControl": "4096"}, Standing.DISABLED),
        ({"userAccountControl": "532480"}, Standing.DISABLED),
        ({"userAccountControl": "2080"}, Standing.DISABLED),
        ({"userAccountControl": "-2147483136"}, Standing.ACTIVE),
        ({"lockoutTime": filetime(NOW - 10)}, Standing.ACTIVE),
        ({}, Standing.ACTIVE),
    ],
)
def test_active_directorys_flags_are_read(values: dict[str, str], standing: Standing) -> None:
    assert ActiveDirectory().standing(raw(values), NOW) is standing


@pytest.mark.parametrize(
    ("values", "standing"),
    [
        ({}, Standing.ACTIVE),
        ({"pwdAccountLockedTime": "000001010000Z"}, Standing.DISABLED),
        ({"pwdAccountLockedTime": "20260101000000Z"}, Standing.LOCKED),
        ({"pwdReset": "TRUE"}, Standing.MUST_CHANGE),
        ({"pwdEndTime": "20200101000000Z"}, Standing.EXPIRED),
        ({"pwdEndTime": "20990101000000Z"}, Standing.ACTIVE),
        ({"pwdEndTime": "never"}, Standing.ACTIVE),
        ({"shadowExpire": str(NOW // 86400)}, Standing.EXPIRED),
        ({"shadowExpire": str(NOW // 86400 + 1)}, Standing.ACTIVE),
        ({"shadowExpire": "-1"}, Standing.ACTIVE),
    ],
)
def test_openldaps_attributes_are_read(values: dict[str, str], standing: Standing) -> None:
    assert OpenLdap().standing(raw(values), NOW) is standing


def raw(values: dict[str, str]) -> Raw:
    return Raw("cn=x", {name.lower(): (value.encode(),) for name, value in values.items()})


def test_immutable_ids_are_text_and_anything_else_is_none() -> None:
    octets = bytes.fromhex("d5f0957ba3ed6c48919c077b8c9731f2")
    assert ActiveDirectory().link(octets) == "7b95f0d5-eda3-486c-919c-077b8c9731f2"
    assert ActiveDirectory().link(b"short") == ""
    assert OpenLdap().link(b"FE535EB2-7ec3-1041-87f0-2f7ffdcaa6d0") == "fe535eb2-7ec3-1041-87f0-2f7ffdcaa6d0"
    assert OpenLdap().link(b"uid=an") == OpenLdap().link(b"") == ""


def test_a_breaker_opens_after_failures_lets_one_try_through_and_closes_with_its_success() -> None:
    moment = [0.0]
    breaker = Breaker(3, 30, lambda: moment[0])
    for _ in range(3):
        assert breaker.may_try()
        breaker.failed()
    assert breaker.is_open
    assert not breaker.may_try()
    moment[0] = 30.0
    assert [breaker.may_try() for _ in range(3)] == [True, False, False]
    breaker.failed()
    assert not breaker.may_try()
    moment[0] = 60.0
    assert breaker.may_try()
    breaker.succeeded()
    assert [breaker.may_try() for _ in range(3)] == [True, True, True]


def settings(**values: Any) -> Directory:
    given: dict[str, Any] = {
        "name": "qoffice",
        "title": {"vi": "Sở mẫu"},
        "servers": ("ldaps://d.example",),
        "base": "dc=x",
    }
    return Directory(**{**given, **values})


@pytest.mark.parametrize(
    "values",
    [
        {"servers": ("ldap://d.example",)},
        {"servers": ("ldaps://a.example", "ldap://b.example")},
        {"servers": ("http://d.example",)},
        {"servers": ("ldaps://user@d.example",)},
        {"servers": ("ldaps://d.example/dc=x",)},
        {"servers": ()},
        {"name": "Q Office"},
        {"title": {"en": "Office"}},
        {"bind_dn": "cn=a"},
        {"attributes": {"identity_code": "employeeNumber"}},
        {"attributes": {"name": "cn)(x"}},
        {"login_attributes": ("uid=*",)},
        {"filter": "objectClass=person"},
        {"password": "in clear"},
        {"roles": ({"group": "cn=a", "role": "Một cửa"},)},
    ],
)
def test_unsafe_settings_are_refused_at_the_start(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)


def test_plain_ldap_passes_on_loopback_or_with_starttls_and_names_are_unique() -> None:
    assert settings(servers=("ldap://localhost:3389",)).servers
    assert settings(servers=("ldap://d.example",), starttls=True).starttls
    with pytest.raises(ValidationError, match="one name"):
        Directories(sources=(settings(), settings()))


def test_days_of_a_mapping_begin_at_midnight_in_vietnam() -> None:
    row = RoleMapping(group="cn=a", role="mot-cua", valid_from=date(2026, 1, 1), valid_to=date(2026, 2, 1))
    assert time.gmtime(row.begins)[:5] == (2025, 12, 31, 17, 0)
    assert row.ends is not None
    assert row.ends - row.begins == 31 * 86400
    assert RoleMapping(group="cn=a", role="mot-cua").ends is None


def test_a_long_attribute_is_read_from_the_piece_that_comes_first() -> None:
    pieces = {"memberOf": [], "memberOf;range=0-1499": [b"cn=a", b"cn=b"], "cn;lang-vi": [b"x"]}
    found = searching._raw({"dn": "cn=x", "raw_attributes": pieces})
    assert found.texts("memberOf") == ("cn=a", "cn=b")
    assert found.text("cn;lang-vi") == "x"
    assert not found.text("cn")


class Forest:
    """A connection to a server that holds no entry of the names it is asked for, and says so in its own way."""

    response: tuple[Any, ...] = ()

    def __init__(self, outcome: str) -> None:
        self._outcome = outcome
        self.result: dict[str, Any] = {}

    def search(self, base: str, _wanted: str, **_more: Any) -> None:
        self.result = {"description": self._outcome if base.startswith("cn=") else "success"}


@pytest.mark.parametrize("outcome", ["referral", "noSuchObject"])
def test_group_that_another_domain_holds_does_not_end_the_comparison(outcome: str) -> None:
    connection: Any = Forest(outcome)
    search = searching.Searcher(connection, "ad", 100, ())
    group = "cn=to,dc=other,dc=mau"
    found = ActiveDirectory().members(search, [group], {}, ("dc=mau", "dc=mau"))
    assert found == ({}, "")
    with pytest.raises(DirectoryUnavailable) if outcome == "referral" else nullcontext():
        assert search.one(group, ("cn",)) is None
