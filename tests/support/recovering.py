"""Somebody who has lost the password, with what is left to them."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from idp.authn import totp
from idp.model.session import Origin
from idp.services.recoveries import Begun
from policies.recovery import Path
from tests.support.accounts import sample_code
from tests.support.token_world import TokenWorld

ORIGIN = Origin("192.0.2.7", "thử")
OLD, NEW = "mật khẩu cũ đã quên 1", "mật khẩu hoàn toàn mới 27"
EVIDENCE = "CCCD gắn chip, đối chiếu khuôn mặt"


@dataclass
class Forgetful:
    """A person with a password, an authenticator app and a sheet of recovery codes."""

    world: TokenWorld
    account_id: str
    code: str
    seed: bytes
    sheet: tuple[str, ...]

    def otp(self) -> str:
        """Return what the app shows now."""
        return totp.code_at(self.seed, self.world.clock.now() // totp.STEP)

    def ask(self, recovery_code: str | None = None, otp: str | None = None) -> Begun:
        """Begin from afar."""
        proofs = {"recovery_code": self.sheet[0] if recovery_code is None else recovery_code}
        proofs["totp"] = self.otp() if otp is None else otp
        return self.world.wiring.recovery_flow.begin(self.code, proofs, ORIGIN, "CASE")

    def at_counter(self, actor: str = "operator:local") -> Begun:
        """Begin at the counter."""
        return self.world.wiring.recoveries.begin(
            self.account_id, Path.COUNTER, evidence=EVIDENCE, reason="mất điện thoại", actor=actor
        )

    def activate(self, activation: str, password: str = NEW) -> None:
        """Finish."""
        self.world.wiring.recovery_flow.activate(self.code, activation, password, ORIGIN, "CASE")


def forgetful(world: TokenWorld, number: int = 1) -> Forgetful:
    """Add such a person."""
    wiring, code = world.wiring, sample_code(number)
    row = wiring.credentials.new_password(OLD, must_change=False)
    account_id = wiring.accounts.add(
        wiring.accounts.draft({"code_type": "cccd", "code": code, "name": "Công dân mẫu"}), (row,)
    )
    enrolment = wiring.credentials.enrol_totp(account_id)
    sheet = wiring.recovery_codes.renew(account_id, actor=f"account:{account_id}")
    return Forgetful(world, account_id, code, base64.b32decode(enrolment.secret), sheet)
