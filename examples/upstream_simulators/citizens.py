"""The sample citizens of the simulators: numbers that no living person can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Citizen:
    """A sample person, or with a ``tax_code`` a sample enterprise and who represents it."""

    key: str
    pid: str
    name: str
    born: str
    gender: str
    level: str = "2"
    tax_code: str = ""

    @property
    def birth_date(self) -> str:
        """Return the birth date as ddMMyyyy."""
        year, month, day = self.born.split("-")
        return f"{day}{month}{year}"

    @property
    def spelled_birth_date(self) -> str:
        """Return the birth date as dd/MM/yyyy."""
        return "/".join(reversed(self.born.split("-")))


_ALL: Final = (
    Citizen("mau-01", "049599000001", "Công dân mẫu 01", "2199-05-01", "Nữ"),
    Citizen("mau-02", "049499000002", "Công dân mẫu 02", "2199-09-02", "Nam"),
    Citizen("mau-21", "049499000021", "Công dân mẫu 21", "2199-01-21", "Nam"),
    Citizen("mau-22", "049599000022", "Công dân mẫu 22", "2199-02-22", "Nữ", level="1"),
    Citizen("mau-to-chuc", "049499000002", "Doanh nghiệp mẫu 01", "2199-09-02", "Nam", tax_code="0100233488"),
)
CITIZENS: Final[dict[str, Citizen]] = {citizen.key: citizen for citizen in _ALL}
