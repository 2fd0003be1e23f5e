"""Settings of the audit log: heads, witnesses, how long records stay."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from idp.config.sections import Section


class AuditWitness(Section):
    """Somebody else's machine that signs our heads."""

    url: str = Field(
        pattern=r"^https?://[^\s#]{1,400}$", description="Where it takes heads, such as `https://…/add-head`."
    )
    jwks_file: Path = Field(description="JWK set with its public key.")


class Audit(Section):
    """The audit log."""

    head_interval: int = Field(
        60, ge=1, le=86400, description="Seconds after which a new head is signed, if there are new records."
    )
    witnesses: dict[str, AuditWitness] = Field(
        {}, description='Witnesses by name, as JSON: `{"thanh-tra": {"url": "https://…/add-head", "jwks_file": "…"}}`.'
    )
    online_days: int = Field(
        400, ge=365, description="Days for which records stay in the database before they are archived."
    )
    keep_days: int = Field(
        5 * 366, ge=5 * 365, description="Days for which archived records are kept (sign-in history: five years)."
    )
    archive: bool = Field(
        default=False,
        description="Move records out of the database regularly; without it only `idp audit archive` does.",
    )
    archive_dir: Path | None = Field(None, description="Where archives lie; empty: `audit` in the home directory.")
    suppress_below: int = Field(
        5, ge=3, le=100, description="Counts of people from 1 to below this are hidden in the indicator."
    )
    proofs_per_minute: int = Field(600, ge=1, description="Answers of `/audit/…` to one network address in a minute.")
