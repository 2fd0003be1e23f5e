"""Settings as a process reads them from its environment, and what it says when it does not start."""

from __future__ import annotations

import pytest

from idp.config.settings import Settings, load
from idp.errors import SettingsError


def loaded(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    """Return the settings under these variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load()


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """Return what the process says when it refuses to start under these variables."""
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, **variables)
    assert caught.value.code == "invalid_settings"
    return str(caught.value)
