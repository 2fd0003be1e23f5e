"""Stepping up by a code that is sent: by SMS or by e-mail.

The code goes out when the page is first shown, and again only when the person asks: a page that is loaded anew sends nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

from idp.authn.factors.sent_code import CodesByChannel
from idp.endpoints.desk import Form, first
from idp.endpoints.steps.factor_way import FactorWay
from idp.endpoints.steps.trusting import TrustBox
from idp.endpoints.steps.way import StepDesk, Visit, again, wait
from idp.errors import Refused, Throttled
from idp.flows.sign_in import SignInFlow, bound_to
from idp.protocol.wire import WireResponse
from idp.web.i18n import translator

_LONGEST: Final = 32


class SentCodeWay(FactorWay):
    """``otp-form``, and ``resend-form`` beside it; its mark tells whose form it is."""

    def __init__(self, desk: StepDesk, flow: SignInFlow, trust: TrustBox, factor: CodesByChannel) -> None:
        """Take collaborators."""
        super().__init__(desk, flow, trust)
        self._factor = factor

    @property
    @abstractmethod
    def name(self) -> str:
        """Return the factor's name."""

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page; the first time a code is sent."""
        return self._page(visit, problem, is_asked=False)

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Send another code, or take the one that was typed."""
        if "otp-again" in form:
            return self._page(visit, "", is_asked=True)
        return super().take(visit, form)

    def answer(self, form: Form) -> str:
        """Return what was typed."""
        return first(form, "otp")[:_LONGEST]

    def _page(self, visit: Visit, problem: str, *, is_asked: bool) -> WireResponse:
        session, t = self._desk.session(visit), translator(visit.exchange.language)
        if session is None:
            return self._desk.go_on(visit)
        account, transaction = session.account_id, bound_to(visit.held)
        retry_after, sent = 0, None
        try:
            sent = self._factor.live(account, transaction)
            if sent is None or is_asked:
                wire, language = visit.exchange.wire, visit.exchange.language
                sent = self._factor.send(account, transaction, wire.address, language, wire.case_code)
        except Throttled as error:
            retry_after, problem = error.retry_after, wait(t, error, "sent_code.throttled")
        except Refused:
            problem = t("sent_code.unavailable")
        page = self._desk.page(
            "sent_code",
            visit,
            problem=problem,
            channel=self._factor.channel.value,
            mark=self.marks[0],
            address=self._factor.shown_address(account),
            sent=t.moment(sent.sent_at) if sent is not None else "",
            trust_days=self.trust_days(visit),
        )
        return again(page, 429, retry_after) if retry_after else page


class SmsCodeWay(SentCodeWay):
    """By SMS."""

    name: Final = "sms_code"
    marks: Final = ("sms_code",)


class MailCodeWay(SentCodeWay):
    """By e-mail."""

    name: Final = "mail_code"
    marks: Final = ("mail_code",)
