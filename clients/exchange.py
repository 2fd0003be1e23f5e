"""``token_exchange``: at which audiences a client may act for people, written by an operator; read into ``policies.exchange.Rule``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from clients import fields
from clients.fields import Fault
from policies import claims, exchange

MOST: Final = 20
_MEMBERS: Final = frozenset({"subjects", "scope", "mode", "next"})
_CLIENT_ID: Final = re.compile(r"[!-~]{1,2048}")


def parse(value: object) -> dict[str, Any]:
    """Return ``{audience: {"subjects": […], "scope": "…", "mode": "…", "next": "…"}}``; raises ``Fault``."""
    if not isinstance(value, dict) or not 0 < len(value) <= MOST:
        raise Fault("not_object", f"must be an object of 1 to {MOST} audiences, each a resource")
    return {fields.resource_uri(audience): _rule(rule) for audience, rule in value.items()}


def rules(value: Mapping[str, Any] | None) -> dict[str, exchange.Rule]:
    """Return the rules of a client, none where an operator wrote none."""
    return {
        audience: exchange.Rule(
            audience, frozenset(rule["subjects"]), frozenset(rule["scope"].split()), rule["mode"], rule.get("next", "")
        )
        for audience, rule in (value or {}).items()
    }


def _rule(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not {"subjects", "scope"} <= value.keys() <= _MEMBERS:
        raise Fault("not_rule", "must hold subjects (client ids) and scope, and may hold mode and next")
    subjects = fields.listed(_client_id, 1)(value["subjects"])
    scope = fields.words(claims.SCOPES)(value["scope"])
    mode = fields.choice(exchange.MODES)(value.get("mode", exchange.DELEGATION))
    following = {"next": _client_id(value["next"])} if value.get("next") else {}
    return {"subjects": sorted(subjects), "scope": " ".join(sorted(scope)), "mode": mode, **following}


def _client_id(value: object) -> str:
    if not isinstance(value, str) or not _CLIENT_ID.fullmatch(value):
        raise Fault("not_client_id", "must be the id of a client")
    return value
