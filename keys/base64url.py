"""Base64url without padding (RFC 7515 section 2), strict in reading."""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

_TO_URL = bytes.maketrans(b"+/", b"-_")
# '+', '/' and '=' become a byte outside the alphabet, so that strict decoding refuses the standard alphabet and
# padding.
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")


def encode(data: bytes) -> bytes:
    """Return ``data`` as base64url without padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL, b"=")


def encode_text(data: bytes) -> str:
    """Return ``data`` as base64url text without padding."""
    return encode(data).decode("ascii")


def decode(text: bytes) -> bytes:
    """Return the bytes that ``text`` stands for; raises ``ValueError`` for anything but the one canonical spelling.

    Only one spelling may pass: stray characters or loose trailing bits would make one signed token appear as many
    strings, and slip past whatever remembers tokens by their text.
    """
    try:
        data = a2b_base64(text.translate(_FROM_URL) + b"=" * (-len(text) % 4), strict_mode=True) if text else b""
    except Error as cause:
        message = "not base64url"
        raise ValueError(message) from cause
    if encode(data) != text:
        message = "not canonical base64url"
        raise ValueError(message)
    return data
