"""Identity codes: from what was typed to the one canonical value by which somebody is known.

Owns the schemes, their normal form and their structure checks. Does not own which account a code belongs to, or how it
is sealed and looked up. Imports the standard library only.
"""

from policies.identity_codes.citizen import Findings, check_consistency, is_sample
from policies.identity_codes.model import CodeError, EntityType, IdentityCode, SchemeName
from policies.identity_codes.normal_form import folded
from policies.identity_codes.schemes import SCHEMES, Scheme, aliases, may_sign_in, parse, recognise

__all__ = [
    "SCHEMES",
    "CodeError",
    "EntityType",
    "Findings",
    "IdentityCode",
    "Scheme",
    "SchemeName",
    "aliases",
    "check_consistency",
    "folded",
    "is_sample",
    "may_sign_in",
    "parse",
    "recognise",
]
