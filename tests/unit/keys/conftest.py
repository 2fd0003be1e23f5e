"""Fixtures of the keys tests: one deployment in memory whose first keys are there."""

from __future__ import annotations

import pytest

from keys.plan import KeyPolicy
from keys.ring import KeyRing
from keys.service import KeyService
from tests.support.keys import MemoryKeys, make_service, ring_of

START = 1_800_000_000


@pytest.fixture
def start() -> int:
    """Return the moment at which the deployment got its first keys."""
    return START


@pytest.fixture
def policy() -> KeyPolicy:
    """Return a policy with all four algorithms."""
    return KeyPolicy(rotation=86400, jwks_max_age=900, max_token_lifetime=600, clock_skew=60, propagation=5)


@pytest.fixture
def repository() -> MemoryKeys:
    """Return an empty store."""
    return MemoryKeys()


@pytest.fixture
def service(repository: MemoryKeys, policy: KeyPolicy) -> KeyService:
    """Return a key service whose first keys were made at ``start``."""
    service = make_service(repository, policy)
    service.tick(START)
    return service


@pytest.fixture
def ring(service: KeyService) -> KeyRing:
    """Return the first ring."""
    return ring_of(service)
