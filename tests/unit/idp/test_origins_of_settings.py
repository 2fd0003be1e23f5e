"""Where the value of a setting comes from, made from the models, with nothing secret in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from idp.config.origins import EffectiveSetting, effective, masked
from idp.config.settings import Settings, load

pytestmark = pytest.mark.usefixtures("empty_place")


def by_name(settings: Settings) -> dict[str, EffectiveSetting]:
    return {one.name: one for one in effective(settings)}


def leaves(model: type[BaseModel]) -> int:
    kinds = [field.annotation for field in model.model_fields.values()]
    return sum(leaves(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else 1 for kind in kinds)


def test_every_field_of_the_models_is_there_once() -> None:
    rows = effective(load())
    assert len({one.name for one in rows}) == len(rows) == leaves(Settings)
    assert {one.origin for one in rows} == {"default"}
    assert all(one.value == one.default for one in rows)


def test_environment_comes_before_the_file_and_each_is_named(
    monkeypatch: pytest.MonkeyPatch, empty_place: Path
) -> None:
    (empty_place / "idp.toml").write_text("jwks_max_age = 100\n[lifetimes]\ncode = 50\naccess_token = 500\n")
    monkeypatch.setenv("IDP_LIFETIMES__CODE", "40")
    (empty_place / "IDP_SIGNALS_WAIT").write_text("9\n")
    monkeypatch.setenv("IDP_SECRETS_DIR", str(empty_place))
    found = by_name(load({"refresh_grace": 7}))
    shown = {name: (one.value, one.origin) for name, one in found.items() if one.origin != "default"}
    assert shown == {
        "IDP_JWKS_MAX_AGE": (100, "file"),
        "IDP_LIFETIMES__CODE": (40, "environment"),
        "IDP_LIFETIMES__ACCESS_TOKEN": (500, "file"),
        "IDP_SIGNALS_WAIT": (9, "secret_file"),
        "IDP_REFRESH_GRACE": (7, "command_line"),
    }
    assert found["IDP_LIFETIMES__CODE"].default == 60


def test_nothing_secret_is_in_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDP_DATABASE_URL", "postgresql://idp:hunter2@db/idp")
    monkeypatch.setenv(
        "IDP_UPSTREAMS",
        '{"up": {"label": {"vi": "Up"}, "issuer": "https://up.example.vn", "discovery": true, "client_id": "x", "client_secret": "hunter2"}}',
    )
    assert "hunter2" not in str(effective(load()))


@pytest.mark.parametrize(
    "text",
    [
        "redis://:hunter2@cache:6379/0",
        "https://sms.example.vn/send?user=a&api_key=hunter2",
        "https://sms.example.vn/send?ACCESS_TOKEN=hunter2&x=1",
    ],
)
def test_what_opens_a_door_in_an_address_is_masked(text: str) -> None:
    assert "hunter2" not in str(masked({"a": [text]}))
