"""From an entry as it came to an entry in our words."""

from __future__ import annotations

from idp.clock import Clock
from idp.config.directories import Directory
from idp.directories.dialect import Dialect
from idp.directories.filters import folded_dn
from idp.directories.searching import Raw
from idp.model.directory import Entry


class EntryReader:
    """Knows which attributes are asked for and what they mean, by the dialect and the operator's settings over it."""

    def __init__(self, settings: Directory, dialect: Dialect, clock: Clock) -> None:
        """Take the settings, the dialect and the clock."""
        self._dialect = dialect
        self._clock = clock
        self._columns = {**dialect.columns, **settings.attributes}
        self._unit_attribute = settings.unit_attribute
        self._unit = settings.unit
        # In OpenLDAP it may be an attribute like any other, which people write into their own entries.
        self._believes_member_of = dialect.has_sure_member_of or settings.member_of
        self.login_attributes = settings.login_attributes or tuple(dialect.login_attributes)
        self.link_attribute = settings.link_attribute or dialect.link_attribute
        own = (self.link_attribute, "memberOf", self._unit_attribute)
        asked = (*own, *self._columns.values(), *dialect.state_attributes)
        self.attributes = tuple(dict.fromkeys(name for name in asked if name))

    @property
    def columns(self) -> dict[str, str]:
        """Return which attribute fills which account column."""
        return dict(self._columns)

    def entry(self, raw: Raw) -> Entry | None:
        """Return the entry, None for one without a readable immutable id: by its name alone nobody is known."""
        link = self._dialect.link(raw.octets(self.link_attribute))
        if not link:
            return None
        profile = {column: value for column, name in self._columns.items() if (value := raw.text(name))}
        unit = raw.text(self._unit_attribute).strip() if self._unit_attribute else ""
        groups = frozenset(map(folded_dn, raw.texts("memberOf"))) if self._believes_member_of else frozenset()
        return Entry(link, raw.dn, self._dialect.standing(raw, self._clock.now()), profile, unit or self._unit, groups)
