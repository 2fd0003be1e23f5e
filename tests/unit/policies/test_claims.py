"""Which claims leave the house."""

from __future__ import annotations

from policies import claims
from policies.claims import CLAIMS, SCOPES, accepted, choose, for_scopes, granted, pack, release, unpack

ATTRIBUTES = {
    "name": "Công dân mẫu 01",
    "birthdate": "2199-05-01",
    "email": "mau01@example.vn",
    "email_verified": False,
    "phone_number": "",
    "phone_number_verified": True,
    "address_formatted": "Xã Mẫu",
    "address_country": "VN",
    "identity_code": "049499000001",
    "identity_code_type": "cccd",
    "identity_level": 2,
    "unit": {"code": "20341", "name": "Phường Tam Kỳ", "edition": "2025-07-01"},
    "nickname": None,
}


def test_numbers_of_claims_never_change() -> None:
    assert {name: claim.number for name, claim in CLAIMS.items()} == {
        "name": 0,
        "family_name": 1,
        "given_name": 2,
        "middle_name": 3,
        "nickname": 4,
        "preferred_username": 5,
        "profile": 6,
        "picture": 7,
        "website": 8,
        "gender": 9,
        "birthdate": 10,
        "zoneinfo": 11,
        "locale": 12,
        "updated_at": 13,
        "email": 14,
        "email_verified": 15,
        "phone_number": 16,
        "phone_number_verified": 17,
        "address": 18,
        "unit": 19,
        "identity_code": 20,
        "identity_code_type": 21,
        "identity_level": 22,
        "roles": 23,
    }


def test_set_of_claims_packs_and_unpacks() -> None:
    assert unpack(pack(["email", "name", "unknown", "name"])) == ("name", "email")
    assert unpack(1 << 60) == ()
    assert unpack(pack(CLAIMS)) == tuple(CLAIMS)
    assert pack(CLAIMS) < 1 << 63


def test_scope_stands_for_its_claims_and_only_identity_for_the_code() -> None:
    assert for_scopes(["openid", "offline_access", "unknown"]) == 0
    assert unpack(for_scopes(["email"])) == ("email", "email_verified")
    assert "identity_code" not in unpack(for_scopes(set(SCOPES) - {"identity"}))


def test_contact_claims_are_a_choice_and_identifying_ones_are_not() -> None:
    choice = choose(for_scopes(["openid", "identity", "email", "phone"]))
    assert unpack(choice.optional) == ("email", "phone_number")
    assert unpack(choice.required) == ("identity_code", "identity_code_type", "identity_level")
    assert choice.shown == choice.required | choice.optional


def test_essential_claim_has_no_box() -> None:
    assert choose(pack(["email"]), essential=pack(["email"])).optional == 0


def test_acceptance_covers_the_bundle_and_the_ticked_boxes_with_their_confirmations() -> None:
    requested = for_scopes(["identity", "email", "phone"])
    assert unpack(accepted(requested, ["email"])) == (
        "email",
        "email_verified",
        "identity_code",
        "identity_code_type",
        "identity_level",
    )


def test_ticking_what_was_not_asked_releases_nothing() -> None:
    assert accepted(pack(["name"]), ["email", "identity_code"]) == pack(["name"])


def test_claim_leaves_only_if_asked_registered_and_agreed() -> None:
    everything = pack(CLAIMS)
    assert granted(everything, ["profile"], everything) == for_scopes(["profile"])
    assert granted(everything, SCOPES, pack(["name"])) == pack(["name"])
    assert granted(pack(["email"]), SCOPES, everything) == pack(["email"])


def test_release_leaves_out_what_has_no_value() -> None:
    assert release(pack(CLAIMS), ATTRIBUTES) == {
        "name": "Công dân mẫu 01",
        "birthdate": "2199-05-01",
        "email": "mau01@example.vn",
        "email_verified": False,
        "address": {"formatted": "Xã Mẫu", "country": "VN"},
        "unit": {"code": "20341", "name": "Phường Tam Kỳ", "edition": "2025-07-01"},
        "identity_code": "049499000001",
        "identity_code_type": "cccd",
        "identity_level": 2,
    }
    assert release(pack(CLAIMS), {}) == {}
    assert release(0, ATTRIBUTES) == {}


def test_every_scope_of_a_claim_is_announced() -> None:
    assert {claim.scope for claim in claims.CLAIMS.values()} <= set(SCOPES)


def test_roles_bring_the_office_along_and_never_where_a_citizen_lives() -> None:
    office, home = {"code": "20341"}, {"code": "20194"}
    by_roles, both = for_scopes(["openid", "roles"]), for_scopes(["roles", "address"])
    assert unpack(by_roles) == ("unit", "roles")
    official = {"roles": ["mot-cua"], "office": office, "unit": None}
    assert release(by_roles, official) == {"roles": ["mot-cua"], "unit": office}
    assert release(by_roles, {"unit": home}) == {}
    assert release(both, {"unit": home}) == release(for_scopes(["address"]), {"unit": home}) == {"unit": home}
    assert release(both, {**official, "unit": home})["unit"] == office
    assert release(by_roles, {"roles": []}) == {}
    assert unpack(choose(by_roles).optional) == ()
    assert "unit" in unpack(choose(both).optional)
