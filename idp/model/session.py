"""An SSO session: one browser in which one person is signed in."""

from __future__ import annotations

from dataclasses import dataclass

from idp.model.frozen import frozen


@frozen
class Session:
    """A stored session. Moments are epoch seconds; ``acr`` is a URN of the contract; ``amr`` are RFC 8176 values.

    ``capacity`` is as whom the person chose to act last: "", ``person`` or a mandate's id. ``mandate_id`` names the mandate of a clerk who began this
    session in a person's presence, "" for a session that a person began himself.
    """

    id: str
    account_id: str
    created_at: int
    last_seen_at: int
    expires_at: int
    auth_time: int
    acr: str
    amr: tuple[str, ...]
    ended_at: int | None = None
    end_reason: str | None = None
    capacity: str = ""
    mandate_id: str = ""

    @property
    def is_assisted(self) -> bool:
        """Tell whether a clerk began it."""
        return bool(self.mandate_id)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a browser's request came from; personal data, so it is stored sealed only."""

    address: str
    browser: str
