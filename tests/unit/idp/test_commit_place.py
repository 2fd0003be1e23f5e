"""Where a commit is waited for depends on how long commits take."""

from __future__ import annotations

from typing import Final

import pytest

from idp.storage.commit_place import CommitPlace

FAST: Final = 0.0003
SLOW: Final = 0.02


class Disk:
    """A clock, and commits that take their time of it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.place = CommitPlace(lambda: self.now)

    def commits(self, number: int, seconds: float) -> None:
        for _ in range(number):
            self.place.wait_here(lambda: self.sleep(seconds))

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_first_commit_is_waited_for_here(disk: Disk) -> None:
    assert disk.place.is_here()


def test_fast_disk_stays_here(disk: Disk) -> None:
    disk.commits(1000, FAST)
    assert disk.place.is_here()


def test_one_hiccup_of_a_fast_disk_changes_nothing(disk: Disk) -> None:
    disk.commits(50, FAST)
    disk.commits(1, 3.0)
    assert disk.place.is_here()


def test_slow_disk_is_left_after_two_commits(disk: Disk) -> None:
    disk.commits(1, SLOW)
    assert disk.place.is_here()
    disk.commits(1, SLOW)
    assert not disk.place.is_here()


def test_slow_disk_is_tried_again_after_twice_as_long_each_time(disk: Disk) -> None:
    disk.commits(2, SLOW)
    for pause in (2, 4, 8, 16, 32, 64, 64):
        disk.sleep(pause - 0.001)
        assert not disk.place.is_here()
        disk.sleep(0.001)
        assert disk.place.is_here()
        disk.commits(1, SLOW)


def test_disk_that_has_become_fast_is_believed_after_a_dozen_trials_of_a_second(disk: Disk) -> None:
    disk.commits(200, SLOW)
    disk.sleep(64)
    for _ in range(12):
        assert disk.place.is_here()
        disk.commits(1, FAST)
        disk.sleep(1)
    disk.commits(1, FAST)
    assert disk.place.is_here()


def test_commit_that_fails_counts_as_long_as_it_took_and_raises(disk: Disk) -> None:
    def fail() -> None:
        disk.sleep(SLOW)
        raise OSError("disk full")

    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            disk.place.wait_here(fail)
    assert not disk.place.is_here()
