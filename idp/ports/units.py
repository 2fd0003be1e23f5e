"""Where the units register is kept."""

from __future__ import annotations

from typing import Protocol

from idp.model.audit import AuditRecord
from policies.units import Changes, Register


class UnitStore(Protocol):
    """The register as a whole, and changes to it."""

    def version(self) -> int:
        """Return the number of the last change, 0 when there was none."""
        ...

    def load(self) -> Register:
        """Return every row and edge."""
        ...

    def write(self, changes: Changes, version: int, record: AuditRecord) -> None:
        """Write the changes and the audit record in one transaction; raises ``Conflict`` if the register is not at ``version`` any more."""
        ...
