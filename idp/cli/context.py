"""What a command gets: the settings and the composition root, built when first used."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from idp import wiring
from idp.config import Settings, load
from idp.wiring.stores import Stores

if TYPE_CHECKING:
    from idp.wiring import Wiring


@dataclass
class Context:
    """The command line's context object; ``overrides`` are settings given as options."""

    overrides: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """Return the checked settings; raises ``SettingsError``."""
        return load(self.overrides)

    @cached_property
    def wiring(self) -> Wiring:
        """Return the composition root over the initialised home; raises ``SettingsError`` when ``idp init`` has not run."""
        return wiring.Wiring(self.settings)

    @cached_property
    def stores(self) -> Stores:
        """Return its lowest layer alone (clients, keys, units, the audit log), for commands that need no more: half the time to start."""
        return Stores(self.settings)


pass_context = click.make_pass_decorator(Context, ensure=True)
