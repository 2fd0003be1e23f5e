"""Typed settings, validated at start. Imports no other room of the product but ``errors``."""

from __future__ import annotations

from idp.config.settings import Settings, load

__all__ = ["Settings", "load"]
