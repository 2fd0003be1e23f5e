"""The master key's file."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keys.errors import MasterKeyUnusable
from keys.masterkey import create_master_key, load_master_key, load_or_create_master_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


def test_the_file_has_32_bytes_for_its_owner_alone(path: Path) -> None:
    key = create_master_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == 32
    assert load_master_key(path).id == key.id


def test_a_generous_umask_changes_nothing(path: Path) -> None:
    before = os.umask(0)
    try:
        create_master_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_file_is_never_overwritten_and_no_draft_stays(path: Path) -> None:
    create_master_key(path)
    before = path.read_bytes()
    with pytest.raises(MasterKeyUnusable):
        create_master_key(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]


def test_a_dangling_link_is_not_followed_when_the_file_is_made(path: Path) -> None:
    path.symlink_to(path.parent / "elsewhere")
    with pytest.raises(MasterKeyUnusable):
        create_master_key(path)
    assert not (path.parent / "elsewhere").exists()


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyUnusable) as caught:
        create_master_key(tmp_path / "nowhere" / "master.key")
    assert str(tmp_path / "nowhere" / "master.key") in caught.value.reason


def test_processes_that_start_together_agree_on_one_key(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: load_or_create_master_key(path).id, range(32)))
    assert len(ids) == 1


def test_a_missing_file_names_the_command_that_makes_it(path: Path) -> None:
    with pytest.raises(MasterKeyUnusable) as caught:
        load_master_key(path)
    assert str(path) in caught.value.reason
    assert "idp init" in caught.value.reason


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_file_that_others_may_use_is_refused_with_the_fix(path: Path, mode: int) -> None:
    create_master_key(path)
    path.chmod(mode)
    with pytest.raises(MasterKeyUnusable) as caught:
        load_master_key(path)
    assert f"chmod 600 {path}" in caught.value.reason


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"x" * 64])
def test_a_wrong_length_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(MasterKeyUnusable):
        load_master_key(path)


def test_a_link_out_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    create_master_key(tmp_path / "real.key")
    link = tmp_path / "home" / "master.key"
    link.symlink_to(tmp_path / "real.key")
    with pytest.raises(MasterKeyUnusable):
        load_master_key(link)


def test_a_link_inside_the_directory_as_kubernetes_makes_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    key = create_master_key(tmp_path / "..data" / "master.key")
    (tmp_path / "master.key").symlink_to("..data/master.key")
    assert load_master_key(tmp_path / "master.key").id == key.id


def test_a_link_to_itself_and_a_dangling_link_are_refused(path: Path) -> None:
    path.symlink_to(path)
    with pytest.raises(MasterKeyUnusable):
        load_master_key(path)
    path.unlink()
    path.symlink_to(path.parent / "nothing")
    with pytest.raises(MasterKeyUnusable):
        load_or_create_master_key(path)


def test_a_directory_and_a_fifo_are_refused_without_hanging(path: Path) -> None:
    path.mkdir(0o700)
    with pytest.raises(MasterKeyUnusable):
        load_master_key(path)
    path.rmdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(MasterKeyUnusable):
        load_master_key(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(path: Path) -> None:
    create_master_key(path)
    os.chown(path, 12345, -1)
    with pytest.raises(MasterKeyUnusable):
        load_master_key(path)
