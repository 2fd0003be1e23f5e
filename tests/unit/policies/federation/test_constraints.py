"""Constraints on trust chains (OpenID Federation 1.0 section 6.2)."""

from __future__ import annotations

from typing import Any

import pytest

from policies.federation.constraints import allowed, check, parse
from policies.federation.errors import ConstraintBroken


def broken(document: dict[str, Any], intermediates: int, *entity_ids: str) -> str | None:
    try:
        check(parse(document), intermediates, entity_ids)
    except ConstraintBroken as error:
        return error.reason
    return None


@pytest.mark.spec("OpenID Federation 1.0", "6.2.1")
@pytest.mark.parametrize(("longest", "intermediates", "ok"), [(0, 0, True), (0, 1, False), (2, 2, True), (2, 3, False)])
def test_no_more_intermediates_than_a_superior_allows(longest: int, intermediates: int, ok: bool) -> None:
    assert (broken({"max_path_length": longest}, intermediates) is None) == ok


@pytest.mark.spec("OpenID Federation 1.0", "6.2.2")
@pytest.mark.parametrize(
    ("name", "host", "matches"),
    [
        (".gov.vn", "danang.gov.vn", True),
        (".gov.vn", "a.b.gov.vn", True),
        (".gov.vn", "gov.vn", False),
        (".gov.vn", "evilgov.vn", False),
        ("danang.gov.vn", "danang.gov.vn", True),
        ("danang.gov.vn", "x.danang.gov.vn", False),
        ("DANANG.gov.vn", "danang.GOV.vn", True),
        ("danang.gov.vn", "danang.gov.vn.", True),
        ("danang.gov.vn", "danang.gov.vn@evil.vn", False),
    ],
)
def test_names_match_as_uri_constraints_of_certificates_do(name: str, host: str, matches: bool) -> None:
    entity = f"https://{host}:8443/federation"
    assert broken({"naming_constraints": {"permitted": [name]}}, 0, entity) == (
        None if matches else "name_not_permitted"
    )
    assert broken({"naming_constraints": {"excluded": [name]}}, 0, entity) == ("name_excluded" if matches else None)


@pytest.mark.spec("OpenID Federation 1.0", "6.2.2")
def test_excluded_beats_permitted_and_every_name_below_counts() -> None:
    naming = {"naming_constraints": {"permitted": [".gov.vn"], "excluded": ["bad.gov.vn"]}}
    assert broken(naming, 0, "https://a.gov.vn", "https://bad.gov.vn") == "name_excluded"
    assert broken(naming, 0, "https://a.gov.vn", "https://a.com") == "name_not_permitted"
    assert broken({"naming_constraints": {"permitted": []}}, 0, "https://a.gov.vn") == "name_not_permitted"
    assert broken({"naming_constraints": {"permitted": [".gov.vn"]}}, 0, "https://[bad") == "name_not_permitted"


@pytest.mark.spec("OpenID Federation 1.0", "6.2.3")
def test_entity_types_that_a_superior_does_not_allow_are_taken_away() -> None:
    metadata: dict[str, Any] = {"openid_relying_party": {}, "openid_provider": {}, "federation_entity": {}}
    bounds = [parse({"allowed_entity_types": ["openid_relying_party", "openid_provider"]}), parse({})]
    assert set(allowed(metadata, bounds)) == set(metadata)
    bounds.append(parse({"allowed_entity_types": ["openid_relying_party"]}))
    assert set(allowed(metadata, bounds)) == {"openid_relying_party", "federation_entity"}
    assert set(allowed(metadata, [parse({"allowed_entity_types": []})])) == {"federation_entity"}


@pytest.mark.spec("OpenID Federation 1.0", "6.2")
@pytest.mark.parametrize(
    "document",
    [
        [],
        {"max_path_length": -1},
        {"max_path_length": True},
        {"max_path_length": "1"},
        {"naming_constraints": []},
        {"naming_constraints": {"permitted": "x"}},
        {"naming_constraints": {"excluded": [""]}},
        {"allowed_entity_types": "openid_relying_party"},
    ],
)
def test_malformed_constraints_void_the_chain(document: Any) -> None:
    with pytest.raises(ConstraintBroken) as refused:
        parse(document)
    assert refused.value.reason == "constraints_malformed"


def test_constraints_that_we_do_not_know_are_passed_over() -> None:
    assert broken({"some_other": 1}, 5, "https://a") is None
