"""Where requests of people about their data are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from idp.model.data_request import DataRequest


@dataclass(frozen=True, slots=True)
class RequestQuery:
    """A search: of an account, of a system or of one of several, of a kind, of some states (none for all).

    In order of the clock that ends next, or with ``is_newest_first`` the other way round, from the key ``after`` on (``(next_at, id)`` of the
    last row that was seen). ``due_before`` finds those whose next clock ends till then and that nobody was warned of for it.
    """

    account_id: str = ""
    client_id: str = ""
    client_ids: tuple[str, ...] = ()
    kind: str = ""
    states: tuple[str, ...] = ()
    after: tuple[int, str] | None = None
    due_before: int | None = None
    received_since: int | None = None
    received_until: int | None = None
    limit: int = 100
    is_newest_first: bool = False


class DataRequestStore(Protocol):
    """Requests in SQL, texts sealed. A request that was decided never changes; every change comes with its audit record."""

    def add(self, request: DataRequest, record: AuditRecord) -> None:
        """Insert one; raises ``Conflict`` for a number that exists."""
        ...

    def get(self, request_id: str) -> DataRequest | None:
        """Return one."""
        ...

    def search(self, query: RequestQuery) -> list[DataRequest]:
        """Return those that match."""
        ...

    def change(self, before: DataRequest, after: DataRequest, record: AuditRecord) -> bool:
        """Write a change of one that is still as it was (state and end of its time); False when somebody was faster."""
        ...

    def warned(self, request_id: str, clock: int, record: AuditRecord) -> bool:
        """Note that a clock was warned of; of several processes one gets True."""
        ...
