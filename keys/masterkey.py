"""The master key's file: 32 random bytes, readable by its owner alone."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from keys.errors import MasterKeyUnusable
from keys.sealing import KEY_BYTES, MasterKey, Random

_OWNER_ONLY = 0o600
_OTHERS = 0o077


def create_master_key(path: Path, random: Random = os.urandom) -> MasterKey:
    """Make the master key file and return the key; ``MasterKeyUnusable`` when anything stands at ``path``.

    The bytes are written and synced under a name of their own (``O_EXCL``, 0600) and then linked to ``path``: whoever
    sees the file sees all of it, a killed process leaves no half a key, and of two processes exactly one wins.
    """
    secret = random(KEY_BYTES)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{random(4).hex()}")
    try:
        try:
            _write(draft, secret)
            os.link(draft, path, follow_symlinks=False)
        finally:
            draft.unlink(missing_ok=True)
        _sync_directory(path.parent)
    except FileExistsError:
        raise _unusable(path, "it exists already", "keep it: it opens the database; it is never overwritten") from None
    except OSError as cause:
        raise _unusable(
            path, f"it cannot be made ({cause.strerror})", "make its directory writable for this user"
        ) from cause
    return MasterKey(secret)


def load_master_key(path: Path) -> MasterKey:
    """Return the key in the file at ``path``.

    Raises ``MasterKeyUnusable`` for a missing file, a symbolic link that leaves its directory, anything but a regular
    file, a foreign owner, permissions for group or others, or a wrong length.
    """
    _refuse_wandering_link(path)
    try:
        # O_NONBLOCK: opening a FIFO that someone put there must not hang the start.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise _unusable(path, "it does not exist", "run `idp init`, or restore it from its backup") from None
    except OSError as cause:
        raise _unusable(path, f"it cannot be read ({cause.strerror})", "make it readable for this user") from cause
    try:
        # What is checked is what is read: both through the one descriptor.
        _check(path, os.fstat(handle))
        secret = os.read(handle, KEY_BYTES + 1)
    finally:
        os.close(handle)
    if len(secret) != KEY_BYTES:
        raise _unusable(path, f"it does not hold exactly {KEY_BYTES} bytes", "restore it from its backup")
    return MasterKey(secret)


def load_or_create_master_key(path: Path, random: Random = os.urandom) -> MasterKey:
    """Return the key at ``path`` and make it first when nothing is there; safe when several processes start at once."""
    if not os.path.lexists(path):
        with suppress(MasterKeyUnusable):
            return create_master_key(path, random)
    return load_master_key(path)


def _write(path: Path, secret: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _OWNER_ONLY)
    try:
        os.fchmod(handle, _OWNER_ONLY)
        os.write(handle, secret)
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_wandering_link(path: Path) -> None:
    # Kubernetes mounts a secret as a link to `..data/<name>` beside it; a link that leaves the directory is someone's
    # mistake or attack.
    if not path.is_symlink():
        return
    try:
        inside = path.resolve(strict=True).is_relative_to(path.parent.resolve(strict=True))
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        raise _unusable(path, "it is a symbolic link out of its directory", "put the file itself there")


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _unusable(path, "it is not a regular file", "put the file itself there")
    if status.st_uid not in {os.geteuid(), 0}:
        raise _unusable(path, "it belongs to another user", f"chown {os.geteuid()} {path}")
    if status.st_mode & _OTHERS:
        raise _unusable(path, f"others may use it (mode {stat.S_IMODE(status.st_mode):04o})", f"chmod 600 {path}")
    if status.st_size != KEY_BYTES:
        raise _unusable(path, f"it has {status.st_size} bytes instead of {KEY_BYTES}", "restore it from its backup")


def _unusable(path: Path, what: str, fix: str) -> MasterKeyUnusable:
    return MasterKeyUnusable(f"master key file {path}: {what}; {fix}")
