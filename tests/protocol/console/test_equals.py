"""Whatever the console does the Admin API does: each page and form beside its operations, and what stands apart with the reason."""

from __future__ import annotations

from typing import Final

from idp.endpoints.api.table import table
from tests.support.administered_world import AdministeredWorld

EQUALS: Final = {
    # what the console answers, and the operations that do the same
    "GET /clients": "listClients",
    "GET /clients/new": "createClient",
    "POST /clients/new": "createClient",
    "GET /clients/<client_id>": "getClient getClientHistory",
    "GET /clients/<client_id>/edit": "getClient",
    "POST /clients/<client_id>/edit": "replaceClient",
    "GET /clients/<client_id>/changes": "listClientChanges",
    "GET /clients/<client_id>/settings": "getClientSettings",
    "GET /clients/<client_id>/purposes": "getClient",
    "GET /clients/<client_id>/new-purpose": "getClient",
    "POST /clients/<client_id>/new-purpose": "replaceClient",
    "GET /clients/<client_id>/purposes/<purpose_id>": "getClient",
    "POST /clients/<client_id>/purposes/<purpose_id>": "replaceClient",
    "GET /clients/<client_id>/purposes/<purpose_id>/correct": "getClient",
    "POST /clients/<client_id>/purposes/<purpose_id>/correct": "correctPurpose",
    "GET /clients/<client_id>/correct-purpose": "getClient",
    "POST /clients/<client_id>/correct-purpose": "correctPurpose",
    "GET /clients/<client_id>/simulate": "simulateSignIn",
    "POST /clients/<client_id>/simulate": "simulateSignIn",
    "POST /clients/<client_id>/secret": "rotateClientSecret",
    "POST /clients/<client_id>/state/<verb>": "suspendClient resumeClient removeClient",
    "GET /accounts": "findAccounts",
    "POST /accounts/search": "findAccounts",
    "GET /accounts/unused": "listUnusedAccounts",
    "GET /accounts/<account_id>": "getAccount getAccountHistory getLocks listSessions listMandates",
    "POST /accounts/<account_id>/reveal": "revealAccount",
    "POST /accounts/<account_id>/act/<verb>": (
        "lockAccount unlockAccount resetFactor endSessions endSession mergeAccount giveMandate endMandate"
    ),
    "GET /consents": "listConsents",
    "GET /consents/figures": "countConsents",
    "GET /consents/withdrawals": "listWithdrawals",
    "GET /consents/withdrawals/<withdrawal_id>": "listWithdrawals",
    "POST /consents/withdrawals/<withdrawal_id>/told": "confirmTold",
    "GET /consents/<consent_id>": "getConsent",
    "POST /consents/<consent_id>/withdraw": "withdrawConsent",
    "GET /data-requests": "listDataRequests",
    "GET /data-requests/<request_id>": "getDataRequest",
    "POST /data-requests/<request_id>/take": "takeDataRequest",
    "POST /data-requests/<request_id>/extend": "extendDataRequest",
    "POST /data-requests/<request_id>/answer": "answerDataRequest",
    "POST /data-requests/<request_id>/refuse": "refuseDataRequest",
    "GET /data-protection": "getProtectionReport",
    "GET /data-protection/processing": "listProcessing",
    "GET /data-protection/breach": "collectBreach",
    "POST /data-protection/breach": "collectBreach",
    "GET /keys": "listKeys getKeyDrills",
    "GET /keys/<kid>": "getKey",
    "POST /keys/rotate": "rotateKeys",
    "POST /keys/drill": "orderKeyDrill",
    "POST /keys/<kid>/schedule": "scheduleRotation",
    "POST /keys/<kid>/unschedule": "unscheduleRotation",
    "POST /keys/<kid>/retire": "retireKey",
    "POST /keys/<kid>/revoke": "revokeKey",
    "GET /units": "listUnits",
    "GET /units/<code>": "getUnit",
    "GET /units/changes": "listReorganisations",
    "GET /units/changes/decisions": "listUnitDecisions",
    "GET /units/changes/decide": "listUnitDecisions",
    "POST /units/changes/decide": "decideUnit",
    "GET /units/changes/<entry_id>": "getReorganisation",
    "POST /units/changes/<entry_id>/undo": "undoReorganisation",
    "GET /units/reorganise": "previewReorganisation",
    "POST /units/reorganise": "previewReorganisation",
    "POST /units/reorganise/ask": "reorganise",
    "GET /approvals": "listApprovals",
    "GET /approvals/<approval_id>": "getApproval",
    "GET /approvals/<approval_id>/reorganisation": "getWaitingReorganisation",
    "POST /approvals/<approval_id>/approve": "approve",
    "POST /approvals/<approval_id>/reject": "reject",
    "GET /administrators": "listGrants",
    "GET /administrators/grant": "listRoles",
    "POST /administrators/grant": "grant",
    "GET /administrators/<grant_id>": "getGrant",
    "POST /administrators/<grant_id>/revoke": "revokeGrant",
    "GET /directories": "listDirectories",
    "GET /directories/<name>": "getDirectory getDryRun listTouched",
    "POST /directories/<name>/examine": "examineDirectory",
    "POST /directories/<name>/compare": "askDryRun",
    "GET /upstreams": "listUpstreams",
    "GET /upstreams/<name>": "getUpstream",
    "POST /upstreams/<name>/examine": "examineUpstream",
    "POST /upstreams/<name>/read": "readUpstreamAnswer",
    "GET /audit": "searchAudit",
    "GET /audit/heads": "getAuditLog",
    "POST /audit/bundle": "getAuditBundle",
    "POST /audit/records": "getAuditRecords",
    "GET /settings": "listSettings",
    "GET /settings/level-3": "getLevel3",
    "GET /indicators": "listIndicatorMonths getIndicatorMonth listIndicatorFigures",
}
APART: Final = {
    "GET ": "the first page: each of its figures is a list's",
    "GET /indicators/picture": "the figures as a picture; the figures themselves are listIndicatorFigures",
    "GET /clients/<client_id>/test": "a test sign-in is about the browser's own session, which a token has not (decision 0056)",
    "POST /clients/<client_id>/test": "a test sign-in is about the browser's own session, which a token has not (decision 0056)",
}
FOR_PROGRAMS: Final = {"getMe": "a console greets whoever it knows, a program asks who it is"}


def answered(admin: AdministeredWorld) -> set[str]:
    """Return what the console answers; a list as a file is the list."""
    routes = admin.wiring.console_routes()
    rules = {f"{method} {route.rule.removeprefix('/admin')}" for route in routes for method in route.methods}
    return {rule for rule in rules if not rule.endswith(".csv")}


def test_each_page_and_form_has_its_operations_or_a_reason_to_have_none(admin: AdministeredWorld) -> None:
    assert answered(admin) == EQUALS.keys() | APART.keys()
    assert not EQUALS.keys() & APART.keys()


def test_each_operation_is_a_page_or_a_form_or_has_a_reason_to_be_none(admin: AdministeredWorld) -> None:
    named = {name for names in EQUALS.values() for name in names.split()}
    assert {one.name for one in table(admin.acts)} == named | FOR_PROGRAMS.keys()


def test_what_changes_something_is_a_form_here_and_no_get_there(admin: AdministeredWorld) -> None:
    methods = {one.name: one.method for one in table(admin.acts)}
    files = {"getAuditBundle", "getAuditRecords"}
    for rule, names in EQUALS.items():
        if rule.startswith("POST "):
            assert "GET" not in {methods[name] for name in names.split()} or set(names.split()) <= files, rule
