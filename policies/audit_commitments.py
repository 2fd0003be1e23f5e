"""What stands in the audit log's tree in place of a record: a commitment that can be opened in part, and not guessed without its salts.

A record has two parts, each under a salt of its own: what happened (``public``), and to whom and by whom (``personal``). Showing a part and
its salt proves it; the other part then stays hidden behind its digest. Erasing a part and its salt leaves the digest, the commitment and
every proof as they were.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

SALT_BYTES: Final = 16
"""Of each part."""
VOID: Final = b""
"""Entry of a number that no record got, because the transaction that had drawn it was rolled back; no commitment is so short."""
_PART: Final = b"dinhdanh-audit-part/1\0"
_RECORD: Final = b"dinhdanh-audit-record/1\0"


def part_digest(salt: bytes, text: bytes) -> bytes:
    """Return the digest of one part; the salt has a fixed length, so it cannot run into the text."""
    return sha256(_PART + salt + text).digest()


def salted_commitment(salts: bytes, public: bytes, personal: bytes) -> bytes:
    """Return the commitment over both parts of a record; ``salts`` are that of what happened and that of to whom."""
    first = sha256(_PART + salts[:SALT_BYTES] + public).digest()
    return commitment(first, sha256(_PART + salts[SALT_BYTES:] + personal).digest())


def commitment(public: bytes, personal: bytes) -> bytes:
    """Return the commitment over the digests of both parts: the entry of a leaf."""
    return sha256(_RECORD + public + personal).digest()
