"""What the audit log says: a typed vocabulary of events, and the record that is written with the act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from idp.model.frozen import frozen


class Outcome(StrEnum):
    """Success and failure have the same shape (house rule 19)."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Event(StrEnum):
    """Every act that is recorded, as ``subject:action``. A new act is one line here."""

    ACCOUNT_ADD = "account:add"
    ACCOUNT_IMPORT = "account:import"
    ACCOUNT_UPDATE = "account:update"
    ACCOUNT_LOCK = "account:lock"
    ACCOUNT_UNLOCK = "account:unlock"
    ACCOUNT_CLOSE = "account:close"
    ACCOUNT_MERGE = "account:merge"
    ACCOUNT_SHOW = "account:show"
    ACCOUNT_EXPORT = "account:export"
    CODE_ADD = "code:add"
    CODE_END = "code:end"
    CREDENTIAL_SET = "credential:set"
    CREDENTIAL_UPGRADE = "credential:upgrade"
    CREDENTIAL_REMOVE = "credential:remove"
    CREDENTIAL_EXPIRE = "credential:expire"
    CREDENTIAL_RENAME = "credential:rename"
    CREDENTIAL_REFUSE = "credential:refuse"
    RECOVERY_CODE_USE = "recovery-code:use"
    SIGN_IN = "session:sign-in"
    STEP_UP = "session:step-up"
    SIGN_OUT = "session:sign-out"
    SESSION_REVOKE = "session:revoke"
    DEVICE_ADD = "device:add"
    DEVICE_FORGET = "device:forget"
    MESSAGE_SEND = "message:send"
    NOTICE = "message:notice"
    CONTACT_CHANGE = "contact:change"
    CONTACT_REMOVE = "contact:remove"
    CODE_SEND = "code:send"
    AUTHORIZE = "authorization:request"
    PUSH = "authorization:push"
    UPSTREAM_SIGN_IN = "upstream:sign-in"
    UPSTREAM_LINK = "upstream:link"
    UPSTREAM_UNLINK = "upstream:unlink"
    UPSTREAM_REOPEN = "upstream:reopen"
    UPSTREAM_LOGOUT = "upstream:logout"
    UPSTREAM_TEST = "upstream:test"
    DEVICE_AUTHORIZE = "device:authorize"
    DEVICE_GUESS = "device:user-code"
    BACKCHANNEL_AUTHENTICATE = "backchannel:authenticate"
    BACKCHANNEL_NOTIFY = "backchannel:notify"
    RECOVERY_START = "recovery:start"
    RECOVERY_APPROVE = "recovery:approve"
    RECOVERY_FINISH = "recovery:finish"
    RECOVERY_CANCEL = "recovery:cancel"
    NOT_ME = "session:not-me"
    QR_ANSWER = "qr-sign-in:answer"
    DECOUPLED_ANSWER = "authorization:answer"
    CONSENT_GIVE = "consent:give"
    CONSENT_NOTICE = "consent:notice"
    CONSENT_WITHDRAW = "consent:withdraw"
    CONSENT_TOLD = "consent:told"
    DATA_REQUEST_FILE = "data-request:file"
    DATA_REQUEST_SHOW = "data-request:show"
    DATA_REQUEST_TAKE = "data-request:take"
    DATA_REQUEST_EXTEND = "data-request:extend"
    DATA_REQUEST_ANSWER = "data-request:answer"
    DATA_REQUEST_REFUSE = "data-request:refuse"
    DATA_REQUEST_CANCEL = "data-request:cancel"
    DATA_REQUEST_WARN = "data-request:warn"
    TOKEN_CODE = "token:authorization_code"  # noqa: S105 - the name of an event
    TOKEN_FRONT = "token:front_channel"  # noqa: S105 - the name of an event
    TOKEN_REFRESH = "token:refresh_token"  # noqa: S105 - the name of an event
    TOKEN_CLIENT = "token:client_credentials"  # noqa: S105 - the name of an event
    TOKEN_DEVICE = "token:device_code"  # noqa: S105 - the name of an event
    TOKEN_CIBA = "token:ciba"  # noqa: S105 - the name of an event
    TOKEN_EXCHANGE = "token:exchange"  # noqa: S105 - the name of an event
    TOKEN_ASSERTION = "token:jwt-bearer"  # noqa: S105 - the name of an event
    TOKEN_REVOKE = "token:revoke"  # noqa: S105 - the name of an event
    TOKEN_REPLAY = "token:replay"  # noqa: S105 - the name of an event
    TOKEN_REQUEST = "token:request"  # noqa: S105 - the name of an event
    USERINFO = "userinfo:request"
    INTROSPECT = "token:introspect"
    LOGOUT_NOTIFY = "logout:notify"
    CLIENT_ADD = "client:add"
    CLIENT_UPDATE = "client:update"
    CLIENT_CORRECT = "client:correct"
    CLIENT_SECRET = "client:rotate-secret"  # noqa: S105 - the name of an event
    CLIENT_SUSPEND = "client:suspend"
    CLIENT_RESUME = "client:resume"
    CLIENT_REMOVE = "client:remove"
    CLIENT_NOT_BEFORE = "client:not-before"
    CLIENT_TEST = "client:test"
    ACCOUNT_NOT_BEFORE = "account:not-before"
    CLIENT_REGISTER = "client:register"
    INITIAL_TOKEN_ISSUE = "initial-token:issue"  # noqa: S105 - the name of an event
    INITIAL_TOKEN_REVOKE = "initial-token:revoke"  # noqa: S105 - the name of an event
    MANDATE_PROPOSE = "mandate:propose"
    MANDATE_ACCEPT = "mandate:accept"
    MANDATE_DECLINE = "mandate:decline"
    MANDATE_REVOKE = "mandate:revoke"
    MANDATE_EXPIRE = "mandate:expire"
    CAPACITY_CHOOSE = "capacity:choose"
    ASSIST_BEGIN = "assist:begin"
    ASSIST_END = "assist:end"
    KEY_CREATE = "key:create"
    KEY_ACTIVATE = "key:activate"
    KEY_RETIRE = "key:retire"
    KEY_REMOVE = "key:remove"
    KEY_REVOKE = "key:revoke"
    KEY_SCHEDULE = "key:schedule"
    KEY_REWRAP = "key:rewrap"
    KEY_DRILL = "key:drill"
    KEY_DRILL_ORDER = "key:drill-order"
    UNIT_IMPORT = "unit:import"
    UNIT_REORGANISE = "unit:reorganise"
    UNIT_UNDO = "unit:undo"
    UNIT_MOVE = "unit:move"
    SIGNAL_STREAM = "signal:stream"
    SIGNAL_DELIVER = "signal:deliver"
    SIGNAL_REQUEST = "signal:request"
    OFFICIAL_ADMIT = "official:admit"
    OFFICIAL_UPDATE = "official:update"
    OFFICIAL_LEAVE = "official:leave"
    OFFICIAL_RETURN = "official:return"
    ROLE_BEGIN = "role:begin"
    ROLE_END = "role:end"
    DIRECTORY_COMPARE = "directory:compare"
    DIRECTORY_TEST = "directory:test"
    DIRECTORY_RETIRE = "directory:retire"
    FEDERATION_REQUEST = "federation:request"
    FEDERATION_REGISTER = "federation:register"
    SUBORDINATE_PUT = "subordinate:put"
    SUBORDINATE_REMOVE = "subordinate:remove"
    TRUST_MARK_ISSUE = "trust-mark:issue"
    TRUST_MARK_REVOKE = "trust-mark:revoke"
    DEPLOYMENT_INIT = "deployment:init"
    BACKUP = "deployment:backup"
    RESTORE = "deployment:restore"
    REQUEST = "request:refuse"
    ADMIN_GRANT = "admin:grant"
    ADMIN_REVOKE = "admin:revoke"
    ADMIN_REFUSE = "admin:refuse"
    ADMIN_REQUEST = "admin:request"
    ADMIN_EXPORT = "admin:export"
    APPROVAL_REQUEST = "approval:request"
    APPROVAL_APPROVE = "approval:approve"
    APPROVAL_REJECT = "approval:reject"
    APPROVAL_SETTLE = "approval:settle"
    ACCOUNT_RESTORE = "account:restore"
    AUDIT_KEY = "audit:key"
    AUDIT_EXPORT = "audit:export"
    AUDIT_ERASE = "audit:erase"
    AUDIT_ARCHIVE = "audit:archive"
    AUDIT_WITNESS = "audit:witness"


@frozen
class AuditEvent:
    """One act or refusal, before it is sealed into a record.

    ``actor`` is ``account:<id>``, ``client:<id>``, ``operator:local``, ``system`` or ``anonymous``. ``target`` names what was acted
    on by our own ids. ``detail`` holds names and ids, never values of a person; ``private`` (network address, browser) is sealed.
    """

    event: Event
    outcome: Outcome = Outcome.DONE
    reason: str = ""
    actor: str = "system"
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    target: str = ""
    case_code: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)


@frozen
class AuditRecord:
    """A row of the log as it is inserted: ``values`` are the named columns of ``audit_events``, the MAC included."""

    values: Mapping[str, object]
