"""The words of messages: whole on every telephone, without a link, in both languages, and nothing that nobody filled in."""

from __future__ import annotations

import re

import pytest

from idp.messaging.texts import LocaleTexts
from idp.model.message import Channel, Message
from idp.model.notice import Topic
from idp.web.i18n import LANGUAGES, translator
from policies.assurance import FACTORS
from tests.support.clock import START

TEXTS = (*(topic.value for topic in Topic), "code", "contact_code", "test")
SEGMENT = 70
"""UTF-16 units of one SMS in UCS-2 (3GPP TS 23.038)."""
LONGEST = {
    "code": "WWWWWWWW",
    "minutes": "30",
    "at": str(START),
    "browser": "Cốc Cốc, Windows",
    "factor": "passkey",
}


def rendered(channel: Channel, text: str, language: str, **values: str):
    return LocaleTexts().render(Message(channel, "an", "", text, language, START, {**LONGEST, **values}))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", TEXTS)
def test_sms_fits_one_segment_names_the_service_and_holds_no_link(text: str, language: str) -> None:
    words = rendered(Channel.SMS, text, language).text
    assert len(words.encode("utf-16-be")) // 2 <= SEGMENT, words
    assert words.startswith("Định Danh: ")
    assert not re.search(r"https?:|www\.|://|\w\.\w|[{}<>\n]", words)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", TEXTS)
def test_mail_is_complete_and_holds_no_link(text: str, language: str) -> None:
    mail = rendered(Channel.MAIL, text, language)
    assert mail.subject
    assert mail.text.endswith("\n")
    for words in (mail.subject, mail.text, mail.html):
        assert not re.search(r"https?:|www\.|href|src=|[{}]", words)
    assert f'lang="{language}"' in mail.html


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_factor_has_a_name_and_an_unknown_one_is_called_a_means(language: str) -> None:
    t = translator(language)
    for name in FACTORS:
        assert t(f"message.factor.{name}") in rendered(Channel.MAIL, "factor_added", language, factor=name).text
    assert t("message.factor.other") in rendered(Channel.MAIL, "factor_added", language, factor="tarot").text


def test_what_came_from_outside_is_escaped_in_html() -> None:
    html = rendered(Channel.MAIL, "new_device", "vi", browser="<b>&{code}").html
    assert "&lt;b&gt;&amp;{code}" in html


def test_browser_that_nobody_recognises_is_called_so() -> None:
    words = rendered(Channel.MAIL, "new_device", "en", browser="").text
    assert translator("en")("account.unknown_browser") in words


def test_a_language_that_we_do_not_speak_is_vietnamese() -> None:
    assert rendered(Channel.SMS, "code", "fr") == rendered(Channel.SMS, "code", "vi")


def test_a_text_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        rendered(Channel.SMS, "poem", "vi")


def test_codes_are_in_no_subject() -> None:
    for text in ("code", "contact_code"):
        for language in LANGUAGES:
            assert LONGEST["code"] not in rendered(Channel.MAIL, text, language).subject
