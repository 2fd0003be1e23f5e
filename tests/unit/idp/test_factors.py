"""Every factor that the levels know has its module, and every service knows only those."""

from __future__ import annotations

import importlib

import pytest

from policies.assurance import FACTORS


@pytest.mark.parametrize("name", FACTORS)
def test_every_factor_has_a_module_of_its_own(name: str) -> None:
    assert importlib.import_module(f"idp.authn.{name}").__doc__
