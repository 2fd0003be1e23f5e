"""Metadata policies of a trust chain: checked, merged from the top down, applied to the subject's metadata.

OpenID Federation 1.0 section 6.1. A policy has three levels: entity type, metadata parameter, operator. Whatever a subordinate adds can
only narrow what the superiors left open; where the two contradict each other the chain is void.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from policies.federation.errors import MetadataRefused, PolicyError
from policies.federation.operators import ABSENT, COMBINATIONS, OPERATORS, Json, Rules

Policy = Mapping[str, Mapping[str, Rules]]
"""Entity type -> parameter -> operator -> value."""
Metadata = Mapping[str, Mapping[str, Json]]
"""Entity type -> parameter -> value."""

_WORDS: Final = frozenset({"scope"})
"""Parameters that are one string of words but count as a list for every operator (section 6.1.3.1.8)."""


def check(document: Json, critical: Iterable[str] = ()) -> dict[str, dict[str, dict[str, Json]]]:
    """Return a policy as found in a statement, without the operators that we do not know; raises ``PolicyError``.

    ``critical`` are the names of ``metadata_policy_crit`` of the whole chain. Only operators beyond the specification's own may be named there,
    and we know none of those, so any name voids the chain.
    """
    for name in critical:
        raise PolicyError("critical_operator", "metadata_policy_crit", f"names {name!r:.80}, which we do not know")
    policy: dict[str, dict[str, dict[str, Json]]] = {}
    for entity_type, parameters in _members(document, "metadata_policy"):
        for parameter, rules in _members(parameters, f"metadata_policy.{entity_type}"):
            place = f"{entity_type}.{parameter}"
            known = {name: value for name, value in _members(rules, place) if name in OPERATORS}
            policy.setdefault(entity_type, {})[parameter] = _checked(_as_lists(parameter, known), place)
    return policy


def merge(superior: Policy, subordinate: Policy) -> dict[str, dict[str, dict[str, Json]]]:
    """Return the policy that both make together; raises ``PolicyError`` where they conflict (section 6.1.4.1)."""
    merged: dict[str, dict[str, dict[str, Json]]] = {}
    for entity_type in dict.fromkeys((*superior, *subordinate)):
        upper, lower = superior.get(entity_type, {}), subordinate.get(entity_type, {})
        merged[entity_type] = {
            parameter: _merged(upper.get(parameter, {}), lower.get(parameter, {}), f"{entity_type}.{parameter}")
            for parameter in dict.fromkeys((*upper, *lower))
        }
    return merged


def resolve(policies: Sequence[Json], critical: Iterable[str] = ()) -> dict[str, dict[str, dict[str, Json]]]:
    """Return the policy of a chain; ``policies`` are the raw ``metadata_policy`` claims from the top down. Raises ``PolicyError``."""
    names = tuple(critical)
    current: dict[str, dict[str, dict[str, Json]]] = check({}, names)
    for document in policies:
        current = merge(current, check(document, names))
    return current


def apply(policy: Policy, metadata: Metadata) -> dict[str, dict[str, Json]]:
    """Return the metadata as the policy leaves it; raises ``MetadataRefused`` (section 6.1.4.2).

    A policy for an entity type that the subject is not says nothing. Parameters without a policy stay.
    """
    return {
        entity_type: _applied(policy.get(entity_type, {}), values, entity_type)
        for entity_type, values in metadata.items()
    }


def overlay(metadata: Metadata, superior: Metadata) -> dict[str, dict[str, Json]]:
    """Return the subject's metadata with its immediate superior's laid over it, before any policy (section 6.1.4.2).

    Entity types that the subject itself does not claim are not given to it.
    """
    return {kind: {**values, **superior.get(kind, {})} for kind, values in metadata.items()}


def _applied(parameters: Mapping[str, Rules], values: Mapping[str, Json], entity_type: str) -> dict[str, Json]:
    resolved = dict(values)
    for parameter, rules in parameters.items():
        place = f"{entity_type}.{parameter}"
        current = _as_list(parameter, resolved[parameter]) if parameter in resolved else ABSENT
        for name, operator in OPERATORS.items():
            if name in rules:
                current = operator.apply(rules[name], current, place)
        resolved.pop(parameter, None)
        if current is not ABSENT:
            resolved[parameter] = _as_words(parameter, current, place)
    return resolved


def _merged(superior: Rules, subordinate: Rules, place: str) -> dict[str, Json]:
    merged = {**superior, **subordinate}
    for name in superior.keys() & subordinate.keys():
        merged[name] = OPERATORS[name].merge(superior[name], subordinate[name], place)
    return _checked(merged, place)


def _checked(rules: Rules, place: str) -> dict[str, Json]:
    for name, value in rules.items():
        fault = OPERATORS[name].fault(value)
        if fault is not None:
            raise PolicyError("operator_value", place, f"{name} {fault}")
    for one, other in combinations(sorted(rules), 2):
        condition = COMBINATIONS.get(frozenset({one, other}))
        if condition is None or not condition(rules):
            raise PolicyError("operator_combination", place, f"{one} and {other} contradict each other")
    return dict(rules)


def _members(value: Json, place: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise PolicyError("policy_malformed", place, "must be an object")
    return value.items()


def _as_lists(parameter: str, rules: Rules) -> dict[str, Json]:
    return {name: _as_list(parameter, value) for name, value in rules.items()}


def _as_list(parameter: str, value: Json) -> Json:
    return value.split() if parameter in _WORDS and isinstance(value, str) else value


def _as_words(parameter: str, value: Json, place: str) -> Json:
    if parameter not in _WORDS:
        return value
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise MetadataRefused("not_words", place, "must be words")
    return " ".join(value)
