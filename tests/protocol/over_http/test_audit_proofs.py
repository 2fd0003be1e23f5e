"""``/audit/…`` over a running provider: heads, proofs, witnesses on their own ports, and bounds."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from keys.log_heads import COSIGNATURE, read_head, signers_of, verify_head
from keys.log_keys import LogSigner, read_keys
from policies import merkle
from tests.support.ports import free_port
from tests.support.provider import ROOT
from tests.support.world import World, deployed

PATIENCE = 120


class Observed:
    """A provider whose log a witness of its own process watches."""

    def __init__(self, world: World, witness: Path) -> None:
        self.world = world
        self.witness = witness

    def get(self, path: str, **query: Any) -> requests.Response:
        return requests.get(f"{self.world.issuer}{path}", params=query, timeout=60)

    def json(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.get(path, **query)
        assert answer.status_code == requests.codes.ok, answer.text
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        return dict(answer.json())

    def cosigned(self) -> dict[str, Any]:
        """Return the newest head as soon as the witness has signed it."""
        keys = read_keys(orjson.loads((self.witness / "jwks.json").read_bytes()))
        for _ in range(PATIENCE):
            answer = self.get("/audit/head")
            if answer.ok and signers_of(read_head(answer.json()), keys, COSIGNATURE):
                return dict(answer.json())
            time.sleep(0.5)
        raise AssertionError(self.world.provider.log_path.read_text()[-2000:])


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """Run a provider and a witness."""
    folder, port = tmp_path_factory.mktemp("witness"), free_port()
    directory, log = folder / "one", folder / "log.json"
    known = {"one": {"url": f"http://localhost:{port}/add-head", "jwks_file": str(directory / "jwks.json")}}
    witness = [sys.executable, "-m", "idp", "audit", "witness"]
    started: list[subprocess.Popen[bytes]] = []

    def prepare(world: World) -> None:
        world.provider.initialise()
        log.write_text(world.provider.idp("audit", "keys").stdout)
        made = [*witness, "init", str(directory), "--log", str(log), "--origin", world.issuer]
        subprocess.run(made, cwd=ROOT, check=True, capture_output=True)
        started.append(subprocess.Popen([*witness, "serve", str(directory), "--port", str(port)], cwd=ROOT))

    settings = {"AUDIT__HEAD_INTERVAL": "1", "AUDIT__WITNESSES": orjson.dumps(known).decode()}
    try:
        with deployed("sqlite", settings=settings, prepare=prepare) as world:
            yield Observed(world, directory)
    finally:
        for process in started:
            process.terminate()
            assert process.wait(60) == 0


def test_published_head_is_signed_by_the_log_and_by_a_witness(observed: Observed) -> None:
    head = read_head(observed.cosigned())
    verify_head(head, read_keys(observed.json("/audit/keys")))
    assert (head.origin, head.size > 0) == (observed.world.issuer, True)
    seen = orjson.loads((observed.witness / "seen.json").read_bytes())
    assert seen["size"] >= head.size


@pytest.mark.spec("RFC 9162", "2.1.3")
def test_every_record_is_proved_against_the_head(observed: Observed) -> None:
    head = read_head(observed.cosigned())
    for number in {1, 2, head.size}:
        proof = observed.json("/audit/inclusion", number=number, size=head.size)
        hashes = [bytes.fromhex(one) for one in proof["proof"]]
        assert merkle.is_included(number - 1, head.size, bytes.fromhex(proof["leaf"]), hashes, head.root)


@pytest.mark.spec("RFC 9162", "2.1.4")
def test_later_head_is_proved_to_hold_the_earlier_one(observed: Observed) -> None:
    old = read_head(observed.cosigned())
    observed.world.provider.idp("audit", "checkpoint")
    observed.world.person()
    assert observed.world.provider.idp("audit", "checkpoint").returncode == 0
    new = read_head(observed.json("/audit/head"))
    assert new.size > old.size
    assert read_head(observed.json(f"/audit/heads/{old.size}")).root == old.root
    proof = observed.json("/audit/consistency", **{"from": old.size, "to": new.size})["proof"]
    hashes = [bytes.fromhex(one) for one in proof]
    assert merkle.is_consistent(old.size, new.size, old.root, new.root, hashes)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/audit/inclusion", {}, 400),
        ("/audit/inclusion", {"number": "x"}, 400),
        ("/audit/inclusion", {"number": "-1"}, 400),
        ("/audit/inclusion", {"number": "\u0661"}, 400),
        ("/audit/inclusion", {"number": "9" * 40}, 400),
        ("/audit/inclusion", {"number": "0"}, 404),
        ("/audit/inclusion", {"number": "999999999"}, 404),
        ("/audit/inclusion", {"number": "1", "size": "999999999"}, 404),
        ("/audit/consistency", {}, 400),
        ("/audit/consistency", {"from": "0"}, 404),
        ("/audit/consistency", {"from": "3", "to": "2"}, 404),
        ("/audit/heads/999999999", {}, 404),
        ("/audit/heads/x", {}, 400),
    ],
)
def test_what_was_not_signed_is_not_proved(observed: Observed, path: str, query: dict[str, str], status: int) -> None:
    observed.cosigned()
    answer = observed.get(path, **query)
    assert (answer.status_code, "error" in answer.json()) == (status, True)


def test_bundle_of_the_running_provider_is_verified_with_the_witness(observed: Observed, tmp_path: Path) -> None:
    provider, path = observed.world.provider, str(tmp_path / "b.gz")
    assert provider.idp("audit", "export", "--bundle", path).returncode == 0
    jwks = str(observed.witness / "jwks.json")
    found = provider.idp_json("audit", "verify", "--bundle", path, "--witness", jwks)
    assert len(found["witnesses"]) == 1
    (tmp_path / "stranger.json").write_bytes(orjson.dumps({"keys": [LogSigner.generate("EdDSA").public_jwk]}))
    refused = provider.idp("audit", "verify", "--bundle", path, "--witness", str(tmp_path / "stranger.json"))
    assert (refused.returncode, "0 known witnesses" in refused.stderr) == (5, True)
