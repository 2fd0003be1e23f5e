"""``idp demo``: the provider, two sample department systems and simulators of two national ones on this machine; Ctrl-C stops all of it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import orjson

from idp.cli.bringup import initialise
from idp.cli.demo_upstreams import VNCONNECT, VNEID, simulated
from idp.cli.output import Exit, emit, fail, say
from idp.config import load
from idp.errors import SettingsError
from idp.ports.sessions import ConsentState
from idp.wiring import Wiring
from policies import claims
from policies.delegation import TOP, Proposal, Role

ISSUER: Final = "http://localhost:8000"
PORTAL: Final = "http://localhost:8101"
ONE_STOP: Final = "http://localhost:8102"
PASSWORD: Final = "dinh-danh-mau-2026"  # noqa: S105 - printed on the screen, for sample people on loopback only
_EXAMPLES: Final = Path("examples")
_START: Final = 30.0
_PEOPLE: Final = (
    {"code": "049599000001", "name": "Công dân mẫu 01", "gender": "female", "birthdate": "2199-05-01"},
    {"code": "049499000002", "name": "Công dân mẫu 02", "gender": "male", "birthdate": "2199-09-02"},
    {"code": "049499000003", "name": "Công dân mẫu 03", "gender": "male", "birthdate": "2199-12-22"},
)

_ADMINISTRATOR: Final = _PEOPLE[1]
"""Who administers has to prove two factors: here the simulator of VNeID asserts them."""


@click.command("demo")
@click.option("--once", is_flag=True, help="Drive one sign-in across both systems with a real browser, then exit 0.")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Made anew at each start.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object in place of what to do.")
def demo(*, once: bool, home: Path, as_json: bool) -> None:
    """Run the provider on :8000, sample department systems on :8101 and :8102, simulators of VNeID and VNConnect on :8103 and :8104."""
    if not (_EXAMPLES / "departments").is_dir():
        fail("idp demo runs from a checkout of the project: the sample systems are in examples/", Exit.FAILURE)
    environment = {**os.environ, "IDP_HOME": str(home), "IDP_ISSUER": ISSUER}
    shutil.rmtree(home, ignore_errors=True)
    portal_secret, one_stop_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    _load(home, portal_secret, one_stop_secret)
    upstreams, simulators = simulated(home)
    commands = (
        ([sys.executable, "-m", "idp", "serve", "--port", "8000"], {**environment, **upstreams}),
        ([sys.executable, "-m", "examples.departments.portal"], _department(PORTAL, portal_secret)),
        ([sys.executable, "-m", "examples.departments.one_stop"], _department(ONE_STOP, one_stop_secret)),
        *(
            ([sys.executable, "-m", "examples.upstream_simulators", name], {**os.environ, **simulators})
            for name in ("vneid", "vnconnect")
        ),
    )
    with _processes(commands, home) as running:
        for address in (f"{ISSUER}/healthz/ready", PORTAL, ONE_STOP, VNEID, VNCONNECT):
            _wait_for(address, running, home)
        if once:
            _tell_story(as_json=as_json)
            return
        _explain(as_json=as_json)
        _until_stopped(running, home / "demo.log")


def _load(home: Path, portal_secret: str, one_stop_secret: str) -> None:
    """Make the deployment and its sample data through the same services that an operator's commands use."""
    try:
        settings = load({"home": home, "issuer": ISSUER})
        initialise(settings)
    except SettingsError as error:
        fail(f"error: {error}", Exit.FAILURE)
        raise
    wiring = Wiring(settings)
    wiring.units.load(str(_EXAMPLES / "demo" / "units.json"))
    for name, given in (("portal", portal_secret), ("one_stop", one_stop_secret)):
        document = (_EXAMPLES / "demo" / f"{name}.json").read_bytes()
        wiring.clients.register({**_json(document), "client_secret": given}, is_operator=True)
    for person in _PEOPLE:
        draft = wiring.accounts.draft(
            {"code_type": "cccd", "unit": "99001", "identity_level": "2", **person, **_contact(person)}
        )
        credential = wiring.credentials.new_password(PASSWORD, must_change=False, forbidden=(draft.code.value,))
        account_id = wiring.accounts.add(draft, (credential,))
        _note_at_the_counter(wiring, account_id)
        if person is _ADMINISTRATOR:
            everything = Proposal(f"account:{account_id}", Role.PROVINCIAL_ADMINISTRATOR, TOP, wiring.clock.now(), None)
            wiring.admins.grant(everything, by="operator:local", reason="demonstration")


