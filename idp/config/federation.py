"""Settings of the federation."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from idp.config.sections import Section


class Federation(Section):
    """OpenID Federation 1.0: the provider as an entity, the province as trust anchor, its units as intermediates."""

    enabled: bool = Field(default=False, description="Publish entity statements and let federated clients in.")
    province: str = Field("", description="Unit code of the province whose units are intermediates; empty: no units.")
    organization_name: str = Field("", description="Name of the province in its entity configuration.")
    authority_hints: tuple[str, ...] = Field((), description="Entity identifiers of superiors of the provider.")
    trust_anchors: dict[str, Path] = Field(
        {}, description="Entity identifiers of further trust anchors, each with a file that holds its JWK set."
    )
    anchor_units: dict[str, str] = Field(
        {},
        description="By outside trust anchor the unit that answers for its systems (superiors may name one below); without it none come in.",
    )
    registration: tuple[Literal["automatic", "explicit"], ...] = Field(
        ("automatic", "explicit"), description="How federated clients may register."
    )
    statement_lifetime: int = Field(86400, ge=300, le=30 * 86400, description="Seconds of an entity statement.")
    client_refresh: int = Field(
        3600, ge=60, le=86400, description="Seconds after which a federated client's chain is looked at anew."
    )
    trust_mark_types: tuple[str, ...] = Field((), description="Types of trust marks that the province issues.")
    required_trust_marks: tuple[str, ...] = Field(
        (), description="Types of trust marks of which a federated client must hold each."
    )
