"""`python -m bench.million`: every list and search of console and Admin API with a province in the database.

Fills a database through the import (or takes one that was filled, with `--home`), registers clients, puts agreements and audit records in, and
measures each page in process: the time of the application without a socket. SQLite by default, `--postgresql` starts one of its own. What was made
is removed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from idp.clock import SystemClock
from idp.storage.database import Database
from idp.storage.open import open_database
from idp.storage.tables import accounts, audit_events, consents, withdrawals
from policies.delegation import Role
from tests.support.api_world import ApiWorld, Caller
from tests.support.console import Administrating
from tests.support.servers import PostgresServer
from tests.support.token_world import TokenWorld

GOAL_MS: Final = 200.0
_CHUNK: Final = 20_000
_REFUSED: Final = 0.01
_TOLD: Final = 0.9
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_EVENTS: Final = ("token:authorization_code", "token:refresh_token", "session:sign-in", "authorization:request")
_SURNAMES: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ")


def main() -> int:
    """Fill, measure, print; return 0 when every page keeps to the goal."""
    options = _arguments()
    with ExitStack() as stack:
        home = stack.enter_context(_home(options.home))
        url = stack.enter_context(PostgresServer()).url if options.postgresql else ""
        began = time.perf_counter()
        _import(home, url, options.accounts)
        world = ApiWorld(TokenWorld(home, open_database(url, home / "dinhdanh.sqlite3"), SystemClock()))  # type: ignore[arg-type]
        clients = [_client(world, number) for number in range(options.clients)]
        _rows(world.world.database, clients, options)
        print(f"filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        found = {name: _timed(ask, options.times) for name, ask in _pages(world, clients, options.accounts)}
        world.world.database.close()
    for name, (median, slow) in found.items():
        print(f"| {name} | {median:.1f} | {slow:.1f} |{'' if slow <= GOAL_MS else ' **over**'}")
    if options.out:
        options.out.write_text(json.dumps(found, indent=2) + "\n")
    return 0 if all(slow <= GOAL_MS for _, slow in found.values()) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.million", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=5_000)
    parser.add_argument("--consents", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, default=1_000_000, help="audit records beside those of the import")
    parser.add_argument("--times", type=int, default=20, help="requests of each page")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument(
        "--home", type=Path, default=None, help="a home that is kept; where it has a database, nobody is imported"
    )
    parser.add_argument("--out", type=Path, default=None, help="JSON file to write")
    return parser.parse_args()


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    made = Path(tempfile.mkdtemp(prefix="dinhdanh-million-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _import(home: Path, url: str, count: int) -> None:
    """Import sample citizens, unless the home has a database already."""
    is_filled = (home / "dinhdanh.sqlite3").exists()
    file = home / "people.csv"
    environ = {**os.environ, "IDP_HOME": str(home), "IDP_DATABASE_URL": url, "IDP_ISSUER": "http://localhost:8000"}
    idp = [sys.executable, "-m", "idp"]
    subprocess.run([*idp, "init", "--json"], env=environ, check=True, stdout=subprocess.DEVNULL)
    if is_filled:
        return
    with file.open("w", encoding="utf-8") as csv:
        csv.write("code_type,code,name,birthdate,unit\n")
        for number in range(count):
            name = f"{_SURNAMES[number % len(_SURNAMES)]} Văn Mẫu {number}"
            csv.write(f"cccd,{_code(number)},{name},2199-{number % 12 + 1:02d}-{number % 28 + 1:02d},48\n")
    subprocess.run([*idp, "accounts", "import", str(file), "--json"], env=environ, check=True)
    file.unlink()


def _code(number: int) -> str:
    return f"049499{number:06d}"


def _client(world: ApiWorld, number: int) -> str:
    unit = ("79", "79.1", "48")[number % 3]
    names = {"vi": f"Hệ thống số {number}", "en": f"System number {number}"}
    return world.client(
        unit, client_name=names, redirect_uris=[f"https://he-thong-{number}.example.vn/callback"]
    ).client.client_id


def _rows(database: Database, clients: list[str], options: argparse.Namespace) -> None:
    """Put agreements and audit records in as rows: what they say does not matter to a list, how many there are does."""
    made, now = random.Random(7), int(time.time())
    query = database.prepare(select(accounts.c.id))
    people = [str(row[0]) for row in database.rows(query)]
    _load(
        database,
        consents,
        options.consents,
        lambda at: _consent(made, at, people, clients, now - options.consents + at),
    )
    _load(database, withdrawals, options.consents // 5, lambda at: _withdrawal(made, people, clients, now + at))
    _load(
        database, audit_events, options.records, lambda at: _record(made, people, clients, now - options.records + at)
    )


def _load(database: Database, table: Any, count: int, row: Callable[[int], dict[str, Any]]) -> None:
    columns = [column.name for column in table.columns if column.name != "seq"]
    for start in range(0, count, _CHUNK):
        rows = [row(at) for at in range(start, min(count, start + _CHUNK))]
        with database.transaction() as tx:
            tx.load(table, columns, [tuple(one.get(name) for name in columns) for one in rows])


def _consent(made: random.Random, at: int, people: list[str], clients: list[str], moment: int) -> dict[str, Any]:
    return {
        "id": _id(moment, made), "account_id": people[at % len(people)], "client_id": clients[at * 7 % len(clients)],
        "kind": "consent", "scope": "openid profile", "claims": 7, "declined": 0, "text_version": "v", "given_at": moment,
        "ended_at": moment if at % 5 == 0 else None, "end_reason": "withdrawn" if at % 5 == 0 else None, "mandate_id": "",
    }  # fmt: skip


def _withdrawal(made: random.Random, people: list[str], clients: list[str], moment: int) -> dict[str, Any]:
    """Nine of ten systems were told by signal."""
    told = made.random() < _TOLD
    return {
        "id": _id(moment, made), "account_id": made.choice(people), "client_id": made.choice(clients), "withdrawn_at": moment,
        "due_at": moment + 1_000_000, "told_at": moment if told else None, "told_by": "signal" if told else "", "note": "",
    }  # fmt: skip


def _record(made: random.Random, people: list[str], clients: list[str], moment: int) -> dict[str, Any]:
    return {
        "id": _id(moment, made), "at_us": moment * 1_000_000, "event": made.choice(_EVENTS),
        "outcome": "refused" if made.random() < _REFUSED else "done",
        "reason": "", "case_code": "", "actor": "system", "account_id": made.choice(people),
        "client_id": made.choice(clients), "target": "", "detail": "{}", "salt": b"s" * 32, "commitment": b"c" * 32,
        "mac": b"m" * 32,
    }  # fmt: skip


def _id(moment: int, made: random.Random) -> str:
    value = moment * 1000 << 80 | 0x7 << 76 | made.getrandbits(76)
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def _pages(world: ApiWorld, clients: list[str], accounts: int) -> Iterator[tuple[str, Callable[[int], int]]]:
    """Yield each list and search by name, and what asks it the n-th time and returns the status."""
    # Three of the imported people administer, one of them two thirds of the systems:
    # the world's own sample people would take codes that the import has given.
    # Others each time, as those of a home that is kept hold their roles already.
    for name, number in zip(("root", "api", "below"), random.sample(range(accounts), 3), strict=True):
        world.known(name, world.wiring.account_id(_code(number)))
    world.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    console = Administrating(world, world.account("root"))
    api = world.administrator("api", Role.PROVINCIAL_ADMINISTRATOR)
    below = world.administrator("below", Role.CONSENT_OFFICER, "79")
    person, search = world.wiring.account_id(_code(77)), console.open("/admin/accounts")

    def page(path: str) -> Callable[[int], int]:
        return lambda _: console.http.get(f"/admin{path}", base_url=_BASE).status_code

    def called(who: Caller, path: str) -> Callable[[int], int]:
        return lambda _: who("GET", path).status

    def system(number: int) -> int:
        return console.http.get(f"/admin/clients/{clients[number]}", base_url=_BASE).status_code

    def found(number: int) -> int:
        return console.submit(search, "filter-form", q=_code(number)).status

    yield from ((f"console {path or '/'}", page(path)) for path in _CONSOLE)
    yield "console /accounts/{id}", page(f"/accounts/{person}")
    yield "console /clients/{id}", system
    yield "console, search of a person", found
    yield from ((f"api {path}", called(api, path)) for path in _API)
    yield from ((f"api, a unit's administrator {path}", called(below, path)) for path in _API_BELOW)


_CONSOLE: Final = (
    *(
        "",
        "/clients",
        "/clients?q=he%20thong%20so%204321",
        "/clients?state=suspended",
        "/consents",
        "/consents?q=he%20thong%20so%204321",
        "/consents?q=he%20thong",
        "/consents?state=ended",
        "/consents/figures",
        "/consents/figures?q=he%20thong%20so%204321",
        "/consents/withdrawals?q=he%20thong",
        "/data-requests?q=he%20thong",
    ),
    *("/audit", "/audit?event=key:drill", "/audit?event=session:sign-in", "/administrators", "/approvals", "/units"),
    *("/keys", "/administrators?q=van%20mau", "/approvals?q=he%20thong"),
)
_API: Final = (
    *(
        "/clients",
        "/clients?q=4321",
        "/consents",
        "/consents?q=he%20thong",
        "/consent-counts",
        "/audit",
        "/audit?event=key:drill",
        "/admins",
    ),
    *("/approvals", "/units", "/keys"),
)
_API_BELOW: Final = ("/consents", "/consents?state=ended", "/consents?q=he%20thong", "/consent-counts", "/withdrawals")
_BASE: Final = "https://id.example.vn"


def _timed(ask: Callable[[int], int], times: int) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds; the first request warms up."""
    status, spent = ask(0), []
    for number in range(times):
        began = time.perf_counter()
        status = max(status, ask(number))
        spent.append((time.perf_counter() - began) * 1000)
    if status >= 400:
        print(f"answered {status}", file=sys.stderr)
    spent.sort()
    return spent[len(spent) // 2], spent[min(len(spent) - 1, int(len(spent) * 0.95))]


if __name__ == "__main__":
    raise SystemExit(main())
