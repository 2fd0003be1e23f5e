"""``idp serve`` with metrics on: the listener beside several workers counts what each of them answered."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.support.ports import free_port
from tests.support.provider import Provider

pytestmark = pytest.mark.slow
DONE = 'dinhdanh_requests_total{endpoint="jwks",outcome="done"}'
WAIT = 60.0


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(workers=2, settings={"METRICS__PORT": str(free_port())}) as running:
        yield running


def scraped(provider: Provider) -> dict[str, float]:
    address = f"http://127.0.0.1:{provider._environ['IDP_METRICS__PORT']}/metrics"
    lines = [line for line in requests.get(address, timeout=60).text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def eventually(provider: Provider, name: str, least: float) -> dict[str, float]:
    """Scrape until a figure is reached, or the time is up."""
    deadline, found = time.monotonic() + WAIT, {}
    while time.monotonic() < deadline:
        try:
            found = scraped(provider)
        except requests.ConnectionError:
            time.sleep(0.2)
            continue
        if found.get(name, -1) >= least:
            return found
        time.sleep(0.1)
    raise AssertionError((name, least, found.get(name)))


def test_every_worker_is_counted_and_so_is_one_that_was_killed(provider: Provider) -> None:
    for _ in range(20):
        assert requests.get(f"{provider.issuer}/jwks", timeout=60).status_code == 200
    found = eventually(provider, "dinhdanh_workers", 2)
    assert found[DONE] == 20
    assert requests.get(f"{provider.issuer}/metrics", timeout=60).status_code == 404
    os.kill(_children(provider.pid)[0], signal.SIGKILL)
    for _ in range(20):
        _asked(provider)
    assert eventually(provider, DONE, 40)[DONE] == 40


def _asked(provider: Provider) -> None:
    """Ask until somebody answers: a connection that the killed worker had taken is lost."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{provider.issuer}/jwks", timeout=60).status_code == requests.codes.ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError


def _children(pid: int) -> list[int]:
    """Return the workers, by the name of their job."""
    found = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [one for one in found if Path(f"/proc/{one}/comm").read_text().strip() == "idp-web"]


def test_scraper_that_says_nothing_keeps_no_other_waiting(provider: Provider) -> None:
    eventually(provider, "dinhdanh_workers", 2)
    port = int(provider._environ["IDP_METRICS__PORT"])
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(b"GET /metrics HTTP/1.1\r\nHost: ")
        assert scraped(provider)["dinhdanh_workers"] == 2
        assert requests.head(f"http://127.0.0.1:{port}/metrics", timeout=60).status_code == 200
        assert requests.get(f"http://127.0.0.1:{port}/jwks", timeout=60).status_code == 404


def test_start_that_could_not_be_scraped_is_refused_at_once() -> None:
    with closing(Provider().initialise()) as refused, socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(refused.port)
        for settings, message in (
            ({"PORT": str(taken.getsockname()[1])}, "IDP_METRICS__PORT: cannot listen on 127.0.0.1:"),
            ({"PORT": port}, "IDP_METRICS__PORT: must be another port"),
            ({"PORT": str(free_port()), "TOKEN_FILE": "/nowhere"}, "IDP_METRICS__TOKEN_FILE: /nowhere cannot be read"),
        ):
            refused._environ |= {f"IDP_METRICS__{name}": value for name, value in settings.items()}
            done = refused.idp("serve", "--port", port)
            assert done.returncode == 1
            assert message in done.stderr
            assert "listening" not in done.stderr
            assert "Traceback" not in done.stderr
