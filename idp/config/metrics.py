"""Settings of the metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from idp.config.sections import Section

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Metrics(Section):
    """`/metrics` for Prometheus, on a listener of its own beside `idp serve`; never at the public address."""

    port: int = Field(0, ge=0, le=65535, description="Port; 0: off, and nothing is counted.")
    host: str = Field("127.0.0.1", description="Address to listen on; anything but loopback needs a token.")
    token_file: Path | None = Field(None, description="File with the bearer token that a scrape must bring.")

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.port and self.host not in _LOOPBACK and self.token_file is None:
            message = "token_file is needed where host is not loopback: the figures are not for everybody"
            raise ValueError(message)
        return self
