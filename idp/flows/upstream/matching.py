"""Whose account an arrival is: gathers the facts, asks the policy, and carries out what needs nobody's answer."""

from __future__ import annotations

from dataclasses import dataclass

from idp.errors import Conflict, InvalidInput, NotFound
from idp.model.account import Account
from idp.model.upstream import Assertion
from idp.ports.upstreams import UpstreamRefused
from idp.services.accounts import AccountService
from idp.services.upstream_links import UpstreamLinks, asserted_code, contradicts
from idp.services.vouched_accounts import VouchedAccounts
from policies.identity_codes import IdentityCode
from policies.upstreams import levels
from policies.upstreams.linking import Decision, Facts, Holder, Step, Terms, decide


@dataclass(frozen=True, slots=True)
class Match:
    """The account ("" while it has to be proven), the level that the sign-in has there, and which step led to it."""

    account_id: str
    acr: str
    step: Step
    reason: str


class Matching:
    """Finds, links and makes accounts."""

    def __init__(self, accounts: AccountService, vouched: VouchedAccounts, links: UpstreamLinks) -> None:
        """Take collaborators."""
        self._accounts = accounts
        self._vouched = vouched
        self._links = links

    def match(self, assertion: Assertion, terms: Terms, expected: str, case_code: str) -> Match:
        """Return whose account it is; raises ``UpstreamRefused`` with the reason where it is nobody's to open.

        ``expected`` is the account that steps up: no other one is opened, linked or made. "" where anybody may sign in.
        """
        try:
            return self._once(assertion, terms, expected, case_code)
        except Conflict:
            # Another request of the same person was faster: what it made is found now.
            return self._once(assertion, terms, expected, case_code)

    def known(self, assertion: Assertion, terms: Terms, expected: str) -> str:
        """Return the ``acr`` of who was linked to the account ``expected`` before; nothing is linked or made, no level rises.

        Raises ``UpstreamRefused`` with the reason: nobody is linked, somebody else is, or the account is not active.
        """
        link = self._links.find(assertion.upstream, assertion.subject)
        if link is None:
            raise UpstreamRefused("not_linked")
        code = self._code(assertion, needed=terms.vouches_for_code)
        decision = decide(self._facts(assertion, terms, link.account_id, code), terms)
        if decision.step is not Step.SIGN_IN:
            raise UpstreamRefused(decision.reason)
        if decision.account_id != expected:
            raise UpstreamRefused("other_person")
        return levels.bounded(assertion.assessed.acr, link.ceiling)

    def prove(self, assertion: Assertion, account_id: str, proven_acr: str, case_code: str) -> None:
        """Link after a local sign-in; raises ``UpstreamRefused`` where the upstream's person is somebody else.

        The link never gives a higher level than that of the proof: a stolen password must not become the key to more than it opened.
        """
        code = self._code(assertion, needed=False)
        account = self._accounts.get(account_id)
        if code is not None and self._is_other(account.id, code):
            raise UpstreamRefused("other_person")
        if contradicts(account, assertion.mapped.attributes):
            raise UpstreamRefused("attributes_contradict")
        try:
            self._links.link(assertion, account.id, "proven", ceiling=proven_acr, case_code=case_code)
        except Conflict as error:
            raise UpstreamRefused("linked_elsewhere") from error

    def _once(self, assertion: Assertion, terms: Terms, expected: str, case_code: str) -> Match:
        link = self._links.find(assertion.upstream, assertion.subject)
        code = self._code(assertion, needed=terms.vouches_for_code)
        decision = decide(self._facts(assertion, terms, link.account_id if link is not None else "", code), terms)
        if decision.step is Step.REFUSE:
            raise UpstreamRefused(decision.reason)
        if expected and decision.step is not Step.PROVE and decision.account_id != expected:
            raise UpstreamRefused("other_person")
        ceiling = link.ceiling if link is not None else ""
        account_id = self._carried_out(decision, assertion, case_code)
        is_vouched = terms.vouches_for_code and (link is None or link.how != "proven")
        if account_id and is_vouched:
            level = assertion.assessed.identity_level
            self._vouched.raise_level(account_id, level, source=assertion.upstream)
        acr = levels.bounded(assertion.assessed.acr, ceiling)
        return Match(account_id, acr, decision.step, decision.reason)

    def _carried_out(self, decision: Decision, assertion: Assertion, case_code: str) -> str:
        if decision.step is Step.CREATE:
            try:
                return self._links.create(assertion, case_code)
            except InvalidInput as error:
                raise UpstreamRefused(f"attributes_{error.code}") from error
        if decision.step is Step.LINK:
            self._links.link(assertion, decision.account_id, "vouched", case_code=case_code)
        return decision.account_id if decision.step is not Step.PROVE else ""

    def _facts(self, assertion: Assertion, terms: Terms, linked: str, code: IdentityCode | None) -> Facts:
        holder = self._holder(self._accounts.get(linked)) if linked else None
        if code is None or not terms.vouches_for_code:
            return Facts(holder, None, has_code=code is not None)
        # Asked in this order: an account that another request makes between the two reads is found, not taken for a former holder.
        is_taken = self._vouched.is_taken(code)
        coded = self._with_code(code)
        return Facts(
            linked=holder,
            coded=self._holder(coded) if coded is not None else None,
            has_code=True,
            was_somebodys=coded is None and is_taken,
            contradicts=coded is not None and contradicts(coded, assertion.mapped.attributes),
            is_closed=coded is not None and not linked and assertion.upstream in self._links.closed(coded.id),
        )

    def _with_code(self, code: IdentityCode) -> Account | None:
        try:
            return self._accounts.find(code.value, code.scheme.value)
        except NotFound:
            return None

    def _is_other(self, account_id: str, code: IdentityCode) -> bool:
        """Tell whether an account has, of the same kind, another code than the upstream told."""
        current = [
            one for one in self._accounts.codes(account_id) if one.valid_to is None and one.scheme == code.scheme
        ]
        return bool(current) and all(one.value != code.value for one in current)

    @staticmethod
    def _code(assertion: Assertion, *, needed: bool) -> IdentityCode | None:
        try:
            return asserted_code(assertion)
        except InvalidInput as error:
            if needed:
                raise UpstreamRefused("code_malformed") from error
            return None

    @staticmethod
    def _holder(account: Account) -> Holder:
        return Holder(account.id, account.state)
