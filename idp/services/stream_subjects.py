"""Of whom a department wants to hear by a stream: of everybody it knows, but for those that it took out (Shared Signals Framework section 8.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.model import Client
from idp.errors import InvalidInput, NotFound
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.signal import Stream
from idp.ports.signals import SignalStore
from idp.services.audit import AuditLog
from idp.services.streams import StreamService
from idp.services.subjects import SubjectService

_LONGEST: Final = 255


class StreamSubjects:
    """Takes single people out of a stream, and puts them back."""

    def __init__(
        self, streams: StreamService, store: SignalStore, subjects: SubjectService, audit: AuditLog, issuer: str
    ) -> None:
        """Take collaborators; ``issuer`` is that of the names by which departments know people."""
        self._streams = streams
        self._store = store
        self._subjects = subjects
        self._audit = audit
        self._issuer = issuer

    def add(self, client: Client, asked: Mapping[str, Any], case_code: str) -> None:
        """Tell of a person again; adding one that was never taken out changes nothing. Raises ``InvalidInput``, ``NotFound``."""
        stream, account_id = self._named(client, asked)
        self._store.unsilence(stream.id, account_id, self._record(stream, account_id, "subject_added", case_code))

    def remove(self, client: Client, asked: Mapping[str, Any], case_code: str) -> None:
        """Tell of a person no more; repeating it changes nothing. Raises ``InvalidInput``, ``NotFound``."""
        stream, account_id = self._named(client, asked)
        self._store.silence(stream.id, account_id, self._record(stream, account_id, "subject_removed", case_code))

    def _named(self, client: Client, asked: Mapping[str, Any]) -> tuple[Stream, str]:
        """Return the stream and the account: a department names people by its own name for them alone, so it can probe for nobody else."""
        stream = self._streams.get(client.client_id, asked.get("stream_id"))
        sub = _sub(asked.get("subject"), self._issuer)
        account_id = self._subjects.account_of(sub)
        known = None if account_id is None else self._subjects.known(account_id, client)
        if account_id is None or (sub != known and sub not in self._subjects.aliases(account_id, client)):
            raise NotFound("the department knows nobody by this name", field="subject")
        return stream, account_id

    def _record(self, stream: Stream, account_id: str, reason: str, case_code: str) -> AuditRecord:
        return self._audit.record(
            AuditEvent(
                Event.SIGNAL_STREAM,
                reason=reason,
                actor=f"client:{stream.client_id}",
                account_id=account_id,
                client_id=stream.client_id,
                target=f"stream:{stream.id}",
                case_code=case_code,
            )
        )


def _sub(subject: object, issuer: str) -> str:
    """Return whom a subject identifier names (RFC 9493 section 3.2.5); of a complex one its ``user`` counts."""
    if isinstance(subject, Mapping) and subject.get("format") == "complex":
        subject = subject.get("user")
    if not isinstance(subject, Mapping) or subject.get("format") != "iss_sub":
        raise InvalidInput("must be an identifier of format iss_sub", field="subject")
    sub = subject.get("sub")
    if subject.get("iss") != issuer or not isinstance(sub, str) or not 0 < len(sub) <= _LONGEST or not sub.isascii():
        raise InvalidInput("must hold our iss, and the sub that the department has", field="subject")
    return sub
