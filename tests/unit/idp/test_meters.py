"""What workers count: every answer once, over all of them, also of those that have ended; nothing of a request in it."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

import pytest

from idp.meters import BOUNDS, Layout, Meter, Reading, file_in, layout_of

NOW = 1_800_000_000
MILLISECOND = 1_000_000
RULES = ("/token", "/authorize", "/admin/accounts/<id>", "/admin", "/.well-known/openid-configuration", "/")


def read(directory: Path, *states: str, now: int = NOW) -> Reading:
    return Reading(directory, cells(*states), now)


def cells(*states: str) -> Layout:
    return layout_of(RULES, states)


def count_in_a_process(directory: Path, times: int) -> None:
    """Be a worker that counts and ends."""
    meter = Meter(file_in(directory), cells())
    for _ in range(times):
        meter.count("/token", 200, MILLISECOND)


def test_an_answer_is_counted_by_endpoint_outcome_and_duration(tmp_path: Path) -> None:
    meter = Meter(file_in(tmp_path), cells())
    meter.count("/token", 200, 3 * MILLISECOND)
    meter.count("/token", 200, 3 * MILLISECOND)
    meter.count("/token", 401, 60_000 * MILLISECOND)
    done, refused = (read(tmp_path).counts["token"][name] for name in ("done", "refused"))
    assert done == [0, 0, 2, *[0] * (len(BOUNDS) - 3), 0, 6_000]
    assert refused == [*[0] * len(BOUNDS), 1, 60_000_000]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "done"), (303, "redirected"), (400, "refused"), (404, "refused"), (429, "throttled"), (503, "failed")],
)
def test_a_status_is_an_outcome(tmp_path: Path, status: int, outcome: str) -> None:
    Meter(file_in(tmp_path), cells()).count("/authorize", status, MILLISECOND)
    counted = {name for name, row in read(tmp_path).counts["authorize"].items() if any(row)}
    assert counted == {outcome}


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/token", "token"),
        ("/admin/accounts/01j8", "admin"),
        ("/.well-known/openid-configuration", ".well-known"),
        ("/", "other"),
        ("", "other"),
        ("//", "other"),
        ("/049499000001", "other"),
        ("/token049499000001", "other"),
        ("*", "other"),
    ],
)
def test_a_path_is_one_of_our_own_words(tmp_path: Path, path: str, endpoint: str) -> None:
    Meter(file_in(tmp_path), cells()).count(path, 200, MILLISECOND)
    counts = read(tmp_path).counts
    assert {name for name, rows in counts.items() if any(map(any, rows.values()))} == {endpoint}
    assert tuple(counts) == (".well-known", "admin", "authorize", "token", "other")


def test_workers_are_added_up_and_one_that_ended_still_counts(tmp_path: Path) -> None:
    spawn = get_context("spawn")
    workers = [spawn.Process(target=count_in_a_process, args=(tmp_path, 50 * number)) for number in (1, 2, 3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(read(tmp_path).counts["token"]["done"][:-1]) == 300


def test_states_are_those_of_the_workers_that_run(tmp_path: Path) -> None:
    for taken, seen in ((3, NOW), (4, NOW - 5), (100, NOW - 11)):
        Meter(file_in(tmp_path), cells("a", "b")).show((taken, 1), seen)
    found = read(tmp_path, "a", "b")
    assert (found.workers, found.states) == (2, {"a": 7, "b": 2})


def test_a_file_of_other_settings_or_half_made_is_passed_over(tmp_path: Path) -> None:
    Meter(file_in(tmp_path), cells("a", "c")).show((1, 1), NOW)
    (tmp_path / "1-x.cells").write_bytes(b"")
    (tmp_path / "2-x.cells").write_bytes(file_in(tmp_path).name.encode())
    found = read(tmp_path, "a", "b")
    assert (found.workers, found.states) == (0, {"a": 0, "b": 0})


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    Meter(file, cells())
    assert file.stat().st_mode & 0o777 == 0o600
