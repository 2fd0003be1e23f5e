"""The box beside a code: trust this browser, where the person may have such a thing and the department takes it."""

from __future__ import annotations

from dataclasses import replace

from idp.endpoints.account import browser_name
from idp.endpoints.desk import Form
from idp.endpoints.steps.way import Visit
from idp.errors import Refused
from idp.flows.dispatcher import administers
from idp.flows.factor_changes import FactorChanges, Here
from idp.flows.sign_in import SignedIn
from idp.model.session import Session
from idp.web.i18n import translator


class TrustBox:
    """The checkbox ``trust``, never ticked beforehand."""

    def __init__(self, changes: FactorChanges) -> None:
        """Take what trusts browsers."""
        self._changes = changes

    def days(self, visit: Visit, session: Session | None) -> int:
        """Return for how many days the browser would be trusted; 0 where the box is not shown.

        It is shown where it would have spared the code: for a department, which takes trusted browsers, and on the screen that signs in.
        """
        facts = visit.facts
        if session is None or session.is_assisted or facts is None or visit.held.pending.decoupled:
            return 0
        if not facts.client.accept_trusted_devices or administers(facts.request):
            return 0
        return self._changes.trust_days(session.account_id)

    def taken(self, visit: Visit, form: Form, signed_in: SignedIn) -> SignedIn:
        """Trust the browser if the box was shown and ticked; the sign-in goes on in any case."""
        if "trust" not in form or not self.days(visit, signed_in.session):
            return signed_in
        exchange = visit.exchange
        name = browser_name(exchange.origin.browser) or translator(exchange.language)("account.unknown_browser")
        here = Here(signed_in.session, exchange.origin, exchange.wire.case_code)
        try:
            return replace(signed_in, trust=self._changes.trust(here, name))
        except Refused:
            return signed_in  # The person became staff a moment ago; the refusal is recorded.
