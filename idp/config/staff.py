"""Settings of officials' and administrators' accounts."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from idp.config.sections import Section
from policies.officials.disuse import Term


class Staff(Section):
    """Unused accounts and old passwords of officials and administrators; citizens' are never touched. Defaults are level 3's."""

    unused_days: int = Field(
        45,
        ge=0,
        le=3650,
        description="Days without use after which an official's account is locked and an administrator's grants end; 0 for never.",
    )
    unused_notice: int = Field(
        7, ge=1, le=90, description="Days before that at which the person and the administrators responsible are told."
    )
    admin_password_days: int = Field(
        60,
        ge=0,
        le=3650,
        description="Days after which an administrator sets another password at the next sign-in; 0 for never. Passwords of a department's "
        "directory are that directory's business.",
    )
    admin_password_notice: int = Field(
        7, ge=1, le=90, description="Days before that at which the administrator is told."
    )
    admin_password_history: int = Field(
        10, ge=0, le=24, description="Former passwords that an administrator may not take again; 0 for none."
    )

    @model_validator(mode="after")
    def _tell_in_time(self) -> Self:
        pairs = (("unused", self.unused), ("admin_password", self.admin_password))
        late = [f"{name}_notice" for name, term in pairs if term.is_on and term.notice >= term.days]
        if late:
            message = f"{', '.join(late)} must be fewer days than what it announces"
            raise ValueError(message)
        return self

    @property
    def unused(self) -> Term:
        """Return when unused accounts end."""
        return Term(self.unused_days, self.unused_notice)

    @property
    def admin_password(self) -> Term:
        """Return when passwords of administrators end."""
        return Term(self.admin_password_days, self.admin_password_notice)
