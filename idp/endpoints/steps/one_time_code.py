"""Stepping up by a code that is typed: of an authenticator app, or a printed recovery code."""

from __future__ import annotations

from typing import Final

from idp.endpoints.desk import Form, first
from idp.endpoints.steps.factor_way import FactorWay
from idp.endpoints.steps.way import Visit
from idp.protocol.wire import WireResponse

_LONGEST: Final = 16


class OneTimeCodeWay(FactorWay):
    """``otp-form``."""

    name: Final = "totp"
    marks: Final = ("otp",)

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page."""
        return self._desk.page("otp", visit, problem=problem, trust_days=self.trust_days(visit))

    def answer(self, form: Form) -> str:
        """Return the digits without the spaces that apps show between them."""
        return "".join(character for character in first(form, "otp") if not character.isspace())[:_LONGEST]


class RecoveryCodeWay(FactorWay):
    """``recovery-form``."""

    name: Final = "recovery_code"
    marks: Final = ("recovery_code",)

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page."""
        return self._desk.page("recovery", visit, problem=problem)

    def answer(self, form: Form) -> str:
        """Return what was typed."""
        return first(form, "recovery_code")
