"""Officials sign in with their department's directory.

Outside there are three answers: signed in, "wrong", and "come back later". Which of a dozen reasons stands behind "wrong" is in the audit log alone;
for nobody, for two entries, for odd input and for a locked sign-in the directory gets the same work to do as for a wrong password.
A directory that is down is never a wrong password, and costs nobody a try.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from idp.errors import AmbiguousEntry, Busy, DirectoryUnavailable, Refused, Throttled
from idp.flows.guard import SignInGuard, Watch
from idp.flows.pending import Held
from idp.flows.sign_in import SignedIn
from idp.flows.throttling import SignInThrottle
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.directory import Entry, Proof
from idp.model.session import Origin, Session
from idp.ports.directories import Directory
from idp.services.account_names import Typed
from idp.services.audit import AuditLog
from idp.services.officials import OfficialService
from policies.officials import names

T = TypeVar("T")

_NO_PASSWORD: Final = b"\x01 not what anybody types"
"""What is sent for nobody in place of a password that must not be sent."""


@dataclass(frozen=True, slots=True)
class StaffForm:
    """What was typed, and from where. ``device`` is the cookie of a known device."""

    directory: str
    user_name: str
    password: str
    origin: Origin
    case_code: str
    device: str | None = None


class Begin(Protocol):
    """Starts or renews a session for an account that proved itself by a password."""

    def __call__(self, held: Held, account_id: str, origin: Origin, current: Session | None) -> SignedIn:
        """Return the session."""
        ...


class StaffSignIn:
    """The sign-in of officials, from form to session."""

    def __init__(
        self,
        directories: Mapping[str, Directory],
        officials: OfficialService,
        begin: Begin,
        guard: SignInGuard,
        knocks: SignInThrottle,
        ends_now: Callable[[str], bool],
        audit: AuditLog,
    ) -> None:
        """Take collaborators; ``knocks`` counts names before a directory is asked, so that nobody makes us search it without end.

        ``ends_now`` locks an account (id) that was not used for too long, and tells whether it did.
        """
        self._directories = directories
        self._officials = officials
        self._begin = begin
        self._guard = guard
        self._knocks = knocks
        self._ends_now = ends_now
        self._audit = audit

    def sign_in(self, held: Held, form: StaffForm, current: Session | None) -> SignedIn:
        """Sign in.

        Raises ``Refused`` with code ``wrong_credentials`` for every reason alike, ``Throttled``, and ``DirectoryUnavailable``.
        """
        directory = self._directories.get(form.directory)
        if directory is None:
            raise self._refused("unknown_directory", form)
        name, password = names.user_name(form.user_name), names.password(form.password)
        knock = self._counted(form, lambda: self._knocks.begin(_key(form), form.origin.address))
        try:
            entry, why = self._found(directory, name)
            typed = self._typed(directory, entry, form)
            watch = self._counted(
                form, lambda: self._guard.begin(typed, form.origin.address, form.device), typed.account_id
            )
            account_id = self._verified(directory, entry, password, watch, typed, form, why)
        except Busy as error:
            self._knocks.undone(knock)
            self._write("directory_unavailable", form, None, Outcome.FAILED)
            raise error if isinstance(error, DirectoryUnavailable) else DirectoryUnavailable(error.reason) from error
        self._knocks.succeeded(knock)
        self._guard.succeeded(watch)
        return self._begin(held, account_id, form.origin, current)

    @staticmethod
    def _found(directory: Directory, name: str | None) -> tuple[Entry | None, str]:
        """Return the entry, and why there is none."""
        if name is None:
            return None, "odd_user_name"
        try:
            entry = directory.find(name)
        except AmbiguousEntry:
            return None, "ambiguous_entry"
        return entry, "" if entry is not None else "unknown_user"

    def _typed(self, directory: Directory, entry: Entry | None, form: StaffForm) -> Typed:
        """Return under what name tries are counted: one for a person, whatever alias is typed."""
        if entry is None:
            return Typed(_key(form), None, "")
        account = self._officials.account_of(directory.name, entry.link)
        if account is None:
            return Typed(f"directory:{directory.name}:{entry.link}", None, "")
        return Typed(f"account:{account.id}", account.id, account.state)

    def _verified(
        self,
        directory: Directory,
        entry: Entry | None,
        password: bytes | None,
        watch: Watch,
        typed: Typed,
        form: StaffForm,
        why: str,
    ) -> str:
        """Return the account of whoever knows the password; the same work is done for who may not be looked at."""
        is_looked_at = entry is not None and password is not None and watch.is_open
        try:
            verified = directory.verify(entry if is_looked_at else None, password or _NO_PASSWORD)
        except Busy:
            self._guard.undone(watch)
            raise
        if verified.proof is Proof.RIGHT and verified.entry is not None:
            account = self._officials.admitted(directory.name, verified.entry, verified.groups)
            if account.state == "active" and not self._ends_now(account.id):
                return account.id
            why = "account_unused" if account.state == "active" else f"account_{account.state}"
        elif entry is not None:
            why = _reason(password, watch, verified.proof)
        self._guard.failed(watch, typed)
        raise self._refused(why, form, typed.account_id)

    def _counted(self, form: StaffForm, begin: Callable[[], T], account_id: str | None = None) -> T:
        try:
            return begin()
        except Throttled:
            self._write("throttled", form, account_id, Outcome.REFUSED)
            raise

    def _refused(self, why: str, form: StaffForm, account_id: str | None = None) -> Refused:
        self._write(why, form, account_id, Outcome.REFUSED)
        return Refused(f"sign-in refused: {why}", code="wrong_credentials")

    def _write(self, reason: str, form: StaffForm, account_id: str | None, outcome: Outcome) -> None:
        known = form.directory if form.directory in self._directories else ""
        self._audit.write(
            AuditEvent(
                Event.SIGN_IN,
                outcome,
                reason,
                actor="anonymous",
                account_id=account_id,
                case_code=form.case_code,
                detail={"way": "directory", "directory": known},
                private={"address": form.origin.address, "browser": form.origin.browser},
            )
        )


def _key(form: StaffForm) -> str:
    return f"directory:{form.directory}:name:{names.counted(form.user_name[: names.LONGEST_NAME])}"


def _reason(password: bytes | None, watch: Watch, proof: Proof) -> str:
    if password is None:
        return "odd_password"
    return proof.value if watch.is_open else "sign_in_locked"
