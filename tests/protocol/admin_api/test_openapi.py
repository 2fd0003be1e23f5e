"""The OpenAPI document: made from the table, true of every answer (schemathesis), whatever is sent."""

from __future__ import annotations

from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from idp.endpoints.api.table import SHAPES, table
from idp.wsgi import build
from policies.delegation import SCOPES, Role
from tests.support.api_world import ApiWorld
from tests.support.token_world import TokenWorld
from tests.support.units import SHORT


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_every_answer_is_as_the_document_says(place: ApiWorld) -> None:
    """schemathesis makes requests of the document, right and wrong ones, for each operation."""
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {boss.token}"}
    seen, statuses = [], set()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", build(place.wiring))
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        seen.append(operation.label)

        @given(case=operation.as_strategy())
        @settings(
            max_examples=6,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        def check(case: Any) -> None:
            place.world.clock.advance(1)
            statuses.add(case.call_and_validate(headers=headers, checks=CHECKS).status_code)

        check()
    assert len(seen) == len(table(place.acts))
    assert {200, 404, 422} <= statuses
    assert 401 not in statuses


def test_document_names_every_row_and_scope_once(place: ApiWorld) -> None:
    document = place.app.call("GET", "/api/v1/openapi.json").json
    assert place.app.call("GET", "/api/v1").json == document
    rows = table(place.acts)
    named = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert sorted(named) == sorted({one.name for one in rows})
    asked = {scope for one in rows for scope in one.scopes}
    assert asked <= set(SCOPES)
    used = {ref for ref in SHAPES if f"#/components/schemas/{ref}" in str(document)}
    assert used == set(SHAPES)


def test_client_that_exists_is_as_the_document_says(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    client = place.client(SHORT).client.client_id
    shown = boss("GET", f"/clients/{client}").json
    assert set(SHAPES["Client"]["required"]) <= shown.keys()
    assert shown["unit_names"]
