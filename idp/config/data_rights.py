"""Settings of the rights of people over their data."""

from __future__ import annotations

from pydantic import Field

from idp.config.sections import Section
from policies.data_requests import Terms

_FROM = "Days from the day after a request came in"


class DataRights(Section):
    """Legal times of requests; the defaults follow summaries of Decree 356/2025: let your lawyers compare them with the text in force."""

    acknowledge: int = Field(2, ge=1, le=30, description=f"{_FROM} until somebody must have taken it up.")
    access: int = Field(10, ge=1, le=180, description=f"{_FROM} for seeing, getting and correcting data.")
    stop: int = Field(15, ge=1, le=180, description=f"{_FROM} for withdrawing, restricting and objecting.")
    erase: int = Field(20, ge=1, le=180, description=f"{_FROM} for deleting.")
    others: int = Field(5, ge=0, le=90, description="Days more where a department's system has to act as well.")
    warn: int = Field(3, ge=0, le=30, description="Days before the end of a time at which its officers are warned.")

    def terms(self) -> Terms:
        """Return the figures as the policy takes them."""
        return Terms(self.acknowledge, self.access, self.stop, self.erase, self.others, self.warn)
