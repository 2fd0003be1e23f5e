"""Delegated administration: who may do which administrative act, where, and when a second person is needed.

Owns the table of roles, how a right reaches down the tree of units, and what may be granted to whom. Does not own where
grants are stored or who is signed in. Deny by default: a right is there because one grant says so. Imports the
standard library and ``policies.units``.
"""

from policies.delegation.actions import ADMINISTRATORS, Action, sight
from policies.delegation.approving import Everybody, may_approve
from policies.delegation.deciding import holds_anywhere, may
from policies.delegation.granting import Proposal, may_grant, may_revoke
from policies.delegation.ground import Ground
from policies.delegation.model import DEPLOYMENT, TOP, Actor, AdminGrant, Decision, Target, Verdict
from policies.delegation.roles import ROLES, Role
from policies.delegation.scopes import SCOPES, scope_for
from policies.delegation.undoing import Done, may_take_over, may_undo

__all__ = [
    "ADMINISTRATORS",
    "DEPLOYMENT",
    "ROLES",
    "SCOPES",
    "TOP",
    "Action",
    "Actor",
    "AdminGrant",
    "Decision",
    "Done",
    "Everybody",
    "Ground",
    "Proposal",
    "Role",
    "Target",
    "Verdict",
    "holds_anywhere",
    "may",
    "may_approve",
    "may_grant",
    "may_revoke",
    "may_take_over",
    "may_undo",
    "scope_for",
    "sight",
]
