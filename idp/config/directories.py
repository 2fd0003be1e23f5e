"""Settings of department directories (LDAP), with which officials sign in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from idp.clock import VIETNAM
from idp.config.sections import Section

_NAME: Final = r"^[a-z0-9][a-z0-9-]{0,31}$"
_ROLE: Final = r"^[a-z][a-z0-9-]{0,63}$"
_UNIT: Final = r"^[A-Za-z0-9.]{1,35}$"
_ATTRIBUTE: Final = r"^[A-Za-z][A-Za-z0-9-]{0,63}$"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PORTS: Final = {"ldap": 389, "ldaps": 636}
CLAIMS: Final = ("name", "family_name", "given_name", "middle_name", "email", "phone_number", "preferred_username")
"""Account columns that a directory may fill; an identity code is not among them, for a directory does not prove one."""


class RoleMapping(Section):
    """One row from group to role."""

    group: str = Field(min_length=1, max_length=1000, description="Distinguished name of the group.")
    role: str = Field(pattern=_ROLE, description="Name of the role in tokens.")
    unit: str = Field(
        "",
        pattern=rf"{_UNIT}|^$",
        description="Code of the unit; empty: the one that the entry or the directory names.",
    )
    valid_from: date | None = Field(None, description="First day, in Vietnam.")
    valid_to: date | None = Field(None, description="First day on which it counts no longer.")

    @property
    def begins(self) -> int:
        """Return the first moment (epoch seconds); 0 for always."""
        return _midnight(self.valid_from) if self.valid_from else 0

    @property
    def ends(self) -> int | None:
        """Return the moment from which it counts no longer; None for never."""
        return _midnight(self.valid_to) if self.valid_to else None


class Directory(Section):
    """One directory; its servers hold the same entries."""

    name: str = Field(pattern=_NAME, description="Short name; stored with every person, so it never changes.")
    title: dict[str, str] = Field(description="What the sign-in page calls it, by language, `vi` required.")
    dialect: Literal["openldap", "active-directory"] = Field("openldap", description="Kind of server.")
    servers: tuple[str, ...] = Field(
        min_length=1, max_length=8, description="`ldaps://host[:port]` or `ldap://…`, in order."
    )
    starttls: bool = Field(default=False, description="Begin TLS on `ldap://`; without it only loopback is reached.")
    ca_file: Path | None = Field(
        None, description="PEM file of the authorities that count; empty: those of the system."
    )
    bind_dn: str = Field("", description="Name of the account that searches; empty: nobody (anonymous).")
    bind_password_file: Path | None = Field(None, description="File with its password, on one line.")
    base: str = Field(min_length=1, description="Where people are searched, with everything below.")
    filter: str = Field(
        "(objectClass=person)", pattern=r"^\(.+\)$", description="What an entry must match to be a person."
    )
    login_attributes: tuple[str, ...] = Field(
        (), description="Attributes that hold the user name; empty: the dialect's."
    )
    group_base: str = Field("", description="Where groups are searched; empty: `base`.")
    member_of: bool = Field(
        default=False, description="OpenLDAP: believe `memberOf` of entries; only where an overlay alone writes it."
    )
    link_attribute: str = Field("", pattern=rf"{_ATTRIBUTE}|^$", description="Immutable id; empty: the dialect's.")
    unit_attribute: str = Field(
        "", pattern=rf"{_ATTRIBUTE}|^$", description="Attribute with the code of a person's unit."
    )
    unit: str = Field("", pattern=rf"{_UNIT}|^$", description="Code of the unit of those whose entry names none.")
    units_within: tuple[str, ...] = Field(
        (),
        description="Units that entries may name by `unit_attribute`, each with everything below it. Required with it: "
        "whoever runs the directory could otherwise give roles anywhere.",
    )
    units_as_of: date | None = Field(
        None,
        description="Day on which the unit codes here and in the entries mean what they mean; they are followed to today. "
        "Required where there are any: codes are used again for other units.",
    )
    unit_names: dict[str, str] = Field(
        {}, description="Names of agencies that the register of units does not hold, by code."
    )
    attributes: dict[str, str] = Field({}, description="Account column to attribute, over the dialect's own.")
    roles: tuple[RoleMapping, ...] = Field((), description="Groups that give roles.")
    identity_level: Literal[1, 2] = Field(
        1, description="Identity level of its people (Decree 69/2024): how they were enrolled."
    )
    connect_timeout: int = Field(3, ge=1, le=30, description="Seconds for a connection to one server.")
    receive_timeout: int = Field(4, ge=1, le=60, description="Seconds without a byte of an answer.")
    timeout: int = Field(
        8, ge=2, le=120, description="Seconds for one act over all servers; a comparison has 30 times as long."
    )
    parallel: int = Field(4, ge=1, le=32, description="Acts at once in one process; as many again may wait.")
    breaker_failures: int = Field(3, ge=1, le=100, description="Failures in a row after which a server is left alone.")
    breaker_seconds: int = Field(30, ge=1, le=3600, description="Seconds for which it is.")
    page_size: int = Field(500, ge=10, le=1000, description="Entries a page of a comparison.")

    @field_validator("servers")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            parts = urlsplit(address)
            rest = parts.path.strip("/") + parts.query + parts.fragment + (parts.username or "")
            if parts.scheme not in PORTS or not parts.hostname or rest or parts.port == 0:
                message = f"{address!r} is not ldaps://host[:port] or ldap://host[:port]"
                raise ValueError(message)
        return value

    @field_validator("login_attributes")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            _check_attribute(name)
        return value

    @field_validator("attributes")
    @classmethod
    def _columns(cls, value: dict[str, str]) -> dict[str, str]:
        for column, name in value.items():
            if column not in CLAIMS:
                message = f"{column!r} is none of {', '.join(CLAIMS)}"
                raise ValueError(message)
            _check_attribute(name)
        return value

    @model_validator(mode="after")
    def _safe(self) -> Directory:
        plain = [address for address in self.servers if urlsplit(address).scheme == "ldap"]
        if plain and not self.starttls and any(urlsplit(one).hostname not in _LOOPBACK for one in plain):
            message = f"{plain[0]} would send passwords in clear: use ldaps:// or starttls = true"
            raise ValueError(message)
        has_units = self.unit or self.unit_attribute or any(row.unit for row in self.roles)
        if has_units and self.units_as_of is None:
            message = "units_as_of has to say on which day the unit codes mean what they mean"
            raise ValueError(message)
        if self.unit_attribute and not self.units_within:
            message = "units_within has to say which units the entries may name"
            raise ValueError(message)
        if not self.title.get("vi"):
            message = "title needs a text in vi"
            raise ValueError(message)
        if bool(self.bind_dn) != bool(self.bind_password_file):
            message = "bind_dn and bind_password_file go together"
            raise ValueError(message)
        return self


class Directories(Section):
    """Directories of officials."""

    sources: tuple[Directory, ...] = Field(
        (), description="The directories, an array of tables `[[directories.sources]]`; see `docs/directories.md`."
    )
    compare_hour: int = Field(1, ge=0, le=23, description="Hour in Vietnam after which the nightly comparison runs.")
    brake_percent: int = Field(
        10, ge=0, le=100, description="Most of a directory's people, in percent, that one comparison ends."
    )
    brake_spare: int = Field(3, ge=0, le=1000, description="So many may go whatever the percentage.")

    @field_validator("sources")
    @classmethod
    def _unlike(cls, value: tuple[Directory, ...]) -> tuple[Directory, ...]:
        names = [one.name for one in value]
        if len(set(names)) < len(names):
            message = "two directories have one name"
            raise ValueError(message)
        return value


def _check_attribute(name: str) -> None:
    if not name or not name.isascii() or not name.replace("-", "").isalnum() or not name[0].isalpha():
        message = f"{name!r} is not the name of an attribute"
        raise ValueError(message)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=VIETNAM).astimezone(UTC).timestamp())
