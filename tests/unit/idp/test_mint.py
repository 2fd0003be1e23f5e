"""Half hashes, by the vectors of OpenID Connect Core."""

from __future__ import annotations

import pytest

from idp.protocol.mint import half_hash


@pytest.mark.spec("OIDC Core", "A.3")
def test_at_hash_of_the_specifications_example() -> None:
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_longer_hash_of_eddsa() -> None:
    assert len(half_hash("token", "EdDSA")) == 43
    assert half_hash("token", "ES256") == half_hash("token", "PS256")
