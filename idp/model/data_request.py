"""A person's request about their data."""

from __future__ import annotations

from dataclasses import dataclass

from policies.data_requests import Kind, State, next_at


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A request as it is kept; moments are epoch seconds.

    ``number`` is what people are told. ``client_id`` is the system that it is about, "" for what is kept here. ``text`` is the person's own,
    ``answer`` what the officer wrote, the reasons of a refusal as well. ``take_by`` and ``due_at`` are when its times are over;
    ``extension_reason`` is "" until it was extended, which happens once. ``warned_at`` is the clock that was last warned of.
    """

    id: str
    number: str
    account_id: str
    client_id: str
    kind: Kind
    text: str
    received_at: int
    take_by: int
    due_at: int
    state: State = State.RECEIVED
    taken_at: int | None = None
    taken_by: str = ""
    extension_reason: str = ""
    ended_at: int | None = None
    ended_by: str = ""
    answer: str = ""
    warned_at: int = 0

    @property
    def next_at(self) -> int:
        """Return the clock that ends next, or that counted in the end."""
        return next_at(self.state, self.take_by, self.due_at)
