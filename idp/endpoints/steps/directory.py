"""Officials sign in with the user name and password of their department's directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.endpoints.desk import Form, first
from idp.endpoints.steps.way import StepDesk, Visit, again, wait
from idp.errors import DirectoryUnavailable, Refused, Throttled
from idp.flows.dispatcher import Step
from idp.flows.staff_sign_in import StaffForm, StaffSignIn
from idp.protocol.wire import WireResponse
from idp.web.i18n import translator


@dataclass(frozen=True, slots=True)
class DirectoryChoice:
    """A directory as the page names it; ``title`` is by language."""

    name: str
    title: Mapping[str, str]


class DirectoryWay:
    """``staff-login-form``."""

    step: Final = Step.SIGN_IN
    name: Final = "directory"
    marks: Final = ("staff-login-submit", "username")

    def __init__(self, desk: StepDesk, flow: StaffSignIn, choices: tuple[DirectoryChoice, ...]) -> None:
        """Take collaborators and the directories that can be chosen."""
        self._desk = desk
        self._flow = flow
        self._choices = choices

    def is_offered(self, _visit: Visit) -> bool:
        """Tell whether there is a directory at all; whether somebody is an official is not told beforehand."""
        return bool(self._choices)

    def show(self, visit: Visit, problem: str = "", user_name: str = "", chosen: str = "") -> WireResponse:
        """Return the page, with what was typed but the password."""
        language = visit.exchange.language
        choices = [(one.name, one.title.get(language) or one.title["vi"]) for one in self._choices]
        known = chosen if chosen in dict(choices) else ""
        return self._desk.page(
            "staff",
            visit,
            problem=problem,
            reason=visit.reason,
            username=user_name,
            directory=known,
            directories=choices,
        )

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Verify with the directory, and start the session; a directory that is down is 503 and not a wrong password."""
        user_name, password = first(form, "username"), first(form, "password")
        chosen = first(form, "directory") or (self._choices[0].name if len(self._choices) == 1 else "")
        t = translator(visit.exchange.language)
        if not user_name.strip() or not password or not chosen:
            return self.show(visit, t("staff.missing"), user_name, chosen)
        exchange = visit.exchange
        case_code = exchange.wire.case_code
        typed = StaffForm(chosen, user_name, password, exchange.origin, case_code, exchange.device_secret)
        try:
            signed_in = self._flow.sign_in(visit.held, typed, self._desk.session(visit))
        except Throttled as error:
            return again(self.show(visit, wait(t, error), user_name, chosen), 429, error.retry_after)
        except DirectoryUnavailable as error:
            page = self.show(visit, t("staff.unavailable", case=case_code), user_name, chosen)
            return again(page, 503, error.retry_after)
        except Refused:
            return self.show(visit, t("staff.wrong"), user_name, chosen)
        return self._desk.go_on(visit, signed_in)
