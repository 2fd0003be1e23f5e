"""The response control of password policies (draft-behera-ldap-password-policy-10 section 6.2), read by hand: thirty bytes of BER."""

from __future__ import annotations

from typing import Final

OID: Final = "1.3.6.1.4.1.42.2.27.8.5.1"
PASSWORD_EXPIRED: Final = 0
ACCOUNT_LOCKED: Final = 1
CHANGE_AFTER_RESET: Final = 2
_SEQUENCE: Final = 0x30
_ERROR: Final = 0x81
_LONG_FORM: Final = 0x80


def error_of(value: bytes) -> int | None:
    """Return the ``error`` of a control's value; None where there is none, or where the value is not what it should be."""
    body = _content(value, _SEQUENCE)
    position = 0
    while position + 2 <= len(body):
        tag, length = body[position], body[position + 1]
        content = body[position + 2 : position + 2 + length]
        if length >= _LONG_FORM or len(content) < length:
            return None
        if tag == _ERROR and length == 1:
            return content[0]
        position += 2 + length
    return None


def _content(value: bytes, tag: int) -> bytes:
    is_whole = len(value) >= 2 and value[0] == tag and value[1] < _LONG_FORM and len(value) >= 2 + value[1]  # noqa: PLR2004 - tag and length
    return value[2 : 2 + value[1]] if is_whole else b""
