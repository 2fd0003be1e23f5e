"""Security signals: which act of the audit log is told to departments, as which event, with what said of it.

The vocabulary is that of CAEP 1.0 and RISC 1.0 where they have a word, and our own URNs where they have none. What is told is pure data: who
hears it is decided by whoever knows the streams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from policies.locks import Scope

_CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
_SSF: Final = "https://schemas.openid.net/secevent/ssf/event-type/"
_OWN: Final = "urn:dinhdanh:signal:"

SCOPE: Final = "signals"
"""What a department's own access token needs to manage its streams and to fetch from them."""
MANAGE: Final = "ssf.manage"
READ: Final = "ssf.read"
SCOPES: Final = (SCOPE, MANAGE, READ)
"""Ours, and the two of the CAEP Interoperability Profile (section 2.7.3): ``ssf.manage`` gives what ours gives, ``ssf.read`` sees streams alone."""

SESSION_REVOKED: Final = _CAEP + "session-revoked"
CREDENTIAL_CHANGE: Final = _CAEP + "credential-change"
ACCOUNT_DISABLED: Final = _RISC + "account-disabled"
ACCOUNT_ENABLED: Final = _RISC + "account-enabled"
ACCOUNT_PURGED: Final = _RISC + "account-purged"
IDENTIFIER_CHANGED: Final = _RISC + "identifier-changed"
CONSENT_WITHDRAWN: Final = _OWN + "consent-withdrawn"
MANDATE_ENDED: Final = _OWN + "mandate-ended"
UNIT_REORGANISED: Final = _OWN + "unit-reorganised"
VERIFICATION: Final = _SSF + "verification"
STREAM_UPDATED: Final = _SSF + "stream-updated"


class Reach(StrEnum):
    """Who hears of an act: every department that knows the person, those that the session signed the person in at, or the record's alone.

    ``MERGED`` are those that knew the person by two names, and from now on by one.
    """

    SESSION = "session"
    PERSON = "person"
    MERGED = "merged"
    PERSON_AT_CLIENT = "person_at_client"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Act:
    """What the audit log says of an act, as far as signals need it."""

    event: str
    reason: str
    actor: str
    account_id: str | None
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Signal:
    """An event to be told: its type, who hears it, and its members beside the moment."""

    type: str
    reach: Reach
    said: Mapping[str, object]


_CREDENTIALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "password": "password",
        "totp": "app",
        "sms_code": "phone-sms",
        "passkey": "fido2-roaming",
        "synced_passkey": "fido2-platform",
        "recovery_code": "pin",
        "mail_code": "email",
        "trusted_device": "trusted_device",
    }
)
"""Our factors in the words of CAEP section 3.3.1; one without a word is told by its own name."""

_INITIATORS: Final = (("operator:", "admin"), ("system", "system"), ("client:", "system"))


def _initiator(act: Act) -> str:
    """Return who began it (CAEP section 2): the person, an administrator, or the system by a rule."""
    if act.account_id is not None and act.actor == f"account:{act.account_id}":
        return "user"
    return next((word for start, word in _INITIATORS if act.actor.startswith(start)), "admin")


def _by(act: Act) -> dict[str, object]:
    return {"initiating_entity": _initiator(act)}


_WHO: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "user": {"vi": "Người dùng", "en": "The person"},
        "admin": {"vi": "Người quản trị", "en": "An administrator"},
        "system": {"vi": "Hệ thống", "en": "The system"},
    }
)
_ENDED: Final = {"vi": "kết thúc phiên đăng nhập", "en": "ended the session"}
_SET: Final = {"vi": "đặt hoặc thay yếu tố xác thực", "en": "set or replaced an authentication factor"}
_REMOVED: Final = {"vi": "gỡ yếu tố xác thực", "en": "removed an authentication factor"}
_RESET: Final = {
    "vi": "đặt mật khẩu mới khi khôi phục tài khoản",
    "en": "set a new password in a recovery of the account",
}


