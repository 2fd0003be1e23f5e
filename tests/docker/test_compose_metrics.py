"""``compose.metrics.yaml``: the listener is for the inner network, behind a token that is mounted, and published to nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.config import load

DOCKER = Path(__file__).parents[2] / "docker"
ADDED: dict[str, Any] = yaml.safe_load((DOCKER / "compose.metrics.yaml").read_text())["services"]


def test_only_the_provider_is_changed_and_no_port_is_published() -> None:
    assert set(ADDED) == {"provider"}
    assert set(ADDED["provider"]) == {"environment", "volumes"}


def test_the_token_that_the_settings_name_is_mounted_for_reading() -> None:
    token = ADDED["provider"]["environment"]["IDP_METRICS__TOKEN_FILE"]
    assert f"./secrets/{token.rpartition('/')[2]}:{token}:ro" in ADDED["provider"]["volumes"]


def test_the_settings_are_ones_that_we_take(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ADDED["provider"]["environment"].items():
        monkeypatch.setenv(name, value)
    metrics = load().metrics
    assert (metrics.port, str(metrics.token_file)) == (9464, "/run/secrets/metrics_token")


def test_the_public_front_hands_nothing_on() -> None:
    assert "location = /metrics { return 404; }" in (DOCKER / "nginx.conf").read_text()