def _note_at_the_counter(wiring: Wiring, account_id: str) -> None:
    """The sample people were told by the commune's clerk what its system receives, so nothing has to be shown again."""
    client = wiring.clients.known("demo-one-stop")
    wanted = claims.for_scopes(("profile", "address"))
    wiring.consents.give(
        account_id,
        client.client_id,
        "",
        ConsentState("notice", "openid profile address", wanted, 0, client.consent_version),
    )


def _contact(person: dict[str, str]) -> dict[str, str]:
    last = person["code"][-2:]
    return {
        "phone_number": f"09050000{last}",
        "email": f"mau{last}@example.vn",
        "address_formatted": f"{int(last)} Đường Mẫu, Phường Mẫu, Thành phố Đà Nẵng",
        "locale": "vi-VN",
        "zoneinfo": "Asia/Ho_Chi_Minh",
    }


def _json(document: bytes) -> dict[str, object]:
    loaded: dict[str, object] = orjson.loads(document)
    return loaded


def _department(url: str, secret: str) -> dict[str, str]:
    return {**os.environ, "DEPARTMENT_ISSUER": ISSUER, "DEPARTMENT_URL": url, "DEPARTMENT_SECRET": secret}


@contextmanager
def _processes(
    commands: tuple[tuple[list[str], dict[str, str]], ...], home: Path
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run commands beside each other, their output in the home directory, and stop exactly those at the end."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        with (home / "demo.log").open("ab") as log:
            for command, environment in commands:
                running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))  # noqa: S603 - our own programs
            yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(address: str, running: list[subprocess.Popen[bytes]], home: Path) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if any(process.poll() is not None for process in running):
            break
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - loopback addresses of this module
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    fail(f"{address} does not answer; is the port taken? See {home / 'demo.log'}", Exit.FAILURE)


def _tell_story(*, as_json: bool) -> None:
    """Run the scripted sign-in as a process of its own: it needs a browser driver, which the provider does not."""
    story = subprocess.run(  # noqa: S603 - our own program
        [
            sys.executable,
            "-m",
            "examples.demo.story",
            ISSUER,
            PORTAL,
            ONE_STOP,
            _PEOPLE[0]["code"],
            _ADMINISTRATOR["code"],
        ],
        input=PASSWORD.encode(),
        stdout=sys.stderr if as_json else None,
        check=False,
    )
    if story.returncode != 0:
        fail("the story did not end well", Exit.FAILURE)
    if as_json:
        emit({"issuer": ISSUER, "ended_well": True}, as_json=True)


def _explain(*, as_json: bool) -> None:
    if as_json:
        codes = [person["code"] for person in _PEOPLE]
        told = {"issuer": ISSUER, "systems": [PORTAL, ONE_STOP], "codes": codes, "password": PASSWORD}
        emit({**told, "console": f"{ISSUER}/admin", "administrator": _ADMINISTRATOR["code"]}, as_json=True)
        return
    click.echo(f"""
Định Danh runs at {ISSUER}
  1. Open {PORTAL} (the public-service portal) and sign in:
       identity code  {_PEOPLE[0]["code"]}   (also {_PEOPLE[1]["code"]}, {_PEOPLE[2]["code"]})
       password       {PASSWORD}
  2. Open {ONE_STOP} (a ward's one-stop system) and sign in: nothing is asked again.
  3. Sign out in either: you are out of both.
  4. Sign in again by "VNeID (mô phỏng)" or the national portal's button: simulators on :8103 and :8104 that
     know the same sample citizens. Nothing here speaks to the real ones.
  5. Open {ISSUER}/admin (the console of administrators) and sign in as {_ADMINISTRATOR["code"]} with the password. It asks
     for two factors: go on by "VNeID (mô phỏng)", as {_ADMINISTRATOR["name"]} at level 2.
  Your account: {ISSUER}/account
Ctrl-C stops everything.
""")


def _until_stopped(running: list[subprocess.Popen[bytes]], log: Path) -> None:
    """Wait for Ctrl-C or SIGTERM, or for one of the systems to end by itself."""

    def stopped(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stopped)
    try:
        while all(process.poll() is None for process in running):
            time.sleep(0.5)
        fail(f"one of the systems ended by itself: see {log}", Exit.FAILURE)
    except KeyboardInterrupt:
        say("stopped")
