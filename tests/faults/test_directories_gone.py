"""Directories that are down, hang, drip, lie about who they are, or send elsewhere: their users are told to come back, and nobody else waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from idp.clock import SystemClock
from idp.directories.directory import LdapDirectory
from idp.errors import DirectoryUnavailable
from idp.fibers import Fibers
from idp.model.directory import Proof
from tests.support.fibers import together
from tests.support.officials import directory_of, settings_of
from tests.support.ports import free_port
from tests.support.silent_servers import dripping, hung
from tests.support.slapd import OFFICE, PASSWORD, Authority, SlapdServer
from tests.support.stores import running

pytestmark = pytest.mark.servers
RIGHT = PASSWORD.encode()


@pytest.fixture
def own_plain_office() -> Iterator[SlapdServer]:
    with running(SlapdServer(OFFICE, tls=False)) as server:
        yield server


def test_a_stopped_directory_is_out_of_reach_and_back_when_it_is_back(own_office: SlapdServer) -> None:
    directory = directory_of(own_office, breaker_failures=1, breaker_seconds=1)
    entry = directory.find("an")
    own_office.stop()
    with pytest.raises(DirectoryUnavailable) as caught:
        directory.verify(entry, RIGHT)
    assert caught.value.retry_after == 1
    own_office.start()
    moment = [time.monotonic()]
    directory._servers.endpoints[0].breaker._now = lambda: moment[0]
    with pytest.raises(DirectoryUnavailable, match="left alone"):
        directory.verify(entry, RIGHT)
    moment[0] += 2
    assert directory.verify(entry, RIGHT).proof is Proof.RIGHT
    assert not directory._servers.endpoints[0].breaker.is_open


def test_a_hung_directory_gives_up_after_its_time_and_is_then_left_alone(office: SlapdServer) -> None:
    with hung() as server:
        directory = directory_of(
            office,
            servers=(f"ldaps://localhost:{server.port}",),
            receive_timeout=1,
            breaker_failures=2,
            breaker_seconds=60,
        )
        for _ in range(2):
            with pytest.raises(DirectoryUnavailable):
                directory.find("an")
        asked = server.connections
        with pytest.raises(DirectoryUnavailable, match="left alone"):
            directory.find("an")
        assert server.connections == asked


def test_a_directory_that_drips_a_byte_now_and_then_does_not_hold_its_thread_for_ever(office: SlapdServer) -> None:
    with dripping(0.1) as server:
        address = (f"ldap://localhost:{server.port}",)
        directory = directory_of(office, servers=address, timeout=2, receive_timeout=60)
        with pytest.raises(DirectoryUnavailable):
            directory.find("an")


def test_a_hung_directory_takes_no_more_than_its_places_and_no_fiber_of_others_waits(office: SlapdServer) -> None:
    fibers = Fibers()
    done: list[str] = []
    with hung() as server:
        settings = settings_of(
            office,
            servers=(f"ldap://localhost:{server.port}",),
            parallel=1,
            receive_timeout=60,
            timeout=120,
            breaker_failures=100,
        )
        sick = LdapDirectory(settings, fibers, SystemClock())
        well = LdapDirectory(settings_of(office, name="khac"), fibers, SystemClock())

        def ask_sick() -> None:
            try:
                sick.find("an")
            finally:
                done.append("sick")

        def ask_well() -> None:
            assert well.find("an") is not None
            done.append("well")
            if done.count("well") == 2:
                server.close()  # Only now are those who wait told anything.

        outcomes = together(fibers, *([ask_sick] * 6), ask_well, ask_well)
    assert [type(one) for one in outcomes] == [DirectoryUnavailable] * 6 + [type(None)] * 2
    assert sum("every place is taken" in str(one) for one in outcomes) == 4
    # Four were told at once, and the other directory's users were served while two waited.
    assert done == ["sick"] * 4 + ["well"] * 2 + ["sick"] * 2


def test_the_second_server_answers_when_the_first_is_down_and_a_wrong_password_stays_wrong(office: SlapdServer) -> None:
    servers = (f"ldaps://localhost:{free_port()}", office.ldaps)
    directory = directory_of(office, servers=servers, breaker_failures=1)
    assert directory.verify(directory.find("an"), RIGHT).proof is Proof.RIGHT
    assert directory.verify(directory.find("an"), b"x").proof is Proof.WRONG
    assert [one.breaker.is_open for one in directory._servers.endpoints] == [True, False]


@pytest.mark.parametrize("starttls", [False, True])
def test_a_certificate_of_another_authority_or_for_another_host_is_refused_before_anything_is_said(
    office: SlapdServer, tmp_path: Path, *, starttls: bool
) -> None:
    name, port = ("ldap", office.port) if starttls else ("ldaps", office.tls_port)
    right = directory_of(office, servers=(f"{name}://localhost:{port}",), starttls=starttls)
    assert right.find("an") is not None
    stranger = Authority(tmp_path, "stranger").file
    for values in (
        {"ca_file": stranger},
        {"servers": (f"{name}://127.0.0.1:{port}",)},
        {"ca_file": tmp_path / "missing"},
    ):
        wrong = directory_of(office, **{"servers": (f"{name}://localhost:{port}",), "starttls": starttls, **values})
        with pytest.raises(DirectoryUnavailable):
            wrong.find("an")


def test_a_server_that_will_not_begin_tls_is_not_spoken_to_without(office: SlapdServer) -> None:
    with hung() as server:
        directory = directory_of(
            office, servers=(f"ldap://localhost:{server.port}",), starttls=True, receive_timeout=1, timeout=2
        )
        with pytest.raises(DirectoryUnavailable):
            directory.find("an")


@pytest.mark.spec("RFC 4511", "4.14")
def test_a_server_without_tls_gets_no_password(own_plain_office: SlapdServer) -> None:
    assert directory_of(own_plain_office, servers=(own_plain_office.url,)).find("an") is not None
    directory = directory_of(own_plain_office, servers=(own_plain_office.url,), starttls=True)
    with pytest.raises(DirectoryUnavailable, match="startTLS failed"):
        directory.find("an")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"0\x02\x02\x00",
        b"0\x0c\x02\x01\x01a\x07\n\x01\xff\x04\x00\x04\x00",
        b"\xff" * 64,
    ],
)
def test_an_answer_that_is_no_ldap_is_a_directory_out_of_reach(office: SlapdServer, answer: bytes) -> None:
    with dripping(0.02, answer, answer) as server:
        directory = directory_of(office, servers=(f"ldap://localhost:{server.port}",), timeout=2, receive_timeout=1)
        with pytest.raises(DirectoryUnavailable):
            directory.find("an")


@pytest.mark.spec("RFC 4511", "4.5.3")
def test_a_referral_is_never_followed(office: SlapdServer) -> None:
    whole = directory_of(office, base="dc=qnam,dc=example")
    entry = whole.find("an")
    assert entry is not None, "a continuation reference beside the entry is left alone"
    listing = whole.listing()
    assert (listing.is_whole, listing.why) == (False, "refers elsewhere")


def test_of_many_tries_at_once_a_hung_server_gets_no_more_than_the_places(office: SlapdServer) -> None:
    with hung() as server:
        directory = directory_of(
            office,
            servers=(f"ldap://localhost:{server.port}",),
            parallel=2,
            receive_timeout=60,
            timeout=120,
            breaker_failures=100,
        )
        together_now, told = threading.Barrier(20), threading.Semaphore(16)

        def ask(_: int) -> str:
            together_now.wait()
            try:
                directory.find("an")
            except DirectoryUnavailable as error:
                told.acquire(blocking=False)
                if not told._value:
                    server.close()  # Whoever has a place is let go once all others have been refused.
                return str(error)
            return "found"

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(ask, range(20)))
    assert "found" not in answers
    assert sum("every place is taken" in answer for answer in answers) == 16


def test_the_examination_names_the_step_that_fails_and_what_to_do(office: SlapdServer, tmp_path: Path) -> None:
    def failed(**values: object) -> tuple[str, str]:
        checks = list(directory_of(office, **values).examine())
        first = next(check for check in checks if check.state == "failed")
        assert first.advice
        return first.step, first.server

    stranger = Authority(tmp_path, "stranger").file
    closed = f"ldaps://localhost:{free_port()}"
    assert failed(servers=("ldaps://no-such-host.invalid",))[0] == "dns"
    assert failed(servers=(office.ldaps, closed)) == ("tcp", closed)
    assert failed(ca_file=stranger)[0] == "tls"
    assert failed(servers=(f"ldaps://127.0.0.1:{office.tls_port}",))[0] == "tls"
    assert failed(servers=(office.url,), starttls=True, ca_file=stranger)[0] == "tls"
    assert failed(bind_dn="cn=nobody,dc=qnam,dc=example")[0] == "bind"
    assert failed(base="ou=nowhere,dc=qnam,dc=example")[0] == "base"
    assert failed(filter="(uid=nobody)")[0] == "search"
    assert failed(link_attribute="description")[0] == "attributes"
    assert failed(roles=({"group": "cn=nowhere,dc=qnam,dc=example", "role": "mot-cua"},))[0] == "roles"


def test_a_sound_configuration_passes_every_step(office: SlapdServer) -> None:
    checks = list(directory_of(office).examine())
    steps = ("dns", "tcp", "tls", "bind", "search", "attributes", "roles", "roles")
    assert [(check.step, check.state) for check in checks] == [(step, "ok") for step in steps]
