"""The identity code itself and the error of one that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EntityType(StrEnum):
    """Whom a code names. The same digits may name a person and a business, which are never joined for that."""

    PERSON = "person"
    BUSINESS = "business"
    AGENCY = "agency"


class SchemeName(StrEnum):
    """The contract's ``code_type`` values."""

    CCCD = "cccd"
    CMND = "cmnd"
    MST = "mst"
    FOREIGNER = "foreigner"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class IdentityCode:
    """A code in its one canonical form; only ``parse`` and ``recognise`` make them. Treat ``value`` as personal data.

    Two codes are the same only if all three fields are.
    """

    entity_type: EntityType
    scheme: SchemeName
    value: str

    def __repr__(self) -> str:
        """Show what it is, never the value: a repr ends up in logs."""
        return f"IdentityCode({self.entity_type.value}, {self.scheme.value}, …)"

    __str__ = __repr__


class CodeError(ValueError):
    """Input is no code of the scheme.

    ``field`` (``code`` or ``code_type``), ``reason`` (a stable id) and ``fix`` (for the operator). None of the three
    contains the input.
    """

    def __init__(self, reason: str, fix: str, *, field: str = "code") -> None:
        """Keep the reason id and the way out."""
        super().__init__(f"{field}: {reason}: {fix}")
        self.field = field
        self.reason = reason
        self.fix = fix
