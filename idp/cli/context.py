"""What a command gets: the settings and the composition root, built when first used."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import click

from idp.config import Settings, load
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
        return Wiring(self.settings)


pass_context = click.make_pass_decorator(Context, ensure=True)
