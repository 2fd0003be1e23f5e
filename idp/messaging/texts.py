"""The words of messages, in the person's language.

No message holds a link: people who are used to links in official messages follow those of a forger too. None holds a name, a
number or anything else about the person. An SMS fits one segment of 70 UTF-16 units, so that it arrives whole on every telephone.
"""

from __future__ import annotations

from html import escape
from typing import Final

from idp.model.message import Channel, Message, Rendered
from idp.web.i18n import Translator, translator

_GIVEN: Final = ("code", "minutes")
_NOT_ABOUT_THE_ACCOUNT: Final = frozenset({"test", "contact_code"})
"""Messages that may reach somebody who has no account: there is nothing for them to do."""


class LocaleTexts:
    """``ports.carriers.Texts`` over the locales: ``[message.<text>]`` holds ``subject``, ``mail`` and ``sms``."""

    def render(self, message: Message) -> Rendered:
        """Return the words for the message's channel and language."""
        t = translator(message.language)
        values = _values(t, message)
        base = f"message.{message.text}"
        if message.channel is Channel.SMS:
            return Rendered(t(f"{base}.sms", **values))
        not_you = () if message.text in _NOT_ABOUT_THE_ACCOUNT else (t("message.not_you"),)
        parts = (t("message.opening"), *t(f"{base}.mail", **values).split("\n"), *not_you, t("message.closing"))
        html = "".join(f"<p>{escape(part)}</p>" for part in parts)
        page = f'<!doctype html><html lang="{t.language}"><meta charset="utf-8"><body>{html}</body></html>'
        return Rendered("\n\n".join(parts) + "\n", t(f"{base}.subject", **values), page)


def _values(t: Translator, message: Message) -> dict[str, str]:
    """Return what fills the placeholders: names in the person's language, never a value that came from outside as it is."""
    given = message.values
    moment = t.moment(int(given.get("at") or 0))
    return {
        "at": moment,
        "at_short": f"{moment[11:]} {moment[:5]}",
        "factor": t.either(f"message.factor.{given.get('factor', '')}", "message.factor.other"),
        "browser": given.get("browser") or t("account.unknown_browser"),
        **{name: given.get(name, "") for name in _GIVEN},
    }