def _because(act: Act, did: Mapping[str, str]) -> dict[str, object]:
    """Return who did what, as a word and for the department's administrators to read (CAEP section 2).

    The Interoperability Profile demands the sentence (sections 3.1 and 3.2). It is put together from who began it and what was done, and
    from nothing else: an operator's own words stay here.
    """
    who = _WHO[_initiator(act)]
    return {**_by(act), "reason_admin": {language: f"{who[language]} {did[language]}." for language in who}}


def _ended(act: Act) -> dict[str, object]:
    return _because(act, _ENDED)


def _credential(change: str, did: Mapping[str, str]) -> Callable[[Act], dict[str, object]]:
    def said(act: Act) -> dict[str, object]:
        kind = str(act.detail.get("kind", ""))
        return {"credential_type": _CREDENTIALS.get(kind, kind), "change_type": change, **_because(act, did)}

    return said


def _unit(act: Act) -> dict[str, object]:
    return {name: act.detail.get(name) for name in ("from", "to", "fate")}


def _mandate(act: Act) -> dict[str, object]:
    return {**_by(act), "mandate": act.detail.get("mandate", "")}


def _recovered(act: Act) -> dict[str, object]:
    return {"credential_type": _CREDENTIALS["password"], "change_type": "update", **_because(act, _RESET)}


def _locked(act: Act) -> dict[str, object] | None:
    """A lock of the sign-in leaves the account, its sessions and its tokens as they are."""
    return {} if act.detail.get("scope", Scope.ACCOUNT) == Scope.ACCOUNT else None


def _unlocked(act: Act) -> dict[str, object] | None:
    """The end of one lock opens nothing while another closes the account, or where none closed it."""
    return {} if act.detail.get("opens", True) else None


def _nothing(_act: Act) -> dict[str, object]:
    return {}


_Row = tuple[str, Reach, Callable[[Act], dict[str, object] | None]]
SIGNALS: Final[Mapping[str, _Row]] = MappingProxyType(
    {
        "session:sign-out": (SESSION_REVOKED, Reach.SESSION, _ended),
        "session:revoke": (SESSION_REVOKED, Reach.SESSION, _ended),
        "credential:set": (CREDENTIAL_CHANGE, Reach.PERSON, _credential("update", _SET)),
        "credential:remove": (CREDENTIAL_CHANGE, Reach.PERSON, _credential("delete", _REMOVED)),
        "recovery:finish": (CREDENTIAL_CHANGE, Reach.PERSON, _recovered),
        "account:lock": (ACCOUNT_DISABLED, Reach.PERSON, _locked),
        "account:unlock": (ACCOUNT_ENABLED, Reach.PERSON, _unlocked),
        "account:restore": (ACCOUNT_ENABLED, Reach.PERSON, _nothing),
        "account:close": (ACCOUNT_PURGED, Reach.PERSON, _nothing),
        "code:add": (IDENTIFIER_CHANGED, Reach.PERSON, _nothing),
        "code:end": (IDENTIFIER_CHANGED, Reach.PERSON, _nothing),
        "account:merge": (IDENTIFIER_CHANGED, Reach.MERGED, _nothing),
        "consent:withdraw": (CONSENT_WITHDRAWN, Reach.PERSON_AT_CLIENT, _by),
        "mandate:revoke": (MANDATE_ENDED, Reach.PERSON, _mandate),
        "mandate:expire": (MANDATE_ENDED, Reach.PERSON, _mandate),
        "unit:move": (UNIT_REORGANISED, Reach.CLIENT, _unit),
    }
)
"""The table: an act of the audit log by its name. Another signal is one row; where there is nothing to be said of an act (None), it is not told."""

EVENT_TYPES: Final = tuple(dict.fromkeys(row[0] for row in SIGNALS.values()))
"""Every type that a stream can ask for; verification and stream updates come to every stream."""


def signal_of(act: Act) -> Signal | None:
    """Return what an act that was done is told as, None for one that is nobody else's business.

    A department never learns more than that something happened to somebody it knows: no code, no name, no address, no reason of an operator.
    """
    row = SIGNALS.get(act.event)
    said = row[2](act) if row is not None else None
    return Signal(row[0], row[1], said) if row is not None and said is not None else None
